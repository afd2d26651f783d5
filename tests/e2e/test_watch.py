"""`roomful-watch` against a real server: two processes and the network between them."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from roomful.identity.tokens import Tokens
from tests.conftest import SECRET_KEY, environment_for
from tests.support.api import Person, Project
from tests.support.databases import SqliteFiles
from tests.support.server import Server
from tests.support.subscribers import Subscriber
from tests.support.watch import Watch, read_terminal, watching

# One server for all of these, since each has its own people and projects.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with Server(directory, environment_for(sqlite_files.create(directory / "roomful.db"))) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest_asyncio.fixture(loop_scope="module")
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")


async def test_events_come_as_they_happen_to_the_byte(server: Server, ada: Person, project: Project) -> None:
    async with watching(server, ada, project, "--json") as watch:
        await watch.connected()
        await ada.create_task(project, "Zähl rückwärts “3, 2, 1” 🚀")
        line = await watch.line()
    answer = await ada.request("GET", f"{project.path}/events?after=1")
    assert answer.text == f"[{line}]"


async def test_since_starts_with_missed_events(server: Server, ada: Person, project: Project) -> None:
    for number in range(3):
        await ada.create_task(project, f"Task {number}")
    async with watching(server, ada, project, "--json", "--since", "2") as watch:
        assert [(await watch.event())["offset"] for _ in range(2)] == [3, 4]
        await ada.create_task(project)
        assert (await watch.event())["offset"] == 5


async def test_without_since_it_starts_now(server: Server, ada: Person, project: Project) -> None:
    await ada.create_task(project)
    async with watching(server, ada, project, "--json") as watch:
        await watch.connected()
        await ada.create_task(project)
        assert (await watch.event())["offset"] == 3


async def test_an_offset_of_the_future_is_reported(server: Server, ada: Person, project: Project) -> None:
    async with watching(server, ada, project, "--json", "--since", "99") as watch:
        await watch.notice("offset 99 is beyond the newest event; continuing after offset 1")
        await ada.create_task(project)
        assert (await watch.event())["offset"] == 2


async def test_a_person_reads_who_did_what(server: Server, ada: Person, project: Project) -> None:
    task = await ada.create_task(project, "Fix login")
    async with watching(server, ada, project) as watch:
        await watch.connected()
        await ada.change_task(project, task, status="done")
        line = await watch.line()
        assert line.endswith("#3    Ada moved “Fix login” to Done")
        assert "\x1b" not in line
        await ada.delete(f"{project.path}/tasks/{task['id']}")
        assert (await watch.line()).endswith("Ada deleted “Fix login”")


async def test_people_come_and_go(server: Server, ada: Person, project: Project) -> None:
    bob = await server.api.register("bob")
    await ada.add_member(project, bob)
    async with watching(server, ada, project) as watch:
        await watch.notice("here: nobody else")
        async with Subscriber(server.socket_url, token=bob.token) as subscriber:
            await subscriber.subscribe(project.channel)
            assert (await watch.line()).endswith("Bob is here")
            async with watching(server, ada, project) as second:
                assert "Bob" in await second.notice("here: ")
        assert (await watch.line()).endswith("Bob has left")


async def test_ctrl_c_ends_it_cleanly(server: Server, ada: Person, project: Project) -> None:
    async with watching(server, ada, project) as watch:
        await watch.connected()
        watch.interrupt()
        assert await watch.ended() == (0, "", "")


async def test_a_closed_pipe_ends_it_cleanly(server: Server, ada: Person, project: Project) -> None:
    async with watching(server, ada, project, "--json") as watch:
        await watch.connected()
        watch.stop_listening()
        await ada.create_task(project)
        assert await watch.ended() == (0, "", "")


async def test_a_bad_token_ends_it(server: Server, project: Project) -> None:
    async with Watch(project.id, "--url", server.url, "--token", "junk") as watch:
        code, output, errors = await watch.ended()
    assert (code, output) == (1, "")
    assert errors == "roomful-watch: the server ended the connection: invalid token (3500)\n"


async def test_an_expired_token_ends_it(server: Server, ada: Person, project: Project) -> None:
    me = await ada.get("/auth/sessions")
    expired = Tokens(SECRET_KEY, access_ttl_seconds=60).issue(ada.id, me[0]["id"], ttl_seconds=-60)
    async with Watch(project.id, "--url", server.url, "--since", "1", token=expired) as watch:
        assert await watch.ended() == (
            1,
            "",
            "roomful-watch: the access token has expired; continue later with --since 1\n",
        )


@pytest.mark.parametrize("project_id", ["0199aaaa-0000-7000-8000-000000000000", "../admin", "é"])
async def test_an_invisible_project_ends_it(server: Server, ada: Person, project_id: str) -> None:
    async with Watch(project_id, "--url", server.url, token=ada.token) as watch:
        code, output, errors = await watch.ended()
    assert (code, output) == (1, "")
    assert errors == "roomful-watch: there is no such project, or you are not a member of it\n"


async def test_losing_access_ends_it(server: Server, ada: Person, project: Project) -> None:
    bob = await server.api.register("bob")
    await ada.add_member(project, bob)
    async with watching(server, bob, project, "--json") as watch:
        await watch.connected()
        await ada.remove_member(project, bob)
        code, output, errors = await watch.ended()
    assert (code, output) == (1, "")
    assert errors.endswith("access lost (2000); continue later with --since 2\n")


async def test_logging_out_ends_it(server: Server, ada: Person, project: Project) -> None:
    async with watching(server, ada, project, "--json") as watch:
        await watch.connected()
        await ada.post("/auth/logout", expect=204)
        code, _, errors = await watch.ended()
    assert code == 1
    assert "(3503)" in errors


async def test_wrong_usage_has_its_own_exit_code() -> None:
    since = [["project", "--since", offset] for offset in ("-1", str(2**64))]
    for arguments in (["project"], [], *since, ["project", "--url", "ftp://x"], ["p", "--nope"]):
        async with Watch(*arguments, token=None if arguments == ["project"] else "token") as watch:
            code, output, errors = await watch.ended()
        assert (code, output) == (2, "")
        assert "Error" in errors


@pytest.mark.parametrize(("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
async def test_colours_are_for_terminals(
    server: Server, ada: Person, project: Project, variables: dict[str, str], is_coloured: bool
) -> None:
    ours, theirs = os.openpty()
    try:
        environment = {"TERM": "xterm-256color", **variables}
        options = (project.id, "--url", server.url, "--since", "0")
        async with Watch(*options, token=ada.token, environment=environment, output=theirs) as watch:
            await watch.connected()
            async with asyncio.timeout(10):
                shown = await asyncio.to_thread(read_terminal, ours, b"created the project")
    finally:
        os.close(ours)
        os.close(theirs)
    assert (b"\x1b[36m#1" in shown) is is_coloured
