"""A project on a server, over HTTP and the event socket."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import msgspec

from roomful_watch.connection import open_connection
from roomful_watch.errors import ConnectionLost, EventsExpired, of_status, unreachable
from roomful_watch.names import Snapshot
from roomful_watch.stream import Connection, Event, Page

PAGE_EVENTS = 200
REQUEST_SECONDS = 10.0


T = TypeVar("T")


class _Offset(msgspec.Struct):
    offset: int


class HttpServer:
    """One project on the server at `url`, with a member's `token`. An async context manager."""

    def __init__(self, url: str, *, project_id: str, token: str) -> None:
        self._token = token
        self._channel = f"project:{project_id}"
        self._socket_address = _socket_address(url)
        self._project = f"{url.rstrip('/')}/api/v1/projects/{quote(project_id, safe='')}"
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=REQUEST_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        return open_connection(self._socket_address, channel=self._channel, token=self._token)

    async def events(self, after: int) -> Page:
        answer = await self._get(f"{self._project}/events?after={after}&limit={PAGE_EVENTS}")
        if answer.status_code == httpx.codes.GONE:
            raise EventsExpired
        bodies = [bytes(body) for body in _decode(answer, list[msgspec.Raw])]
        events = tuple(Event(msgspec.json.decode(body, type=_Offset).offset, body) for body in bodies)
        return Page(answer.headers.get("X-Stream-Epoch", ""), events)

    async def snapshot(self) -> Snapshot:
        """The project's present state."""
        return _decode(await self._get(f"{self._project}/snapshot"), Snapshot)

    async def _get(self, address: str) -> httpx.Response:
        try:
            return await self._http.get(address)
        except httpx.HTTPError as failed:
            raise unreachable(failed) from failed


def _decode(answer: httpx.Response, kind: type[T]) -> T:
    if not answer.is_success:
        raise of_status(answer.status_code, answer.content)
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as strange:
        raise ConnectionLost(f"the server sent an unexpected answer: {strange}") from strange


def _socket_address(url: str) -> str:
    parts = urlsplit(url.rstrip("/"))
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, f"{parts.path}/connection/websocket", "", ""))
