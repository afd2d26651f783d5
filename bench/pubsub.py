"""Messages a second through Redis: Roomful's broker, against the bare client's publish and subscribe."""

import asyncio
import socket
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from redis.asyncio import Redis

from bench.figures import TARGET_MARKS, Table, median_and_spread
from bench.grounds import Ground
from roomful.link.redis_names import RedisNames
from roomful.link.redis_server import RedisServer, packed
from roomful.link.sealed_redis import SealedRedis
from roomful.realtime.broker.redis import RedisBroker
from roomful.realtime.publication import Hint, Message, NodeMessage, Publication
from tests.support.brokers import ChannelFrames
from tests.support.processes import wait_until

MESSAGES = 20_000
PIPELINE = 500
MOST_TIMES_SLOWER = 2.0
DEADLINE_SECONDS = 60.0
KEY = b"a key that only the benchmarks seal with"
NAMES = RedisNames(KEY)
CHANNEL = "project:bench"
EVENT = b'{"id":"01890a5d","type":"task.updated","offset":1,"data":{"task":{"title":"Write the report","labels":[]}}}'

METHOD = f"""\
One process publishes {MESSAGES:,} events as fast as it can, and then receives as many that a thread writes to Redis
as fast as it can. *Roomful* is the broker alone, without log and sockets: it encodes and seals each event, or checks
its seal and decodes it. *Bare* is redis-py (with hiredis) with the same bytes: `publish` in pipelines of {PIPELINE}
(*one by one*: each awaited, as an application would), and `async for message in pubsub.listen()`. Target: not more
than {MOST_TIMES_SLOWER:g} times slower than bare."""


async def measure(ground: Ground, *, rounds: int) -> Table:
    assert ground.redis_url is not None
    url = ground.redis_url
    ways = {
        "publishing": (partial(_publish, url), partial(_publish_bare, url)),
        "publishing, one by one": (partial(_publish, url), partial(_publish_singly, url)),
        "receiving": (partial(_receive, url), partial(_receive_bare, url)),
    }
    table = Table(
        "Messages through Redis", METHOD, ("", "Roomful, a second", "bare, a second", "times slower", "target")
    )
    for name, (ours, theirs) in ways.items():
        table.rows.append(await _compare(name, ours, theirs, rounds=rounds))
    return table


async def _compare(
    name: str, ours: Callable[[], Awaitable[float]], theirs: Callable[[], Awaitable[float]], *, rounds: int
) -> tuple[str, ...]:
    pairs = [(await ours(), await theirs()) for _ in range(rounds + 1)][1:]  # the first warms up
    slower = [bare / roomful for roomful, bare in pairs]
    return (
        name,
        median_and_spread([roomful for roomful, _ in pairs]),
        median_and_spread([bare for _, bare in pairs]),
        median_and_spread(slower, 2),
        TARGET_MARKS[statistics.median(slower) <= MOST_TIMES_SLOWER],
    )


async def _publish(url: str) -> float:
    async with RedisServer(url) as server, SealedRedis(server, key=KEY, names=NAMES) as link:
        broker = RedisBroker(link, _ignore)
        event = Publication(CHANNEL, EVENT, 1, "epoch", "task.updated")
        began_at = time.perf_counter()
        for number in range(MESSAGES):
            broker.publish(event)
            if number % PIPELINE == 0:
                await asyncio.sleep(0)  # let the loop run, as events come over time
        await link.publisher.flush(DEADLINE_SECONDS)
        return MESSAGES / (time.perf_counter() - began_at)


async def _publish_bare(url: str) -> float:
    client = Redis.from_url(url)
    name, frame = _bare()
    began_at = time.perf_counter()
    for _ in range(MESSAGES // PIPELINE):
        pipeline = client.pipeline(transaction=False)
        for _ in range(PIPELINE):
            pipeline.publish(name.decode(), frame)
        await pipeline.execute()
    elapsed = time.perf_counter() - began_at
    await client.aclose()
    return MESSAGES / elapsed


async def _publish_singly(url: str) -> float:
    client = Redis.from_url(url)
    name, frame = _bare()
    count = MESSAGES // 10
    began_at = time.perf_counter()
    for _ in range(count):
        await client.publish(name.decode(), frame)
    elapsed = time.perf_counter() - began_at
    await client.aclose()
    return count / elapsed


async def _receive(url: str) -> float:
    count = 0
    has_all = asyncio.Event()

    def take(_message: Message | Hint | NodeMessage) -> None:
        nonlocal count
        count += 1
        if count == MESSAGES:
            has_all.set()

    async with RedisServer(url) as server, SealedRedis(server, key=KEY, names=NAMES) as link:
        broker = RedisBroker(link, take)
        assert await broker.subscribe(CHANNEL)
        blast = _Blast(url)
        began_at = time.perf_counter()
        with blast:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await has_all.wait()
            return MESSAGES / (time.perf_counter() - began_at)


async def _receive_bare(url: str) -> float:
    client = Redis.from_url(url)
    async with client.pubsub() as pubsub:
        await pubsub.subscribe(_bare()[0].decode())
        messages = pubsub.listen()
        assert (await anext(messages))["type"] == "subscribe"
        count = 0
        blast = _Blast(url)
        began_at = time.perf_counter()
        with blast:
            async with asyncio.timeout(DEADLINE_SECONDS):
                async for _ in messages:
                    count += 1
                    if count == MESSAGES:
                        break
            elapsed = time.perf_counter() - began_at
    await client.aclose()
    return MESSAGES / elapsed


class _Blast:
    """Writes all messages to Redis from a thread, in one piece, so that it mostly waits in the kernel."""

    def __init__(self, url: str) -> None:
        port = int(url.rpartition(":")[2].partition("/")[0])
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._answers = 0
        self._commands = b"".join(packed(b"PUBLISH", _bare()[0], frame) for frame in _frames(MESSAGES))
        self._threads = [threading.Thread(target=self._write), threading.Thread(target=self._read)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        wait_until(lambda: self._answers == MESSAGES, seconds=DEADLINE_SECONDS, what="Redis has taken all")
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _write(self) -> None:
        self._socket.sendall(self._commands)

    def _read(self) -> None:
        while answer := self._socket.recv(65_536):
            self._answers += answer.count(b"\n")


def _frames(count: int) -> Iterator[bytes]:
    """Frames as Roomful publishes them. All differ, since each is accepted once."""
    frames = ChannelFrames(key=KEY, names=NAMES)
    for _ in range(count):
        yield frames.encode(Publication(CHANNEL, EVENT, 1, "epoch", "task.updated"))


def _bare() -> tuple[bytes, bytes]:
    """The name and the bytes of one frame."""
    return NAMES.of("channel", CHANNEL), next(_frames(1))


def _ignore(_message: Message | Hint | NodeMessage) -> None:
    """The broker's local delivery is not measured."""
