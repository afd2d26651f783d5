"""The judge: whether the promise to subscribers was kept."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec

from tests.support.fold import fold, in_order
from tests.torture.document_judge import judge_document
from tests.torture.history import History, Json, Operation, Seen, Trail
from tests.torture.inbox_judge import JudgedInbox, judge_inbox

INTERRUPTING = (
    *("node_killed", "worker_killed", "rolling_restart", "backends_terminated", "database_read_only"),
    *("commits_slow", "channel_locked", "database_locked"),
)
"""Faults that may come between a mail and the commit which says that it was sent."""


@dataclass(slots=True)
class Verdict:
    """`faults_found` describes each broken promise; the counts are the last columns of the table."""

    events: int = 0
    deliveries: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    leaks: int = 0
    differing: int = 0
    longest_silence_seconds: float = 0.0
    edits: int = 0
    acknowledged: int = 0
    edits_lost: int = 0
    replicas_differing: int = 0
    inbox: JudgedInbox = field(default_factory=JudgedInbox)
    broken: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.broken


def judge(history: History) -> Verdict:
    events = [_decode(body) for body in history.log]
    verdict = Verdict(events=len(events))
    _judge_log(events, verdict)
    _judge_operations(history.operations, events, verdict)
    for trail in history.trails:
        _judge_trail(trail, history.log, verdict, level=history.level)
        if not verdict.broken:
            _judge_fold(trail, events, verdict)
    _judge_flips(history, events, verdict)
    _judge_manuscripts(history, verdict)
    _judge_inbox(history, events, verdict)
    verdict.longest_silence_seconds = _longest_silence(history.trails, events)
    for gauge, value in history.gauges.items():
        if value:
            verdict.broken.append(f"{gauge} is {value:g} after everybody has gone")
    verdict.broken += history.late
    return verdict


def _judge_log(events: list[Json], verdict: Verdict) -> None:
    offsets = [event["offset"] for event in events]
    if offsets != list(range(1, len(offsets) + 1)):
        verdict.broken.append("the log's offsets are not 1, 2, 3 …")
    for what in ("id", "mutation_id"):
        times = Counter(event[what] for event in events if event.get(what))
        for value, count in times.items():
            if count > 1:
                verdict.doubled += count - 1
                verdict.broken.append(f"the log has {what} {value} {count} times")


def _judge_operations(operations: list[Operation], events: list[Json], verdict: Verdict) -> None:
    by_mutation = {event["mutation_id"]: event for event in events if event.get("mutation_id")}
    for operation in operations:
        event = by_mutation.get(operation.id)
        if operation.outcome == "answered" and event is None:
            verdict.lost += 1
            verdict.broken.append(f"{operation.kind} {operation.id} was answered and is not in the log")
        if operation.outcome == "refused" and event is not None:
            verdict.differing += 1
            verdict.broken.append(f"{operation.kind} {operation.id} was refused and is event {event['offset']}")
        if event is not None and operation.word and not _says(event["data"], operation.word):
            verdict.differing += 1
            verdict.broken.append(f"event {event['offset']} does not say what {operation.kind} {operation.id} wrote")


def _says(data: Json, word: str) -> bool:
    if "comment" in data:
        return word in data["comment"].get("body", "")
    return word in data["task"].get("title", "")


def _judge_trail(trail: Trail, log: list[bytes], verdict: Verdict, *, level: int | None = None) -> None:
    """The reader must have every event after its start, once, in order, to the byte; digests only up to `level`."""
    verdict.deliveries += len(trail.seen)
    times = Counter(seen.offset for seen in trail.seen)
    late = range(len(log) if level is None else level, len(log))
    digests = {at + 1 for at in late if _decode(log[at])["type"] == "document.updated"} - times.keys()
    told_otherwise = {offset for gap in trail.gaps for offset in range(gap.after + 1, gap.upto + 1)}
    wanted = dict.fromkeys(
        offset for offset in range(trail.start + 1, len(log) + 1) if offset not in told_otherwise | digests
    )
    missing = [offset for offset in wanted if not times[offset]]
    doubled = [offset for offset, count in times.items() if count > 1]
    foreign = [seen.offset for seen in trail.seen if seen.offset not in wanted]
    backwards = [later.offset for earlier, later in pairwise(trail.seen) if later.offset < earlier.offset]
    differing = [seen.offset for seen in trail.seen if seen.offset in wanted and seen.body != log[seen.offset - 1]]
    verdict.lost += len(missing)
    verdict.doubled += sum(times[offset] - 1 for offset in doubled)
    verdict.out_of_order += len(backwards)
    verdict.differing += len(differing) + len(foreign)
    for what, offsets in {
        "never had": missing,
        "had twice": doubled,
        "had after a later one": backwards,
        "had in other bytes than the log": differing,
        "had though it is not in the log after its start": foreign,
    }.items():
        if offsets:
            types = Counter(_decode(log[at - 1])["type"] for at in offsets if 0 < at <= len(log))
            named = ", ".join(f"{type_} {count}" for type_, count in types.most_common())
            verdict.broken.append(f"{trail.name} {what}: {_some(offsets)} of {len(log)} ({named})")
    if len(trail.epochs) > 1:
        verdict.broken.append(f"{trail.name} got several epochs: {sorted(trail.epochs)}")


def _judge_fold(trail: Trail, events: list[Json], verdict: Verdict) -> None:
    state = trail.snapshot
    for seen in trail.seen:
        state = fold(state, events[seen.offset - 1])
    reached = trail.seen[-1].offset if trail.seen else trail.start
    for event in events[reached : trail.final["stream"]["offset"]]:  # what came after it had left
        state = fold(state, event)
    if in_order(state) != in_order(trail.final):
        verdict.differing += 1
        found = "; ".join(_differences(in_order(state), in_order(trail.final)))
        verdict.broken.append(f"{trail.name}: its snapshot and events give another state than GET: {found}")


def _differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Where two states differ, and what each has there."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from _differences(one.get(key), other.get(key), f"{where}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(*pair, f"{where}[{number}]")
    elif one != other:
        yield f"{where} is {str(one)[:200]}, not {str(other)[:200]}"


def _judge_flips(history: History, events: list[Json], verdict: Verdict) -> None:
    removals = {event["mutation_id"]: event["offset"] for event in events if event["type"] == "member.removed"}
    of_person: dict[str, list[Seen]] = defaultdict(list)
    for trail in history.trails:
        of_person[trail.person_id] += trail.seen
    for flip in history.flips:
        removed_at = removals.get(flip.removal_id)
        if removed_at is None:
            verdict.broken.append(f"removal {flip.removal_id} was answered and is not in the log")
            continue
        leaked = [s.offset for s in of_person[flip.person_id] if s.offset >= removed_at and s.at < flip.let_in_at]
        if leaked:
            verdict.leaks += len(leaked)
            verdict.broken.append(f"a person removed at {removed_at} had: {_some(leaked)}")


def _judge_manuscripts(history: History, verdict: Verdict) -> None:
    verdict.edits = sum(each.made for each in history.manuscripts)
    verdict.acknowledged = sum(len(each.acknowledged) for each in history.manuscripts)
    judged = judge_document(history.rows, history.manuscripts)
    verdict.edits_lost, verdict.replicas_differing = judged.lost, judged.differing
    verdict.broken += judged.broken
    if not history.rows_are_whole:
        verdict.broken.append("the document's rows are not numbered without a hole")


def _judge_inbox(history: History, events: list[Json], verdict: Verdict) -> None:
    for trail in history.inbox.trails:
        _judge_trail(trail, history.inbox.log, verdict)
    interruptions = sum(history.faults[name] for name in INTERRUPTING)
    verdict.inbox = judged = judge_inbox(history.inbox, events, interruptions=interruptions)
    verdict.lost += judged.lost
    verdict.doubled += judged.doubled
    verdict.differing += judged.differing
    verdict.broken += judged.broken


def _longest_silence(trails: list[Trail], events: list[Json]) -> float:
    """The longest time from an event to a reader that was connected, level and awake all the while.

    By the clock of the node that made it: where that was stepped, the event counts as older than the connection, or as
    seen before it was made.
    """
    made_at = [datetime.fromisoformat(event["at"]).timestamp() for event in events]
    return max(
        (
            seen.at - made_at[seen.offset - 1]
            for trail in trails
            for seen in trail.seen
            if seen.live_since is not None and seen.offset <= len(events) and seen.live_since < made_at[seen.offset - 1]
        ),
        default=0.0,
    )


def _some(offsets: list[int]) -> str:
    shown = ", ".join(str(offset) for offset in offsets[:10])
    return shown if len(offsets) <= 10 else f"{shown} … ({len(offsets)} in all)"


def _decode(body: bytes) -> Json:
    event: Json = msgspec.json.decode(body)
    return event
