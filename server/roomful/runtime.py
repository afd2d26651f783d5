"""The live objects of one process."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.concurrency.task_scope import TaskScope, to_its_end
from roomful.db import schema
from roomful.db.engine import Database
from roomful.db.fingerprint import fingerprint
from roomful.db.node_starts import OUTAGES, NodeStarts
from roomful.eventlog import log
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
from roomful.realtime.node.engine import Adapters, Engine, OpenAdapters, memory_adapters, open_engine
from roomful.settings import Settings, signing_key

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
    engine: Engine
    relay: Relay
    task_scope: TaskScope
    loops: BackgroundLoops
    handshake_slots: asyncio.Semaphore
    """Limits how many handshakes query the database at once, so that a flood of them leaves connections to requests."""
    renamed: asyncio.Event
    """Set when somebody has a new name that not all of their projects have been told of."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One write transaction, committed at the block's end; then the relay gets the events that it recorded.

        A block that raises or is cancelled rolls back. Once the commit has begun, a cancellation waits until the relay
        has its events: otherwise subscribers would have to wait for a sweep to find them.
        """
        async with self.database.write() as session:
            yield session
            await to_its_end(self._commit(session))

    async def _commit(self, session: AsyncSession) -> None:
        await session.commit()
        self.database.writability.note_success()
        self.relay.wake(log.take_recorded(session))


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Open everything the process lives on; the database's schema is brought up to date first."""
    async with AsyncExitStack() as stack:
        database = Database(settings)
        stack.push_async_callback(database.close)
        await schema.upgrade(database.engine)
        key = signing_key(settings)
        provider_keys = await _open_provider_keys(settings, stack)
        engine = await stack.enter_async_context(
            open_engine(
                LogHistory(database),
                open_adapters=_adapters(settings, database, key.encode()),
                secret=key.encode(),
                batch_delay_seconds=settings.batch_delay,
            )
        )
        if provider_keys is not None:
            engine.loops.run("identity provider keys", provider_keys.run())
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
            cursor_key=hmac.digest(key.encode(), b"roomful list cursor, version 1", "sha256"),
            engine=engine,
            relay=Relay(engine.broker),
            task_scope=engine.task_scope,
            loops=engine.loops,
            handshake_slots=asyncio.Semaphore(HANDSHAKE_SLOTS),
            renamed=asyncio.Event(),
        )


def _adapters(settings: Settings, database: Database, key: bytes) -> OpenAdapters:
    """Those of Redis, if there is one; else this process is alone."""
    if settings.redis_url is None:
        return memory_adapters
    return partial(_open_redis, settings.redis_url.get_secret_value(), database, key)


@asynccontextmanager
async def _open_redis(url: str, database: Database, key: bytes, receive: Receive, node: str) -> AsyncIterator[Adapters]:
    # Imported by those alone who have a Redis: the others start a tenth sooner.
    from roomful.link.redis_names import RedisNames
    from roomful.link.redis_rates import RedisRates
    from roomful.link.redis_server import RedisServer
    from roomful.realtime.broker.redis import RedisBroker
    from roomful.realtime.presence.redis import RedisPresence

    starts = NodeStarts(database)

    async def read_starts() -> Sequence[bytes]:
        try:
            return await starts.read()
        except OUTAGES as error:
            raise StartsUnavailable from error

    async with RedisServer(url) as redis:
        names = RedisNames(key, database=redis.database, installation=await fingerprint(database))
        broker = RedisBroker(redis, receive, key=key, names=names, read_starts=read_starts, node=node)
        presence, buckets = RedisPresence(redis, key=key, names=names), RedisRates(redis, names=names)
        async with broker:
            yield Adapters(broker=broker, presence=presence, buckets=buckets)


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
