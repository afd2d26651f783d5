"""The judgement of a trial: whether the promise to subscribers was kept."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import msgspec

from tests.support.fold import fold, in_order
from tests.torture.history import History, Json, Operation, Seen, Trail


@dataclass(slots=True)
class Verdict:
    """`faults_found` says each broken promise in words; the counts are the last columns of the table."""

    events: int = 0
    deliveries: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    leaks: int = 0
    differing: int = 0
    longest_silence_seconds: float = 0.0
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
        _judge_trail(trail, history.log, verdict)
        if not verdict.broken:
            _judge_fold(trail, events, verdict)
    _judge_flips(history, events, verdict)
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
        if event is not None and operation.word and operation.word not in event["data"]["task"].get("labels", ()):
            verdict.differing += 1
            verdict.broken.append(f"event {event['offset']} does not say what {operation.kind} {operation.id} wrote")


def _judge_trail(trail: Trail, log: list[bytes], verdict: Verdict) -> None:
    """Every event of the log after the reader's start, once, in order, to the byte."""
    verdict.deliveries += len(trail.seen)
    times = Counter(seen.offset for seen in trail.seen)
    wanted = range(trail.start + 1, len(log) + 1)
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
            verdict.broken.append(f"{trail.name} {what}: {_some(offsets)}")
    if len(trail.epochs) > 1:
        verdict.broken.append(f"{trail.name} was told of several epochs: {sorted(trail.epochs)}")


def _judge_fold(trail: Trail, events: list[Json], verdict: Verdict) -> None:
    state = trail.snapshot
    for seen in trail.seen:
        state = fold(state, events[seen.offset - 1])
    if in_order(state) != in_order(trail.final):
        verdict.differing += 1
        verdict.broken.append(f"{trail.name}: its snapshot and events give another state than GET")


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
