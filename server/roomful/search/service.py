"""Search: the rows say at each query what a person may read, and the index gives the texts."""

import asyncio
import re
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.comments.models import COMMENT
from roomful.documents.models import DOCUMENT
from roomful.projects.models import MEMBER, PROJECT
from roomful.search.matching import NEWEST, Wanted, newest_matches
from roomful.search.models import ENTRY
from roomful.search.schemas import Found, Kind
from roomful.search.snippets import snippet
from roomful.search.words import Term, terms_of
from roomful.tasks.models import TASK

MOST_PROJECTS = 2_000
"""Of one person, those that were joined last."""
ROUNDS = 5
"""In which entries are looked at that may have gone out of sight since they were indexed."""

_KEY = re.compile(r"\s*([A-Za-z][A-Za-z0-9]{1,5})-([1-9][0-9]{0,8})\s*")


class _Hit(NamedTuple):
    """An entry that the person may see, with its present title."""

    number: int
    type: Kind
    id: str
    project_id: str
    task_id: str | None
    title: str
    text: str


async def search(
    session: AsyncSession, user_id: str, query: str, *, type: Kind | None, project_id: str | None, limit: int
) -> list[Found]:
    """The entries with all words of a query, in one of the person's projects or in all.

    Order: the task with that number (`MOON-12`), entries with the words in their titles, the others. Within each,
    entries with the last word as a whole come before those with words that begin with it, and newer ones before older.
    """
    projects = [project_id] if project_id is not None else list(await session.scalars(_PROJECTS, {"person": user_id}))
    terms = terms_of(query)
    if not projects or not terms:
        return []
    hits: dict[str, _Hit] = {}
    for hit in await _by_key(session, user_id, query, type, projects):
        hits[hit.id] = hit
    # Whole words first: a common one is often enough, and its unfinished form would cost all that begins with it.
    whole = [*terms[:-1], terms[-1]._replace(is_beginning=False)]
    for in_title in (True, False):
        for asked in (whole, terms):
            wanted = Wanted(asked, projects, type, in_title)
            await _add_hits(session, hits, user_id, wanted, limit=limit)
    return await asyncio.to_thread(_describe, list(hits.values())[:limit], terms)


async def _add_hits(session: AsyncSession, hits: dict[str, _Hit], user_id: str, wanted: Wanted, *, limit: int) -> None:
    """Add what is found until there are `limit`."""
    below, most = NEWEST, 2 * limit
    for _ in range(ROUNDS):
        if len(hits) >= limit:
            return
        numbers = await newest_matches(session, wanted, below=below, limit=most)
        if numbers:
            rows = await session.execute(_VISIBLE, {"numbers": numbers, "person": user_id})
            for hit in map(_Hit._make, rows):
                hits.setdefault(hit.id, hit)
        if len(numbers) < most:
            return
        below = numbers[-1]


async def _by_key(
    session: AsyncSession, user_id: str, query: str, type: Kind | None, projects: Sequence[str]
) -> list[_Hit]:
    match = _KEY.fullmatch(query)
    if match is None or type not in (None, "task"):
        return []
    key, number = match.groups()
    asked = {"person": user_id, "key": key.upper(), "number": int(number)}
    return [hit for hit in map(_Hit._make, await session.execute(_BY_KEY, asked)) if hit.project_id in projects]


def _describe(hits: Sequence[_Hit], terms: Sequence[Term]) -> list[Found]:
    return [
        Found(
            type=hit.type,
            id=hit.id,
            project_id=hit.project_id,
            task_id=hit.task_id if hit.type == "comment" else None,
            title=hit.title,
            snippet=snippet(hit.text, terms),
        )
        for hit in hits
    ]


_PROJECTS = (
    select(MEMBER.c.project_id)
    .where(MEMBER.c.user_id == bindparam("person"))
    .order_by(MEMBER.c.created_at.desc(), MEMBER.c.project_id)
    .limit(MOST_PROJECTS)
)
_VISIBLE = (
    select(
        ENTRY.c.number,
        ENTRY.c.type,
        ENTRY.c.id,
        ENTRY.c.project_id,
        ENTRY.c.task_id,
        case(
            (ENTRY.c.type == "document", DOCUMENT.c.title),
            (ENTRY.c.type == "project", PROJECT.c.name),
            else_=TASK.c.title,
        ).label("title"),
        ENTRY.c.text,
    )
    .join(
        MEMBER,
        (MEMBER.c.project_id == ENTRY.c.project_id) & (MEMBER.c.user_id == bindparam("person")),
    )
    .join(PROJECT, PROJECT.c.id == ENTRY.c.project_id)
    .outerjoin(TASK, (TASK.c.id == ENTRY.c.task_id) & TASK.c.deleted_at.is_(None))
    .outerjoin(COMMENT, (COMMENT.c.id == ENTRY.c.id) & COMMENT.c.deleted_at.is_(None))
    .outerjoin(DOCUMENT, (DOCUMENT.c.id == ENTRY.c.id) & DOCUMENT.c.deleted_at.is_(None))
    .where(
        ENTRY.c.number.in_(bindparam("numbers", expanding=True)),
        case(
            (ENTRY.c.type == "task", TASK.c.id.is_not(None)),
            (ENTRY.c.type == "comment", TASK.c.id.is_not(None) & COMMENT.c.id.is_not(None)),
            (ENTRY.c.type == "document", DOCUMENT.c.id.is_not(None)),
            else_=True,
        ),
    )
    .order_by(ENTRY.c.number.desc())
)
_BY_KEY = (
    select(
        TASK.c.number,
        case((TASK.c.id.is_not(None), "task")).label("type"),
        TASK.c.id,
        TASK.c.project_id,
        TASK.c.id.label("task_id"),
        TASK.c.title,
        func.coalesce(TASK.c.description, "").label("text"),
    )
    .join(PROJECT, PROJECT.c.id == TASK.c.project_id)
    .join(MEMBER, MEMBER.c.project_id == PROJECT.c.id)
    .where(
        MEMBER.c.user_id == bindparam("person"),
        PROJECT.c.key == bindparam("key"),
        TASK.c.number == bindparam("number"),
        TASK.c.deleted_at.is_(None),
    )
    .order_by(TASK.c.updated_at.desc())
    .limit(10)
)
