"""Shared services of a node's rooms."""

import asyncio
from dataclasses import dataclass

from roomful.concurrency.task_scope import TaskScope
from roomful.link.timer_wheel import TimerWheel
from roomful.rooms.broker.port import RoomBroker
from roomful.rooms.counters import RoomCounters
from roomful.rooms.left_rooms import LeftRooms
from roomful.rooms.limits import RoomLimits
from roomful.rooms.store.port import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomServices:
    """`node` is this process's name among those that share the broker."""

    store: Store
    broker: RoomBroker
    limits: RoomLimits
    counters: RoomCounters
    task_scope: TaskScope
    wheel: TimerWheel
    left_rooms: LeftRooms
    append_slots: asyncio.Semaphore
    """Keeps busy documents from taking all of the store's connections."""
    node: str
