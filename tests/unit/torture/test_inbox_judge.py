"""The judge finds every entry that an inbox or its mail lost or doubled."""

from collections.abc import Callable

import msgspec
import pytest

from roomful.inbox.mail.digest import batch_id
from tests.torture.history import Gap, InboxRecord, Json, Mail, Seen, Trail
from tests.torture.inbox_judge import judge_inbox

CHANNEL = "user:ida"
PROJECT: list[Json] = [
    {"type": "task.created", "data": {"task": {"id": "t1"}}},
    {"type": "task.updated", "data": {"task": {"id": "t1"}, "changed": ["assignee_id", "labels"]}},
    {"type": "task.updated", "data": {"task": {"id": "t1"}, "changed": ["labels"]}},
    {"type": "task.created", "data": {"task": {"id": "t2"}}},
    {"type": "comment.created", "data": {"comment": {"task_id": "t2"}}},
    {"type": "task.created", "data": {"task": {"id": "t3"}}},
    {"type": "task.deleted", "data": {"task": {"id": "t3"}}},
]


def entry(number: int, count: int) -> Json:
    about = {"type": "task", "id": f"t{number}"}
    names = dict.fromkeys(("reason", "actor_id", "updated_at", "read_at", "archived_at"))
    return {"id": f"n{number}", "subject": about, "count": count, **names}


def told(offset: int, number: int, count: int) -> bytes:
    kind = "created" if count == 1 else "updated"
    body = {"type": f"notification.{kind}", "offset": offset, "data": {"notification": entry(number, count)}}
    return msgspec.json.encode(body)


def mail(upto: int, *tasks: str) -> Mail:
    return Mail(batch_id(CHANNEL, "e", upto), frozenset(tasks))


@pytest.fixture
def record() -> InboxRecord:
    """A correct one: two tasks with two events each, mailed in two digests, and one that was deleted."""
    log = [told(1, 1, 1), told(2, 1, 2), told(3, 2, 2)]
    log.append(
        msgspec.json.encode(
            {"type": "notification.deleted", "offset": 4, "data": {"subject": {"type": "task", "id": "t3"}}}
        )
    )
    trail = Trail("ida", "ida", {"entries": []}, {"entries": [entry(1, 2), entry(2, 2)]})
    trail.seen = [Seen(float(offset), offset, body, None) for offset, body in enumerate(log, start=1)]
    return InboxRecord(CHANNEL, "e", log, [trail], [mail(1, "t1"), mail(4, "t1", "t2")])


def broken(record: InboxRecord, *, interruptions: int = 0) -> list[str]:
    return judge_inbox(record, PROJECT, interruptions=interruptions).broken


def test_a_correct_record_passes(record: InboxRecord) -> None:
    judged = judge_inbox(record, PROJECT, interruptions=0)
    assert judged.broken == []
    assert (judged.entries, judged.mails, judged.lost, judged.doubled) == (2, 2, 0, 0)


def test_a_gap_that_the_list_fills_is_no_loss(record: InboxRecord) -> None:
    del record.trails[0].seen[1:3]
    assert broken(record)
    record.trails[0].gaps.append(Gap(1, 3, [entry(1, 2), entry(2, 2)]))
    assert not broken(record)


def test_an_interruption_excuses_one_mail_that_comes_again(record: InboxRecord) -> None:
    record.mails.append(record.mails[0])
    assert broken(record)
    assert not broken(record, interruptions=1)
    record.mails.append(record.mails[0])
    assert broken(record, interruptions=5)


def lose_news(record: InboxRecord) -> None:
    record.trails[0].final["entries"][0]["count"] = 1


def lose_an_entry(record: InboxRecord) -> None:
    record.trails[0].final["entries"].pop()


def count_twice(record: InboxRecord) -> None:
    record.trails[0].final["entries"][0]["count"] = 3


def keep_the_deleted(record: InboxRecord) -> None:
    record.trails[0].final["entries"].append(entry(3, 1))


def tell_twice(record: InboxRecord) -> None:
    record.log.append(told(5, 2, 2))


def mail_nothing(record: InboxRecord) -> None:
    record.mails.clear()


def leave_an_entry_out(record: InboxRecord) -> None:
    record.mails[1] = mail(4, "t1")


def mail_under_another_id(record: InboxRecord) -> None:
    record.mails.append(mail(3, "t1", "t2"))


def mail_something_else(record: InboxRecord) -> None:
    record.mails.append(Mail("ffff", frozenset()))


@pytest.mark.parametrize(
    "spoil",
    [
        lose_news,
        lose_an_entry,
        count_twice,
        keep_the_deleted,
        tell_twice,
        mail_nothing,
        leave_an_entry_out,
        mail_under_another_id,
        mail_something_else,
    ],
)
def test_every_broken_promise_is_found(record: InboxRecord, spoil: Callable[[InboxRecord], None]) -> None:
    spoil(record)
    assert broken(record)
