"""Gives the memory of dropped documents back to the system."""

import asyncio

from roomful.process.memory import give_back
from roomful.rooms.counters import RoomCounters


async def give_back_after_unloads(counters: RoomCounters, seconds: float) -> None:
    """Give memory back for ever: after documents were dropped, at most once in this many seconds."""
    unloads = counters.unloads
    while True:
        await asyncio.sleep(seconds)
        if counters.unloads != unloads:
            unloads = counters.unloads
            await asyncio.to_thread(give_back)
