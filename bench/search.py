"""What a search costs among a thousand tasks and among a hundred thousand."""

import random
import statistics
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession

from bench.figures import TARGET_MARKS, Table, median_and_spread, percentile
from bench.grounds import Ground, roomful, signed_in
from bench.load import http_request, run_load
from roomful.db.base import now
from roomful.db.engine import Database
from roomful.ids import new_id
from roomful.search.rebuilding import rebuild
from roomful.settings import load_settings
from roomful.tasks.models import TASK
from tests.support.api import Person, Project

SMALL, LARGE = 1_000, 100_000
IN_A_PROJECT = 20_000
ROWS_AT_ONCE = 5_000
TARGET = 5.0
VOCABULARY = 20_000
WORDS_IN_TITLE, WORDS_IN_DESCRIPTION = 5, 25
QUERIES = 40
"""Of each kind."""

METHOD = f"""\
`GET /search` over one connection, for a member of projects with {SMALL:,} tasks, then with {LARGE:,} in the same
database, {IN_A_PROJECT:,} in a project at most. A task has {WORDS_IN_TITLE} words in its title and
{WORDS_IN_DESCRIPTION} in its description, out of {VOCABULARY:,}, the n-th of which is taken in proportion to 1/n; one
word is in every task. The queries are of seven kinds in equal numbers: that word, one common word, one rare word, two
words, the first letter of a word, its first four letters, and words that no task has together. Milliseconds until the
answer is there. Target: the 95th percentile among {LARGE:,} is at most {TARGET:.0f} times that among {SMALL:,}."""


async def measure(grounds: Sequence[Ground], *, rounds: int, seconds: float) -> Table:
    table = Table("Search", METHOD, ("database", "", f"{SMALL:,} tasks", f"{LARGE:,} tasks", "ratio", "target"))
    for ground in grounds:
        async with roomful(ground) as server:
            ada = await server.api.register("ada")
            found: dict[int, list[list[float]]] = {}
            for size, before in ((SMALL, 0), (LARGE, SMALL)):
                await _fill(ground, ada, size - before)
                requests = list(_requests(ada))
                found[size] = []
                for number in range(rounds + 1):
                    load = await run_load(server.port, requests, connections=1, seconds=seconds)
                    if set(load.statuses) != {200}:
                        raise RuntimeError(f"not every search was answered: {dict(load.statuses)}")
                    if number > 0:  # the first warms up
                        found[size].append(load.latencies_ms)
            table.rows.extend(_rows(ground, found))
    return table


def _rows(ground: Ground, found: dict[int, list[list[float]]]) -> Iterator[tuple[str, ...]]:
    for name, share in (("median", 0.5), ("95th percentile", 0.95)):
        small, large = ([percentile(round_, share) for round_ in found[size]] for size in (SMALL, LARGE))
        ratio = statistics.median(large) / statistics.median(small)
        mark = TARGET_MARKS[ratio <= TARGET] if share == 0.95 else ""
        yield (ground.name, name, median_and_spread(small, 2), median_and_spread(large, 2), f"{ratio:.2f}", mark)


async def _fill(ground: Ground, person: Person, count: int) -> None:
    """Add tasks to new projects, as rows, and index all of them."""
    chosen = random.Random(count)
    database = Database(load_settings(database_url=ground.database_url))

    @asynccontextmanager
    async def transaction() -> AsyncIterator[AsyncSession]:
        async with database.write() as session:
            yield session
            await session.commit()

    try:
        for start in range(0, count, IN_A_PROJECT):
            project = await person.create_project(f"Project {start}")
            column: str = (await person.snapshot(project))["columns"][0]["id"]
            rows = [
                _task(person, project, column, number, chosen)
                for number in range(1, min(IN_A_PROJECT, count - start) + 1)
            ]
            for first in range(0, len(rows), ROWS_AT_ONCE):
                async with transaction() as session:
                    await session.execute(TASK.insert(), rows[first : first + ROWS_AT_ONCE])
        await rebuild(database, transaction)
    finally:
        await database.close()


def _task(person: Person, project: Project, column: str, number: int, chosen: random.Random) -> dict[str, object]:
    at = now()
    return {
        "id": new_id(),
        "project_id": project.id,
        "title": " ".join(_word(chosen) for _ in range(WORDS_IN_TITLE)),
        "description": " ".join(["everywhere", *(_word(chosen) for _ in range(WORDS_IN_DESCRIPTION))]),
        "status": "todo",
        "column_id": column,
        "number": number,
        "labels": [],
        "position": f"a{number:06}1",
        "comment_count": 0,
        "version": 1,
        "created_by": person.id,
        "created_at": at,
        "updated_at": at,
    }


def _word(chosen: random.Random) -> str:
    return _spelled(int(VOCABULARY ** chosen.random()))  # the n-th in proportion to 1/n


def _spelled(number: int) -> str:
    """Words of five to eleven letters, with beginnings that many share."""
    syllables = ("ka", "lo", "mi", "ter", "sun", "ba", "re", "nor", "di", "ve")
    return "".join(syllables[int(digit)] for digit in f"{number * 7919 % 1_000_003:05}"[:5])


def _requests(person: Person) -> Iterator[bytes]:
    chosen = random.Random(1)
    for _ in range(QUERIES):
        common, rare = _spelled(chosen.randint(1, 20)), _spelled(chosen.randint(VOCABULARY // 2, VOCABULARY))
        for query in (
            "everywhere",
            common,
            rare,
            f"{common} {_word(chosen)}",
            common[:1],
            rare[:4],
            f"{rare} {_spelled(chosen.randint(VOCABULARY // 2, VOCABULARY))} {common}",
        ):
            yield http_request("GET", f"/api/v1/search?q={quote(query)}", None, signed_in(person))
