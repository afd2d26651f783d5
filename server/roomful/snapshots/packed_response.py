"""The answer that sends a packed body."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from roomful.snapshots.packed import PackedBody
from roomful.web.compression import accepted


class PackedResponse(Response):
    """Sends a packed body as fast as its reader takes it, a chunk in memory at a time.

    `reading` is entered while it is sent.
    """

    def __init__(
        self,
        packed: PackedBody,
        request: Request,
        reading: AbstractContextManager[None],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._takes_gzip = "gzip" in accepted(request.headers.get("accept-encoding", ""))
        coding = {"Content-Encoding": "gzip"} if self._takes_gzip else {}
        super().__init__(headers={"Vary": "Accept-Encoding", **coding, **(headers or {})}, media_type=media_type)
        self._length = packed.gzip_bytes if self._takes_gzip else packed.plain_bytes
        self.headers["Content-Length"] = str(self._length)
        self._packed = packed
        self._reading = reading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chunks = self._packed.gzip_chunks() if self._takes_gzip else self._packed.plain_chunks()
        with self._reading:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            sent, request = 0, Request(scope, receive)
            # The server also accepts bytes for a lost client: don't unpack the rest for it.
            while sent < self._length and not await request.is_disconnected():
                chunk = await asyncio.to_thread(next, chunks)
                sent += len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": sent < self._length})
