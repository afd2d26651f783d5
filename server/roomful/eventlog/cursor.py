"""Cursors: named readers of the event log that handle each event once, even if processes die meanwhile.

A cursor reads the channels of one kind, each in order and by itself. What its handler does in the database is committed
with the position, so it is done exactly once. What its handler does elsewhere is done under a lease; if the process is
killed between deed and commit, the same batch is handled once more (docs/decisions/0046).
"""

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from roomful.db.base import now
from roomful.db.engine import Database
from roomful.db.passing_outages import passing_outages, will_pass
from roomful.eventlog import cursor_rows, log
from roomful.eventlog.cursor_batch import Batch, Concerned, CursorRules, Handle, Later, Transaction, concerned_all
from roomful.eventlog.cursor_gathering import Gathering
from roomful.eventlog.cursor_queue import CursorQueue
from roomful.eventlog.cursor_rows import TRIES_TOGETHER, LeaseLost, Place
from roomful.realtime.history.port import Expired, UnknownChannel
from roomful.realtime.publication import Publication

logger = logging.getLogger(__name__)

BATCH = 100
"""Events handled together, in at most the bytes of a page of the log."""
WORKERS = 4
READ_SECONDS = 5.0
HANDLE_SECONDS = 30.0
"""For the handler of one batch."""
ROUND_SECONDS = 5.0
"""How often each process looks for events that another one has left."""
LOOK_BACK = timedelta(seconds=60)
"""How far each round looks back. Transactions are shorter, so no event becomes visible later than this."""
WHOLE_ROUNDS = 120
"""Once in this many rounds all channels are compared, so that nothing depends on LOOK_BACK alone."""
CLOCKS_DIFFER = timedelta(seconds=60)
"""How far the clock of a node may be ahead without its events being taken for those of a wrong one."""
FOUND_AT_ONCE = 5_000
MAX_ATTEMPTS = 5
"""An event that has failed this often is left out: those behind it must not wait for ever."""
MAX_PAUSE_SECONDS = 300.0


@dataclass(slots=True)
class CursorCounters:
    handled: int = 0
    failures: int = 0
    left_out: int = 0
    leases_lost: int = 0


class Cursor:
    """One process's share of a cursor. Several processes may run it at once.

    Of the channels whose events have gathered, only those that are `concerned` are handled; a round passes over the
    others.
    """

    def __init__(
        self,
        rules: CursorRules,
        database: Database,
        transaction: Transaction,
        handle: Handle,
        *,
        concerned: Concerned = concerned_all,
    ) -> None:
        self.rules = rules
        self.counters = CursorCounters()
        self._database = database
        self._transaction = transaction
        self._handler = handle
        self._concerned = concerned
        self._queue = CursorQueue()
        self._gathering = Gathering(rules)
        # Per channel, the offset up to which no event needs handling. Stored a round later, in one transaction.
        self._passed: dict[str, tuple[Place, int]] = {}

    @property
    def lag_seconds(self) -> float:
        """How long the oldest channel that this process knows of has waited to be handled."""
        return self._queue.longest_seconds

    def notice(self, committed: Sequence[Publication]) -> None:
        """Take up what this process has committed. Never waits."""
        if self.rules.delay:
            return
        for event in committed:
            if not event.channel.startswith(self.rules.prefix) or not self.rules.wants(event):
                continue
            if not self.rules.gather:
                self._queue.put(event.channel)
            elif not self._gathering.add(event.channel, event.data):
                self._queue.has_overflowed = True

    async def run(self) -> None:
        """Handle events for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._find_for_ever())
            tasks.create_task(self._gather_for_ever())
            for _ in range(WORKERS):
                tasks.create_task(self._work_for_ever())

    async def catch_up(self) -> None:
        """Handle everything that is due now, also what other processes have left. Not beside `run`."""
        await self._find(all_channels=True)
        while (channel := self._queue.take_now()) is not None:
            await self._work(channel)
        await self._store_passed()

    async def _find_for_ever(self) -> None:
        rounds = 0
        while True:
            before, rounds = rounds, 0  # 0 also after an outage: its events may be older than LOOK_BACK
            with passing_outages(logger, "a cursor waits for the database", cursor=self.rules.name):
                await self._store_passed()
                await self._find(all_channels=before % WHOLE_ROUNDS == 0 or self._queue.has_overflowed)
                rounds = before + 1
            await asyncio.sleep(ROUND_SECONDS * random.uniform(0.8, 1.2))

    async def _gather_for_ever(self) -> None:
        while True:
            gathered = await self._gathering.take()
            with self._left_to_a_round("a cursor leaves some channels"):
                async with asyncio.timeout(READ_SECONDS):
                    for channel in await self._concerned(gathered):
                        self._queue.put(channel)

    async def _find(self, *, all_channels: bool) -> None:
        rules, at = self.rules, now()
        if all_channels:
            self._queue.has_overflowed = False
        async with asyncio.timeout(READ_SECONDS), self._database.read() as session:
            found = await cursor_rows.due(session, rules.name, at=at, limit=FOUND_AT_ONCE)
            if all_channels:
                found += await cursor_rows.behind(session, rules.name, rules.prefix, limit=FOUND_AT_ONCE)
            else:
                until = at - rules.delay
                found += await cursor_rows.recent(
                    session, rules.name, rules.prefix, after=until - LOOK_BACK, until=until, limit=FOUND_AT_ONCE
                )
        for channel in found:
            self._queue.put(channel)
        if len(found) >= FOUND_AT_ONCE:
            self._queue.has_overflowed = True

    async def _store_passed(self) -> None:
        passed, self._passed = self._passed, {}
        if passed:
            async with self._transaction() as session:
                await cursor_rows.pass_over(session, [passed[channel] for channel in sorted(passed)])

    async def _work_for_ever(self) -> None:
        while True:
            await self._work(await self._queue.take())

    async def _work(self, channel: str) -> None:
        """Handle a channel's events until none is left that can be handled now."""
        try:
            with self._left_to_a_round("a cursor leaves a channel"):
                while await self._handle_next(channel):
                    pass
        finally:
            self._queue.done(channel)

    @contextmanager
    def _left_to_a_round(self, message: str) -> Iterator[None]:
        """An outage ends the block; a later round, which compares all channels, finds what is left."""
        is_left = True
        try:
            with passing_outages(logger, message, level=logging.INFO, cursor=self.rules.name):
                yield
                is_left = False
        finally:
            if is_left:
                self._queue.has_overflowed = True

    async def _handle_next(self, channel: str) -> bool:
        """Handle the next batch; whether there was more when it was read.

        What has come since is no reason to go on: this process has noticed its own events, which gather meanwhile, and
        a round finds those of others. Otherwise a steady stream of events would be handled in batches of two or three.
        """
        batch = await self._next_batch(channel)
        if batch is None:
            return False
        try:
            if batch.events or batch.has_lost:
                if not await self._handle(batch):
                    return True
            else:
                self._passed[channel] = (batch.place, batch.upto)
        except LeaseLost:
            self.counters.leases_lost += 1
            return self.rules.lease is None  # without leases the other one has finished; with them it is at work
        return batch.head is None or batch.upto < batch.head

    async def _next_batch(self, channel: str) -> Batch | None:
        async with asyncio.timeout(READ_SECONDS), self._database.read() as session:
            place = await cursor_rows.find(session, self.rules.name, channel)
            if place.due_at is not None and place.due_at > now():
                return None
            known, after = self._passed.get(channel, (place, place.position))
            if (known.position, known.fence) != (place.position, place.fence):
                after = place.position
            limit = BATCH if place.attempts < TRIES_TOGETHER else 1
            try:
                page = await log.read_since(session, channel, after, limit=limit)
            except UnknownChannel:
                return None
            except Expired:
                floor = await cursor_rows.floor(session, channel)
                return Batch(place, floor, [], has_lost=True) if floor > after else None
        events = [event for event in page.publications if place.upto is None or event.offset <= place.upto]
        if not events or self._is_young(events[0]):
            return None
        wanted = [event for event in events if self.rules.wants(event)]
        return Batch(place, events[-1].offset, wanted, head=page.head.offset)

    def _is_young(self, first: Publication) -> bool:
        """Whether to wait. An event far in the future was made under a wrong clock: it must not hold up others."""
        at, current = _decode(first.data).at, now()
        return bool(self.rules.delay) and current - self.rules.delay < at <= current + CLOCKS_DIFFER

    async def _handle(self, batch: Batch) -> bool:
        """Whether it was handled, not left for later. Raises LeaseLost; other failures of the handler end here."""
        if self.rules.lease is not None:
            async with self._transaction() as session:
                until = now() + self.rules.lease
                batch.place = await cursor_rows.claim(session, batch.place, upto=batch.upto, until=until)
        try:
            async with asyncio.timeout(HANDLE_SECONDS):
                await self._handler(batch)
        except LeaseLost:
            raise
        except Later as later:
            await self._postpone(batch, later.seconds, batch.place.attempts - 1)
        except Exception as error:
            if will_pass(error) and not isinstance(error, TimeoutError):
                raise
            await self._fail(batch, error)
        else:
            await self._end(batch)
            return True
        return False

    async def _end(self, batch: Batch) -> None:
        self.counters.handled += len(batch.events)
        if batch.is_done:
            self._passed.pop(batch.channel, None)
        elif self.rules.lease is not None:
            await self._advance(batch)
        else:
            self._passed[batch.channel] = (batch.place, batch.upto)

    async def _fail(self, batch: Batch, error: Exception) -> None:
        """Try again later, in the end one event at a time, and leave out the one that keeps failing."""
        self.counters.failures += 1
        attempts = batch.place.attempts + (self.rules.lease is None)  # a claim has counted already
        about = {"cursor": self.rules.name, "channel": batch.channel, "offset": batch.upto, "attempt": attempts}
        if attempts >= MAX_ATTEMPTS:
            self.counters.left_out += 1
            logger.error("a cursor leaves an event out", extra=about, exc_info=error)
            await self._advance(batch)
        else:
            logger.warning("a cursor could not handle its events", extra=about, exc_info=error)
            await self._postpone(batch, min(MAX_PAUSE_SECONDS, 2.0**attempts), attempts)

    async def _advance(self, batch: Batch) -> None:
        async with self._transaction() as session:
            await batch.advance(session)
        self._passed.pop(batch.channel, None)

    async def _postpone(self, batch: Batch, seconds: float, attempts: int) -> None:
        async with self._transaction() as session:
            until = now() + timedelta(seconds=seconds)
            await cursor_rows.postpone(session, batch.place, upto=batch.upto, until=until, attempts=max(0, attempts))


class _Body(msgspec.Struct):
    at: datetime


_decode = msgspec.json.Decoder(_Body).decode
