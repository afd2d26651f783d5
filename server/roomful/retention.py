"""Deleting what has had its time: expired events, answers, sign-ins and tickets."""

import asyncio
import logging
import random
from datetime import timedelta

from roomful.db.base import now
from roomful.db.outages import outage
from roomful.errors import Unavailable
from roomful.eventlog import retention
from roomful.identity import sign_ins
from roomful.runtime import Runtime
from roomful.web import idempotency
from roomful.web.errors import explain

logger = logging.getLogger(__name__)

ROUND_SECONDS = 300.0


async def retention_loop(runtime: Runtime) -> None:
    """Tidy up for ever, in short transactions. Several nodes may do so at once."""
    while True:
        # Not right at the start, and not all nodes together.
        await asyncio.sleep(ROUND_SECONDS * random.uniform(0.5, 1.0))
        try:
            await purge_expired(runtime)
        except Exception as error:
            if not isinstance(explain(error), Unavailable):
                raise  # a bug, and no outage
            logger.warning(
                "tidying up was cut short; the next round goes on",
                extra={"reason": outage(error) or type(error).__name__},
            )


async def purge_expired(runtime: Runtime) -> None:
    """Delete all that is past its time now."""
    for purge in (idempotency.purge, sign_ins.purge_expired):
        deleted = 1
        while deleted:
            async with runtime.transaction() as session:
                deleted = await purge(session)
    before = now() - timedelta(days=runtime.settings.event_retention_days)
    while True:
        async with runtime.database.read() as reading:
            channels = await retention.expired_channels(reading, before)
        if not channels:
            return
        for channel in channels:
            async with runtime.transaction() as session:
                await retention.delete_expired(session, channel, before)
