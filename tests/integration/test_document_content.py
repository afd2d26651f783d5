"""What stands in documents, by REST: reading, changing, versions."""

import asyncio
import threading

import httpx
import pytest
from pycrdt import Doc, Text, XmlFragment

from roomful.documents import changes, contents, conversions, copies, operator
from roomful.documents.store import open_store
from roomful.errors import Conflict, NotFound
from roomful.richtext import reading, tree
from roomful.roomstore.append import StoredRow
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.conftest import settings_for
from tests.support.api import Api, Person, Project
from tests.support.app import Live
from tests.support.document_clients import TEXT, WIRES, DocumentClient, Wire

MAX_BYTES = 64 * 1024


@pytest.fixture
def settings(database_url: str) -> Settings:
    few = {"max_document_bytes": MAX_BYTES, "max_versions_per_document": 2}
    return settings_for(database_url).model_copy(update=few)


@pytest.fixture
async def path(ada: Person, project: Project) -> str:
    document = await ada.post(f"{project.path}/documents", {"title": "Plan"})
    return f"/documents/{document['id']}"


async def read(person: Person, path: str, format: str = "text", **headers: str) -> httpx.Response:
    answer = await person.request("GET", f"{path}/content?format={format}", **headers)
    assert answer.status_code in (200, 304), answer.text
    return answer


async def write(
    person: Person, path: str, body: str | bytes, query: str = "format=text", *, expect: int = 204, **headers: str
) -> httpx.Response:
    answer = await person.request("PATCH", f"{path}/content?{query}", content=body, **headers)
    assert answer.status_code == expect, answer.text
    return answer


async def test_an_empty_document(ada: Person, path: str) -> None:
    text, json, state = [await read(ada, path, format) for format in ("text", "json", "update")]
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (text.text, json.json()) == ("", {"type": "doc", "content": [{"type": "paragraph"}]})
    generation = (await ada.get(path))["generation"]
    assert {answer.headers["ETag"] for answer in (text, json, state)} == {f'"{generation}.1"'}
    assert text_of(state.content, root="nothing") == ""


async def test_each_form_is_written_and_read(ada: Person, path: str) -> None:
    first = await write(ada, path, "Fly there.\nGröße: 5 €")
    assert (await read(ada, path)).text == "Fly there.\nGröße: 5 €"
    assert (await read(ada, path)).headers["ETag"] == first.headers["ETag"]
    heading = {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "Plan"}]}
    await write(
        ada, path, httpx.Request("POST", "/", json={"type": "doc", "content": [heading]}).content, "format=json"
    )
    assert (await read(ada, path, "json")).json()["content"] == [heading]
    other: Doc = Doc(client_id=5)  # type: ignore[type-arg]
    other.get("notes", type=Text).insert(0, "by an editor")
    last = await write(ada, path, other.get_update(), "format=update")
    assert text_of((await read(ada, path, "update")).content, root="notes") == "by an editor"
    assert last.headers["ETag"].endswith('.4"')
    again = await write(ada, path, other.get_update(), "format=update")
    assert again.headers["ETag"] == last.headers["ETag"]


async def test_the_format_may_be_told_by_the_type(ada: Person, path: str) -> None:
    await write(ada, path, "a", "", Content_Type="text/plain; charset=utf-8")
    await write(ada, path, '{"type": "doc"}', "mode=append", Content_Type="application/json")
    await write(ada, path, b"\x00\x00", "", Content_Type="application/octet-stream")
    await write(ada, path, "a", "", expect=422, Content_Type="text/css")
    assert (await read(ada, path)).text == "a\n"


async def test_before_and_after(ada: Person, path: str) -> None:
    await write(ada, path, "b")
    await write(ada, path, "c", "format=text&mode=append")
    await write(ada, path, "a", "format=text&mode=prepend")
    assert (await read(ada, path)).text == "a\nb\nc"


async def test_known_content_is_not_sent_again(ada: Person, path: str) -> None:
    tag = (await read(ada, path)).headers["ETag"]
    for known in (tag, f'W/{tag}, "x"', "*"):
        answer = await read(ada, path, If_None_Match=known)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    await write(ada, path, "a")
    assert (await read(ada, path, If_None_Match=tag)).status_code == 200


async def test_if_match_names_the_content(ada: Person, path: str) -> None:
    tag = (await read(ada, path)).headers["ETag"]
    second = (await write(ada, path, "a", If_Match=tag)).headers["ETag"]
    refused = await write(ada, path, "b", "format=text&mode=replace", expect=412, If_Match=tag)
    assert refused.json()["details"] == [{"etag": second, "text": "a"}]
    assert refused.headers["ETag"] == second
    assert (await read(ada, path)).text == "a"


async def test_a_repeated_append_is_done_once(api: Api, ada: Person, project: Project, path: str) -> None:
    bob = await api.register("bob")
    await ada.add_member(project, bob)
    first, again = [await write(bob, path, "x", "format=text&mode=append", Idempotency_Key="k") for _ in range(2)]
    assert first.headers["ETag"] == again.headers["ETag"]
    assert (await read(ada, path)).text == "x"
    await write(bob, path, "y", "format=text&mode=append", Idempotency_Key="k", expect=422)
    await ada.remove_member(project, bob)
    await write(bob, path, "x", "format=text&mode=append", Idempotency_Key="k", expect=404)


async def test_a_change_is_told_by_one_event(ada: Person, project: Project, path: str) -> None:
    before = (await ada.events(project))[-1]["offset"]
    await write(ada, path, "a", X_Client_Mutation_ID="m-1")
    await write(ada, path, "a")
    await write(ada, path, "b")
    first, second = await ada.events(project, after=before)
    assert (first["type"], first["actor_id"], first["mutation_id"]) == ("document.updated", ada.id, "m-1")
    assert first["data"] == first["data"] | {"changed": ["content"], "by": [ada.id], "previous": {}}
    assert first["data"]["document"]["version"] == 1
    assert second["data"]["document"]["bytes"] > first["data"]["document"]["bytes"]
    assert (await ada.snapshot(project))["documents"] == [second["data"]["document"]]


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ("format=pdf", b"x", 422, "VALIDATION"),
        ("format=text&mode=overwrite", b"x", 422, "VALIDATION"),
        ("format=text", b"\xff", 422, "VALIDATION"),
        ("format=text", b"\x00", 422, "VALIDATION"),
        ("format=json", b"{", 422, "VALIDATION"),
        ("format=json", b'{"type": "doc", "content": [{"type": "text", "text": "x"}]}', 422, "VALIDATION"),
        ("format=update", b"garbage", 422, "VALIDATION"),
        ("format=update&mode=append", b"\x00\x00", 422, "VALIDATION"),
        ("format=update", b"\x01\x01\x07\x02\x84\x07\x01\x01c\x00", 409, "CONFLICT"),
        ("format=text", b"x" * (1024 * 1024 + 1), 413, "PAYLOAD_TOO_LARGE"),
        ("format=text", b"x" * MAX_BYTES, 409, "LIMIT_REACHED"),
    ],
)
async def test_a_bad_body_changes_nothing(
    ada: Person, project: Project, path: str, query: str, body: bytes, status: int, code: str
) -> None:
    refused = await write(ada, path, body, query, expect=status)
    assert refused.json()["code"] == code
    assert (await read(ada, path)).headers["ETag"].endswith('.1"')
    assert len(await ada.events(project)) == 2
    assert await ada.get(f"{path}/versions") == []


@pytest.mark.parametrize(("role", "reads", "writes"), [("viewer", 200, 403), (None, 404, 404)])
async def test_rights(
    api: Api, ada: Person, project: Project, path: str, role: str | None, reads: int, writes: int
) -> None:
    version = await ada.post(f"{path}/versions", {"label": "First"})
    actor = await api.register("vic")
    if role is not None:
        await ada.add_member(project, actor, role)
    one = f"{path}/versions/{version['id']}"
    for read_path in (f"{path}/content", f"{path}/versions", one, f"{one}/content"):
        assert (await actor.request("GET", read_path)).status_code == reads
    await write(actor, path, "x", expect=writes)
    await actor.post(f"{path}/versions", {"label": "x"}, expect=writes)
    await actor.post(f"{one}/restore", expect=writes)
    await actor.delete(one, expect=writes)
    assert (await read(ada, path)).text == ""


async def test_an_archived_project_is_read_only(ada: Person, project: Project, path: str) -> None:
    version = await ada.post(f"{path}/versions", {"label": "First"})
    await ada.patch(project.path, {"status": "archived"})
    await write(ada, path, "x", expect=409)
    await ada.post(f"{path}/versions", {"label": "x"}, expect=409)
    await ada.post(f"{path}/versions/{version['id']}/restore", expect=409)
    assert (await read(ada, path)).text == ""


async def test_a_document_in_the_trash_has_no_content(ada: Person, path: str) -> None:
    await ada.delete(path)
    assert (await ada.request("GET", f"{path}/content")).status_code == 404
    await write(ada, path, "x", expect=404)
    await ada.get(f"{path}/versions", expect=404)


async def test_appends_at_once_are_all_there(ada: Person, project: Project, path: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(12):
            tasks.create_task(write(ada, path, str(number), "format=text&mode=append"))
    lines = (await read(ada, path)).text.split("\n")
    assert sorted(lines, key=int) == [str(number) for number in range(12)]


async def test_rooms_of_this_process_are_told_after_the_commit(ada: Person, path: str, runtime: Runtime) -> None:
    seen: list[StoredRow] = []
    runtime.row_observers.append(seen.append)
    answer = await write(ada, path, "a")
    await write(ada, path, "x" * MAX_BYTES, expect=409)
    [row] = seen
    assert (f"/documents/{row.room_id}", row.user_ids) == (path, [ada.id])
    assert answer.headers["ETag"] == f'"{contents.tag_of(row.head)}"'


@pytest.mark.parametrize("wire", WIRES)
async def test_an_open_editor_sees_a_change_by_rest(live: Live, wire: Wire) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    document = await ada.post(f"{project.path}/documents", {"title": "Plan"})
    path = f"/documents/{document['id']}"
    async with DocumentClient(live.socket_url, document["id"], token=ada.token, wire=wire) as editor:

        def seen() -> str:
            return str(editor.doc.get("default", type=XmlFragment))

        await write(ada, path, "by REST")
        await editor.becomes(lambda: "by REST" in seen())
        await editor.insert("typed")
        await editor.is_stored()
        version = await ada.post(f"{path}/versions", {"label": "x"})
        await write(ada, path, "other")
        await editor.becomes(lambda: "other" in seen())
        await ada.post(f"{path}/versions/{version['id']}/restore", expect=200)
        await editor.becomes(lambda: "by REST" in seen())
        assert (await read(ada, path)).text == "by REST"
        assert text_of((await read(ada, path, "update")).content, root=TEXT) == "typed"


async def test_a_version_is_kept_and_comes_back(ada: Person, project: Project, path: str) -> None:
    await write(ada, path, "one\ntwo")
    made = await ada.request("POST", f"{path}/versions", json={"label": "As sent"})
    version = made.json()
    assert made.url.join(made.headers["Location"]).path == f"/api/v1{path}/versions/{version['id']}"
    assert version == version | {
        "label": "As sent",
        "trigger": "manual",
        "triggered_by": ada.id,
        "changes_by": [ada.id],
    }
    one = f"{path}/versions/{version['id']}"
    assert await ada.get(one) == version
    await write(ada, path, "other")
    assert (await read(ada, one)).text == "one\ntwo"
    assert (await read(ada, one, "json")).json()["content"][1]["content"][0]["text"] == "two"
    assert (await read(ada, one, If_None_Match=f'"{version["id"]}"')).status_code == 304

    before = (await ada.events(project))[-1]["offset"]
    document = await ada.post(f"{one}/restore", expect=200)
    assert (await read(ada, path)).text == "one\ntwo"
    [event] = await ada.events(project, after=before)
    assert (event["type"], event["data"]["version"]) == ("document.restored", version)
    assert document == document | event["data"]["document"]
    newest, *_ = await ada.get(f"{path}/versions")
    assert (newest["trigger"], newest["label"]) == ("restore", None)
    assert (await read(ada, f"{path}/versions/{newest['id']}")).text == "other"
    await ada.post(f"{one}/restore", expect=200)  # it says so already
    assert len(await ada.events(project, after=before)) == 1
    created = (await ada.events(project, after=3))[0]
    assert (created["type"], created["data"]["version"]) == ("document.version_created", version)


async def test_versions_with_a_label_are_counted(ada: Person, path: str) -> None:
    made = [await ada.post(f"{path}/versions", {"label": label}) for label in ("a", "b")]
    refused = await ada.request("POST", f"{path}/versions", json={"label": "c"})
    assert (refused.status_code, refused.json()["code"]) == (409, "LIMIT_REACHED")
    await ada.delete(f"{path}/versions/{made[0]['id']}")
    await ada.delete(f"{path}/versions/{made[0]['id']}", expect=404)
    await ada.post(f"{path}/versions", {"label": "c"})
    assert [each["label"] for each in await ada.get(f"{path}/versions")] == ["c", "b"]
    first = await ada.request("GET", f"{path}/versions?limit=1")
    assert "next" in first.links


async def test_a_version_belongs_to_its_document(ada: Person, project: Project, path: str) -> None:
    version = await ada.post(f"{path}/versions", {"label": "a"})
    other = await ada.post(f"{project.path}/documents", {"title": "Other"})
    one = f"/documents/{other['id']}/versions/{version['id']}"
    for method, tail in (("GET", ""), ("GET", "/content"), ("DELETE", ""), ("POST", "/restore")):
        assert (await ada.request(method, one + tail)).status_code == 404
    for label in ("", "x" * 201, None, 1):
        assert (await ada.request("POST", f"{path}/versions", json={"label": label})).status_code == 422


async def test_a_version_before_changes_by_rest(ada: Person, path: str, runtime: Runtime) -> None:
    """Of what others have written, and one a minute at most."""
    await type_into(runtime, path, "typed", "bob")
    for text in ("a", "b", "c"):
        await write(ada, path, text)
    [version] = await ada.get(f"{path}/versions")
    assert version == version | {"trigger": "patch", "triggered_by": ada.id, "changes_by": ["bob"], "label": None}
    content = await ada.request("GET", f"{path}/versions/{version['id']}/content?format=update")
    assert text_of(content.content, root="notes") == "typed"


async def test_two_large_documents_are_worked_on_at_a_time(
    ada: Person, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(ada, path, "word " * 6_000)
    monkeypatch.setattr(conversions, "MAX_WAIT_SECONDS", 0.2)
    goes_on, at_once, most = threading.Event(), 0, 0
    text_of = tree.text_of

    def work(doc: Doc) -> str:  # type: ignore[type-arg]
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        goes_on.wait(30)
        at_once -= 1
        return text_of(doc)

    monkeypatch.setattr(changes, "text_of", work)
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(ada.request("GET", f"{path}/content")) for _ in range(4)]
        waiting: set[asyncio.Task[httpx.Response]] = set(asked)
        while len(waiting) > 2:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        goes_on.set()
    answers = [task.result() for task in asked]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    assert most == conversions.AT_ONCE


async def type_into(runtime: Runtime, path: str, text: str, user_id: str) -> None:
    """What a room stores when somebody types."""
    store, document_id = open_store(runtime), path.removeprefix("/documents/")
    loaded = await store.load(document_id)
    doc: Doc = Doc()  # type: ignore[type-arg]
    doc.get("notes", type=Text).insert(0, text)
    await store.append(document_id, loaded.head.generation, doc.get_update(), [user_id])


def text_of(update: bytes, *, root: str) -> str:
    doc: Doc = Doc()  # type: ignore[type-arg]
    doc.apply_update(update)
    return str(doc.get(root, type=Text))


async def test_the_operator_reads_and_writes(ada: Person, project: Project, path: str, runtime: Runtime) -> None:
    doc_id = path.removeprefix("/documents/")
    await type_into(runtime, path, "typed", "bob")
    before = (await ada.events(project))[-1]["offset"]
    for expected in (True, False):
        async with runtime.transaction() as session:
            written = await operator.write_document(session, doc_id, b"by hand", "text", max_bytes=MAX_BYTES)
        assert written is expected
    async with runtime.database.read() as session:
        assert await operator.read_document(session, doc_id, "text") == b"by hand"
        assert b"paragraph" in await operator.read_document(session, doc_id, "json")
    [event] = await ada.events(project, after=before)
    assert (event["type"], event["actor_id"], event["data"]["changed"]) == ("document.updated", None, ["content"])
    [version] = await ada.get(f"{path}/versions")
    assert (version["trigger"], version["triggered_by"], version["changes_by"]) == ("patch", None, ["bob"])

    await ada.patch(project.path, {"status": "archived"})
    for id_, failure in ((doc_id, Conflict), ("nothing", NotFound)):
        with pytest.raises(failure):
            async with runtime.transaction() as session:
                await operator.write_document(session, id_, b"x", "text", max_bytes=MAX_BYTES)
    async with runtime.database.read() as session:
        with pytest.raises(NotFound):
            await operator.read_document(session, "nothing", "text")


async def test_nobody_waits_while_a_long_body_is_read(
    api: Api, ada: Person, project: Project, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is locked meanwhile, and what would take too long is ended."""
    monkeypatch.setattr(reading, "MAX_CPU_SECONDS", 2)
    bob, carol = await api.register("bob"), await api.register("carol")
    await ada.add_member(project, bob, role="viewer")
    hostile = "<div>" * 100_000
    for person, code in ((bob, 403), (carol, 404)):
        await write(person, path, hostile, "format=html", expect=code)
    for headers in ({}, {"Idempotency_Key": "k"}):
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(write(ada, path, hostile, "format=html", expect=409, **headers))
            await asyncio.sleep(0.1)
            await ada.create_task(project, "meanwhile")
            assert not writing.done()
        assert writing.result().json()["code"] == "LIMIT_REACHED"
    assert (await read(ada, path)).headers["ETag"].endswith('.1"')


async def test_a_long_body_becomes_the_content(ada: Person, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for markup in ("markdown", "html"):
        monkeypatch.setitem(reading.MAX_SECONDS_HERE, markup, 0.0)
    lines = "".join(f"- [{n}](https://example.com/{n}) and **more**\n" for n in range(120))
    await write(ada, path, lines, "format=markdown&mode=append")
    assert (await read(ada, path, "markdown")).text == lines
    tag = (await read(ada, path, "html")).headers["ETag"]
    html = (await read(ada, path, "html")).text
    await write(ada, path, html.replace("more</strong>", "less</strong>", 1), "format=html", If_Match=tag)
    assert (await read(ada, path, "markdown")).text == lines.replace("**more**", "**less**", 1)


@pytest.mark.parametrize(
    ("format", "line"), [("text", "a\n"), ("text", "\r"), ("html", "<p>"), ("html", "<br>")], ids=ascii
)
async def test_a_change_adds_so_many_parts_at_most(
    ada: Person, path: str, monkeypatch: pytest.MonkeyPatch, format: str, line: str
) -> None:
    """Each takes its time while the project is locked."""
    monkeypatch.setattr(changes, "MAX_NEW_PARTS", 100)
    many = line * 120
    answer = await write(ada, path, many, f"format={format}", expect=409)
    assert answer.json()["code"] == "LIMIT_REACHED"
    for _ in range(3):  # a long document is made in parts, and changed as a whole
        await write(ada, path, "a\n" * 40, "format=text&mode=append")
    whole = (await read(ada, path, "markdown")).text
    await write(ada, path, whole.replace("a", "b", 1), "format=markdown&mode=replace")


def test_a_lack_of_memory_is_not_the_callers_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise MemoryError

    monkeypatch.setattr(copies, "lacks_something", fail)
    with pytest.raises(MemoryError):
        copies.merge_into_copy([tree.empty_document()], b"\x00\x00")
