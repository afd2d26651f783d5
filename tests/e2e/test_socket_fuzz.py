"""Whatever comes through a real socket, the server answers it or closes with a code, and logs nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from centrifuge.protocol import client_pb2 as official
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roomful.realtime.protocol import protobuf
from roomful.realtime.protocol.formats import JSON, PROTOBUF, ClientFormat
from tests.conftest import environment_for
from tests.support.api import Person, Project
from tests.support.commands import METHODS, commands, frame_of, json_values
from tests.support.databases import SqliteFiles
from tests.support.raw_socket import BINARY, CLOSE, DEADLINE_SECONDS, FIN, TEXT, Frame, RawSocket, masked
from tests.support.server import Server

ENDPOINTS = ("/connection/websocket", "/connection/websocket?format=protobuf", "/ws/projects/{project}")
FAULTS = {1006, 1011, 3004}
"""Close codes that mean a fault of the server. Others are its own, or echo a client's."""

FORMATS = pytest.mark.parametrize("client_format", [JSON, PROTOBUF], ids=["json", "protobuf"])

# Examples share the server, one after the other, and don't affect each other.
fuzz = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

raw_frames = st.builds(
    lambda first, payload, is_masked: masked(first, payload) if is_masked else bytes([first, len(payload)]) + payload,
    st.sampled_from([FIN | TEXT, FIN | BINARY, TEXT, BINARY, 0, FIN]) | st.integers(0, 255),
    st.binary(max_size=125),
    st.sampled_from([True, True, True, False]),
)
any_json = st.lists(json_values | st.dictionaries(st.sampled_from(("id", *METHODS)), json_values), max_size=5)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    environment = environment_for(sqlite_files.create(directory / "roomful.db"))
    # Sockets end with the example, not with an unanswered ping.
    async with Server(directory, {**environment, "ROOMFUL_PING_INTERVAL": "25"}) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")


@pytest.fixture(autouse=True)
def _log_stays_as_it_is(server: Server) -> Iterator[None]:
    """Clients must not be able to fill the log."""
    before = server.complaints
    yield
    assert server.complaints == before


@pytest.fixture
def hello(ada: Person) -> dict[str, Any]:
    return {"id": 1, "connect": {"token": ada.token}}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@fuzz
@given(frames=st.lists(raw_frames, max_size=6))
def test_any_frames(server: Server, ada: Person, project: Project, endpoint: str, frames: list[bytes]) -> None:
    path = f"{endpoint.format(project=project.id)}{'&' if '?' in endpoint else '?'}token={ada.token}"
    asyncio.run(_say(server, path, b"".join(frames)))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@fuzz
@given(data=st.binary(max_size=300))
def test_any_bytes(server: Server, ada: Person, project: Project, endpoint: str, data: bytes) -> None:
    path = f"{endpoint.format(project=project.id)}{'&' if '?' in endpoint else '?'}token={ada.token}"
    # Later bytes may count as the rest of an unfinished frame; then only the end of the stream ends it.
    asyncio.run(_say(server, path, data, may_be_cut_short=True))


@fuzz
@given(data=st.binary(max_size=300))
def test_any_bytes_instead_of_a_handshake(server: Server, data: bytes) -> None:
    asyncio.run(_knock(server, data))


@FORMATS
@fuzz
@given(data=st.data(), signs_in=st.booleans())
def test_any_commands(
    server: Server,
    ada: Person,
    project: Project,
    hello: dict[str, Any],
    client_format: ClientFormat,
    data: st.DataObject,
    signs_in: bool,
) -> None:
    channels = (f"project:{project.id}", f"signal:{project.id}", f"user:{ada.id}", "project:1", "", "x" * 300, "é")
    any_commands = commands(tokens=[ada.token, "bad", ""], channels=channels)
    said = data.draw(st.lists(any_commands, max_size=12))
    said = [{**one, "id": number} for number, one in enumerate(said, 2)]
    if signs_in:
        said.insert(0, hello)
    asyncio.run(_expect_answers(server, said, client_format))


@fuzz
@given(values=any_json)
def test_any_json(server: Server, hello: dict[str, Any], values: list[Any]) -> None:
    payload = b"\n".join(msgspec.json.encode(value) for value in [hello, *values])
    asyncio.run(_say(server, ENDPOINTS[0], masked(FIN | TEXT, payload)))


async def _say(server: Server, path: str, data: bytes, *, may_be_cut_short: bool = False) -> None:
    """Send this, then a close frame. The server must close too, whichever comes first."""
    async with RawSocket(server.port, path) as peer:
        await peer.open()
        assert peer.status == 101, path
        peer.writer.write(data + masked(FIN | CLOSE, (1000).to_bytes(2, "big")))
        peer.writer.write_eof()
        try:
            while (frame := await peer.read()).opcode != CLOSE:
                pass
        except asyncio.IncompleteReadError:
            assert may_be_cut_short
        else:
            assert frame.close[0] not in FAULTS, frame


async def _knock(server: Server, data: bytes) -> None:
    """An invalid request is answered with an error, and the connection closed."""
    async with RawSocket(server.port) as peer:
        peer.writer.write(data + b"\r\n\r\n")
        peer.writer.write_eof()
        async with asyncio.timeout(DEADLINE_SECONDS):
            answer = await peer.reader.read()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 "), (data, answer)


async def _expect_answers(server: Server, said: Sequence[dict[str, Any]], client_format: ClientFormat) -> None:
    """Each command has its reply, or the socket is closed with a code."""
    awaited = {one["id"] for one in said}
    path = ENDPOINTS[client_format is PROTOBUF]
    async with RawSocket(server.port, path) as peer:
        await peer.open()
        peer.send(FIN | (BINARY if client_format is PROTOBUF else TEXT), frame_of(said, client_format))
        while awaited:
            frame = await peer.read()
            if frame.opcode == CLOSE:
                assert frame.close[0] in range(3000, 4000), frame
                return
            awaited -= set(_reply_ids(frame, client_format))


def _reply_ids(frame: Frame, client_format: ClientFormat) -> list[int]:
    if client_format is PROTOBUF:
        return [official.Reply.FromString(message).id for message in protobuf.split(frame.payload)]
    return [msgspec.json.decode(line).get("id", 0) for line in frame.payload.splitlines()]
