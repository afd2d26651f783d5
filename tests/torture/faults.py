"""The faults: each breaks one thing, waits, and undoes it."""

import asyncio
import contextlib
import logging
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import httpx
import psutil
import redis

from roomful.service_urls import postgresql_dsn
from tests.support.api import API, Person, Project
from tests.torture.cluster import Cluster, Form, Node
from tests.torture.history import Flip, History

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scene:
    """The objects that a fault may use."""

    cluster: Cluster
    history: History
    owner: Person
    guest: Person
    project: Project
    rng: random.Random

    @property
    def a_node(self) -> Node:
        return self.rng.choice(self.cluster.nodes)


Fault = Callable[[Scene], Awaitable[None]]


async def pubsub_clients_killed(scene: Scene) -> None:
    assert scene.cluster.valkey is not None
    await asyncio.to_thread(scene.cluster.valkey.kill_pubsub_clients)


async def broker_stopped(scene: Scene) -> None:
    valkey = scene.cluster.valkey
    assert valkey is not None
    valkey.stop()
    await asyncio.sleep(scene.rng.uniform(0.5, 4))
    await asyncio.to_thread(valkey.start)


async def broker_frozen(scene: Scene) -> None:
    valkey = scene.cluster.valkey
    assert valkey is not None
    valkey.pause()
    await asyncio.sleep(3)
    valkey.resume()


async def broker_flushed(scene: Scene) -> None:
    assert scene.cluster.valkey is not None
    with scene.cluster.valkey.client() as client:
        await asyncio.to_thread(client.flushall)


async def broker_abused(scene: Scene) -> None:
    """An attacker records all messages for a while, replays them everywhere, and overwrites all keys."""
    assert scene.cluster.valkey is not None
    with scene.cluster.valkey.client() as client, client.pubsub() as pubsub:
        pubsub.psubscribe("*")
        await asyncio.sleep(scene.rng.uniform(0.5, 2))
        await asyncio.to_thread(_abuse, client, pubsub, scene.rng)


async def node_killed(scene: Scene) -> None:
    node = scene.a_node
    await node.kill()
    await asyncio.sleep(scene.rng.uniform(0, 1))
    await node.server.start()


async def worker_killed(scene: Scene) -> None:
    """The other workers go on; the node replaces it."""
    psutil.Process(scene.rng.choice(scene.a_node.worker_pids())).kill()
    await asyncio.sleep(1)


async def rolling_restart(scene: Scene) -> None:
    for node in scene.cluster.nodes:
        await node.server.restart()


async def backends_terminated(scene: Scene) -> None:
    async with _database(scene) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def database_read_only(scene: Scene) -> None:
    """Like a failover to a standby: connections end, and for a while new ones can only read."""
    async with _database(scene) as connection:
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(scene.rng.uniform(0.5, 3))
        finally:
            await connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


async def channel_locked(scene: Scene) -> None:
    """Another program holds the row that every writer of the project needs."""
    async with _database(scene) as connection:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM channel WHERE name = $1 FOR UPDATE", scene.project.channel)
            await asyncio.sleep(scene.rng.uniform(1, 2))


async def commits_slow(scene: Scene) -> None:
    """For two seconds every commit of an event takes as long as 0.3 s."""
    async with _database(scene) as connection:
        await connection.execute(_SLOW_COMMITS)
        try:
            await asyncio.sleep(2)
        finally:
            await connection.execute("DROP TRIGGER slow_commit ON event")


async def database_locked(scene: Scene) -> None:
    """Another program writes to the SQLite file for two seconds."""
    await asyncio.to_thread(_hold_sqlite, scene.cluster.database_url.removeprefix("sqlite:///"), 2.0)


async def network_stalled(scene: Scene) -> None:
    node = scene.a_node
    node.network.stall()
    await asyncio.sleep(scene.rng.uniform(0.5, 3))
    node.network.restore()


async def network_cut(scene: Scene) -> None:
    node = scene.a_node
    node.network.cut()
    await asyncio.sleep(scene.rng.uniform(0, 1))
    node.network.restore()


async def clock_stepped(scene: Scene) -> None:
    """A node's clock is hours ahead or behind, or some seconds ahead, while the others and the database are right."""
    node = scene.a_node
    node.clock.step(scene.rng.choice([-7200, 20, 7200]))
    await asyncio.sleep(scene.rng.uniform(1, 4))
    node.clock.step(0)


async def membership_flipped(scene: Scene) -> None:
    """A person is removed, keeps trying, and is added again."""
    members = f"{API}{scene.project.path}/members"
    flip = Flip(scene.guest.id, uuid4().hex)
    headers = {"X-Client-Mutation-ID": flip.removal_id}
    await _until_done(scene, "DELETE", f"{members}/{scene.guest.id}", headers, done=(204, 404))
    scene.history.flips.append(flip)
    await asyncio.sleep(scene.rng.uniform(1, 3))
    flip.let_in_at = time.time()
    body = {"user_id": scene.guest.id, "role": "editor"}
    await _until_done(scene, "POST", members, {}, done=(201, 409), body=body)


FAULTS: dict[Form, dict[str, Fault]] = {
    "nodes": {
        fault.__name__: fault
        for fault in (
            pubsub_clients_killed,
            broker_stopped,
            broker_frozen,
            broker_flushed,
            broker_abused,
            node_killed,
            worker_killed,
            rolling_restart,
            backends_terminated,
            database_read_only,
            channel_locked,
            commits_slow,
            network_stalled,
            network_cut,
            clock_stepped,
            membership_flipped,
        )
    },
    "sqlite": {
        fault.__name__: fault
        for fault in (
            node_killed,
            rolling_restart,
            database_locked,
            network_stalled,
            network_cut,
            clock_stepped,
            membership_flipped,
        )
    },
}

_SAME_SUBJECT = (
    {"broker_stopped", "broker_frozen", "broker_flushed", "broker_abused", "pubsub_clients_killed"},
    {"node_killed", "worker_killed", "rolling_restart"},
    {"backends_terminated", "database_read_only", "channel_locked", "commits_slow"},
    {"network_stalled", "network_cut"},
)


async def torment(scene: Scene, seconds: float) -> None:
    """Draw faults from a shuffled deck, sometimes two at once, until the time is over. All are undone at the end."""
    faults = FAULTS[scene.cluster.form]
    deck: list[str] = []
    ends_at = time.monotonic() + seconds
    await asyncio.sleep(min(1.0, seconds / 10))
    while time.monotonic() < ends_at:
        names = [_draw(deck, faults, scene.rng)]
        if scene.rng.random() < 0.4:
            names.append(_draw(deck, faults, scene.rng))
            if any(set(names) <= subject for subject in _SAME_SUBJECT) or names[0] == names[1]:
                deck.append(names.pop())
        async with asyncio.TaskGroup() as group:
            for name in names:
                scene.history.faults[name] += 1
                group.create_task(_perform(faults[name], scene))
        await asyncio.sleep(scene.rng.uniform(0.5, 2.5))


async def _perform(fault: Fault, scene: Scene) -> None:
    began_at = time.monotonic()
    await fault(scene)
    logger.info("%s, undone after %.1f s", fault.__name__.replace("_", " "), time.monotonic() - began_at)


def _draw(deck: list[str], faults: dict[str, Fault], rng: random.Random) -> str:
    if not deck:
        deck += faults
        rng.shuffle(deck)
    return deck.pop()


async def _until_done(
    scene: Scene, method: str, path: str, headers: dict[str, str], *, done: tuple[int, ...], body: object = None
) -> None:
    while True:
        try:
            response = await scene.a_node.http.request(
                method, path, json=body, headers={"Authorization": f"Bearer {scene.owner.token}", **headers}
            )
            if response.status_code in done:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _database(scene: Scene) -> AsyncIterator["asyncpg.Connection"]:
    """A connection of our own. Terminating others may hit it, which releases its locks as it should."""
    connection = await asyncpg.connect(postgresql_dsn(scene.cluster.database_url))
    try:
        yield connection
    finally:
        await connection.close()


def _abuse(client: redis.Redis, pubsub: redis.client.PubSub, rng: random.Random) -> None:
    heard: list[bytes] = []
    while len(heard) < 200 and (message := pubsub.get_message(ignore_subscribe_messages=True, timeout=0.1)):
        heard.append(message["data"])
    for name in client.pubsub_channels():
        for frame in heard:
            client.publish(name, frame)
        client.publish(name, rng.randbytes(100))
    for key in client.keys("*"):
        client.delete(key)
        with contextlib.suppress(redis.ResponseError):  # a node has written it again in between
            client.lpush(key, rng.randbytes(100))


def _hold_sqlite(path: str, seconds: float) -> None:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
    finally:
        connection.close()


_SLOW_COMMITS = """
CREATE OR REPLACE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM pg_sleep(random() * 0.3); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON event
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit();
"""
