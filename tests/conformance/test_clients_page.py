"""The examples of docs/clients.md run, and its tables of codes are current."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from roomful.rooms import codes as rooms
from tests.conformance.codes import PAGE, with_tables
from tests.conformance.providers import DOCUMENTS
from tests.conformance.sdks import JAVASCRIPT
from tests.conftest import absent
from tests.support.api import Person, Project
from tests.support.documents import create_document
from tests.support.processes import dies_with_parent
from tests.support.server import Server

LINE_SECONDS = 30.0
EDITORS = ("tiptap", "codemirror", "quill")
OF_DOCUMENTS = ("yjs", "hocuspocus", *EDITORS)
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n\n```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL))

# Globals that the examples for browsers take from their page, and that Node lacks.
PAGE_OF_A_BROWSER = """\
import { EventSource } from "eventsource";
import WebSocket from "ws";
Object.assign(globalThis, { EventSource, WebSocket, location: { origin: "http://127.0.0.1:8000" } });
const { ID: id, TOKEN: token } = process.env;
let refreshToken = process.env.REFRESH_TOKEN;
const show = (event) => console.log(event.offset ?? "", event.type ?? JSON.stringify(event));
"""

# What a server that is busy, a proxy without a server and one that asks for a password answer to the first requests.
AWAY_AT_FIRST = """\
const busy = '{"error": "Busy.", "code": "UNAVAILABLE"}';
const away = [[503, busy], [404, "404 page not found"], [401, "<h1>Who is it?</h1>"]];
const { fetch: online } = globalThis;
globalThis.fetch = async (...request) => {
  if (away.length === 0 || !String(request[0]).includes("/auth/")) return online(...request);
  const [status, body] = away.shift();
  console.log(status);
  return new Response(body, { status });
};
"""

# The page around an editor: it types a word, and prints what the editor shows after each change.
PAGE_OF_AN_EDITOR = """\
const { ID: id, TOKEN: token } = process.env;
const getToken = async () => token;
const place = document.querySelector("#editor");
const print = () => console.log(place.textContent);
new MutationObserver(print).observe(place, { subtree: true, childList: true, characterData: true });
"""
TYPES_A_WORD = {
    "tiptap": 'provider.on("synced", () => editor.isEditable && editor.commands.insertContent("Ahoy! "));',
    "codemirror": 'editor.dispatch({ changes: { from: 0, insert: "Ahoy! " } });',
    "quill": 'editor.insertText(0, "Ahoy! ", "user");',
}


@pytest.fixture
async def ada(server: Server) -> Person:
    return await server.api.register("ada")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")


def test_its_tables_are_current() -> None:
    page = PAGE.read_text()
    assert page == with_tables(page), "python -m tests.conformance.codes       rewrites them"


@pytest.mark.parametrize("name", ["node", "python"])
async def test_an_example_loads_and_continues(
    request: pytest.FixtureRequest, name: str, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, name, server, ada, project.id) as lines:
        assert await anext(lines) == "tasks: 0"
        await ada.create_task(project)
        assert await anext(lines) == "2 task.created"


@pytest.mark.parametrize("name", ["websocket", "eventsource"])
async def test_an_example_without_an_sdk_starts_with_the_first_event(
    request: pytest.FixtureRequest, name: str, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, name, server, ada, project.id) as lines:
        assert await anext(lines) == "1 project.created"
        await ada.create_task(project)
        assert await anext(lines) == "2 task.created"


async def test_the_example_for_a_browser_shows_events_and_presence(
    request: pytest.FixtureRequest, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, "browser", server, ada, project.id) as lines:
        assert (await anext(lines)).strip() == '{"present":1}'
        await ada.create_task(project)
        assert await anext(lines) == "2 task.created"


async def test_the_example_for_a_browser_waits_for_a_server_that_is_away(
    request: pytest.FixtureRequest, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, "browser", server, ada, project.id, before=AWAY_AT_FIRST) as lines:
        assert [await anext(lines) for _ in range(3)] == ["503", "404", "401"]
        assert (await anext(lines)).strip() == '{"present":1}'


async def test_the_examples_for_documents_show_what_is_written(
    request: pytest.FixtureRequest, server: Server, ada: Person, project: Project
) -> None:
    request.getfixturevalue("stock_providers")
    document = await create_document(ada, project)
    async with run(request, "yjs", server, ada, document) as reader:
        assert await anext(reader) == "<paragraph></paragraph>"
        assert await anext(reader) == "synced"
        async with run(request, "hocuspocus", server, ada, document) as saver:
            assert [await anext(saver) for _ in range(3)] == ["saving", "read-write", "saved"]
        body = "Written by REST"
        await ada.request("PATCH", f"/documents/{document}/content?format=text", content=body)
        assert body in await anext(reader)


@pytest.mark.parametrize("name", EDITORS)
async def test_the_examples_of_editors_show_what_others_write(
    request: pytest.FixtureRequest, name: str, server: Server, ada: Person, project: Project
) -> None:
    request.getfixturevalue("stock_providers")
    document = await create_document(ada, project)
    content = f"/documents/{document}/content?format=text"
    async with run(request, name, server, ada, document) as hers, run(request, name, server, ada, document) as his:
        for lines in (hers, his):
            await _until_shown(lines, "Ahoy!.*Ahoy!")
        answer = await ada.request("PATCH", f"{content}&mode=append", content="Written by REST")
        assert answer.status_code == 204, answer.text
        for lines in (hers, his):
            await _until_shown(lines, "Written by REST")
        # Others see what somebody types before it is stored.
        async with asyncio.timeout(LINE_SECONDS):
            while (text := (await ada.request("GET", content)).text).count("Ahoy!") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert text.count("Ahoy!") == 2
    assert text.count("Written by REST") == 1


def test_every_ending_of_a_document_is_listed() -> None:
    listed = re.findall(r"^\| (\d{4}) \| ([^|]+) \|", PAGE.read_text(), re.MULTILINE)
    for ending in vars(rooms).values():
        if isinstance(ending, rooms.Ending):
            assert (str(ending.code), ending.reason) in listed


async def test_the_example_for_a_shell(
    request: pytest.FixtureRequest, server: Server, ada: Person, project: Project
) -> None:
    async with run(request, "curl", server, ada, project.id) as lines:
        assert '"project.created"' in await anext(lines)
        await ada.create_task(project)
        while '"task.created"' not in await anext(lines):
            pass


@asynccontextmanager
async def run(
    request: pytest.FixtureRequest, name: str, server: Server, person: Person, id_: str, *, before: str = ""
) -> AsyncIterator[AsyncIterator[str]]:
    """The lines that an example prints. It is stopped at the end."""
    program = EXAMPLES[name]
    if name in ("browser", "websocket", "eventsource"):
        program = PAGE_OF_A_BROWSER + before + program
    if name in EDITORS:
        program = PAGE_OF_AN_EDITOR + program + TYPES_A_WORD[name]
    process = await asyncio.create_subprocess_exec(
        *_command(request, name, program.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")),
        cwd=DOCUMENTS if name in OF_DOCUMENTS else JAVASCRIPT,
        env={**os.environ, "ID": id_, "TOKEN": person.token, "REFRESH_TOKEN": person.refresh_token},
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
            page = ["--import", "./page.mjs"] if name in EDITORS else []
            return ["node", *page, "--input-type=module", "--eval", program]


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    assert process.stdout is not None
    while True:
        async with asyncio.timeout(LINE_SECONDS):
            line = await process.stdout.readline()
        assert line, "the example has ended"
        yield line.decode().rstrip()


async def _until_shown(lines: AsyncIterator[str], pattern: str) -> None:
    while not re.search(pattern, await anext(lines)):
        pass
