"""What one window may do to a document and to the others: sizes, garbage, awareness, another history."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from tests.conformance.desk import Desk, open_desk
from tests.conformance.providers import KINDS, Kind, Providers, Window, WindowState, until_level
from tests.conftest import environment_for
from tests.support import yjs
from tests.support.databases import SqliteFiles
from tests.support.server import Server
from tests.support.sockets import Closed, Socket

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

BOTH: tuple[Kind, ...] = ("y-websocket", "hocuspocus")
MIB = 1024 * 1024
ASK = yjs.sync(yjs.STEP_1, yjs.EMPTY_STATE_VECTOR)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with Server(directory, environment_for(sqlite_files.create(directory / "roomful.db"))) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def desk(server: Server, providers: Providers) -> AsyncIterator[Desk]:
    async with open_desk(server, providers) as desk:
        yield desk


async def test_an_oversize_update_stops_its_window_after_one_try(desk: Desk) -> None:
    window, other = await desk.synced("y-websocket"), await desk.synced("hocuspocus")
    await window.until_saved()
    await window.type("x" * (20 * MIB + 1000))
    state = await window.until(lambda state: state.stopped is not None)
    assert (state.stopped, state.attempts) == (4413, 1)
    await other.type("Hello")
    assert (await other.until_saved()).text == "Hello"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pieces", [1, 8])
async def test_long_work_without_a_connection_is_taken(desk: Desk, kind: Kind, pieces: int) -> None:
    """A client that comes back brings all that it wrote in one SyncStep2; a limit below the document's locks it out.

    Hocuspocus says again each change that was made meanwhile, however large a single one is.
    """
    window = await desk.synced(kind)
    await window.until_saved()
    await window.go_offline()
    await window.until(lambda state: bool(state.closes))
    for _ in range(pieces):
        await window.type("x" * (3 * MIB // pieces))
    await window.go_online()
    await window.until(lambda state: state.opens >= 2 and state.waiting == 0)
    late = await desk.synced("y-websocket")
    await late.until(lambda state: len(state.text) == 3 * MIB)


async def test_a_document_that_is_full_keeps_what_it_has(
    sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory, providers: Providers
) -> None:
    """What outgrows it is told to its author alone, and there is room again when something was deleted."""
    directory = tmp_path_factory.mktemp("full")
    environment = environment_for(sqlite_files.create(directory / "roomful.db"))
    environment["ROOMFUL_MAX_DOCUMENT_BYTES"] = str(MIB // 4)
    async with Server(directory, environment) as server, open_desk(server, providers) as desk:
        window, other = await desk.synced("y-websocket"), await desk.synced("y-websocket")
        await other.type("x" * (MIB // 5))
        await until_level([window, other])
        await window.type("y" * (MIB // 5))
        state = await window.until(lambda state: state.stopped is not None)
        assert state.stopped == 4413
        await other.until(lambda state: state.synced)
        await other.delete(0, MIB // 5 - 1)
        await other.until(lambda state: state.text == "x" and state.is_saved)
        await window.go_online()
        assert len(await until_level([window, other])) == 1 + MIB // 5


async def test_a_large_paste_reaches_everybody(desk: Desk) -> None:
    windows = [await desk.synced(kind) for kind in KINDS]
    await windows[0].type("y" * (3 * MIB))
    assert len(await until_level(windows)) == 3 * MIB


async def test_one_change_of_awareness_is_told_once_to_each(desk: Desk) -> None:
    """Every y-websocket client says again what it hears: N clients would make N times N frames of one change."""
    windows = [await desk.synced("y-websocket") for _ in range(9)]
    for number, window in enumerate(windows):
        await window.show({"cursor": number})
    for window in windows:
        await window.until(lambda state: len(state.awareness) == 9)
    await _change_and_settle(windows, 0)
    before = sum([(await window.state()).received["awareness"] for window in windows])
    changes = 0
    for number in range(1, 4):
        changes += await _change_and_settle(windows, number)
    told = sum([(await window.state()).received["awareness"] for window in windows]) - before
    assert told <= changes * len(windows), f"{told} frames for {changes} changes among {len(windows)}"


async def test_nobody_wears_the_name_of_another(desk: Desk) -> None:
    bob = await desk.member("bob")
    for kind in BOTH:
        mallory = await desk.synced(kind, bob)
        for other_kind in BOTH:
            other = await desk.synced(other_kind)
            await mallory.show({"user": {"id": desk.owner.id, "name": "Ada", "color": "#ff0000", "is_admin": True}})
            client_id = (await mallory.state()).client_id
            state = await other.until(_sees(client_id))
            assert state.seen(client_id) == {"user": {"id": bob.id, "name": "Bob", "color": "#ff0000"}}


async def test_nobody_moves_the_cursor_of_another(desk: Desk) -> None:
    bob = await desk.member("bob")
    mine, watching = await desk.synced("y-websocket"), await desk.synced("hocuspocus")
    forger = await desk.synced("y-websocket", bob)
    await mine.show({"cursor": 1})
    client_id = (await mine.state()).client_id
    await watching.until(_sees(client_id))
    await forger.send(yjs.awareness((client_id, 1000, {"cursor": 666})))
    await forger.send(yjs.awareness((client_id, 1001, None)))
    await forger.show({"cursor": 2})
    await watching.until(_sees((await forger.state()).client_id))  # which was said after those
    await mine.show({"cursor": 3})
    state = await watching.until(lambda state: (state.seen(client_id) or {}).get("cursor") == 3)
    assert state.seen(client_id) == {"cursor": 3, "user": {"id": desk.owner.id, "name": "Ada"}}


@pytest.mark.parametrize("kind", BOTH)
async def test_a_window_that_is_cut_off_is_gone_for_the_others(desk: Desk, kind: Kind) -> None:
    leaving, other = await desk.synced(kind), await desk.synced("y-websocket")
    await leaving.show({"cursor": 1})
    client_id = (await leaving.state()).client_id
    await other.until(_sees(client_id))
    await leaving.go_offline()
    await other.until(lambda state: state.seen(client_id) is None, seconds=5)


async def test_who_comes_later_sees_who_is_there(desk: Desk) -> None:
    first = await desk.synced("y-websocket")
    await first.show({"cursor": 1})
    for kind in KINDS:
        late = await desk.synced(kind)
        await late.until(_sees((await first.state()).client_id))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", BOTH)
async def test_garbage_ends_its_own_connection_only(desk: Desk, kind: Kind) -> None:
    window = await desk.synced(kind)
    await window.type("Hello")
    await window.until_saved()
    async with asyncio.TaskGroup() as tasks:  # each is kept for two seconds before it is closed
        said = [tasks.create_task(_say(desk, kind, frame)) for frame in _garbage(random.Random(99))]
    ends = [task.result() for task in said]
    assert {ended.code for ended in ends if ended is not None} <= {4400, 4413}
    assert sum(ended is not None for ended in ends) > len(ends) // 2
    await window.type("!")
    state = await window.until_saved()
    assert (state.text, state.opens) == ("Hello!", 1)
    late = await desk.synced("hocuspocus")
    assert (await late.until(lambda state: state.text == "Hello!")).is_whole


async def test_stateless_messages_reach_nobody(desk: Desk) -> None:
    """Whoever may see a document could have others' browsers do things by them."""
    one, other = await desk.synced("hocuspocus"), await desk.synced("hocuspocus")
    await one.until_saved()
    for kind in (yjs.STATELESS, yjs.BROADCAST_STATELESS):
        await one.send(yjs.var_string(desk.document_id) + bytes((kind,)) + yjs.var_string('{"evil": true}'))
    await one.type("x")
    await other.until(lambda state: state.text == "x")
    assert "stateless" not in (await other.state()).received


async def test_what_is_said_before_signing_in_is_bounded(desk: Desk) -> None:
    key = yjs.var_string(desk.document_id)
    big = key + yjs.sync(yjs.UPDATE, bytes(300 * 1024))
    floods: list[Sequence[bytes]] = [
        [big],
        [key + ASK] * 100,
        [yjs.var_string(f"document-{number}") + ASK for number in range(30)],
    ]
    for frames in floods:
        socket = Socket(f"{desk.url}/hocuspocus")
        await socket.open()
        try:
            for frame in frames:
                await socket.send(frame)
        except ConnectionClosed:
            pass
        try:
            assert await _end(socket) is not None
        finally:
            await socket.close()


async def test_another_history_is_refused(desk: Desk) -> None:
    """A client that kept the history before a restore would double everything."""
    window = await desk.open("y-websocket", params={"generation": "00000000"})
    state = await window.until(lambda state: state.stopped is not None or bool(state.errors))
    assert not state.synced
    denied = await desk.open("hocuspocus", document=f"{desk.document_id}@00000000")
    assert not (await denied.until(lambda state: state.denied is not None)).synced


async def test_a_generation_that_is_named_rightly_is_let_in(desk: Desk) -> None:
    generation = desk.document["generation"]
    window = await desk.synced("y-websocket", params={"generation": generation})
    named = await desk.synced("hocuspocus", document=f"{desk.document_id}@{generation}")
    await window.type("Hello")
    await named.until(lambda state: state.text == "Hello")


def _sees(client_id: int) -> Callable[[WindowState], bool]:
    return lambda state: state.seen(client_id) is not None


async def _change_and_settle(windows: Sequence[Window], number: int) -> int:
    """A change of one window's awareness, and all its echoes answered; how many changes that takes."""
    for place, window in enumerate((windows[0], windows[-1])):
        client_id = (await window.state()).client_id
        cursor = 100 * number + place
        await window.show({"cursor": cursor})
        for each in windows:
            await each.until(lambda state, id_=client_id, at=cursor: (state.seen(id_) or {}).get("cursor") == at)  # type: ignore[misc]
        for each in windows:  # what was said before its echo is acknowledged behind it
            await each.type(".")
            await each.until_saved()
    return 2


def _garbage(rng: random.Random) -> Iterator[bytes]:
    """Frames that are no message, or one that can't be meant; without the key of a document."""
    yield from (b"", b"\x00", b"\x00\x09\x00", b"\x01", b"\x63\x00", b"\xff" * 20)
    yield from (b"\x00\x02\xff\xff\xff\xff\x0f", b"\x00\x00\x7f", b"\x01\x7f\x01")
    yield yjs.sync(yjs.STEP_1, b"\xff" * 30)
    yield yjs.sync(yjs.UPDATE, b"")
    yield bytes((yjs.AWARENESS,)) + yjs.var_bytes(yjs.var_uint(1) + b"\x01\x01" + yjs.var_bytes(b"\xff{no json"))
    yield bytes((yjs.AWARENESS,)) + yjs.var_bytes(yjs.var_uint(2**40))
    for _ in range(8):
        yield rng.randbytes(rng.randrange(1, 60))
        yield yjs.sync(rng.choice((yjs.STEP_2, yjs.UPDATE)), rng.randbytes(rng.randrange(1, 200)))
    for _ in range(8):
        spoilt = bytearray(_HELLO)
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        yield yjs.sync(yjs.UPDATE, bytes(spoilt[: rng.randrange(1, len(spoilt))]))


# An update: client 1 inserts "Hello" into the root "other".
_HELLO = bytes.fromhex("010101000401056f746865720548656c6c6f00")


async def _say(desk: Desk, kind: Kind, frame: bytes) -> Closed | None:
    """Say something on a connection of its own, and go on; how the server ended that, or None."""
    token = desk.owner.token
    key = yjs.var_string(desk.document_id) if kind == "hocuspocus" else b""
    path = "/hocuspocus" if kind == "hocuspocus" else f"/yjs/{desk.document_id}?token={token}"
    socket = Socket(desk.url + path)
    await socket.open()
    try:
        if kind == "hocuspocus":
            await socket.send(key + yjs.auth(token))
        await socket.send(key + ASK)
        assert await _end(socket, answer=key + bytes((yjs.SYNC, yjs.STEP_2))) is None
        await socket.send(key + frame)
        await socket.send(key + ASK)
        return await _end(socket, answer=key + bytes((yjs.SYNC, yjs.STEP_2)))
    except ConnectionClosed:
        return await _end(socket)
    finally:
        await socket.close()


async def _end(socket: Socket, *, answer: bytes | None = None) -> Closed | None:
    """How the connection ends; None when a frame that begins like `answer` comes first."""
    while True:
        try:
            frame = await socket.receive()
        except Closed as closed:
            return closed
        assert isinstance(frame, bytes)
        if answer is not None and frame.startswith(answer):
            return None
