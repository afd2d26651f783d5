"""The judge of an inbox: every entry counted, told and mailed, and nothing told or mailed twice."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from roomful.inbox.mail.digest import batch_id
from tests.torture.history import InboxRecord, Json, Trail

_TOLD = {"status", "due_on", "assignee_id"}
"""The fields of a task whose changes make news."""


@dataclass(slots=True)
class JudgedInbox:
    entries: int = 0
    mails: int = 0
    repeated: int = 0
    """Mails that came once more, under the id of the first."""
    lost: int = 0
    doubled: int = 0
    differing: int = 0
    broken: list[str] = field(default_factory=list)


def judge_inbox(inbox: InboxRecord, events: Sequence[Json], *, interruptions: int) -> JudgedInbox:
    """`events` are the project's; the person watches everything and reads nothing. `interruptions` is how often faults
    may have ended a process between a mail and its commit.
    """
    judged = JudgedInbox()
    if not inbox.trails:
        return judged
    told: list[Json] = [msgspec.json.decode(body) for body in inbox.log]
    entries: list[Json] = inbox.trails[0].final["entries"]
    judged.entries = len(entries)
    _judge_counts(entries, events, judged)
    _judge_tellings(told, judged)
    for trail in inbox.trails:
        _judge_fold(trail, judged)
    _judge_mails(inbox, told, entries, interruptions, judged)
    return judged


def _judge_counts(entries: Sequence[Json], events: Sequence[Json], judged: JudgedInbox) -> None:
    """Each task that is there has one entry, which counts all that was news about it."""
    wanted: Counter[str] = Counter()
    for event in events:
        data = event["data"]
        match event["type"]:
            case "task.created":
                wanted[data["task"]["id"]] += 1
            case "comment.created":
                wanted[data["comment"]["task_id"]] += 1
            case "task.updated" | "task.moved" if _TOLD.intersection(data["changed"]):
                wanted[data["task"]["id"]] += 1
            case "task.deleted":
                wanted.pop(data["task_id"] if "task_id" in data else data["task"]["id"], None)
    found = Counter({entry["subject"]["id"]: entry["count"] for entry in _of_tasks(entries)})
    if missing := wanted - found:
        judged.lost += missing.total()
        judged.broken.append(f"the inbox lacks news of: {_some(missing)}")
    if surplus := found - wanted:
        judged.doubled += surplus.total()
        judged.broken.append(f"the inbox counts too much of: {_some(surplus)}")


def _judge_tellings(told: Sequence[Json], judged: JudgedInbox) -> None:
    """An entry that is told again has something new: nobody reads it, so its count has grown."""
    counts: dict[str, int] = {}
    for event in told:
        if event["type"] in ("notification.created", "notification.updated"):
            entry = event["data"]["notification"]
            if entry["count"] <= counts.get(entry["id"], 0):
                judged.doubled += 1
                judged.broken.append(f"event {event['offset']} of the inbox tells nothing new")
            counts[entry["id"]] = entry["count"]


def _judge_fold(trail: Trail, judged: JudgedInbox) -> None:
    """What the reader makes of the list and the events must be the list at the end."""
    state = _by_subject(trail.snapshot["entries"])
    gaps = list(trail.gaps)
    for seen in trail.seen:
        while gaps and seen.offset > gaps[0].upto:
            state = _by_subject(gaps.pop(0).entries)
        event = msgspec.json.decode(seen.body)
        if event["type"] == "notification.deleted":
            state.pop(event["data"]["subject"]["id"], None)
        else:
            state |= _by_subject([event["data"]["notification"]])
    if gaps:
        state = _by_subject(gaps[-1].entries)
    if state != _by_subject(trail.final["entries"]):
        judged.differing += 1
        judged.broken.append(f"{trail.name}: its list and events give another inbox than GET")


def _judge_mails(
    inbox: InboxRecord, told: Sequence[Json], entries: Sequence[Json], interruptions: int, judged: JudgedInbox
) -> None:
    """A mail's id tells up to which event it goes: each entry is in the first one that goes as far as its newest event,
    and in no later one.
    """
    uptos = {batch_id(inbox.channel, inbox.epoch, upto): upto for upto in range(1, len(told) + 1)}
    listed: dict[int, set[str]] = {}
    times = Counter(mail.id for mail in inbox.mails)
    for mail in inbox.mails:
        if mail.id not in uptos:
            judged.differing += 1
            judged.broken.append(f"mail {mail.id} is about no part of the inbox")
        else:
            listed.setdefault(uptos[mail.id], set()).update(mail.tasks)
    judged.mails, judged.repeated = len(inbox.mails), sum(times.values()) - len(times)
    _judge_repeats(times, interruptions, judged)
    newest: dict[str, int] = {}
    news: dict[int, str] = {}
    for event in told:
        if event["type"] in ("notification.created", "notification.updated"):
            subject = event["data"]["notification"]["subject"]["id"]
            newest[subject] = event["offset"]
            news[event["offset"]] = subject
    before = 0
    for upto in sorted(listed):
        again = listed[upto] - {news[offset] for offset in range(before + 1, upto + 1) if offset in news}
        if again:
            judged.doubled += len(again)
            judged.broken.append(f"the mail up to {upto} has what an earlier one had: {_some(again)}")
        before = upto
    unread = [entry["subject"]["id"] for entry in _of_tasks(entries)]
    unmailed = [
        each
        for each in unread
        if each not in listed.get(min((upto for upto in listed if upto >= newest.get(each, 0)), default=0), ())
    ]
    if unmailed:
        judged.lost += len(unmailed)
        judged.broken.append(f"unread and not mailed: {_some(unmailed)}")


def _judge_repeats(times: Counter[str], interruptions: int, judged: JudgedInbox) -> None:
    too_often = [id for id, count in times.items() if count > 2]
    if too_often or judged.repeated > interruptions:
        judged.doubled += judged.repeated
        judged.broken.append(f"{judged.repeated} mails came again, after {interruptions} interruptions")


def _of_tasks(entries: Sequence[Json]) -> list[Json]:
    return [entry for entry in entries if entry["subject"]["type"] == "task"]


def _by_subject(entries: Sequence[Json]) -> dict[str, tuple[object, ...]]:
    """Without the names of tasks, projects and people, which change without an event here."""
    fields = ("id", "reason", "actor_id", "count", "updated_at", "read_at", "archived_at")
    return {entry["subject"]["id"]: tuple(entry[name] for name in fields) for entry in entries}


def _some(ids: Iterable[str]) -> str:
    found = sorted(ids)
    return ", ".join(found[:5]) + (f" … ({len(found)} in all)" if len(found) > 5 else "")
