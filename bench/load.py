"""A load of HTTP requests from one process that costs next to nothing per request."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True, slots=True)
class Load:
    """The result of one run: requests a second, the time of each, the statuses."""

    seconds: float
    latencies_ms: list[float]
    statuses: Counter[int]

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds


@dataclass(slots=True)
class _Run:
    """The state that the callers of one run share."""

    requests: Iterator[bytes]
    ends_at: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def http_request(method: str, path: str, body: object, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole request, ready for the socket."""
    content = msgspec.json.encode(body)
    head = [
        f"{method} {path} HTTP/1.1",
        "Host: bench",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


async def run_load(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Keep this many requests in flight, one a connection, for this long; the requests take turns.

    Raises ConnectionError when the server hangs up.
    """
    loop = asyncio.get_running_loop()
    run = _Run(itertools.cycle(requests))
    connected = [
        await loop.create_connection(lambda: _Caller(run, loop.create_future()), "127.0.0.1", port)
        for _ in range(connections)
    ]
    began = time.perf_counter()
    run.ends_at = began + seconds
    for transport, caller in connected:
        caller.call(transport)
    for _, caller in connected:
        await caller.done
    return Load(time.perf_counter() - began, run.latencies_ms, run.statuses)


class _Caller(asyncio.Protocol):
    """One keep-alive connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, run: _Run, done: "asyncio.Future[None]") -> None:
        self.done = done
        self._run = run
        self._received = b""
        self._sent_at = 0.0

    def call(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._sent_at = time.perf_counter()
        transport.write(next(self._run.requests))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if (size := answer_bytes(self._received)) is None or len(self._received) < size:
            return
        now = time.perf_counter()
        self._run.latencies_ms.append((now - self._sent_at) * 1000)
        self._run.statuses[int(self._received[9:12])] += 1
        self._received = b""
        if now < self._run.ends_at:
            self.call(self._transport)
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))


def answer_bytes(received: bytes) -> int | None:
    """The size of the answer that begins here; None while its head is incomplete."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    _, _, after_name = received[:head_end].lower().partition(b"content-length:")
    return head_end + 4 + int(after_name.partition(b"\r\n")[0] or 0)
