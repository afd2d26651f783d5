"""The index: entries written and removed. Whatever changes it takes `claim` first, in one transaction to its end."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import BindParameter, Select, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.search import words
from roomful.search.models import ENTRY, NUMBER
from roomful.search.sources import Source
from roomful.tasks.models import TASK

BUCKET_BITS = 12
"""So many bits of an entry's number are left out of its bucket, by which the newest entries are told from the rest."""
REMOVED_AT_ONCE = 500

Row = dict[str, object]
"""An entry without its number."""


async def prepare(project_id: str, sources: Sequence[Source]) -> list[Row]:
    """The entries of these sources. Takes them apart in a thread: a long text takes some 20 ms."""
    if not sources:
        return []
    return await asyncio.to_thread(lambda: [_row(project_id, source) for source in sources])


async def claim(session: AsyncSession) -> None:
    """Wait until this transaction is the only one that changes the index, so that numbers are in its order."""
    await session.execute(_CLAIM)


async def put(session: AsyncSession, rows: Sequence[Row]) -> None:
    """Add entries, in place of those of the same ids. Call `claim` first."""
    if not rows:
        return
    await remove(session, [str(row["id"]) for row in rows])
    last = (await session.execute(_TAKE, {"more": len(rows)})).scalar_one()
    numbered = enumerate(rows, last - len(rows) + 1)
    await session.execute(
        _INSERT,
        [{**row, "number": number, "words": f"{row['words']} {bucket_mark(number)}"} for number, row in numbered],
    )


async def remove(session: AsyncSession, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), REMOVED_AT_ONCE):
        await session.execute(_REMOVE, {"ids": list(ids[start : start + REMOVED_AT_ONCE])})


async def remove_some(session: AsyncSession, project_id: str | None) -> int:
    """Remove up to REMOVED_AT_ONCE entries of a project, or any; how many there were."""
    if project_id is None:
        return await _remove_found(session, _SOME, {})
    return await _remove_found(session, _SOME_OF_PROJECT, {"project": project_id})


async def remove_hidden_comments(session: AsyncSession, task_ids: Sequence[str]) -> int:
    """The same with entries of comments on those of the tasks that are in the trash, or gone."""
    return await _remove_found(session, _SOME_HIDDEN, {"ids": list(task_ids)})


async def _remove_found(session: AsyncSession, statement: Select[int], asked: Mapping[str, object]) -> int:
    numbers = list(await session.scalars(statement, {**asked, "most": REMOVED_AT_ONCE}))
    if numbers:
        await session.execute(_REMOVE_NUMBERS, {"numbers": numbers})
    return len(numbers)


async def last_number(session: AsyncSession) -> int:
    return int((await session.execute(_LAST)).scalar_one())


def marks_of(project_id: str, type: str) -> list[str]:
    return [project_mark(project_id), type_mark(type)]


def project_mark(project_id: str) -> str:
    return "p" + "".join(filter(str.isalnum, project_id.lower()))


def type_mark(type: str) -> str:
    return f"k{type}"


def bucket_mark(number: int) -> str:
    return f"n{number >> BUCKET_BITS}"


def newest_marks(last: int) -> Iterable[str]:
    """The marks of the newest entries, by the last number: 4,096 of them at least."""
    return dict.fromkeys((bucket_mark(last), bucket_mark(max(0, last - (1 << BUCKET_BITS)))))


def _row(project_id: str, source: Source) -> Row:
    return {
        "type": source.type,
        "id": source.id,
        "project_id": project_id,
        "task_id": source.task_id,
        "text": source.text,
        "words": words.tokens_of(source.title, source.text, marks_of(project_id, source.type)),
    }


_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_CLAIM = update(NUMBER).values(last=NUMBER.c.last)
_TAKE = update(NUMBER).values(last=NUMBER.c.last + bindparam("more")).returning(NUMBER.c.last)
_LAST = select(NUMBER.c.last)
_INSERT = insert(ENTRY)
_REMOVE = delete(ENTRY).where(ENTRY.c.id.in_(_IDS))
_REMOVE_NUMBERS = delete(ENTRY).where(ENTRY.c.number.in_(bindparam("numbers", expanding=True)))
_SOME = select(ENTRY.c.number).limit(bindparam("most"))
_SOME_OF_PROJECT = _SOME.where(ENTRY.c.project_id == bindparam("project"))
_SOME_HIDDEN = _SOME.outerjoin(TASK, (TASK.c.id == ENTRY.c.task_id) & TASK.c.deleted_at.is_(None)).where(
    ENTRY.c.task_id.in_(_IDS), ENTRY.c.type == "comment", TASK.c.id.is_(None)
)
