"""Stock editors type in one document: all windows end with the same text, with everything that was acknowledged."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from tests.conformance.desk import Desk, make_document, open_desk
from tests.conformance.providers import KINDS, Kind, Providers, Window, until_level
from tests.conftest import environment_for
from tests.support.databases import SqliteFiles
from tests.support.processes import free_port
from tests.support.proxy import Network
from tests.support.server import Server

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with Server(directory, environment_for(sqlite_files.create(directory / "roomful.db"))) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def desk(server: Server, providers: Providers) -> AsyncIterator[Desk]:
    async with open_desk(server, providers) as desk:
        yield desk


async def test_windows_of_every_kind_show_the_same_text(desk: Desk) -> None:
    windows = [await desk.synced(kind) for kind in KINDS]
    for window in windows:
        await window.type(f"[{window.kind}] é€😀 ")
    text = await until_level(windows)
    assert all(f"[{kind}] é€😀" in text for kind in KINDS)
    assert (await desk.text()).strip() == text.strip()


async def test_a_window_that_comes_later_shows_what_was_there(desk: Desk) -> None:
    first = await desk.synced("hocuspocus")
    await first.type("Hello")
    await first.until_saved()
    await first.destroy()
    for kind in KINDS:
        assert (await (await desk.open(kind)).until(lambda state: state.synced)).text == "Hello"


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_typed_offline_is_kept(desk: Desk, kind: Kind) -> None:
    # At the same place the lower id comes first.
    one, other = await desk.synced(kind, clientID=1001), await desk.synced("y-websocket", clientID=1002)
    await one.type("Hello")
    await until_level([one, other])
    await one.go_offline()
    await one.until(lambda state: len(state.closes) == 1)
    await one.type(" from the train", at=5)
    await one.delete(0, 1)
    await one.type("J", at=0)
    await other.type("!")
    assert (await one.state()).text == "Jello from the train"
    await one.go_online()
    assert await until_level([one, other]) == "Jello from the train!"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_edit_just_before_the_window_closes_is_kept(desk: Desk, kind: Kind) -> None:
    """Pitfall: an edit and the leave in one breath."""
    window = await desk.synced(kind)
    await window.until_saved()
    await window.type("last words")
    await window.destroy()
    late = await desk.synced("y-websocket")
    await late.until(lambda state: state.text == "last words")


async def test_many_changes_and_a_clean_leave_lose_nothing(desk: Desk) -> None:
    window = await desk.synced("y-websocket")
    for number in range(100):
        await window.type(f"{number} ")
    await window.destroy()
    late = await desk.synced("hocuspocus")
    await late.until(lambda state: state.text == "".join(f"{number} " for number in range(100)))


async def test_three_windows_through_a_network_that_breaks(desk: Desk) -> None:
    async with Network(desk.server.port) as network:
        desk.url = f"ws://127.0.0.1:{network.port}"
        cut_off = [await desk.synced(kind) for kind in ("y-websocket", "hocuspocus")]
        desk.url = desk.server.socket_url
        windows = [*cut_off, await desk.synced("hocuspocus")]
        for number in range(30):
            for window in windows:
                await window.type(f"{number}", at=0)
            if number in (5, 15):
                network.cut()
            if number in (10, 20):
                network.restore()
        text = await until_level(windows)
        assert len(text) == 3 * len("".join(map(str, range(30))))


@pytest.mark.timeout(240)
async def test_a_server_killed_while_people_type(
    sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory, providers: Providers
) -> None:
    """Kill -9, twice: whatever was acknowledged is there, and all windows end alike."""
    directory = tmp_path_factory.mktemp("killed")
    environment = environment_for(sqlite_files.create(directory / "roomful.db"))
    async with Server(directory, environment, port=free_port()) as server, open_desk(server, providers) as desk:
        windows = [await desk.synced(kind) for kind in ("y-websocket", "hocuspocus", "y-websocket-3.0")]
        rng = random.Random(7)
        for _ in range(2):
            await _type_while(windows, rng, seconds=1.5)
            async with asyncio.TaskGroup() as group:
                group.create_task(_type_while(windows, rng, seconds=2))
                await asyncio.sleep(rng.uniform(0.2, 0.6))  # somewhere among the commits
                await server.kill()
            assert sum([(await window.state()).acknowledged for window in windows]) > 10
            await server.start()
        text = await until_level(windows, seconds=60)
        late = await desk.synced("y-websocket")
        assert (await late.until(lambda state: state.text == text)).is_whole
        for window in (late, *windows):
            assert await window.lacks(windows) == 0


async def test_what_was_acknowledged_outlives_everybody(
    sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory, providers: Providers
) -> None:
    """The server is killed in the moment of the last acknowledgement, and no window comes back to tell it again."""
    directory = tmp_path_factory.mktemp("outlived")
    environment = environment_for(sqlite_files.create(directory / "roomful.db"))
    async with Server(directory, environment, port=free_port()) as server, open_desk(server, providers) as desk:
        windows = [await desk.synced(kind) for kind in ("y-websocket", "hocuspocus")]
        for number in range(20):
            for window in windows:
                await window.type(f"{number},")
        for window in windows:
            await window.until_saved()
        await server.kill()
        for window in windows:
            await window.go_offline()
        await server.start()
        late = await desk.synced("hocuspocus")
        assert await late.lacks(windows) == 0


async def test_a_trace_of_three_providers_has_its_known_end(desk: Desk) -> None:
    kinds: tuple[Kind, ...] = ("y-websocket", "y-websocket-3.0", "hocuspocus")
    windows = [await desk.synced(kind, clientID=number) for number, kind in enumerate(kinds, start=1001)]
    await windows[0].type("The quick brown fox")
    await until_level(windows)
    played = await desk.providers.play_trace(windows, seed=20261129, turns=60)
    assert played["changes"] > 400
    assert set(played["texts"]) == {played["end"]}
    await until_level(windows)
    for kind in KINDS:
        late = await desk.synced(kind)
        await late.until(lambda state: state.text == played["end"])


async def test_fifty_windows_open_a_cold_document_at_once(desk: Desk) -> None:
    first = await desk.synced("y-websocket")
    await first.type("Hello")
    await first.until_saved()
    await first.destroy()
    await desk.server.restart()
    async with asyncio.TaskGroup() as group:
        opening = [group.create_task(desk.open(KINDS[number % len(KINDS)])) for number in range(50)]
    windows = [await each for each in opening]
    for window in windows:
        await window.until(lambda state: state.synced and state.text == "Hello")
        assert (await window.state()).opens == 1
    await windows[0].type("!")
    await windows[-1].type("?")
    assert len(await until_level(windows)) == len("Hello!?")


async def test_many_documents_on_one_socket(desk: Desk) -> None:
    documents = [await make_document(desk.owner, desk.project, f"Notes {number}") for number in range(12)]
    mine = [await desk.open("hocuspocus", socket="mine", document=each["id"]) for each in documents]
    yours = [await desk.open("y-websocket", document=each["id"]) for each in documents]
    for number, (one, other) in enumerate(zip(mine, yours, strict=True)):
        await one.until_synced()
        await other.until_synced()
        await one.type(f"Document {number}")
    for number, pair in enumerate(zip(mine, yours, strict=True)):
        assert await until_level(pair) == f"Document {number}"
    assert not any([(await window.state()).closes for window in mine])
    # One is left, the others go on.
    await mine[0].destroy()
    await mine[1].type(", still here")
    assert await until_level([mine[1], yours[1]]) == "Document 1, still here"


async def test_two_windows_of_one_document_on_one_socket(desk: Desk) -> None:
    windows = [await desk.synced("hocuspocus", socket="both", hasSessions=True) for _ in range(2)]
    await windows[0].type("Hello")
    assert await until_level(windows) == "Hello"
    await windows[0].destroy()
    await windows[1].type("!")
    assert (await windows[1].until_saved()).text == "Hello!"


async def _type_while(windows: Sequence[Window], rng: random.Random, *, seconds: float) -> None:
    ends_at = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends_at:
        await rng.choice(windows).type(rng.choice("abcdefgh "))
        await asyncio.sleep(0.005)
