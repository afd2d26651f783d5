"""JSON answers compressed on their way out."""

import asyncio
import zlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIN_BYTES = 1_024
INLINE_BYTES = 32 * 1_024
"""This much takes less than a millisecond. More is compressed in a thread."""

LEVEL = 4
_GZIP_WINDOW = 31  # zlib's number for a window of 32 KiB inside gzip


class Compression:
    """Compresses whole JSON answers of 1 KiB and more for clients that take gzip.

    Left as they are: streams, which may not wait for more to compress; answers with an entity tag, since its version
    names those bytes (RFC 9110, 8.8.3.3); and everything below `spared`, where a secret could be guessed by how well it
    compresses beside what an attacker chose (BREACH).
    """

    def __init__(self, app: ASGIApp, *, spared: str) -> None:
        self._app = app
        self._spared = spared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self._spared):
            await self._app(scope, receive, send)
            return
        takes_gzip = "gzip" in accepted(Headers(scope=scope).get("accept-encoding", ""))
        start: Message | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_candidate(Headers(raw=message["headers"])):
                start = message  # sent with the body, whose length decides
                return
            if start is not None:
                body: bytes = message.get("body", b"")
                if not message.get("more_body", False) and len(body) >= MIN_BYTES:
                    headers = MutableHeaders(raw=list(start["headers"]))
                    headers.add_vary_header("Accept-Encoding")
                    if takes_gzip:
                        body = await compress(body)
                        headers["Content-Encoding"] = "gzip"
                        headers["Content-Length"] = str(len(body))
                    start, message = {**start, "headers": headers.raw}, {**message, "body": body}
                begun, start = start, None
                await send(begun)
            await send(message)

        await self._app(scope, receive, send_compressed)


async def compress(body: bytes) -> bytes:
    """As gzip, without keeping the loop for longer than a millisecond."""
    if len(body) <= INLINE_BYTES:
        return zlib.compress(body, LEVEL, _GZIP_WINDOW)
    return await asyncio.to_thread(zlib.compress, body, LEVEL, _GZIP_WINDOW)


def accepted(header: str) -> set[str]:
    """The codings that an Accept-Encoding header allows by name (RFC 9110, 12.5.3)."""
    codings = set()
    for item in header.lower().split(","):
        coding, _, parameters = item.partition(";")
        quality = parameters.strip().removeprefix("q=").strip()
        if quality.strip("0.") or not parameters:
            codings.add(coding.strip())
    return codings


def _is_candidate(headers: Headers) -> bool:
    return (
        headers.get("content-type", "").startswith("application/json")
        and "content-encoding" not in headers
        and "etag" not in headers
    )
