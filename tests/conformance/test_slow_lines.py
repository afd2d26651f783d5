"""The official SDKs, with their default timeouts, on a line that is too slow for them."""

import asyncio
from functools import partial

import pytest

from tests.conformance.sdks import MakeSdk, PythonSdk, Sdk
from tests.support.api import Json, Person, Project
from tests.support.proxy import Network
from tests.support.server import Server
from tests.support.watch import Watch

BYTES_PER_SECOND = 100_000 // 8
AT_THE_HEAD_SECONDS = 60.0
HEAVY = "x" * 9_000


@pytest.fixture(params=["python", "javascript"])
def sdk(request: pytest.FixtureRequest) -> MakeSdk:
    """The server decides alike over any transport and format; the timeouts are the SDKs' own."""
    if request.param == "python":
        return PythonSdk
    return partial(request.getfixturevalue("javascript"))


async def next_note(sdk: Sdk, *kinds: str) -> Json:
    """The next note of these kinds, without a deadline."""
    notes = sdk._notes._queue  # type: ignore[attr-defined]  # the words of Notes would give up too early
    while (note := await notes.get())["kind"] not in kinds:
        pass
    assert isinstance(note, dict)
    return note


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("missed", "is_sent_once"), [(3, True), (11, False), (40, False)], ids=["little", "too much for the line", "much"]
)
async def test_a_client_that_missed_much_catches_up_within_a_minute(
    server: Server, sdk: MakeSdk, missed: int, is_sent_once: bool
) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    async with (
        Network(server.port, bytes_per_second=BYTES_PER_SECOND) as network,
        sdk(f"ws://127.0.0.1:{network.port}/connection/websocket", project.channel, (ada.token,)) as subscriber,
    ):
        await subscriber.expect("subscribed")
        network.cut()
        await subscriber.expect("connecting")
        for number in range(missed):
            await ada.create_task(project, f"Missed {number}", description=HEAVY)
        network.restore()
        async with asyncio.timeout(AT_THE_HEAD_SECONDS):
            subscribed = await next_note(subscriber, "subscribed")
            assert (subscribed["was_recovering"], subscribed["recovered"]) == (True, is_sent_once)
            if is_sent_once:
                recovered = [(await next_note(subscriber, "publication"))["offset"] for _ in range(missed)]
                assert recovered == list(range(2, missed + 2))
            else:
                assert subscribed["offset"] == missed + 1
            await ada.create_task(project, "After")
            assert (await next_note(subscriber, "publication"))["offset"] == missed + 2


@pytest.mark.timeout(150)
async def test_the_watcher_waits_as_long_as_bytes_come(server: Server) -> None:
    """A reply that takes 12 s; then, with more missed than fits one reply, pages."""
    ada = await server.api.register("ada")
    project = await ada.create_project("Apollo")
    for number in range(13):
        await ada.create_task(project, f"Missed {number}", description=HEAVY)
    async with Network(server.port, bytes_per_second=10_000) as network:
        arguments = (project.id, "--url", f"http://127.0.0.1:{network.port}", "--json", "--since", "1")
        async with Watch(*arguments, token=ada.token) as watch:
            assert [(await watch.event())["offset"] for _ in range(13)] == list(range(2, 15))
            watch.interrupt()
            _, _, errors = await watch.ended()
            assert errors.count("connected at offset") == 1, errors


async def test_the_watcher_pages_through_more_than_one_reply(ada: Person, project: Project, server: Server) -> None:
    for number in range(40):
        await ada.create_task(project, f"Missed {number}", description=HEAVY)
    async with Watch(project.id, "--url", server.url, "--json", "--since", "0", token=ada.token) as watch:
        assert [(await watch.event())["offset"] for _ in range(41)] == list(range(1, 42))
        await ada.create_task(project, "After")
        assert (await watch.event())["offset"] == 42


@pytest.fixture
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")
