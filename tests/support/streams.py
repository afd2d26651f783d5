"""A session over HTTP for tests, in place of a `Subscriber`'s socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Literal
from urllib.parse import quote

import httpx

from roomful.concurrency.task_scope import TaskScope
from tests.support.api import Json
from tests.support.sockets import DEADLINE_SECONDS, Closed

Kind = Literal["http_stream", "sse"]


async def messages_of(response: httpx.Response, kind: Kind) -> AsyncIterator[str]:
    """A stream's messages, until it ends."""
    rest = b""
    async for chunk in response.aiter_raw():  # `aiter_lines` ends lines at U+2028 too
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if kind == "http_stream":
                yield line.decode()
            elif line.startswith(b"data: "):
                yield line.removeprefix(b"data: ").decode()


class StreamSocket:
    """A stream, opened by the first frame that is sent; later ones go by requests to `emulation_url`.

    What is received are lines, as on a socket. A disconnect push is a close.
    """

    def __init__(
        self,
        url: str,
        kind: Kind,
        *,
        emulation_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self.emulation_url = emulation_url or url
        self._kind = kind
        self._headers = dict(headers or {})
        self._query = dict(query or {})
        self._stack = AsyncExitStack()
        self._frames: asyncio.Queue[str | Closed] = asyncio.Queue()
        self._response: httpx.Response | None = None
        self.address: Json = {}
        """The node and key of the session."""

    @property
    def response(self) -> httpx.Response:
        assert self._response is not None, "not open"
        return self._response

    async def open(self) -> None:
        self._frames, self._response, self._stack = asyncio.Queue(), None, AsyncExitStack()
        self._http = await self._stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=None))

    async def send(self, text: str | bytes) -> None:
        """Raises AssertionError when a request is refused."""
        assert isinstance(text, str)
        async with asyncio.timeout(DEADLINE_SECONDS):
            if self._response is None:
                await self._begin(text)
            elif (answer := await self.post(text)).status_code != 204:
                raise AssertionError(f"{answer.status_code}: {answer.text}")

    async def post(self, text: str) -> httpx.Response:
        return await self._http.post(f"{self.emulation_url}/emulation", json={**self.address, "data": text})

    async def receive(self, seconds: float = DEADLINE_SECONDS) -> str:
        async with asyncio.timeout(seconds):
            frame = await self._frames.get()
        if isinstance(frame, Closed):
            self._frames.put_nowait(frame)
            raise frame
        return frame

    async def drop(self) -> None:
        """Cut the connection without a close."""
        await self._stack.aclose()

    close = drop

    async def _begin(self, text: str) -> None:
        address, query = f"{self.url}/connection/{self._kind}", self._query
        if self._kind == "http_stream":
            request = self._http.build_request("POST", address, content=text, params=query, headers=self._headers)
        else:
            query = {**query, "cf_connect": text}
            request = self._http.build_request("GET", address, params=query, headers=self._headers)
        self._response = await self._http.send(request, stream=True)
        self._stack.push_async_callback(self._response.aclose)
        assert self._response.status_code == 200, f"{self._response.status_code}: {await self._response.aread()!r}"
        task_scope = await self._stack.enter_async_context(TaskScope("test stream"))
        task_scope.spawn(self._read(self._response, self._frames))

    async def _read(self, response: httpx.Response, frames: "asyncio.Queue[str | Closed]") -> None:
        reason = ""
        try:
            async for message in messages_of(response, self._kind):
                self._take(message, frames)
        except httpx.TransportError as error:
            reason = repr(error)
        frames.put_nowait(Closed(1006, reason))

    def _take(self, line: str, frames: "asyncio.Queue[str | Closed]") -> None:
        message: Json = json.loads(line)
        if "connect" in message:
            self.address = {name: message["connect"][name] for name in ("session", "node")}
        if disconnect := message.get("push", {}).get("disconnect"):
            frames.put_nowait(Closed(disconnect["code"], disconnect["reason"]))
        else:
            frames.put_nowait(line)


def cf_connect(**fields: object) -> str:
    """The query of an EventSource's address."""
    return f"cf_connect={quote(json.dumps({'id': 1, 'connect': fields}))}"
