"""The search: what is found, when, and by whom."""

import asyncio

import pytest
from sqlalchemy import bindparam, func, select

from roomful.runtime import Runtime
from roomful.search.models import ENTRY
from tests.support.api import Api, Json, Person, Project
from tests.support.search import found, indexed, titles


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada")


@pytest.fixture
async def bob(api: Api) -> Person:
    return await api.register("bob")


@pytest.fixture
async def project(ada: Person) -> Project:
    return await ada.create_project("Apollo")


async def create_document(person: Person, project: Project, title: str, text: str) -> Json:
    document: Json = await person.post(f"{project.path}/documents", {"title": title})
    path = f"/documents/{document['id']}/content?format=text"
    answer = await person.request("PATCH", path, content=text, Content_Type="text/plain")
    assert answer.is_success, answer.text
    return document


async def test_each_kind_is_found(ada: Person, project: Project, runtime: Runtime) -> None:
    task = await ada.create_task(project, "Order fuel", description="From the *depot* in Houston, before Monday.")
    comment = await ada.comment(project, task, f"The depot says no, @[Ada](mention://user/{ada.id}).")
    document = await create_document(ada, project, "Flight plan", "Leave the depot\nat noon.")
    await ada.patch(project.path, {"description": "Everything but the depot"})
    await indexed(runtime)

    hits = {hit["type"]: hit for hit in await found(ada, "depot")}
    same = {"project_id": project.id, "task_id": None}
    assert hits == {
        "task": same
        | {
            "type": "task",
            "id": task["id"],
            "title": "Order fuel",
            "snippet": "From the *depot* in Houston, before Monday.",
        },
        "comment": same
        | {
            "type": "comment",
            "id": comment["id"],
            "task_id": task["id"],
            "title": "Order fuel",
            "snippet": "The depot says no, @Ada.",
        },
        "document": same
        | {
            "type": "document",
            "id": document["id"],
            "title": "Flight plan",
            "snippet": "Leave the depot at noon.",
        },
        "project": same
        | {"type": "project", "id": project.id, "title": "Apollo", "snippet": "Everything but the depot"},
    }
    for kind, hit in hits.items():
        assert await found(ada, "depot", type=kind) == [hit]
        assert await found(ada, "depot", within=project, type=kind) == [hit]


async def test_a_change_is_found_within_seconds(ada: Person, project: Project) -> None:
    """By the cursor that runs beside, without help."""
    task = await ada.create_task(project, "Order fuel")
    await until(ada, "fuel", ["Order fuel"])
    await ada.change_task(project, task, title="Order oxygen")
    await until(ada, "oxygen", ["Order oxygen"])
    assert await found(ada, "fuel") == []


async def until(person: Person, query: str, expected: list[str]) -> None:
    async with asyncio.timeout(20):
        while True:
            if await titles(person, query) == expected:
                return
            await asyncio.sleep(0.05)


async def test_all_words_in_any_order_and_the_last_unfinished(ada: Person, project: Project, runtime: Runtime) -> None:
    await ada.create_task(project, "Order the fuel", description="Cheaply, from Houston")
    await ada.create_task(project, "Order the food")
    await indexed(runtime)
    for query in (
        "fuel order",
        "ORDER  fu",
        "order fuel houst",
        "order h",
        "fuel, cheaply!",
        "fuel order cheaply from",
    ):
        assert await titles(ada, query) == ["Order the fuel"], query
    for query in ("ord fuel", "fuel rocket", "uel", "fuel order x"):
        assert await titles(ada, query) == [], query
    for query in ("o", "or", "ord", "orde", "order"):
        assert sorted(await titles(ada, query)) == ["Order the food", "Order the fuel"], query


async def test_titles_come_before_texts_and_the_newest_first(ada: Person, project: Project, runtime: Runtime) -> None:
    for title, description in (("A moon", None), ("Land", "on the moon"), ("B moon", None), ("Rest", "moon")):
        await ada.create_task(project, title, description=description)
        await indexed(runtime)
    assert await titles(ada, "moon") == ["B moon", "A moon", "Rest", "Land"]
    assert await titles(ada, "moon", limit=3) == ["B moon", "A moon", "Rest"]
    await ada.create_task(project, "A moonlit night")
    await indexed(runtime)
    assert await titles(ada, "moon") == ["B moon", "A moon", "A moonlit night", "Rest", "Land"]
    assert await titles(ada, "moonl") == ["A moonlit night"]


async def test_a_task_is_found_by_its_key(ada: Person, bob: Person, project: Project, runtime: Runtime) -> None:
    await ada.create_task(project, "First")
    await ada.create_task(project, "Second", description="After APOLLO-1")
    await indexed(runtime)
    assert await titles(ada, "apollo-1") == ["First", "Second"]
    assert await titles(ada, "APOLLO-2", within=project) == ["Second"]
    assert await titles(ada, "APOLLO-1", type="document") == []
    assert await titles(bob, "APOLLO-1") == []


LANGUAGES = {
    "Café Škoda naïve": ("cafe", "CAFÉ", "skoda", "Cafe\u0301", "naive s"),
    "Straße Łódź smørrebrød": ("strasse", "STRASSE", "lodz", "smorrebrod"),
    "会議の議事録を書く": ("議事録", "議", "会議", "書く", "議事録 会議"),
    "カフェとラーメン": ("ラーメン", "ｶﾌｪ", "カ"),
    "ประชุมทีมวันจันทร์": ("ประชุม", "วันจันทร์", "ทีม"),
    "한국어 문서를 검색": ("한국어", "문서", "검"),
    "Привет, Ёлка": ("привет", "елка", "ЁЛ"),
    "हिन्दी में लिखें": ("हिन्दी", "लिखें", "लि"),
    "שָׁלוֹם עולם": ("שלום", "עול"),
}


async def test_languages(ada: Person, project: Project, runtime: Runtime) -> None:
    """Accents make no difference, and words need no spaces between them."""
    for text in LANGUAGES:
        await ada.create_task(project, f"In {text}")
        await ada.create_task(project, "Other", description=f"{text}.")
    await indexed(runtime)
    for text, queries in LANGUAGES.items():
        for query in queries:
            assert await titles(ada, query) == [f"In {text}", "Other"], query


FOUND = (
    '"fuel',
    "fuel*",
    "^fuel",
    "-fuel",
    "fuel:*",
    "(fuel",
    "fuel)",
    "'fuel'",
    "\\fuel",
    "fuel:",
    "fuel & !",
    "<fuel>",
)
NOT_FOUND = (
    '"', '""', "*", "fuel AND", "NOT fuel", "fuel OR oxygen", "NEAR(fuel order)", "words:fuel", "{words}:fuel", "%",
    "_", "fuel & !x", "fuel; DROP TABLE search_entry", "search_words", "q" * 200, "z " * 100, "\u200b", "\ud7ff", "🚀",
    "\\", "ktask", "torder", "vor",
)  # fmt: skip


async def test_nothing_in_a_query_is_syntax(ada: Person, project: Project, runtime: Runtime) -> None:
    await ada.create_task(project, "Order fuel")
    await indexed(runtime)
    for query in FOUND:
        assert await titles(ada, query) == ["Order fuel"], query
    for query in NOT_FOUND:
        assert await titles(ada, query) == [], query
    refused = await ada.request("GET", "/search?q=fuel%00")
    assert (refused.status_code, refused.json()["code"]) == (400, "BAD_REQUEST")


BAD = ("", "?q=", f"?q={'x' * 201}", "?q=x&limit=0", "?q=x&limit=51", "?q=x&limit=y", "?q=x&type=user")


async def test_bad_questions(ada: Person, project: Project) -> None:
    for asked in BAD:
        for path in ("", project.path):
            answer = await ada.request("GET", f"{path}/search{asked}")
            assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION"), asked


async def test_members_alone_find_it(api: Api, ada: Person, bob: Person, project: Project, runtime: Runtime) -> None:
    task = await ada.create_task(project, "Secret fuel")
    await ada.comment(project, task, "Secret comment")
    await create_document(ada, project, "Secret paper", "Hush")
    viewer = await api.register("vic")
    await ada.add_member(project, viewer, "viewer")
    await ada.add_member(project, bob)
    own = await bob.create_project("Gemini")
    await bob.create_task(own, "Secret of Bob")
    await indexed(runtime)
    of_ada = await titles(ada, "secret")
    assert len(of_ada) == 3
    assert await titles(viewer, "secret") == of_ada
    assert sorted(await titles(bob, "secret")) == sorted([*of_ada, "Secret of Bob"])
    assert await titles(bob, "secret", within=own) == ["Secret of Bob"]
    stranger = await api.register("eve")
    assert await titles(stranger, "secret") == []
    assert (await stranger.get(f"{project.path}/search?q=secret", expect=404))["code"] == "NOT_FOUND"
    anonymous = await api.http.get("/api/v1/search?q=secret")
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "UNAUTHENTICATED")

    await ada.remove_member(project, bob)  # counts at once
    assert await titles(bob, "secret") == ["Secret of Bob"]
    await bob.get(f"{project.path}/search?q=secret", expect=404)


async def test_what_goes_is_not_found_at_once_and_comes_back(ada: Person, project: Project, runtime: Runtime) -> None:
    """Rights and trash are asked of the rows: the index need not have followed."""
    task = await ada.create_task(project, "Fuel")
    kept, gone = await ada.comment(project, task, "Fuel, yes"), await ada.comment(project, task, "Fuel, no")
    document = await create_document(ada, project, "Fuel paper", "")
    await indexed(runtime)
    assert len(await found(ada, "fuel")) == 4

    await ada.delete(f"{project.path}/tasks/{task['id']}/comments/{gone['id']}")
    await ada.delete(f"/documents/{document['id']}")
    assert {hit["id"] for hit in await found(ada, "fuel")} == {task["id"], kept["id"]}
    await ada.delete(f"{project.path}/tasks/{task['id']}")
    assert await found(ada, "fuel") == []
    await indexed(runtime)
    assert await found(ada, "fuel") == []

    await ada.post(f"{project.path}/tasks/{task['id']}/restore", expect=200)
    await ada.post(f"/documents/{document['id']}/restore", expect=200)
    await indexed(runtime)
    assert {hit["id"] for hit in await found(ada, "fuel")} == {task["id"], kept["id"], document["id"]}

    await ada.patch(project.path, {"status": "archived"})  # still read, as by every other read
    await indexed(runtime)
    assert len(await found(ada, "fuel")) == 3
    await ada.delete(project.path)
    assert await found(ada, "fuel") == []
    await indexed(runtime)
    async with runtime.database.read() as session:
        assert (await session.execute(COUNT, {"project": project.id})).scalar_one() == 0


async def test_a_renamed_task_renames_its_comments(ada: Person, project: Project, runtime: Runtime) -> None:
    task = await ada.create_task(project, "Fuel")
    await ada.comment(project, task, "Well?")
    await indexed(runtime)
    await ada.change_task(project, task, title="Oxygen")
    assert await titles(ada, "well") == ["Oxygen"]


async def test_long_texts_have_short_snippets(ada: Person, project: Project, runtime: Runtime) -> None:
    filler = "lorem ipsum " * 800
    await ada.create_task(project, "Long", description=f"{filler} needle {filler[:200]}")
    await create_document(ada, project, "Longer", f"{filler * 9}\nneedle\n{filler}")
    await indexed(runtime)
    for hit in await found(ada, "needle"):
        assert "needle" in hit["snippet"]
        assert len(hit["snippet"]) <= 162
        assert hit["snippet"][0] == hit["snippet"][-1] == "…"


async def test_the_description_that_people_type_is_found(ada: Person, project: Project, runtime: Runtime) -> None:
    task = await ada.create_task(project, "Plan", description="before")
    document = await ada.post(f"{project.path}/tasks/{task['id']}/document")
    path = f"/documents/{document['id']}/content?format=text&mode=append"
    answer = await ada.request("PATCH", path, content="afterwards", Content_Type="text/plain")
    assert answer.is_success, answer.text
    await indexed(runtime)
    (hit,) = await found(ada, "before afterwards")
    assert (hit["type"], hit["id"]) == ("task", task["id"])


COUNT = select(func.count()).select_from(ENTRY).where(ENTRY.c.project_id == bindparam("project"))
