"""The order of writes: large channels don't delay small ones, and still finish."""

import asyncio

from roomful.realtime.delivery.write_scheduler import TURN_SECONDS, WriteScheduler


class Clock:
    """Advances only by writing."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Channel:
    """Has this many slices to write, and records each."""

    def __init__(self, name: str, slices: int, written: list[str], clock: Clock) -> None:
        self.name = name
        self.slices = slices
        self.written = written
        self.clock = clock

    def write_slice(self) -> bool:
        self.written.append(self.name)
        self.clock.now += TURN_SECONDS * 0.4  # three slices are more than a turn
        self.slices -= 1
        return self.slices > 0


class Scene:
    def __init__(self) -> None:
        self.clock = Clock()
        self.scheduler = WriteScheduler(self.clock)
        self.written: list[str] = []

    def enter(self, name: str, slices: int) -> None:
        self.scheduler.enter(Channel(name, slices, self.written, self.clock))

    async def after_one_turn(self) -> str:
        """The slices of the next turn of the loop."""
        self.written.clear()
        await asyncio.sleep(0)
        return "".join(self.written)


async def test_long_write_yields_to_the_loop() -> None:
    scene = Scene()
    scene.enter("L", 7)
    assert [await scene.after_one_turn() for _ in range(4)] == ["LLL", "LLL", "L", ""]


async def test_channel_that_enters_amid_a_long_write_goes_first() -> None:
    scene = Scene()
    scene.enter("L", 100)
    await scene.after_one_turn()
    scene.enter("a", 1)
    scene.enter("b", 1)
    assert await scene.after_one_turn() == "abL"


async def test_long_write_progresses_however_many_others_come() -> None:
    scene = Scene()
    scene.enter("L", 100)
    await scene.after_one_turn()
    for _ in range(10):
        for name in "abcdef":
            scene.enter(name, 1)
        assert "L" in await scene.after_one_turn()


async def test_channels_that_enter_together_are_served_in_order() -> None:
    scene = Scene()
    names = "abcdefgh"
    for name in names:
        scene.enter(name, 1)
    assert "".join([await scene.after_one_turn() for _ in range(3)]) == names


async def test_long_writes_take_turns() -> None:
    scene = Scene()
    for name in "LMN":
        scene.enter(name, 3)
    assert "".join([await scene.after_one_turn() for _ in range(4)]) == "LMNLMNLMN"


class Faulty:
    def write_slice(self) -> bool:
        raise RuntimeError("a fault of its own")


async def test_fault_of_one_channel_does_not_stop_the_others() -> None:
    scene, faults = Scene(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
    scene.scheduler.enter(Faulty())
    scene.enter("a", 1)
    assert await scene.after_one_turn() == ""
    assert await scene.after_one_turn() == "a"
    assert len(faults) == 1
