"""Deleting what has had its time: expired events, answers, sign-ins and tickets."""

import asyncio
import logging
import random
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from server.db.base import now
from server.eventlog import retention
from server.identity.sign_ins import purge_expired
from server.runtime import Runtime
from server.web import idempotency

logger = logging.getLogger(__name__)

ROUND_SECONDS = 300.0


async def keep_house(runtime: Runtime) -> None:
    """Tidy up for ever, in short transactions. Several nodes may do so at once."""
    while True:
        # Not right at the start, and not all nodes together.
        await asyncio.sleep(ROUND_SECONDS * random.uniform(0.5, 1.0))
        try:
            await tidy_up(runtime)
        except (SQLAlchemyError, OSError) as error:
            logger.warning("tidying up was cut short; the next round goes on", extra={"reason": type(error).__name__})


async def tidy_up(runtime: Runtime) -> None:
    """Delete all that is past its time now."""
    async with runtime.transaction() as session:
        await idempotency.purge(session)
    while True:
        async with runtime.transaction() as session:
            if not await purge_expired(session):
                break
    before = now() - timedelta(days=runtime.settings.event_retention_days)
    while True:
        async with runtime.database.read() as reading:
            channels = await retention.expired_channels(reading, before)
        if not channels:
            return
        for channel in channels:
            async with runtime.transaction() as session:
                await retention.delete_expired(session, channel, before)
