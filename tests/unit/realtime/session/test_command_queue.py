"""The command queue, with handlers that a test holds back."""

import asyncio

from roomful.concurrency.task_scope import TaskScope
from roomful.realtime.limits import Limits
from roomful.realtime.protocol.commands import Command
from roomful.realtime.session.command_queue import COMMAND_SECONDS, CommandQueue


class Owner:
    times_done = 0

    def commands_done(self) -> None:
        self.times_done += 1


async def test_commands_are_handled_in_order_one_at_a_time() -> None:
    handled: list[int] = []
    gate = asyncio.Event()

    async def handle(_owner: Owner, command: Command) -> None:
        handled.append(command.id)
        await gate.wait()

    async with TaskScope("queue") as scope:
        owner, queue = Owner(), CommandQueue(Limits(), scope)
        queue.run(owner, handle, 0)
        for number in range(1, 4):
            assert queue.put(Command(number))
            queue.run(owner, handle, 2)
        await asyncio.sleep(0)
        assert (handled, owner.times_done) == ([1], 0)
        gate.set()
        async with asyncio.timeout(5):
            await scope.drain(5)
        assert (handled, owner.times_done) == ([1, 2, 3], 1)


async def test_the_queue_is_bounded_by_number_and_by_bytes_of_frames() -> None:
    async def hang(_owner: Owner, _command: Command) -> None:
        await asyncio.Event().wait()

    async with TaskScope("queue") as scope:
        few = CommandQueue(Limits(queued_commands=2), scope)
        assert [few.put(Command(number)) for number in range(3)] == [True, True, False]
        light = CommandQueue(Limits(queued_bytes=100), scope)
        assert light.put(Command(1))
        light.run(Owner(), hang, 101)
        assert not light.put(Command(2))


async def test_a_command_that_hangs_is_cancelled_and_cleared_ones_are_dropped() -> None:
    handled: list[int] = []

    async def hang(_owner: Owner, command: Command) -> None:
        handled.append(command.id)
        await asyncio.Event().wait()

    async with TaskScope("queue") as scope:
        owner, queue = Owner(), CommandQueue(Limits(), scope)
        queue.put(Command(1))
        queue.put(Command(2))
        queue.run(owner, hang, 4)
        await asyncio.sleep(0)
        now = asyncio.get_running_loop().time()
        assert (queue.hangs(now), queue.hangs(now + COMMAND_SECONDS + 1)) == (False, True)
        queue.clear()
        queue.cancel()
        await scope.drain(5)
        assert (handled, owner.times_done) == ([1], 1)
