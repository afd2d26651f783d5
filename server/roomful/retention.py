"""Retention: expired events, answers, sign-ins, tickets, invitations, notifications and trash are purged."""

import asyncio
import logging
import random
from datetime import timedelta
from functools import partial

from roomful.db.base import now
from roomful.db.passing_outages import passing_outages
from roomful.documents import service as documents
from roomful.eventlog import retention
from roomful.identity import sign_ins
from roomful.inbox import service as inbox
from roomful.invitations import mail_quota
from roomful.invitations import service as invitations
from roomful.runtime import Runtime
from roomful.tasks import trash
from roomful.web import idempotency

logger = logging.getLogger(__name__)

ROUND_SECONDS = 300.0


async def retention_loop(runtime: Runtime) -> None:
    """Purge for ever, in short transactions. Several nodes may do so at once."""
    while True:
        # Not right at the start, and not all nodes together.
        await asyncio.sleep(ROUND_SECONDS * random.uniform(0.5, 1.0))
        with passing_outages(logger, "a purge was cut short; the next round goes on"):
            await purge_expired(runtime)


async def purge_expired(runtime: Runtime) -> None:
    """Purge everything that has expired."""
    old = now() - timedelta(days=runtime.settings.notification_retention_days)
    purges = (
        idempotency.purge,
        sign_ins.purge_expired,
        documents.purge,
        trash.purge,
        invitations.purge,
        mail_quota.purge,
        partial(inbox.purge, before=old),
    )
    for purge in purges:
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
