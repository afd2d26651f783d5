"""The judge finds every broken promise."""

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.torture.history import Flip, History, Operation, Seen, Trail
from tests.torture.judge import judge

Json = dict[str, Any]


def task(number: int) -> Json:
    return {"id": f"t{number}", "status": "todo", "column_id": "c", "position": f"a{number}", "title": f"w{number}"}


def event(offset: int, type_: str, data: Json, mutation_id: str | None = None) -> bytes:
    at = f"2026-01-01T00:00:{offset:02}Z"
    body = {"id": f"e{offset}", "type": type_, "offset": offset, "at": at, "data": data, "mutation_id": mutation_id}
    return msgspec.json.encode(body)


def snapshot(offset: int, *tasks: Json) -> Json:
    return {
        "project": {"offset": offset, "task_count": len(tasks)},
        "members": [],
        "columns": [],
        "labels": [],
        "tasks": list(tasks),
        "documents": [],
        "stream": {"offset": offset},
    }


@pytest.fixture
def history() -> History:
    """A correct record: three tasks, one reader, who was removed at the end and added again."""
    log = [event(number, "task.created", {"task": task(number)}, f"m{number}") for number in (1, 2, 3)]
    log.append(event(4, "member.removed", {"member": {"user_id": "gus"}}, "m4"))
    trail = Trail("gus", "gus", snapshot(1, task(1)), snapshot(4, task(1), task(2), task(3)))
    trail.seen = [Seen(float(offset), offset, log[offset - 1], None) for offset in (2, 3)]
    trail.seen.append(Seen(10.0, 4, log[3], None))
    operations = [Operation(f"m{number}", "create", f"w{number}", "answered") for number in (1, 2, 3)]
    operations += [Operation("m7", "patch", "w7", "refused"), Operation("m8", "create", "w8")]
    return History(operations, [trail], [Flip("gus", "m4", let_in_at=9.0)], log=log)


def test_a_correct_history_passes(history: History) -> None:
    verdict = judge(history)
    assert verdict.is_clean, verdict.broken
    assert (verdict.events, verdict.deliveries) == (4, 3)


def lose(history: History) -> None:
    del history.trails[0].seen[0]


def lose_last(history: History) -> None:
    history.trails[0].seen.pop()


def double(history: History) -> None:
    history.trails[0].seen.insert(1, history.trails[0].seen[0])


def swap(history: History) -> None:
    seen = history.trails[0].seen
    seen[0], seen[1] = seen[1], seen[0]


def alter(history: History) -> None:
    seen = history.trails[0].seen
    seen[0] = Seen(seen[0].at, 2, seen[0].body + b" ", None)


def repeat_the_past(history: History) -> None:
    history.trails[0].seen.insert(0, Seen(1.0, 1, history.log[0], None))


def leak(history: History) -> None:
    seen = history.trails[0].seen
    seen[-1] = Seen(8.0, 4, seen[-1].body, None)


def forget_a_write(history: History) -> None:
    history.operations.append(Operation("m9", "create", "w9", "answered"))


def do_what_was_refused(history: History) -> None:
    history.operations[0].outcome = "refused"


def write_something_else(history: History) -> None:
    history.operations[0].word = "another"


def write_twice(history: History) -> None:
    history.log.append(event(5, "task.created", {"task": task(3)}, "m3"))
    history.trails[0].seen.append(Seen(11.0, 5, history.log[-1], None))


def skip_an_offset(history: History) -> None:
    history.log[3] = event(5, "member.removed", {"member": {"user_id": "gus"}}, "m4")


def show_another_state(history: History) -> None:
    history.trails[0].final["tasks"].pop()


def change_epoch(history: History) -> None:
    history.trails[0].epochs = {"one", "other"}


def keep_a_socket(history: History) -> None:
    history.gauges["roomful_sockets"] = 1.0


def never_remove(history: History) -> None:
    history.flips.append(Flip("gus", "m99"))


@pytest.mark.parametrize(
    ("spoil", "count"),
    [
        (lose, "lost"),
        (lose_last, "lost"),
        (double, "doubled"),
        (swap, "out_of_order"),
        (alter, "differing"),
        (repeat_the_past, "differing"),
        (leak, "leaks"),
        (forget_a_write, "lost"),
        (do_what_was_refused, "differing"),
        (write_something_else, "differing"),
        (write_twice, "doubled"),
        (skip_an_offset, None),
        (show_another_state, "differing"),
        (change_epoch, None),
        (keep_a_socket, None),
        (never_remove, None),
    ],
)
def test_every_broken_promise_is_found(history: History, spoil: Callable[[History], None], count: str | None) -> None:
    spoilt = copy.deepcopy(history)
    spoil(spoilt)
    verdict = judge(spoilt)
    assert not verdict.is_clean
    if count is not None:
        assert getattr(verdict, count) > 0, verdict.broken


def test_longest_silence_is_that_of_a_live_reader(history: History) -> None:
    body = history.log[2]
    made_at = 1767225603.0  # 2026-01-01T00:00:03Z
    history.trails[0].seen[1] = Seen(made_at + 1.5, 3, body, live_since=made_at - 5)
    assert judge(history).longest_silence_seconds == pytest.approx(1.5)
    history.trails[0].seen[1] = Seen(made_at + 1.5, 3, body, live_since=made_at + 1)
    assert judge(history).longest_silence_seconds == 0.0
