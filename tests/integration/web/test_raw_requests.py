"""Raw requests to a real server process."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
import pytest_asyncio

from tests.support.server import Server

# One server for all of these: refused requests leave nothing behind.
pytestmark = pytest.mark.asyncio(loop_scope="module")

DEADLINE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    return Answer(int(head[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def send(server: Server, *pieces: bytes) -> Answer:
    async with asyncio.timeout(DEADLINE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await read_answer(reader)
        finally:
            writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    environment = {"ROOMFUL_DATABASE_URL": f"sqlite:///{directory / 'roomful.db'}", "ROOMFUL_SECRET_KEY": "k" * 32}
    async with Server(directory, environment) as server:
        yield server


REFUSED = [
    b"GET @evil.test HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET healthz HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    *(
        b"GET " + address + b" HTTP/1.1\r\nHost: roomful.test\r\n\r\n"
        for address in (b"http://", b"http:///x", b"http://[::1", b"http://a:99999/", b"http://u@h@/", b"https://:80/")
    ),
    b"CONNECT x:1 HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a/../admin?x=\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: user@roomful.test\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: roomful.test\r\nHost: evil.test\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET /health%00z HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET /health%zz HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET /health% HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET /health%ff HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET /%ed%a0%80 HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET /health\xc3\xa9 HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET /healthz?a=%00 HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"GET /healthz?a=%f HTTP/1.1\r\nHost: roomful.test\r\n\r\n",
    b"POST /api/v1/auth/token HTTP/1.1\r\nHost: roomful.test\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/auth/token HTTP/1.1\r\nHost: roomful.test\r\nContent-Length: 1x\r\n\r\n",
    b"POST /api/v1/auth/token HTTP/1.1\r\nHost: roomful.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"GET /healthz HTTP/1.1\r\nHost: roomful.test\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS to a plain port",
    b"{}\r\n\r\n",
]


async def test_ambiguous_requests_get_the_usual_error(server: Server) -> None:
    for request in REFUSED:
        answer = await send(server, request)
        assert answer.status == 400, (request[:80], answer)
        assert answer.json()["code"] == "BAD_REQUEST"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert answer.headers["x-response-time"].endswith("ms")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "error" not in server.log.lower()
    assert "Invalid HTTP" not in server.log


async def test_a_websocket_handshake_is_checked_as_well(server: Server) -> None:
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n" + key + b"\r\n"
    for line, host in ((b"/ws/a%00b", b"roomful.test"), (b"/ws/x", b"a/../b"), (b"/ws/%zz", b"roomful.test")):
        answer = await send(server, b"GET " + line + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + upgrade)
        assert (answer.status, answer.json()["code"]) == (400, "BAD_REQUEST"), line
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


def post(path: str, kind: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: roomful.test", f"Content-Type: {kind}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def test_the_head_of_a_handshake_in_one_piece_is_bounded(server: Server) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    head = b"GET /connection/websocket HTTP/1.1\r\nHost: roomful.test\r\n" + upgrade + key
    for size in (40_000, 70_000):
        answer = await send(server, head + b"X: " + b"a" * size + b"\r\n\r\n")
        assert (answer.status, answer.json()["code"]) == (400, "BAD_REQUEST")
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_bodies_are_bounded_while_they_are_read(server: Server) -> None:
    memory = psutil.Process(server.pid).memory_info
    before = memory().rss
    json_kind, form_kind = "application/json", "application/x-www-form-urlencoded"
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    cases = [
        (post("/api/v1/auth/register", json_kind, f"Content-Length: {5 * 1024 * 1024}"), b"a" * 5 * 1024 * 1024),
        (post("/api/v1/auth/register", json_kind, "Transfer-Encoding: chunked"), chunk * 80),
        (post("/api/v1/auth/token", form_kind, "Content-Length: 65537"), b"a" * 65537),
        (post("/api/v1/auth/token", form_kind, "Transfer-Encoding: chunked"), chunk * 2),
        (post("/api/v1/auth/register", json_kind, "Content-Length: 99999999999999999999"), b""),
        (post("/nowhere", json_kind, f"Content-Length: {5 * 1024 * 1024}"), b""),
    ]
    for head, body in cases:
        answer = await send(server, head, body)
        assert (answer.status, answer.json()["code"]) in ((413, "PAYLOAD_TOO_LARGE"), (400, "BAD_REQUEST")), head
        assert "x-request-id" in answer.headers
    assert memory().rss - before < 10 * 1024 * 1024


async def test_a_form_of_too_many_fields(server: Server) -> None:
    body = b"&".join(b"f%d=1" % number for number in range(5_000))
    head = post("/api/v1/auth/token", "application/x-www-form-urlencoded", f"Content-Length: {len(body)}")
    answer = await send(server, head, body)
    assert (answer.status, answer.json()["code"]) == (400, "BAD_REQUEST")


async def test_nul_in_a_form(server: Server) -> None:
    body = b"username=a%00b&password=x"
    head = post("/api/v1/auth/token", "application/x-www-form-urlencoded", f"Content-Length: {len(body)}")
    answer = await send(server, head, body)
    assert (answer.status, answer.json()["code"]) == (422, "VALIDATION")
