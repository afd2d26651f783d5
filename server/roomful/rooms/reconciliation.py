"""Finds rows that the broker lost, by comparing the heads of the rooms with those in the store."""

import asyncio
import logging
import random
from collections.abc import Mapping
from itertools import islice

from roomful.rooms.document.room import Room
from roomful.rooms.services import RoomServices
from roomful.rooms.store.port import StoreUnavailable

logger = logging.getLogger(__name__)

AT_ONCE = 500
JITTER = 0.2


async def reconcile(services: RoomServices, rooms: Mapping[str, Room]) -> None:
    """Compare for ever: more often while nothing arrives from other nodes, and soon after a loss."""
    limits, broker = services.limits, services.broker
    loop = asyncio.get_running_loop()
    compared_at, continuity = loop.time(), broker.continuity
    step = min(limits.reconcile_alone_seconds, limits.reconcile_seconds)
    while True:
        await asyncio.sleep(step * random.uniform(1 - JITTER, 1))
        is_quiet = broker.continuity is not None and broker.continuity == continuity
        if is_quiet and loop.time() - compared_at < limits.reconcile_seconds:
            continue
        compared_at, continuity = loop.time(), broker.continuity
        try:
            await compare(services, rooms)
        except Exception:  # rooms go on; the next comparison may succeed
            logger.exception("documents could not be compared with the store")


async def compare(services: RoomServices, rooms: Mapping[str, Room]) -> None:
    """Compare all rooms with the store once. Rooms that are behind catch up."""
    names = iter(list(rooms))
    while some := list(islice(names, AT_ONCE)):
        asked_at = {name: (room, room.rows.head) for name in some if (room := rooms.get(name)) is not None}
        try:
            heads = await services.store.heads(list(asked_at))
        except StoreUnavailable:
            return
        for name, (room, head) in asked_at.items():
            if rooms.get(name) is room:
                room.rows.compare(heads.get(name), head)
