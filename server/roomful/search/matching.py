"""Asking the index of either database for entries, newest first. No question costs more than a bound.

FTS5 reads its lists from the newest entry and stops at enough. GIN finds all matches before the first is read, so
PostgreSQL is asked for those among the newest entries first, and then reads at most MOST_READ of all.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.search import index
from roomful.search.models import FTS5
from roomful.search.schemas import Kind
from roomful.search.words import Term, Token, token_of

MOST_READ = 10_000
NEWEST = 2**62
"""Above any entry's number."""


class Wanted(NamedTuple):
    """A query: every term must stand in the entry, and the entry in one of these projects."""

    terms: Sequence[Term]
    projects: Sequence[str]
    type: Kind | None
    in_title: bool

    def groups(self) -> list[list[Token]]:
        """Of each group an entry must have one."""
        groups = [[token_of(term, in_title=self.in_title)] for term in self.terms]
        groups.append([Token(index.project_mark(project_id)) for project_id in self.projects])
        if self.type is not None:
            groups.append([Token(index.type_mark(self.type))])
        return groups


async def newest_matches(session: AsyncSession, wanted: Wanted, *, below: int, limit: int) -> list[int]:
    """The numbers of entries below a number, the greatest first."""
    groups = wanted.groups()
    if session.get_bind().dialect.name == "sqlite":
        asked = {"query": _fts5(groups), "below": below, "most": limit}
        return list(await session.scalars(_SQLITE, asked))
    newest = [Token(mark) for mark in index.newest_marks(await index.last_number(session))]
    for asked_for in ([*groups, newest], groups):
        asked = {"query": _tsquery(asked_for), "below": below, "most": limit}
        found = list(await session.scalars(_POSTGRESQL, asked))
        if len(found) == limit:
            break
    return found


def _fts5(groups: Iterable[Iterable[Token]]) -> str:
    def written(token: Token) -> str:
        return f'"{token.text}"*' if token.is_beginning else f'"{token.text}"'

    return " AND ".join(f"({' OR '.join(map(written, group))})" for group in groups)


def _tsquery(groups: Iterable[Iterable[Token]]) -> str:
    def written(token: Token) -> str:
        return f"'{token.text}':*" if token.is_beginning else f"'{token.text}'"

    return " & ".join(f"({' | '.join(map(written, group))})" for group in groups)


_SQLITE = (
    select(FTS5.c.rowid)
    .where(FTS5.c.search_words.op("MATCH")(bindparam("query")), FTS5.c.rowid < bindparam("below"))
    .order_by(FTS5.c.rowid.desc())
    .limit(bindparam("most"))
)
# A function that the migration makes: it keeps the planner from reading the table instead of the index.
_POSTGRESQL = select(
    func.search_numbers(
        cast(bindparam("query", type_=Text), TSQUERY),
        bindparam("below", type_=BigInteger),
        MOST_READ,
        bindparam("most"),
    )
)
