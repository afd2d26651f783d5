"""Lists in pages."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete, insert

from roomful.db.base import now
from roomful.identity.models import User
from roomful.ids import new_id
from roomful.projects.models import Project
from tests.integration.web.conftest import Served
from tests.support.api import next_page

COUNT = 25


@pytest.fixture
async def ids(served: Served) -> list[str]:
    """Twenty-five notes, most of them made in the same microsecond; newest first."""
    owner = User(id=new_id(), email="ada@example.test", name="ada", password_hash="-")
    at = now()
    times = [at + timedelta(microseconds=1 if number == COUNT - 1 else 0) for number in range(COUNT)]
    rows = [
        {"id": new_id(), "name": f"n{number % 3}", "owner_id": owner.id, "created_at": time}
        for number, time in enumerate(times)
    ]
    async with served.runtime.database.write() as session:
        session.add(owner)
        await session.flush()
        await session.execute(insert(Project), rows)
        await session.commit()
    return [str(row["id"]) for row in sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)]


async def walk(served: Served, url: str) -> list[list[str]]:
    pages: list[list[str]] = []
    next_url: str | None = url
    while next_url is not None:
        answer = await served.client.get(next_url)
        assert answer.status_code == 200, answer.text
        pages.append([note["id"] for note in answer.json()])
        next_url = next_page(answer)
    return pages


async def test_every_row_comes_once_whatever_the_ties(served: Served, ids: list[str]) -> None:
    pages = await walk(served, "/notes?limit=7")
    assert [len(page) for page in pages] == [7, 7, 7, 4]
    assert [row for page in pages for row in page] == ids


async def test_ascending_order_by_text(served: Served, ids: list[str]) -> None:
    pages = await walk(served, "/notes?order=name&limit=4")
    assert sorted(row for page in pages for row in page) == sorted(ids)


async def test_a_full_last_page_promises_nothing(served: Served, ids: list[str]) -> None:
    assert [len(page) for page in await walk(served, "/notes?limit=25")] == [25]


async def test_rows_that_come_and_go_do_not_disturb_pages(served: Served, ids: list[str]) -> None:
    first = await served.client.get("/notes?limit=10")
    async with served.runtime.database.write() as session:
        await session.execute(delete(Project).where(Project.id.in_(ids[8:12])))
        await session.commit()
    rest = await walk(served, next_page(first) or "")
    assert [row for page in rest for row in page] == ids[12:]


async def test_the_next_page_is_named_by_its_query_alone(served: Served, ids: list[str]) -> None:
    answer = await served.client.get("/notes?order=name&limit=5&order=name", headers={"Host": "evil.test"})
    assert answer.headers["Link"].startswith("<?order=name&limit=5&order=name&cursor=")
    assert answer.headers["Link"].endswith('>; rel="next"')


async def cursor(served: Served, url: str = "/notes?limit=5") -> str:
    return httpx.URL((await served.client.get(url)).links["next"]["url"]).params["cursor"]


async def test_a_cursor_that_is_not_of_this_list_is_refused(served: Served, ids: list[str]) -> None:
    good = await cursor(served)
    flipped = good[:-4] + ("A" if good[-4] != "A" else "B") + good[-3:]
    for bad in (
        flipped,
        "",
        "x",
        "é",
        "=" * 9,
        "a" * 10_000,
        good[:-1],
        good + "AAAA",
        await cursor(served, "/notes?order=name&limit=5"),
    ):
        answer = await served.client.get("/notes", params={"cursor": bad})
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST"), bad


async def test_the_limit_may_change_between_pages(served: Served, ids: list[str]) -> None:
    answer = await served.client.get("/notes", params={"cursor": await cursor(served), "limit": 100})
    assert [note["id"] for note in answer.json()] == ids[5:]


async def test_a_limit_out_of_range_is_invalid(served: Served) -> None:
    for limit in ("0", "-1", "201", "999999999999999999999", "ten", "1.5", ""):
        answer = await served.client.get("/notes", params={"limit": limit})
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION"), limit
        assert answer.json()["details"][0]["field"] == "limit"
