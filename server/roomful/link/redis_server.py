"""The Redis (or Valkey) server that a URL names. No connection to it waits for ever."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

DEADLINE_SECONDS = 2.0
"""For one connect, one write, one answer."""
SENTINEL_SECONDS = 0.5
"""For one reply of one Sentinel: the next Sentinel must have its turn within the deadline."""
MIN_BACKOFF_SECONDS = 0.05
MAX_BACKOFF_SECONDS = 2.0
COMMAND_CONNECTIONS = 16

UNREACHABLE = (RedisError, OSError)
"""The exceptions of an outage; TimeoutError is an OSError."""


class Link:
    """One connection, as an async context manager that drops unsent bytes when it is left.

    One task may send while another one reads. Every method raises one of UNREACHABLE when the connection is lost.
    """

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self._transport: asyncio.WriteTransport | None = None

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self._connection.connect()
        except BaseException:
            await self._connection.disconnect(nowait=True)
            raise
        assert self._connection._writer is not None
        self._transport = self._connection._writer.transport
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A close would keep the descriptor until a frozen server has read what is buffered.
        if self._transport is not None:
            self._transport.abort()
        await self._connection.disconnect(nowait=True)

    async def send(self, packed: bytes) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self._connection.send_packed_command(packed, check_health=False)

    async def read(self) -> Any:
        """The next reply or message. Has no deadline."""
        return await self._connection.read_response(disable_decoding=True, timeout=math.inf)


class RedisServer:
    """Makes connections to one server, or to the master that Sentinel names, and logs outages.

    It connects when a connection is needed: an outage at the start is an outage like any other.
    """

    def __init__(self, url: str) -> None:
        self._sentinel: Sentinel | None = None
        self._pool, commands = self._pools(url)
        self.database = int(self._pool.connection_kwargs.get("db") or 0)
        self.commands: Redis = Redis(connection_pool=commands)
        self._out_since: dict[str, float] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.commands.connection_pool.disconnect()
        if self._sentinel is not None:
            await self._sentinel.aclose()

    def link(self) -> Link:
        return Link(self._pool.make_connection())

    async def keep_linked(self, part: str, serve: Callable[[Link], Awaitable[None]]) -> None:
        """Run `serve` on a connection for ever; each time that it is lost, on a new one.

        `serve` calls `found` when its connection has proved to work.
        """
        delay = MIN_BACKOFF_SECONDS
        while True:
            try:
                async with self.link() as link:
                    await serve(link)
            except* UNREACHABLE as errors:
                if part not in self._out_since:  # it has worked meanwhile
                    delay = MIN_BACKOFF_SECONDS
                self.lost(part, errors.exceptions[0])
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, MAX_BACKOFF_SECONDS)

    # An outage is logged in one line, and its end in another, however many connections are lost.

    def lost(self, part: str, error: Exception) -> None:
        if not self._out_since:
            logger.warning("redis is out of reach", extra={"part": part, "reason": _reason(error)})
        self._out_since.setdefault(part, time.monotonic())

    def found(self, part: str) -> None:
        since = self._out_since.pop(part, None)
        if since is not None and not self._out_since:
            logger.info("redis is back", extra={"seconds": round(time.monotonic() - since, 1)})

    def _pools(self, url: str) -> tuple[ConnectionPool, ConnectionPool]:
        """A pool that only makes connections, and one for commands of many tasks at once."""
        options: dict[str, Any] = {
            "protocol": 2,  # in which messages are plain replies
            "client_name": "roomful",
            "driver_info": None,  # it would look for its version on disk at each connect
            "socket_connect_timeout": DEADLINE_SECONDS,
            "retry": Retry(NoBackoff(), 0),  # a silent reconnect would be a silent loss
        }
        waiting = {"socket_timeout": DEADLINE_SECONDS, "max_connections": COMMAND_CONNECTIONS}
        if not url.startswith("redis+sentinel://"):
            return (
                ConnectionPool.from_url(url, socket_timeout=None, **options),
                BlockingConnectionPool.from_url(url, timeout=DEADLINE_SECONDS, **waiting, **options),
            )
        hosts, service, rest = sentinel_address(url)
        timeouts = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
        self._sentinel = Sentinel(hosts, sentinel_kwargs={**options, **timeouts})
        options |= rest
        return (
            SentinelConnectionPool(service, self._sentinel, socket_timeout=None, **options),
            SentinelConnectionPool(service, self._sentinel, **waiting, **options),
        )


def sentinel_address(url: str) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """Sentinels, service and further options of `redis+sentinel://user:password@host:port,host:port/service/db`.

    User and password are the Redis server's, not the Sentinels'. Raises ValueError.
    """
    parts = urlsplit(url)
    sign_in, _, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("must name the service, as in redis+sentinel://host:26379/service")
    sentinels = []
    for host in hosts.split(","):
        one = urlsplit(f"//{host}")
        if not one.hostname:
            raise ValueError("must name the sentinels, as in redis+sentinel://host:26379,host:26379/service")
        sentinels.append((one.hostname, one.port or 26379))
    # The rest is read as the address of one server would be.
    plain = ConnectionPool.from_url(urlunsplit(("redis", f"{sign_in}@localhost", f"/{database or 0}", parts.query, "")))
    rest = {name: value for name, value in plain.connection_kwargs.items() if name not in ("host", "port")}
    return sentinels, service, rest


def packed(*parts: bytes) -> bytes:
    """A command as Redis reads it (a RESP array)."""
    return b"*%d\r\n" % len(parts) + b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
