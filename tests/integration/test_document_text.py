"""Programs that read and write documents as text while people type in them."""

import random
from typing import Any

import httpx
import pytest

from roomful.documents.bases import KEPT_SECONDS, MAX_BYTES, Bases
from roomful.documents.store import open_store
from roomful.richtext.tree import blocks_of, children_of, loaded
from roomful.rooms.store.port import Head
from roomful.roomstore import content
from roomful.roomstore.content import Stored
from roomful.runtime import Runtime
from tests.support.api import Person, Project

FORMATS = ("text", "json", "html", "markdown")

BODY: list[dict[str, Any]] = [
    {"type": "heading", "attrs": {"level": 1}, "content": [{"type": "text", "text": "Plan"}]},
    {
        "type": "paragraph",
        "content": [
            {"type": "text", "text": "Fly "},
            {"type": "text", "text": "low", "marks": [{"type": "underline"}]},
            {"type": "text", "text": " & slow_"},
        ],
    },
    {
        "type": "taskList",
        "content": [{"type": "taskItem", "attrs": {"checked": False}, "content": [{"type": "paragraph"}]}],
    },
]


@pytest.fixture
async def path(ada: Person, project: Project) -> str:
    document = await ada.post(f"{project.path}/documents", {"title": "Plan"})
    return f"/documents/{document['id']}"


async def read(person: Person, path: str, format: str) -> httpx.Response:
    answer = await person.request("GET", f"{path}/content?format={format}")
    assert answer.status_code == 200, answer.text
    return answer


async def write(
    person: Person, path: str, body: str | bytes, query: str, *, expect: int = 204, **headers: str
) -> httpx.Response:
    answer = await person.request("PATCH", f"{path}/content?{query}", content=body, **headers)
    assert answer.status_code == expect, answer.text
    return answer


async def write_json(person: Person, path: str, blocks: list[dict[str, Any]], **options: Any) -> httpx.Response:
    body = httpx.Request("POST", "/", json={"type": "doc", "content": blocks}).content
    return await write(person, path, body, "format=json", **options)


async def test_a_documents_own_text_changes_nothing(ada: Person, project: Project, path: str) -> None:
    tag = (await write_json(ada, path, BODY)).headers["ETag"]
    versions, events = await ada.get(f"{path}/versions"), len(await ada.events(project))
    state = (await read(ada, path, "update")).content
    for format in FORMATS:
        found = await read(ada, path, format)
        assert found.headers["ETag"] == tag
        for mode in ("merge", "replace"):
            again = await write(ada, path, found.content, f"format={format}&mode={mode}", If_Match=tag)
            assert again.headers["ETag"] == tag, format
    assert (await read(ada, path, "update")).content == state
    assert (await ada.get(f"{path}/versions"), len(await ada.events(project))) == (versions, events)


async def test_each_format_has_its_type(ada: Person, path: str) -> None:
    await write(ada, path, "# Plan\n\n- [x] fly\n", "", Content_Type="text/markdown; charset=utf-8")
    html = await read(ada, path, "html")
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    assert html.headers["Content-Security-Policy"].startswith("sandbox")
    assert html.text.startswith("<h1>Plan</h1>")
    await write(ada, path, "<p>Land <script>x()</script><b>now</b>", "mode=append", Content_Type="text/html")
    markdown = await read(ada, path, "markdown")
    assert markdown.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert markdown.text == "# Plan\n\n- [x] fly\n\nLand **now**\n"


async def test_nothing_that_people_type_is_lost(ada: Person, path: str, runtime: Runtime) -> None:
    """Two people type 360 characters while a program rewrites heading, status and list thirty times."""
    chance = random.Random(7)
    await write(ada, path, "# Plan\n\nStatus: 0\n\nAda: \\.\n\nBob: \\.\n\nend\n", "format=markdown")
    doc_id = path.rpartition("/")[2]
    store = open_store(runtime)
    people = {"Ada: ": loaded([], 11), "Bob: ": loaded([], 12)}
    typed = dict.fromkeys(people, "")

    async def type_some(name: str, count: int) -> None:
        for doc in people.values():  # both see what the server has
            async with runtime.database.read() as session:
                doc.apply_update((await content.read(session, doc_id)).updates[0])
                for row in (await content.read(session, doc_id)).rows:
                    doc.apply_update(row.update)
        doc = people[name]
        for _ in range(count):
            before, letter = doc.get_state(), chance.choice("abc déf€")
            for block in children_of(doc):
                text = str(block.children[0]) if len(block.children) else ""
                if text.startswith(name):
                    place = len((name + typed[name]).encode())
                    block.children[0].insert(place, letter, {})
                    typed[name] += letter
                    break
            async with runtime.database.read() as session:
                head = (await content.read(session, doc_id)).head
            await store.append(doc_id, head.generation, doc.get_update(before), ["x"])

    for number in range(30):
        found = await read(ada, path, "markdown")
        for name in people:
            await type_some(name, 6)
        body = found.text.replace(f"Status: {number}", f"Status: **{number}** done\n\nStatus: {number + 1}")
        body = body.replace("# Plan", f"# Plan {number}", 1) if number % 3 == 0 else body
        body = body.replace("end\n", f"end\n\n- item {number}\n") if number % 5 == 0 else body
        await write(ada, path, body, "format=markdown", If_Match=found.headers["ETag"])

    assert sum(map(len, typed.values())) == 360
    text = (await read(ada, path, "text")).text
    for name, words in typed.items():
        assert f"{name}{words}" in text
    assert "Status: 30" in text
    assert text.count(" done") == 30


async def test_a_base_that_is_gone(ada: Person, path: str, runtime: Runtime) -> None:
    """Its rows are folded: this process remembers what it answered, and another one asks to read again."""
    first = (await write(ada, path, "one\n\ntwo\n", "format=markdown")).headers["ETag"]
    read_tag = (await read(ada, path, "markdown")).headers["ETag"]
    assert read_tag == first
    second = (await write(ada, path, "one\n\ntwo and more\n", "format=markdown")).headers["ETag"]
    third = (await write(ada, path, "ONE\n\ntwo\n", "format=markdown", If_Match=first)).headers["ETag"]
    assert (await read(ada, path, "text")).text == "ONE\ntwo and more"
    assert await runtime.compactor.compact(path.rpartition("/")[2])
    kept = await write(ada, path, "one\n\ntwo\n\nthree\n", "format=markdown", If_Match=first)
    assert (await read(ada, path, "text")).text == "ONE\ntwo and more\nthree"
    for tag in (second, '"00000000.1"', f'"{third.strip(chr(34))}9"', '"x"', '"a.b"'):
        refused = await write(ada, path, "x", "format=markdown", expect=412, If_Match=tag)
        assert refused.json()["details"] == [{"etag": kept.headers["ETag"], "text": "ONE\ntwo and more\nthree"}]


async def test_what_an_editor_would_delete_is_refused(ada: Person, project: Project, path: str) -> None:
    before = len(await ada.events(project))
    refused = await write_json(ada, path, [*BODY, {"type": "callout"}], expect=422)
    assert refused.json()["details"][0]["field"] == "content.3"
    fence = '```roomful callout\n{"type": "callout"}\n```\n'
    await write(ada, path, fence, "format=markdown", expect=422)
    await write(ada, path, "```roomful callout\n{\n```\n", "format=markdown&mode=append", expect=422)
    await write_json(ada, path, [{"type": "blockquote"}], expect=422)
    assert len(await ada.events(project)) == before
    assert (await read(ada, path, "text")).headers["ETag"].endswith('.1"')


async def test_a_repeated_append_of_markdown_is_done_once(ada: Person, path: str) -> None:
    for _ in range(2):
        await write(ada, path, "- more\n", "format=markdown&mode=append", Idempotency_Key="k")
    assert (await read(ada, path, "markdown")).text == "- more\n"


async def test_a_large_document(ada: Person, path: str) -> None:
    """Is converted off the loop, and one word is a small change."""
    text = "".join(f"Line {number} of a large document, with some words\n\n" for number in range(600))
    await write(ada, path, text, "format=markdown")
    before = len((await read(ada, path, "update")).content)
    await write(ada, path, text.replace("Line 300 of a", "Line 300 of one"), "format=markdown")
    after = (await read(ada, path, "update")).content
    assert len(after) - before < 200
    assert len(blocks_of(loaded([after], 0))) == 600


def test_bases_are_bounded() -> None:
    at = 0.0
    bases = Bases(clock=lambda: at)
    half = Stored(Head("g", 1), 1, b"x" * (MAX_BYTES // 2), [])
    now = Stored(Head("g", 9), 9, b"", [])
    for number in (1, 2, 3):
        bases.keep("doc", half._replace(head=Head("g", number)))
    assert [bases.find("doc", now, Head("g", number)) is not None for number in (1, 2, 3)] == [False, True, True]
    bases.keep("doc", half._replace(head=Head("g", 4), state=b"x" * (MAX_BYTES + 1)))
    assert bases.find("doc", now, Head("g", 4)) is None
    assert bases.find("other", now, Head("g", 3)) is None
    assert bases.find("doc", now._replace(head=Head("h", 9)), Head("g", 3)) is None
    at = KEPT_SECONDS
    assert bases.find("doc", now, Head("g", 3)) is None
