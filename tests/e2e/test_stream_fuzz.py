"""Whatever comes to the addresses of streams is answered, by a stream or an error, and nothing is logged."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roomful.realtime.protocol.formats import JSON, PROTOBUF, ClientFormat
from tests.conftest import environment_for
from tests.support.api import Person, Project
from tests.support.commands import commands, connecting, frame_of, json_values
from tests.support.databases import SqliteFiles
from tests.support.server import Server

BINARY = "application/octet-stream"

fuzz = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
addresses = st.sampled_from(
    ["/connection/http_stream", "/connection/sse", "/connection/uni_http_stream", "/connection/uni_sse", "/emulation"]
)
formats: st.SearchStrategy[ClientFormat] = st.just(JSON) | st.just(PROTOBUF)
types = st.sampled_from(["application/json", BINARY, "text/plain", "application/x-www-form-urlencoded", "", "é"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with Server(directory, environment_for(sqlite_files.create(directory / "roomful.db"))) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def project(ada: Person) -> Project:
    return await ada.create_project()


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    """Clients must not be able to fill the log."""
    before = server.complaints
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        yield http
        http.get("/readyz").raise_for_status()
    assert server.complaints == before


def ask(http: httpx.Client, method: str, address: str, content: bytes, kind: str, query: str = "") -> httpx.Response:
    """The answer to a request; of a stream only its beginning."""
    url = f"{address}?{httpx.QueryParams({'cf_connect': query})}" if query else address
    with http.stream(method, url, content=content, headers=[(b"Content-Type", kind.encode())]) as answer:
        assert answer.status_code in (200, 204, 400, 404, 405, 413), answer
        if answer.status_code >= 400 and method != "HEAD":
            assert set(msgspec.json.decode(answer.read())) == {"error", "code", "request_id"}
        elif answer.status_code == 200:
            assert address != "/emulation"
            next(answer.iter_raw(), None)
    return answer


@fuzz
@given(
    method=st.sampled_from(["POST", "POST", "GET", "HEAD", "PUT"]),
    address=addresses,
    content=st.binary(max_size=100) | json_values.map(msgspec.json.encode),
    kind=types,
    query=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
)
def test_any_request(http: httpx.Client, method: str, address: str, content: bytes, kind: str, query: str) -> None:
    ask(http, method, address, content, kind, query)


@fuzz
@given(data=st.data())
def test_any_opening(http: httpx.Client, ada: Person, project: Project, data: st.DataObject) -> None:
    names: dict[str, Any] = {
        "tokens": [ada.token, ada.token, "bad", ""],
        "channels": [project.channel, f"user:{ada.id}", f"signal:{project.id}", "project:1", "", "x" * 300, "é"],
    }
    if data.draw(st.booleans()):
        request = msgspec.json.encode(data.draw(connecting(**names)))
        address = data.draw(st.sampled_from(["/connection/uni_http_stream", "/connection/uni_sse"]))
        assert ask(http, "POST", address, request, "application/json").status_code == 200
    else:
        client_format = data.draw(formats)
        said = data.draw(st.lists(commands(**names), min_size=1, max_size=6))
        request = frame_of([{"id": 1, "connect": {"token": ada.token}}, *said], client_format)
        kind = BINARY if client_format is PROTOBUF else "application/json"
        ask(http, "POST", "/connection/http_stream", request, kind)
