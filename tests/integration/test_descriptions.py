"""Descriptions of tasks that are documents: how they are made, who may do what, and what the task says of them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pycrdt import Text, XmlElement

from roomful.documents import content_event, digest
from roomful.documents.rights import Asked, rights_among
from roomful.richtext.tree import ROOT
from roomful.rooms.store.port import UnknownDocument
from roomful.runtime import Runtime
from tests.support.api import Api, Json, Person, Project
from tests.support.fold import fold, in_order
from tests.support.writing import Writer, blocks_in

pytestmark = pytest.mark.usefixtures("no_digests")

TEXT = "Two **tanks**.\n\n- valves\n- pumps"
NOBODY = "019a7f5e-0000-7000-8000-000000000000"


@pytest.fixture
async def task(ada: Person, project: Project) -> Json:
    return await ada.create_task(project, "Order fuel", description=TEXT)


@pytest.fixture
async def document(ada: Person, project: Project, task: Json) -> Json:
    return await make(ada, project, task)


@pytest.fixture
def writer(runtime: Runtime, document: Json) -> Writer:
    return Writer(runtime, document["id"])


def path(project: Project, task: Json) -> str:
    return f"{project.path}/tasks/{task['id']}"


async def make(person: Person, project: Project, task: Json, *, expect: int = 201) -> Json:
    made: Json = await person.post(f"{path(project, task)}/document", expect=expect)
    return made


async def shown(person: Person, project: Project, task: Json) -> Json:
    found: Json = await person.get(path(project, task))
    return found


async def text_of(person: Person, document: Json, format: str = "markdown") -> str:
    answer = await person.request("GET", f"/documents/{document['id']}/content?format={format}")
    assert answer.status_code == 200, answer.text
    return answer.text


async def write(person: Person, document: Json, text: str, query: str = "format=markdown") -> None:
    answer = await person.request("PATCH", f"/documents/{document['id']}/content?{query}", content=text)
    assert answer.status_code == 204, answer.text


async def events(person: Person, project: Project, *, after: int = 2) -> list[Json]:
    """Those after the project and its task."""
    return await person.all_events(project, after=after)


# Making it


async def test_it_is_made_of_the_markdown(ada: Person, project: Project, task: Json) -> None:
    answer = await ada.request("POST", f"{path(project, task)}/document", X_Client_Mutation_ID="m-1")
    document = answer.json()
    assert answer.status_code == 201
    assert answer.url.join(answer.headers["Location"]).path == f"/api/v1/documents/{document['id']}"
    assert document == document | {"task_id": task["id"], "title": "Order fuel", "access": "write", "version": 1}
    assert await text_of(ada, document) == f"{TEXT}\n"

    # The task says the same as before, under the same version.
    now = await shown(ada, project, task)
    (event,) = await events(ada, project)
    assert now == task | {"document_id": document["id"], "description_offset": event["offset"]}
    assert (event["type"], event["mutation_id"], event["actor_id"]) == ("task.updated", "m-1", ada.id)
    assert event["data"] == {"task": now, "changed": ["document_id"], "previous": {"document_id": None}}

    # It is nobody else's: in no list and no snapshot.
    assert await ada.get(f"{project.path}/documents") == []
    assert (await ada.snapshot(project))["documents"] == []
    assert await ada.get(f"/documents/{document['id']}") == document


async def test_two_at_once_get_the_same_one(api: Api, ada: Person, project: Project, task: Json) -> None:
    bob = await api.register("bob")
    await ada.add_member(project, bob)
    async with asyncio.TaskGroup() as both:
        asked = [
            both.create_task(person.request("POST", f"{path(project, task)}/document")) for person in (ada, bob, bob)
        ]
    answers = [each.result() for each in asked]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    told = await events(ada, project, after=3)
    assert [event["data"]["changed"] for event in told] == [["document_id"]]


async def test_a_repeated_request_has_the_first_answer(ada: Person, project: Project, task: Json) -> None:
    first, again = [
        await ada.request("POST", f"{path(project, task)}/document", Idempotency_Key="k-1") for _ in range(2)
    ]
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())


@pytest.mark.parametrize(("role", "status"), [("editor", 201), ("viewer", 403), (None, 404)])
async def test_who_may_make_it(
    api: Api, ada: Person, project: Project, task: Json, role: str | None, status: int
) -> None:
    bob = await api.register("bob")
    if role is not None:
        await ada.add_member(project, bob, role)
    await bob.post(f"{path(project, task)}/document", expect=status)
    await bob.post(f"{project.path}/tasks/{NOBODY}/document", expect=404 if role != "viewer" else 403)
    made = (await shown(ada, project, task))["document_id"]
    assert (made is None) == (status != 201)


async def test_a_viewer_reads_it(api: Api, ada: Person, project: Project, document: Json) -> None:
    bob = await api.register("bob")
    await ada.add_member(project, bob, "viewer")
    assert (await bob.get(f"/documents/{document['id']}"))["access"] == "read"
    assert await text_of(bob, document) == f"{TEXT}\n"
    refused = await bob.request("PATCH", f"/documents/{document['id']}/content?format=markdown", content="x")
    assert refused.status_code == 403


async def test_an_archived_project_gets_none_and_shows_what_there_is(ada: Person, project: Project, task: Json) -> None:
    other = await ada.create_task(project, "Land")
    document = await make(ada, project, task)
    await ada.patch(project.path, {"status": "archived"})
    await make(ada, project, other, expect=409)
    assert (await make(ada, project, task, expect=200))["access"] == "read"
    await ada.patch(path(project, task), {"description": "x"}, expect=409)
    assert await text_of(ada, document) == f"{TEXT}\n"


@pytest.mark.parametrize(
    ("description", "markdown"),
    [
        (None, ""),
        ("", ""),
        ("one\ntwo", "one\\\ntwo\n"),  # typed into a plain field
        ("<b>raw</b>", "\\<b>raw\\</b>\n"),
        (">" * 300 + " deep", None),
        ("![" * 5_000, "!\\[" * 5_000 + "\n"),  # takes too long to read as Markdown
        ("x" * 10_000, "x" * 10_000 + "\n"),
    ],
)
async def test_any_description_can_become_one(
    ada: Person, project: Project, description: str | None, markdown: str | None
) -> None:
    task = await ada.create_task(project, "Land", description=description)
    document = await make(ada, project, task)
    text = await text_of(ada, document)
    if markdown is None:
        assert await text_of(ada, document, "text") == description
    else:
        assert text == markdown
    # Its own text changes nothing, and neither does the one it was made of.
    before = await events(ada, project)
    await ada.patch(path(project, task), {"description": description})
    assert await events(ada, project) == before


# Its life


async def test_it_goes_to_the_trash_with_its_task_and_comes_back(
    ada: Person, project: Project, task: Json, document: Json, writer: Writer, runtime: Runtime
) -> None:
    await writer.type(" a", "ada")
    await writer.type(" b", "bob")
    await ada.delete(path(project, task))
    one = f"/documents/{document['id']}"
    for gone in (one, f"{one}/content", f"{one}/versions"):
        await ada.get(gone, expect=404)
    await ada.post(f"{path(project, task)}/document", expect=404)
    await ada.post(f"{one}/restore", expect=409)
    with pytest.raises(UnknownDocument):
        await writer.type(" c", "cleo")
    await writer.wait(31)
    assert await digest.tell_due(runtime) == 0
    claims = runtime.tokens.verify(ada.token)
    asked = Asked(ada.id, claims.session_id, document["id"])
    async with runtime.database.read() as session:
        assert await rights_among(session, [asked]) == {}

    await ada.post(f"{path(project, task)}/restore", expect=200)
    assert await make(ada, project, task, expect=200) == await ada.get(one)
    assert await digest.tell_due(runtime) == 1
    await writer.type(" d", "dora")
    assert "a b d" in await text_of(ada, document)
    async with runtime.database.read() as session:
        assert set(await rights_among(session, [asked])) == {asked}
    await ada.delete(f"{path(project, task)}?purge=true")
    await ada.get(one, expect=404)


async def test_it_has_the_title_of_its_task_and_ends_with_it(ada: Person, project: Project, document: Json) -> None:
    task = {"id": document["task_id"]}
    await ada.change_task(project, task, title="Order more fuel")
    assert (await ada.get(f"/documents/{document['id']}"))["title"] == "Order more fuel"
    one = f"/documents/{document['id']}"
    await ada.patch(one, {"title": "x"}, expect=409)
    await ada.delete(one, expect=409)
    await ada.delete(f"{one}?purge=true", expect=409)
    await ada.post(f"{one}/restore", expect=409)
    await ada.delete(path(project, task))
    await ada.get(one, expect=404)
    await ada.get(f"{one}/content", expect=404)


async def test_typing_is_told_as_a_change_of_the_task(
    ada: Person, project: Project, task: Json, writer: Writer, runtime: Runtime
) -> None:
    version = task["version"]
    for text, person in ((" a", "ada"), (" b", "bob"), (" c", "cleo")):
        await writer.type(text, person)
    [leading] = await events(ada, project, after=3)
    assert (leading["type"], leading["actor_id"]) == ("task.updated", "ada")
    data = leading["data"]
    assert data == data | {"changed": ["description"], "previous": {}, "by": ["ada"]}
    assert data["task"]["description"] == TEXT.replace("tanks**.", "tanks**. a")
    assert (data["task"]["version"], data["task"]["description_offset"]) == (version, leading["offset"])

    # Between two digests the task says what was told of last.
    assert (await shown(ada, project, task)) == data["task"]
    await writer.wait(31)
    assert await digest.tell_due(runtime) == 1
    assert await digest.tell_due(runtime) == 0
    [trailing] = await events(ada, project, after=4)
    assert (trailing["actor_id"], trailing["data"]["by"]) == (None, ["bob", "cleo"])
    assert trailing["data"]["task"]["description"] == TEXT.replace("tanks**.", "tanks**. a b c")
    assert await shown(ada, project, task) == trailing["data"]["task"]

    # Whoever has read the task before may still give it another title.
    await ada.patch(path(project, task), {"title": "Order"}, If_Match=f'"{version}"')


async def test_old_snapshot_and_events_are_the_new_snapshot(
    ada: Person, project: Project, task: Json, writer: Writer, runtime: Runtime
) -> None:
    """Also between two digests: what is not told yet is not shown."""
    old = await ada.snapshot(project)
    for text in (" a", " b", " c"):
        await writer.type(text, ada.id)
    for _ in range(2):
        state = old
        for event in await ada.all_events(project, after=old["stream"]["offset"]):
            state = fold(state, event)
        assert in_order(state) == await ada.snapshot(project)
        await writer.wait(31)
        await digest.tell_due(runtime)


async def test_of_several_nodes_one_tells(ada: Person, project: Project, writer: Writer, runtime: Runtime) -> None:
    await writer.type(" a", "ada")
    await writer.type(" b", "bob")
    await writer.wait(31)
    async with asyncio.TaskGroup() as nodes:
        told = [nodes.create_task(digest.tell_due(runtime)) for _ in range(4)]
    assert sum(node.result() for node in told) == 1
    assert [event["data"]["by"] for event in await events(ada, project, after=3)] == [["ada"], ["bob"]]


Change = Callable[[Person, Json], Awaitable[object]]


async def write_text(ada: Person, document: Json) -> None:
    await write(ada, document, "New.")


async def write_and_restore(ada: Person, document: Json) -> None:
    await write(ada, document, "Other.")
    versions = await ada.get(f"/documents/{document['id']}/versions")
    await ada.post(f"/documents/{document['id']}/versions/{versions[-1]['id']}/restore", expect=200)


@pytest.mark.parametrize(("change", "count", "says"), [(write_text, 1, "New."), (write_and_restore, 2, TEXT)])
async def test_a_change_of_the_content_is_told_as_one_of_the_task(
    ada: Person, project: Project, task: Json, document: Json, change: Change, count: int, says: str
) -> None:
    await change(ada, document)
    told = await events(ada, project, after=3)
    assert [event["type"] for event in told] == ["task.updated"] * count
    assert [event["data"]["changed"] for event in told] == [["description"]] * count
    now = await shown(ada, project, task)
    assert (now["description"], now["version"]) == (says, task["version"])


async def test_an_empty_document_is_no_description(ada: Person, project: Project, task: Json, document: Json) -> None:
    await write(ada, document, "")
    assert (await shown(ada, project, task))["description"] is None


async def test_a_long_one_is_cut_in_the_task_only(ada: Person, project: Project, task: Json, document: Json) -> None:
    line = "All work and no play makes a dull board. " * 10
    await write(ada, document, "\n\n".join([line.strip()] * 60))
    whole = (await text_of(ada, document)).strip()
    told = await shown(ada, project, task)
    assert len(told["description"]) == 10_000
    assert told["description"] == whole[:9_999] + "…"
    # Written back it would take the rest away.
    refused = await ada.request("PATCH", path(project, task), json={"description": "Short."})
    assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")
    same = await ada.patch(path(project, task), {"description": told["description"], "title": "Play"})
    assert (same["description"], same["title"]) == (told["description"], "Play")
    assert (await text_of(ada, document)).strip() == whole


# Changing it as a field of the task


async def test_a_new_description_is_merged_with_one_event(
    ada: Person, project: Project, task: Json, document: Json, writer: Writer, runtime: Runtime
) -> None:
    """What was typed after the description was told of stays, and is told of with it."""
    await writer.type(" a", "bob")
    await writer.type(" Not told yet.", "cleo")
    told = await shown(ada, project, task)
    assert "Not told" not in told["description"]
    after = (await events(ada, project))[-1]["offset"]
    new = told["description"].replace("Two", "Three").replace("pumps", "pipes") + "\n- hoses"
    changed = await ada.patch(path(project, task), {"description": new}, If_Match=f'"{told["version"]}"')
    expected = "Three **tanks**. a Not told yet.\n\n- valves\n- pipes\n- hoses"
    assert (changed["description"], changed["version"]) == (expected, told["version"] + 1)
    assert (await text_of(ada, document)).strip() == expected
    [event] = await events(ada, project, after=after)
    assert event["data"] == {
        "task": changed,
        "changed": ["description"],
        "previous": {},
        "by": ["cleo", ada.id],
    }
    await writer.wait(31)
    assert await digest.tell_due(runtime) == 0


async def test_one_change_of_several_fields_is_one_event(
    ada: Person, project: Project, task: Json, document: Json
) -> None:
    changed = await ada.change_task(project, task, description="* new", title="Fuel", status="done")
    assert (changed["description"], changed["title"], changed["status"]) == ("- new", "Fuel", "done")
    [event] = await events(ada, project, after=3)
    assert event["type"] == "task.moved"
    assert {"description", "status", "title"} <= set(event["data"]["changed"])
    # The same again, in other signs, is no change.
    assert await ada.change_task(project, task, description="* new") == changed
    assert len(await events(ada, project, after=3)) == 1
    assert (await ada.change_task(project, task, description=None))["description"] is None
    assert await text_of(ada, document) == ""


async def test_a_description_that_takes_long_to_read_is_refused(
    ada: Person, project: Project, task: Json, document: Json
) -> None:
    refusal = await ada.patch(path(project, task), {"description": "![" * 5_000, "title": "Fuel"}, expect=409)
    assert refusal["code"] == "LIMIT_REACHED"
    assert await shown(ada, project, task) == task | {"document_id": document["id"], "description_offset": 3}


async def test_a_tag_names_the_description_that_was_read(
    ada: Person, project: Project, task: Json, document: Json, writer: Writer, runtime: Runtime
) -> None:
    assert (await ada.request("GET", f"{project.path}/tasks/{NOBODY}")).status_code == 404
    plain = await ada.request("POST", f"{project.path}/tasks", json={"title": "Land"})
    assert plain.headers["ETag"] == '"1"'  # of a task without a document
    _, tag = await read(ada, project, task)
    assert tag == '"1.3"'
    await writer.type(" a", "bob")
    _, later = await read(ada, project, task)
    assert later == '"1.5"'

    # Typing does not make them stale, nor does it for a program that knows the version only.
    for number, known in enumerate((tag, later, '"1"', '"0.3", "1.3"')):
        task = await ada.change_task(project, task, title=f"T{number}")
        tag = known.replace("1", str(task["version"]))
        await ada.patch(path(project, task), {"title": "Order fuel"}, If_Match=tag)
        task = await shown(ada, project, task)
    version = task["version"]
    for stale in ('"1"', '"1.3"', f'"{version}."', f'"{version}.x"', f'"{version}.3.3"', '"x"'):
        refused = await ada.request("PATCH", path(project, task), json={"title": "x"}, If_Match=stale)
        assert (refused.status_code, refused.json()["details"]) == (412, [task])
        await ada.delete(path(project, task), expect=412, If_Match=stale)

    # An offset at which this description was never told of.
    for offset in (0, 1, 2, 4, 999, 10**17):
        tag = f'"{version}.{offset}"'
        refused = await ada.request("PATCH", path(project, task), json={"description": "x"}, If_Match=tag)
        assert (refused.status_code, refused.json()["details"]) == (412, [task])
        assert refused.headers["ETag"] == f'"{version}.5"'


async def test_a_stale_if_match_changes_neither(ada: Person, project: Project, task: Json, document: Json) -> None:
    now = await ada.change_task(project, task, title="Fuel")
    refused = await ada.request("PATCH", path(project, task), json={"description": "New."}, If_Match='"1"')
    assert (refused.status_code, refused.json()["details"]) == (412, [now])
    assert await text_of(ada, document) == f"{TEXT}\n"


async def test_what_it_replaces_is_a_version(ada: Person, project: Project, task: Json, document: Json) -> None:
    """Also the text that the document was made of."""
    await ada.change_task(project, task, description="New.")
    versions = await ada.get(f"/documents/{document['id']}/versions")
    texts = [
        (await ada.request("GET", f"/documents/{document['id']}/versions/{each['id']}/content?format=markdown")).text
        for each in versions
    ]
    assert f"{TEXT}\n" in texts


async def test_a_text_that_was_read_elsewhere_is_not_doubled(
    ada: Person, project: Project, document: Json, writer: Writer
) -> None:
    """Without a tag the server can't know whether somebody has seen what was typed, but the text says it."""
    task = {"id": document["task_id"]}
    await writer.type(" a", "bob")
    await writer.type(" Not told yet.", "cleo")
    content = (await text_of(ada, document)).strip()
    changed = await ada.change_task(project, task, description=f"{content}\n\nBy rail.")
    assert changed["description"] == f"{content}\n\nBy rail."
    await writer.type(" More.", "bob")
    changed = await ada.change_task(project, task, description=f"{changed['description']}\n\nEnd.")
    assert changed["description"] == content.replace("told yet.", "told yet. More.") + "\n\nBy rail.\n\nEnd."


async def read(person: Person, project: Project, task: Json) -> tuple[str, str]:
    """The description, and the tag that names it."""
    answer = await person.request("GET", path(project, task))
    return answer.json()["description"], answer.headers["ETag"]


async def test_thirty_rounds_lose_nothing_that_is_typed(
    ada: Person, project: Project, task: Json, document: Json, writer: Writer, runtime: Runtime
) -> None:
    """Also where typing is told of between GET and PATCH."""
    for number in range(30):
        description, tag = await read(ada, project, task)
        for letter in "abc":
            await writer.type(letter, "bob")
        if number % 3 == 0:
            await writer.wait(31)
            assert await digest.tell_due(runtime) == 1
        new = description.split("\n\nStatus:")[0] + f"\n\nStatus: round {number}"
        await ada.patch(path(project, task), {"description": new}, If_Match=tag)
    text = await text_of(ada, document, "text")
    assert "Two tanks." + "abc" * 30 in text
    assert text.endswith("Status: round 29")
    assert text.count("Status:") == 1


# What must not stop anybody


async def test_content_that_no_markdown_says_keeps_nobody_from_typing(
    ada: Person, project: Project, task: Json, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> str:
        raise RecursionError

    monkeypatch.setattr(content_event, "description_of", fail)
    await writer.type(" a", "ada")
    [event] = await events(ada, project, after=3)
    assert event["data"]["task"]["description"] == TEXT


async def test_a_nul_does_not_reach_the_database(ada: Person, project: Project, task: Json, writer: Writer) -> None:
    await writer.type("a\x00b", "ada")
    description = (await shown(ada, project, task))["description"]
    assert "tanks" in description
    assert "\x00" not in description


async def test_strange_nodes_and_plain_text(
    ada: Person, project: Project, task: Json, document: Json, runtime: Runtime, writer: Writer
) -> None:
    await writer.change(lambda doc: blocks_in(doc).append(XmlElement("callout", {"tone": "calm"})), "ada")
    assert "```roomful callout" in (await shown(ada, project, task))["description"]
    plain = await ada.create_task(project, "Plain")
    other = await make(ada, project, plain)
    code = Writer(runtime, other["id"])
    await code.change(lambda doc: doc.get(ROOT, type=Text).insert(0, "x = 1"), "ada")
    assert "x = 1" in (await shown(ada, project, plain))["description"]
    await ada.patch(path(project, plain), {"description": "y"}, expect=409)
