"""The live objects of one process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.concurrency.task_scope import TaskScope, to_its_end
from roomful.db import schema
from roomful.db.engine import Database
from roomful.db.fingerprint import fingerprint
from roomful.db.node_starts import OUTAGES, NodeStarts
from roomful.eventlog import log
from roomful.eventlog.cursor import Cursor
from roomful.eventlog.history import LogHistory
from roomful.eventlog.relay import Relay
from roomful.identity.external import ExternalTokens
from roomful.identity.passwords import Passwords
from roomful.identity.provider_keys import ProviderKeys
from roomful.identity.refresh import RefreshTokens
from roomful.identity.tokens import Tokens
from roomful.identity.verifier import Verifier
from roomful.link.starts import StartsUnavailable
from roomful.realtime.broker.port import Receive
from roomful.realtime.node.emulation import new_node_name
from roomful.realtime.node.engine import Adapters, Engine, memory_adapters, open_engine
from roomful.roomstore.append import StoredRow, take_appended
from roomful.roomstore.compaction import Compactor
from roomful.settings import Settings
from roomful.signing_key import INVITATION_PURPOSE, derived_key, signing_key

if TYPE_CHECKING:
    from roomful.link.sealed_redis import SealedRedis

HANDSHAKE_SLOTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Built bottom-up by `open_runtime`, closed in the opposite order."""

    settings: Settings
    database: Database
    tokens: Tokens
    verifier: Verifier
    refresh_tokens: RefreshTokens
    passwords: Passwords
    cursor_key: bytes
    unsubscribe_key: bytes
    invitation_key: bytes
    engine: Engine
    link: "SealedRedis | None"
    """The link to other processes; None if this one is alone."""
    relay: Relay
    task_scope: TaskScope
    loops: BackgroundLoops
    handshake_slots: asyncio.Semaphore
    """Limits how many handshakes query the database at once, so that a flood of them leaves connections to requests."""
    compactor: Compactor
    row_observers: list[Callable[[StoredRow], None]] = field(default_factory=list)
    """Told of each row of a document that a request has stored, after its commit: the rooms of this process."""
    cursors: list[Cursor] = field(default_factory=list)
    """Told of the events that this process commits."""
    renamed: asyncio.Event
    """Set when somebody has a new name that not all of their projects have been told of."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One write transaction, committed at the block's end; then the relay gets the events that it recorded.

        A block that raises or is cancelled rolls back. Once the commit has begun, a cancellation waits until the relay
        has its events: otherwise they would reach subscribers only when channels are reconciled.
        """
        async with self.database.write() as session:
            yield session
            await to_its_end(self._commit(session))

    async def _commit(self, session: AsyncSession) -> None:
        await session.commit()
        self.database.writability.note_success()
        recorded = log.pop_recorded(session)
        self.relay.wake(recorded)
        for cursor in self.cursors:
            cursor.notice(recorded)
        for row in take_appended(session):
            self.compactor.note(row)
            for observe in self.row_observers:
                observe(row)


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Open everything the process lives on; the database's schema is brought up to date first."""
    async with AsyncExitStack() as stack:
        database = Database(settings)
        stack.push_async_callback(database.close)
        await schema.upgrade(database.engine)
        key = signing_key(settings)
        provider_keys = await _open_provider_keys(settings, stack)
        node = new_node_name()
        link = await _open_link(settings, database, key.encode(), node, stack)
        engine = await stack.enter_async_context(
            open_engine(
                LogHistory(database),
                open_adapters=memory_adapters if link is None else partial(_redis_adapters, link, key.encode()),
                secret=key.encode(),
                node=node,
                batch_delay_seconds=settings.batch_delay,
            )
        )
        if provider_keys is not None:
            engine.loops.run("identity provider keys", provider_keys.run())
        compactor = Compactor(database)
        engine.loops.run("compaction", compactor.run())
        # An access token never outlives its sign-in.
        access_ttl_seconds = min(settings.access_token_ttl, settings.refresh_token_ttl)
        tokens = Tokens(key, access_ttl_seconds=access_ttl_seconds)
        yield Runtime(
            settings=settings,
            database=database,
            tokens=tokens,
            verifier=Verifier(tokens, _external_tokens(settings, provider_keys), database),
            refresh_tokens=RefreshTokens(key, ttl_seconds=settings.refresh_token_ttl),
            passwords=await stack.enter_async_context(Passwords()),
            cursor_key=derived_key(key, "list cursor"),
            unsubscribe_key=derived_key(key, "unsubscribe"),
            invitation_key=derived_key(key, INVITATION_PURPOSE),
            engine=engine,
            link=link,
            relay=Relay(engine.broker),
            task_scope=engine.task_scope,
            loops=engine.loops,
            handshake_slots=asyncio.Semaphore(HANDSHAKE_SLOTS),
            compactor=compactor,
            renamed=asyncio.Event(),
        )


async def _open_link(
    settings: Settings, database: Database, key: bytes, node: str, stack: AsyncExitStack
) -> "SealedRedis | None":
    if settings.redis_url is None:
        return None
    # Imported only with a Redis: without, the start takes a tenth less.
    from roomful.link.redis_names import RedisNames
    from roomful.link.redis_server import RedisServer
    from roomful.link.sealed_redis import SealedRedis

    starts = NodeStarts(database)

    async def read_starts() -> Sequence[bytes]:
        try:
            return await starts.read()
        except OUTAGES as error:
            raise StartsUnavailable from error

    server = await stack.enter_async_context(RedisServer(settings.redis_url.get_secret_value()))
    names = RedisNames(key, database=server.database, installation=await fingerprint(database))
    return await stack.enter_async_context(
        SealedRedis(server, key=key, names=names, read_starts=read_starts, node=node)
    )


@asynccontextmanager
async def _redis_adapters(link: "SealedRedis", key: bytes, receive: Receive, _node: str) -> AsyncIterator[Adapters]:
    from roomful.link.redis_rates import RedisRates
    from roomful.realtime.broker.redis import RedisBroker
    from roomful.realtime.presence.redis import RedisPresence

    yield Adapters(
        broker=RedisBroker(link, receive),
        presence=RedisPresence(link.server, key=key, names=link.names),
        buckets=RedisRates(link.server, names=link.names),
    )


async def _open_provider_keys(settings: Settings, stack: AsyncExitStack) -> ProviderKeys | None:
    if settings.jwks_url is None:
        return None
    return ProviderKeys(settings.jwks_url, await stack.enter_async_context(httpx.AsyncClient()))


def _external_tokens(settings: Settings, keys: ProviderKeys | None) -> ExternalTokens | None:
    if keys is None or settings.jwt_issuer is None or settings.jwt_audience is None:
        return None  # the settings name all three or none
    return ExternalTokens(
        keys,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        max_ttl_seconds=settings.refresh_token_ttl,
        trust_email=settings.jwt_trust_email,
    )
