"""The event log: what happened in a channel, in order, without a hole."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import msgspec
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.statement import Change, carry_out
from roomful.eventlog.models import CHANNEL, EVENT, Channel, Event
from roomful.eventlog.typed_event import TypedEvent
from roomful.ids import new_id
from roomful.realtime.history.port import PAGE_BYTES, Expired, Page, UnknownChannel
from roomful.realtime.publication import MAX_OFFSET, Position, Publication

__all__ = [
    "MAX_OFFSET",
    "EventData",
    "Expired",
    "Page",
    "Position",
    "UnknownChannel",
    "append",
    "append_after",
    "head",
    "heads",
    "lock",
    "open_channel",
    "page_of",
    "pop_recorded",
    "read_before",
    "read_since",
]

_COMMITTING = "roomful_recorded_events"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventData:
    """A change as a feature records it; the log adds id, offset and time.

    `data` is JSON: the resource after the change under its name (`{"task": {…}}`), with `changed` and `previous` for an
    update. Features make it `of` a TypedEvent, which says what a type holds.
    """

    type: str
    actor_id: str | None
    data: Mapping[str, object]
    project_id: str | None = None
    mutation_id: str | None = None
    subject_id: str | None = None

    @classmethod
    def of(
        cls,
        event: TypedEvent,
        *,
        actor_id: str | None,
        project_id: str | None = None,
        mutation_id: str | None = None,
    ) -> Self:
        return cls(
            type=event.type,
            actor_id=actor_id,
            data=event.data(),
            project_id=project_id,
            mutation_id=mutation_id,
            subject_id=event.subject_id(),
        )


async def open_channel(session: AsyncSession, name: str) -> Position:
    """Make an empty channel in the caller's transaction. Its random epoch tells it from any other of that name."""
    epoch = secrets.token_hex(4)
    await session.execute(insert(Channel).values(name=name, epoch=epoch, head=0, floor=0))
    return Position(epoch, 0)


async def append(session: AsyncSession, channel: str, event: EventData) -> Publication:
    """Record an event in the caller's transaction, at the channel's next offset.

    Locks the channel's row until commit, so that offsets are contiguous and committed in order: a reader that sees
    offset n sees every smaller one. Append last, and several channels in sorted order, or two writers may deadlock.
    After the commit, `pop_recorded` gives what to wake the relay with.

    Raises UnknownChannel.
    """
    return await append_after(session, channel, await lock(session, channel), event)


async def lock(session: AsyncSession, channel: str) -> Position:
    """Lock the channel's row until the transaction ends; its newest position. Raises UnknownChannel."""
    row = (await session.execute(_LOCK, {"channel_name": channel})).one_or_none()
    if row is None:
        raise UnknownChannel(channel)
    return Position(*row)


async def append_after(
    session: AsyncSession, channel: str, locked: Position, event: EventData, *, along: Sequence[Change] = ()
) -> Publication:
    """`append` in a transaction that has locked the channel; `locked` is the position that it had then.

    `along` is carried out in the same trip to the database (`carry_out` says what may go along).
    """
    offset = max((done.offset for done in recorded(session) if done.channel == channel), default=locked.offset) + 1
    publication, row = prepare(channel, Position(locked.epoch, offset), event)
    advance = (_ADVANCE, {"channel_name": channel, "newest": offset})
    await carry_out(session, [*along, advance, (_RECORD, row)])
    note(session, publication)
    return publication


def prepare(channel: str, position: Position, event: EventData) -> tuple[Publication, dict[str, object]]:
    """An event at its place, as it is published and as the row that is stored."""
    event_id, at = new_id(), now()
    body = _encode_body(event, event_id, position.offset, at)
    row = {
        "channel": channel,
        "offset": position.offset,
        "id": event_id,
        "type": event.type,
        "actor_id": event.actor_id,
        "subject_id": event.subject_id,
        "at": at,
        "body": body,
    }
    return Publication(channel, body, position.offset, position.epoch, event.type), row


def note(session: AsyncSession, publication: Publication) -> None:
    """Count an event, whose row is written, among those that this session's transaction has recorded."""
    session.info.setdefault(_COMMITTING, []).append(publication)


def recorded(session: AsyncSession) -> Sequence[Publication]:
    """The events that this session's transaction has recorded so far. They are facts only after its commit."""
    events: list[Publication] = session.info.get(_COMMITTING, [])
    return events


def pop_recorded(session: AsyncSession) -> list[Publication]:
    """The events that this session's transaction has recorded, once: call it after the commit."""
    recorded: list[Publication] = session.info.pop(_COMMITTING, [])
    return recorded


async def head(session: AsyncSession, channel: str) -> Position:
    """The channel's newest position. Raises UnknownChannel."""
    row = (await session.execute(select(Channel.epoch, Channel.head).where(Channel.name == channel))).one_or_none()
    if row is None:
        raise UnknownChannel(channel)
    return Position(row.epoch, row.head)


async def heads(session: AsyncSession, channels: Sequence[str]) -> dict[str, Position]:
    """The newest position of each of these channels, in one query; one that does not exist is absent."""
    rows = await session.execute(
        select(Channel.name, Channel.epoch, Channel.head).where(Channel.name.in_(bindparam("names", expanding=True))),
        {"names": list(channels)},
    )
    return {name: Position(epoch, offset) for name, epoch, offset in rows}


async def read_since(session: AsyncSession, channel: str, after: int | None, *, limit: int) -> Page:
    """At most `limit` events with an offset above `after`, oldest first, never with a hole; None: from the oldest kept.

    They hold at most PAGE_BYTES together, unless the first one alone is larger.

    Raises UnknownChannel, and Expired when an event right after `after` is no longer kept or `after` is beyond the
    head: the reader's state belongs to another history.
    """
    row = (await session.execute(_CHANNEL, {"channel_name": channel})).one_or_none()
    if row is None:
        raise UnknownChannel(channel)
    after = row.floor if after is None else after
    if not row.floor <= after <= row.head:
        raise Expired(channel)
    publications: list[Publication] = []
    if after < row.head:
        found = await session.execute(_AFTER, {"channel_name": channel, "after": after, "most": limit})
        publications = [Publication(channel, body, offset, row.epoch, type_) for offset, type_, body in found]
    newest = max(row.head, publications[-1].offset if publications else 0)
    if publications and publications[0].offset != after + 1:
        raise Expired(channel)  # retention ran between the two queries
    return Page(publications, Position(row.epoch, newest))


async def read_before(session: AsyncSession, channel: str, before: int | None, *, limit: int) -> Page:
    """At most `limit` kept events with an offset below `before`, newest first, without a hole; None: from the newest.

    They hold at most PAGE_BYTES together, unless the first one alone is larger.

    Raises UnknownChannel, and Expired when `before` is beyond the next offset or below what is kept.
    """
    row = (await session.execute(_CHANNEL, {"channel_name": channel})).one_or_none()
    if row is None:
        raise UnknownChannel(channel)
    before = row.head + 1 if before is None else before
    if not row.floor <= before <= row.head + 1:
        raise Expired(channel)
    # Rows may lie below the floor: those of the history that a restored backup ended.
    range_ = {"floor": row.floor, "before": before}
    found = await session.execute(_BEFORE, {"channel_name": channel, **range_, "most": limit})
    publications = [Publication(channel, body, offset, row.epoch, type_) for offset, type_, body in found]
    if publications and publications[0].offset != before - 1:
        raise Expired(channel)
    return Page(publications, Position(row.epoch, row.head))


def _encode_body(event: EventData, event_id: str, offset: int, at: datetime) -> bytes:
    body: dict[str, object] = {
        "id": event_id,
        "type": event.type,
        "project_id": event.project_id,
        "offset": offset,
        "actor_id": event.actor_id,
        "at": at,
        "version": 1,
        "data": event.data,
    }
    if event.mutation_id is not None:
        body["mutation_id"] = event.mutation_id
    return _encode(body)


def _fields_of(value: object) -> dict[str, object]:
    """The fields of a model in a TypedEvent, for msgspec."""
    if not isinstance(value, BaseModel):
        raise NotImplementedError(f"an event can't hold {type(value)}")
    return vars(value)


_encode = msgspec.json.Encoder(enc_hook=_fields_of).encode


_LOCK = select(Channel.epoch, Channel.head).where(Channel.name == bindparam("channel_name")).with_for_update()
_ADVANCE = update(CHANNEL).where(CHANNEL.c.name == bindparam("channel_name")).values(head=bindparam("newest"))
_RECORD = insert(EVENT)
_CHANNEL = select(Channel.epoch, Channel.head, Channel.floor).where(Channel.name == bindparam("channel_name"))


def page_of(
    whole: ColumnElement[bool], is_wanted: ColumnElement[bool], *, newest_first: bool
) -> Select[int, str, bytes]:
    """The first `most` wanted events of `whole` in one direction, as far as they fit into PAGE_BYTES.

    Offsets tell the events of `whole` apart: it is one channel, or part of one.

    Their sizes are added up before, for which no database reads a body: 300 events may hold 12 MB.
    """

    def in_order(offset: ColumnElement[int]) -> ColumnElement[int]:
        return offset.desc() if newest_first else offset.asc()

    order = in_order(EVENT.c.offset)
    size = func.length(Event.body).label("size")
    sizes = select(Event.offset, size).where(whole, is_wanted).order_by(order).limit(bindparam("most")).subquery()
    total = func.sum(sizes.c.size).over(order_by=in_order(sizes.c.offset)).label("total")
    totals = select(sizes.c.offset, sizes.c.size, total).subquery()
    is_first = totals.c.total == totals.c.size
    fitting = select(totals.c.offset).where(or_(is_first, totals.c.total <= PAGE_BYTES))
    return select(Event.offset, Event.type, Event.body).where(whole, Event.offset.in_(fitting)).order_by(order)


_OF_CHANNEL = Event.channel == bindparam("channel_name")
_AFTER = page_of(_OF_CHANNEL, Event.offset > bindparam("after"), newest_first=False)
_IS_KEPT_BEFORE = and_(Event.offset > bindparam("floor"), Event.offset < bindparam("before"))
_BEFORE = page_of(_OF_CHANNEL, _IS_KEPT_BEFORE, newest_first=True)
