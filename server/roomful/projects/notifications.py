"""Notifications: rows for the people whom a change concerns, written in its transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import (
    CompoundSelect,
    Select,
    String,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import user_channel
from roomful.db.base import UtcDateTime, now
from roomful.db.functions import ID_PREFIX_CHARS, id_with, json_texts
from roomful.db.statement import Change
from roomful.eventlog import several
from roomful.eventlog.log import EventData, Position
from roomful.ids import new_id
from roomful.projects.models import MEMBER, NOTIFICATION, REASONS, WATCH, Reason, SubjectType
from roomful.projects.notification_events import NotificationDeleted, SubjectId
from roomful.projects.unread import count_unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerns:
    """The people a change concerns, besides those who watch its subject or everything in the project.

    Ids of people, who need not be members. `watching` are those who watch unless they have said that they don't: the
    task's creator and assignee. With `is_private` nobody is notified but those named.
    """

    subject_type: SubjectType
    subject_id: str
    mentioned: Sequence[str] = ()
    assigned: Sequence[str] = ()
    replied: Sequence[str] = ()
    watching: Sequence[str | None] = ()
    added: Sequence[str] = ()
    is_private: bool = False


def notify(project_id: str, actor_id: str, concerns: Concerns) -> Change:
    """One row for each member whom it concerns, for the strongest reason; none for the actor.

    To be carried out along with the event. A row about the same subject is moved up: it is unread again, and counts
    one more unless it was read before.
    """
    named: dict[str, object] = {
        name: _encode([person for person in getattr(concerns, name) if person is not None]).decode() for name in _NAMED
    }
    return (
        _NOTIFY,
        {
            **named,
            "in_project": project_id,
            "by": actor_id,
            "about_type": concerns.subject_type,
            "about": concerns.subject_id,
            "loudest": "" if concerns.is_private else "all",
            "id_prefix": new_id()[:ID_PREFIX_CHARS],
            "at": now(),
        },
    )


async def empty(session: AsyncSession, project_id: str, *, user_id: str | None = None) -> list[str]:
    """Delete a project's entries, one person's or all, before memberships end. Returns the people who had some.

    The memberships' end would delete them too, but nobody could be told: pass the people to `tell_emptied`.
    """
    found = _HAVE_SOME if user_id is None else _HAVE_SOME.where(MEMBER.c.user_id == bindparam("person"))
    asked = {"in_project": project_id} | ({} if user_id is None else {"person": user_id})
    people = list(await session.scalars(found, asked))
    if people:
        await _lock_inboxes(session, people)
        await session.execute(_EMPTY, [{"in_project": project_id, "person": person} for person in people])
    return people


async def tell_emptied(
    session: AsyncSession, project_id: str, people: Sequence[str], *, subject: SubjectId | None = None
) -> None:
    """Tell people that entries of theirs are gone, in the transaction that deletes them, after its event."""
    if not people:
        return
    locked = await _lock_inboxes(session, people)
    unread = await count_unread(session, people)
    events = [
        (
            user_channel(person),
            EventData.of(
                NotificationDeleted(project_id=project_id, subject=subject, unread=unread.get(person, 0)),
                actor_id=None,
                project_id=project_id,
            ),
        )
        for person in sorted(people)
        if user_channel(person) in locked
    ]
    await several.append(session, locked, events)


async def forget_subject(session: AsyncSession, project_id: str, subject: SubjectId) -> list[str]:
    """Delete the entries about one subject. Returns the people who had some, for `tell_emptied`."""
    about = {"in_project": project_id, "about_type": subject.type, "about": subject.id}
    people = list(await session.scalars(_HAVE_ABOUT, about))
    if people:
        await _lock_inboxes(session, people)
        await session.execute(_FORGET, [{**about, "person": person} for person in people])
    return people


async def _lock_inboxes(session: AsyncSession, people: Sequence[str]) -> dict[str, Position]:
    """Lock people's channels: before rows of their inboxes, as the cursor does that tells of them."""
    return await several.lock(session, map(user_channel, people))


_encode = msgspec.json.Encoder().encode
_NAMED: tuple[Reason, ...] = ("mentioned", "assigned", "replied", "watching", "added")


_is_public = bindparam("loudest", type_=Text) == "all"


def _candidates() -> CompoundSelect[str, int]:
    """People and the strength of a reason, some more than once."""
    branches: list[Select[str, int]] = []
    for name in _NAMED:
        people = json_texts(bindparam(name, type_=Text)).table_valued("value", name=f"people_{name}")
        branches.append(
            select(cast(people.c.value, String(36)).label("person"), literal(REASONS[name]).label("reason"))
        )
    by_hand = select(WATCH.c.user_id, literal(REASONS["watching"])).where(
        WATCH.c.task_id == bindparam("about"), WATCH.c.is_watching.is_(True), _is_public
    )
    everything = select(MEMBER.c.user_id, literal(REASONS["watching"])).where(
        MEMBER.c.project_id == bindparam("in_project"),
        MEMBER.c.notification_level == literal_column("'all'"),  # as its index says it
        _is_public,
    )
    return union_all(*branches, by_hand, everything)


_candidate = _candidates().subquery()
_strongest = (
    select(_candidate.c.person, func.max(_candidate.c.reason).label("reason")).group_by(_candidate.c.person).subquery()
)
_has_unwatched = (
    select(WATCH.c.task_id)
    .where(WATCH.c.task_id == bindparam("about"), WATCH.c.user_id == MEMBER.c.user_id, WATCH.c.is_watching.is_(False))
    .exists()
)
_is_wanted = or_(
    _strongest.c.reason == REASONS["added"],
    case(
        (MEMBER.c.notification_level == "none", False),
        (MEMBER.c.notification_level == "mentions", _strongest.c.reason == REASONS["mentioned"]),
        else_=or_(_strongest.c.reason != REASONS["watching"], ~_has_unwatched),
    ),
)
_at = bindparam("at", type_=UtcDateTime)
_rows = (
    select(
        id_with(bindparam("id_prefix", type_=Text)),
        MEMBER.c.user_id,
        MEMBER.c.project_id,
        bindparam("about_type", type_=String),
        bindparam("about", type_=String),
        _strongest.c.reason,
        bindparam("by", type_=String),
        literal(1),
        true(),
        _at,
        _at,
        _at,
    )
    .join_from(_strongest, MEMBER, MEMBER.c.user_id == _strongest.c.person)
    .where(
        MEMBER.c.project_id == bindparam("in_project"), MEMBER.c.user_id != bindparam("by", type_=String), _is_wanted
    )
    .order_by(MEMBER.c.user_id)  # rows are locked in one order by all who lock several
)
_new = insert(NOTIFICATION).from_select(
    [
        *("id", "user_id", "project_id", "subject_type", "subject_id", "reason", "actor_id", "count", "is_untold"),
        *("created_at", "updated_at", "listed_at"),
    ],
    _rows,
    include_defaults=False,
)
_is_open = NOTIFICATION.c.read_at.is_(None) & NOTIFICATION.c.archived_at.is_(None)
# SQLite's ON CONFLICT is PostgreSQL's.
_NOTIFY = _new.on_conflict_do_update(
    index_elements=["user_id", "project_id", "subject_type", "subject_id"],
    set_={
        "reason": case(
            (_is_open & (NOTIFICATION.c.reason > _new.excluded.reason), NOTIFICATION.c.reason),
            else_=_new.excluded.reason,
        ),
        "count": case((_is_open, NOTIFICATION.c.count + 1), else_=1),
        "actor_id": _new.excluded.actor_id,
        "is_untold": true(),
        "updated_at": _new.excluded.updated_at,
        "read_at": null(),
        "archived_at": null(),
    },
)
_of_member = (NOTIFICATION.c.user_id == MEMBER.c.user_id) & (NOTIFICATION.c.project_id == MEMBER.c.project_id)
_HAVE_SOME = (
    select(MEMBER.c.user_id)
    .where(
        MEMBER.c.project_id == bindparam("in_project"), select(NOTIFICATION.c.id).where(_of_member).limit(1).exists()
    )
    .order_by(MEMBER.c.user_id)
)
_EMPTY = delete(NOTIFICATION).where(
    NOTIFICATION.c.user_id == bindparam("person"), NOTIFICATION.c.project_id == bindparam("in_project")
)
_is_about = (NOTIFICATION.c.subject_type == bindparam("about_type"), NOTIFICATION.c.subject_id == bindparam("about"))
_HAVE_ABOUT = (
    select(MEMBER.c.user_id)
    .join(NOTIFICATION, _of_member)
    .where(MEMBER.c.project_id == bindparam("in_project"), *_is_about)
    .order_by(MEMBER.c.user_id)
)
_FORGET = _EMPTY.where(*_is_about)
