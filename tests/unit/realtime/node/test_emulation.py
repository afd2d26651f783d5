"""Commands between nodes, over a broker in memory that can lose and repeat."""

import asyncio
import secrets
from dataclasses import replace

import pytest

from roomful.realtime.broker.memory import MemoryBroker
from roomful.realtime.broker.port import BrokerFigures
from roomful.realtime.node import emulation
from roomful.realtime.node.emulation import Emulation, OutOfReach, UnknownNode
from roomful.realtime.publication import ForwardedCommand, Message, NodeMessage

FIGURES = BrokerFigures(
    is_reader_up=True,
    published=0,
    received=0,
    echoed=0,
    ignored={},
    dropped={},
    publish_failures=0,
    reconnects={},
    queued_bytes=0,
)


SECRET = b"a secret that the nodes of this test share"
NOWHERE = MemoryBroker(lambda _message: None)


def gone() -> tuple[str, str]:
    """A node that is gone, and the key of one of its sessions."""
    node = Emulation(NOWHERE, node=secrets.token_hex(8), secret=SECRET)
    return node.node, node.enter(lambda _data: None)


class Post:
    """A broker of several nodes. Each message arrives `copies` times."""

    figures = FIGURES

    def __init__(self, *, copies: int = 1, is_well: bool = True, knows_the_living: bool = False) -> None:
        self.nodes: list[Emulation] = []
        self.knows_the_living = knows_the_living
        self.copies = copies
        self.is_well = is_well
        self.messages: list[NodeMessage] = []

    def node(self) -> Emulation:
        node = Emulation(self, node=secrets.token_hex(8), secret=SECRET)
        self.nodes.append(node)
        return node

    def publish(self, message: Message | NodeMessage) -> None:
        assert isinstance(message, NodeMessage)
        self.messages.append(message)
        for node in self.nodes * self.copies:
            asyncio.get_running_loop().call_soon(node.accept, message)

    async def subscribe(self, channel: str) -> bool:
        return True

    async def unsubscribe(self, channel: str) -> None: ...

    @property
    def continuity(self) -> int:
        return 0

    def is_live(self, node: str) -> bool | None:
        return node in [each.node for each in self.nodes] if self.knows_the_living else None

    async def is_healthy(self) -> bool:
        return self.is_well


@pytest.fixture(autouse=True)
def _short_ack_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulation, "ACK_SECONDS", 0.05)


async def test_repeated_commands_arrive_once() -> None:
    post = Post(copies=3)
    one, two = post.node(), post.node()
    heard: list[bytes] = []
    key = two.enter(heard.append)
    for data in (b"first", b"second"):
        await one.deliver(two.node, key, data)
    await two.deliver(two.node, key, b"third")
    assert heard == [b"first", b"second", b"third"]
    two.leave(key)
    await one.deliver(two.node, key, b"too late")
    assert heard[3:] == []
    assert len(two) == 0


async def test_only_the_named_node_accepts_them() -> None:
    post = Post()
    one, two, three = [post.node() for _ in range(3)]
    heard: list[bytes] = []
    key = two.enter(heard.append)
    with pytest.raises(UnknownNode):
        await one.deliver(three.node, key, b"stray")
    assert heard == []
    assert post.messages == []


@pytest.mark.parametrize(("is_well", "expected"), [(True, UnknownNode), (False, OutOfReach)])
async def test_a_node_that_does_not_answer_is_unknown_or_out_of_reach(is_well: bool, expected: type[Exception]) -> None:
    post = Post(is_well=is_well)
    one = post.node()
    with pytest.raises(expected):
        await one.deliver(*gone(), b"")
    assert len(post.messages) == 1
    late = post.messages[0]
    assert isinstance(late, ForwardedCommand)
    one.accept(replace(late, channel=late.channel))  # our own echo: not for us


@pytest.mark.parametrize("name", ["", "x", "0123456789ABCDEF", "0123456789abcdef\n", "*", "é" * 16])
async def test_an_invalid_name_is_not_searched_for(name: str) -> None:
    post = Post()
    with pytest.raises(UnknownNode):
        await post.node().deliver(name, "key", b"")
    assert post.messages == []


async def test_a_single_process_knows_at_once_that_there_is_no_other() -> None:
    alone = Emulation(NOWHERE, node="0123456789abcdef", secret=SECRET)
    with pytest.raises(UnknownNode):
        await alone.deliver(*gone(), b"")


async def test_the_requests_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulation, "MAX_WAITING", 2)
    one = Post().node()
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(_unknown(one)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(OutOfReach):
            await one.deliver(*gone(), b"")
    assert all(task.result() for task in waiting)


async def test_one_address_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulation, "MAX_WAITING_OF_ADDRESS", 2)
    post = Post()
    one, two = post.node(), post.node()
    heard: list[bytes] = []
    key = two.enter(heard.append)
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(_unknown(one, "192.0.2.1")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(OutOfReach):
            await one.deliver(*gone(), b"", address="192.0.2.1")
        await one.deliver(two.node, key, b"of another", address="192.0.2.2")
        assert heard == [b"of another"]
    assert all(task.result() for task in waiting)
    await one.deliver(two.node, key, b"later", address="192.0.2.1")


async def test_invented_sessions_keep_nobody_waiting() -> None:
    post = Post()
    one, two = post.node(), post.node()
    key = two.enter(lambda _data: None)
    other = Emulation(NOWHERE, node=secrets.token_hex(8), secret=b"the secret of another installation")
    for node, invented in (
        (two.node, "key"),
        (two.node, ""),
        (two.node, key[:-1]),
        (two.node, "x" + key[1:]),
        (two.node, "é" * 40),
        (two.node, other.enter(lambda _data: None)),
        ("0123456789abcdef", key),
        (other.node, other.enter(lambda _data: None)),
    ):
        with pytest.raises(UnknownNode):
            await one.deliver(node, invented, b"")
    assert post.messages == []


async def test_a_node_that_is_known_to_be_dead_is_not_waited_for() -> None:
    post = Post(knows_the_living=True)
    one, two = post.node(), post.node()
    with pytest.raises(UnknownNode):
        await one.deliver(*gone(), b"")
    assert post.messages == []
    await one.deliver(two.node, two.enter(lambda _data: None), b"")


async def _unknown(one: Emulation, address: str = "") -> bool:
    with pytest.raises(UnknownNode):
        await one.deliver(*gone(), b"", address=address)
    return True
