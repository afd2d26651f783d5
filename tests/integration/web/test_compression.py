"""Which answers are compressed, and which must not be."""

from urllib.parse import urljoin

import httpx
import pytest

from roomful.runtime import Runtime
from roomful.web.compression import INLINE_BYTES, MIN_BYTES, accepted
from roomful.web.pagination import MAX_PAGE_BYTES
from tests.support.api import API, Api, Person
from tests.support.large import fill


async def test_large_lists_are_compressed_for_clients_with_gzip(ada: Person) -> None:
    project = await ada.create_project()
    for _ in range(4):
        await ada.create_task(project, description="Fly there, land, come back. " * 300)
    plain = await ada.request("GET", f"{project.path}/tasks", Accept_Encoding="identity")
    packed = await ada.request("GET", f"{project.path}/tasks", Accept_Encoding="gzip, deflate")
    assert packed.json() == plain.json()
    assert len(plain.content) > INLINE_BYTES
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 10
    assert "content-encoding" not in plain.headers
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))
    events = await ada.request("GET", f"{project.path}/events", Accept_Encoding="gzip")
    assert events.headers["Content-Encoding"] == "gzip"
    assert events.headers["X-Stream-Offset"] == "5"


async def test_a_page_of_long_tasks_ends_before_its_limit(ada: Person, runtime: Runtime) -> None:
    project = await ada.create_project()
    async with runtime.transaction() as session:
        await fill(session, project, ada, tasks=190, characters=9_900)
    path, seen, sizes = f"{API}{project.path}/tasks?limit=200", [], []
    headers = {"Authorization": f"Bearer {ada.token}", "Accept-Encoding": "identity"}
    while path:
        answer = await ada.http.get(path, headers=headers)
        seen += answer.json()
        sizes.append(len(answer.content))
        path = urljoin(path, answer.links["next"]["url"]) if "next" in answer.links else ""
    assert seen == (await ada.snapshot(project))["tasks"]
    assert max(sizes) < MAX_PAGE_BYTES * 1.1
    assert len(sizes) == 4


async def test_small_answers_are_not_compressed(ada: Person) -> None:
    answer = await ada.request("GET", "/projects", Accept_Encoding="gzip")
    assert len(answer.content) < MIN_BYTES
    assert "content-encoding" not in answer.headers


async def test_answers_with_a_version_keep_their_tag(ada: Person) -> None:
    """A compressed answer would need another tag, which If-Match would not accept."""
    project = await ada.create_project()
    task = await ada.create_task(project, description="x" * 5_000)
    answer = await ada.request("GET", f"{project.path}/tasks/{task['id']}", Accept_Encoding="gzip")
    assert "content-encoding" not in answer.headers
    assert answer.headers["ETag"] == '"1"'


async def test_no_answer_beside_a_secret_is_compressed(ada: Person, client: httpx.AsyncClient) -> None:
    for _ in range(12):
        await Api(client).sign_in(ada.email)
    answer = await ada.request("GET", "/auth/sessions", Accept_Encoding="gzip")
    assert len(answer.content) > MIN_BYTES
    assert "content-encoding" not in answer.headers


async def test_the_api_description_is_compressed(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{API}/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["openapi"]


@pytest.mark.parametrize(
    ("header", "takes_gzip"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("GZIP", True), ("gzip;q=0", False), ("identity", False), ("", False)],
)
def test_accept_encoding_is_understood(header: str, takes_gzip: bool) -> None:
    assert ("gzip" in accepted(header)) == takes_gzip
