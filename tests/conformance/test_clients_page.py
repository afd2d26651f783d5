"""What docs/clients.md says is so: its examples run, and its tables of codes are those of the code."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.conformance.codes import PAGE, with_tables
from tests.conformance.sdks import JAVASCRIPT
from tests.conftest import absent
from tests.support.api import Person, Project
from tests.support.processes import dies_with_parent
from tests.support.server import Server

LINE_SECONDS = 15.0
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n\n```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL))

# What the examples for browsers take from their page, and Node doesn't have of itself.
PAGE_OF_A_BROWSER = """\
import { EventSource } from "eventsource";
import WebSocket from "ws";
Object.assign(globalThis, { EventSource, WebSocket, location: { origin: "http://127.0.0.1:8000" } });
const { ID: id, TOKEN: token } = process.env;
let refreshToken = process.env.REFRESH_TOKEN;
const show = (event) => console.log(event.offset ?? "", event.type ?? JSON.stringify(event));
"""


@pytest.fixture
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")


def test_its_tables_are_current() -> None:
    page = PAGE.read_text()
    assert page == with_tables(page), "python -m tests.conformance.codes writes them anew"


@pytest.mark.parametrize("name", ["node", "python"])
async def test_an_example_loads_and_goes_on(
    request: pytest.FixtureRequest, name: str, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, name, server, ada, project) as lines:
        assert await anext(lines) == "tasks: 0"
        await ada.create_task(project)
        assert await anext(lines) == "2 task.created"


@pytest.mark.parametrize("name", ["websocket", "eventsource"])
async def test_an_example_without_an_sdk_begins_at_the_beginning(
    request: pytest.FixtureRequest, name: str, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, name, server, ada, project) as lines:
        assert await anext(lines) == "1 project.created"
        await ada.create_task(project)
        assert await anext(lines) == "2 task.created"


async def test_the_example_for_a_browser_shows_events_and_who_is_there(
    request: pytest.FixtureRequest, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, "browser", server, ada, project) as lines:
        assert (await anext(lines)).strip() == '{"present":1}'
        await ada.create_task(project)
        assert await anext(lines) == "2 task.created"


async def test_the_example_for_a_shell(
    request: pytest.FixtureRequest, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, "curl", server, ada, project) as lines:
        assert '"project.created"' in await anext(lines)
        await ada.create_task(project)
        while '"task.created"' not in await anext(lines):
            pass


@asynccontextmanager
async def run(
    request: pytest.FixtureRequest, name: str, server: Server, person: Person, project: Project
) -> AsyncIterator[AsyncIterator[str]]:
    """The lines that an example prints; at the end it is stopped."""
    program = EXAMPLES[name]
    if name in ("browser", "websocket", "eventsource"):
        program = PAGE_OF_A_BROWSER + program
    process = await asyncio.create_subprocess_exec(
        *_command(request, name, program.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")),
        cwd=JAVASCRIPT,
        env={**os.environ, "ID": project.id, "TOKEN": person.token, "REFRESH_TOKEN": person.refresh_token},
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=dies_with_parent(),
    )
    try:
        yield _lines(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _command(request: pytest.FixtureRequest, name: str, program: str) -> Sequence[str]:
    match name:
        case "python":
            return [sys.executable, "-c", program]
        case "curl":
            if shutil.which("curl") is None:
                absent("curl is not installed")
            return ["sh", "-c", f"exec {program}"]
        case _:
            request.getfixturevalue("javascript")
            return ["node", "--input-type=module", "--eval", program]


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    assert process.stdout is not None
    while True:
        async with asyncio.timeout(LINE_SECONDS):
            line = await process.stdout.readline()
        assert line, "the example has ended"
        yield line.decode().rstrip()
