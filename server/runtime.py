"""The live objects of one process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from server.db import schema
from server.db.engine import Database
from server.eventlog.relay import Relay
from server.identity.tokens import Tokens
from server.realtime.broker import Broker
from server.realtime.hub import Hub
from server.realtime.memory_broker import MemoryBroker
from server.settings import Settings, signing_key
from server.supervision import Crew


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Built bottom-up by `open_runtime`, closed in the opposite order."""

    settings: Settings
    database: Database
    tokens: Tokens
    broker: Broker
    hub: Hub
    relay: Relay
    crew: Crew


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Open everything the process lives on; the database's schema is brought up to date first."""
    async with AsyncExitStack() as stack:
        database = Database(settings)
        stack.push_async_callback(database.close)
        await schema.upgrade(database.engine)
        crew = await stack.enter_async_context(Crew("sessions"))
        hub = Hub()
        broker: Broker = MemoryBroker(hub.dispatch)
        yield Runtime(
            settings=settings,
            database=database,
            tokens=Tokens(signing_key(settings), access_ttl_seconds=settings.access_token_ttl),
            broker=broker,
            hub=hub,
            relay=Relay(broker),
            crew=crew,
        )
