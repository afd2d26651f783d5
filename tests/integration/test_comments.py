"""Comments on tasks: their routes, rights and events, threads, mentions and reactions."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from roomful.db.base import now
from roomful.eventlog import retention
from roomful.ids import new_id
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.conftest import settings_for
from tests.support.api import Api, Json, Person, Project, next_page

MOST_COMMENTS, MOST_REACTIONS = 12, 3


@pytest.fixture
def settings(database_url: str) -> Settings:
    quotas = {"max_comments_per_task": MOST_COMMENTS, "max_reactions_per_comment": MOST_REACTIONS}
    return settings_for(database_url).model_copy(update=quotas)


@pytest.fixture
async def project(ada: Person, bob: Person) -> Project:
    """Ada owns it, Bob edits."""
    project = await ada.create_project()
    await ada.add_member(project, bob)
    return project


@pytest.fixture
async def task(ada: Person, project: Project) -> Json:
    return await ada.create_task(project)


def path(project: Project, task: Json, comment: Json | None = None) -> str:
    comments = f"{project.path}/tasks/{task['id']}/comments"
    return comments if comment is None else f"{comments}/{comment['id']}"


async def count(person: Person, project: Project, task: Json) -> int:
    """The task's comments, as it says itself, as the snapshot says, and as they are listed, without tombstones."""
    shown: int = (await person.get(f"{project.path}/tasks/{task['id']}"))["comment_count"]
    (in_snapshot,) = (each for each in (await person.snapshot(project))["tasks"] if each["id"] == task["id"])
    listed = await person.get(f"{path(project, task)}?limit=200")
    assert shown == in_snapshot["comment_count"] == sum(each["deleted_at"] is None for each in listed)
    return shown


async def events_of(person: Person, project: Project) -> list[Json]:
    return [event for event in await person.all_events(project) if event["type"].startswith("comment.")]


async def at_once(asked: list[Any]) -> list[httpx.Response]:
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(each) for each in asked]
    return [each.result() for each in running]


def mention(person: Person, name: str = "") -> str:
    return f"@[{name or person.name}](mention://user/{person.id})"


async def test_a_new_comment(ada: Person, bob: Person, project: Project, task: Json) -> None:
    body = {"body": f"Is the *fuel* here, {mention(ada)}?\n\n- all of it"}
    answer = await bob.request("POST", path(project, task), json=body, X_Client_Mutation_ID="m 1")
    comment = answer.json()
    assert answer.status_code == 201
    assert answer.url.join(answer.headers["Location"]).path == f"/api/v1{path(project, task, comment)}"
    assert answer.headers["ETag"] == '"1"'
    assert comment == body | {
        "id": comment["id"],
        "task_id": task["id"],
        "parent_id": None,
        "author_id": bob.id,
        "mentions": [{"id": ada.id, "name": "Ada"}],
        "reactions": [],
        "resolved_at": None,
        "edited_at": None,
        "deleted_at": None,
        "version": 1,
        "created_at": comment["created_at"],
    }
    assert (await ada.request("GET", path(project, task, comment))).content == answer.content
    assert await ada.get(path(project, task)) == [comment]
    (event,) = await events_of(ada, project)
    assert (event["type"], event["actor_id"], event["mutation_id"]) == ("comment.created", bob.id, "m 1")
    assert event["data"] == {"comment": comment}
    assert (await ada.get(f"{project.path}/tasks/{task['id']}/events"))[-1] == event
    assert await count(ada, project, task) == 1
    # The task has no new version: an If-Match does not fail because somebody said something.
    assert (await ada.get(f"{project.path}/tasks/{task['id']}")) == task | {"comment_count": 1}
    await ada.patch(f"{project.path}/tasks/{task['id']}", {"title": "Land"}, If_Match='"1"')


async def test_replies_make_a_thread_of_one_level(ada: Person, bob: Person, project: Project, task: Json) -> None:
    first, second = await bob.comment(project, task, "One?"), await bob.comment(project, task, "Two?")
    reply = await ada.comment(project, task, "Yes.", parent_id=first["id"])
    assert reply["parent_id"] == first["id"]
    event = (await events_of(ada, project))[-1]
    assert event["data"] == {"comment": reply, "parent_author_id": bob.id}
    last = await bob.comment(project, task, "Good.", parent_id=first["id"])
    threads = [first, reply, last, second]
    assert await ada.get(path(project, task)) == threads
    assert await ada.get(f"{path(project, task)}?newest_first=true") == threads[::-1]

    other = await ada.comment(project, await ada.create_task(project), "Elsewhere")
    foreign_project = await ada.create_project()
    foreign = await ada.comment(foreign_project, await ada.create_task(foreign_project), "Far away")
    for parent in (reply["id"], other["id"], foreign["id"], new_id(), "x", "", 1):
        refused = await ada.request("POST", path(project, task), json={"body": "No", "parent_id": parent})
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), parent
        assert refused.json()["details"][0]["field"] == "parent_id"
    assert await count(ada, project, task) == 4


async def test_every_page_has_its_comments_once(ada: Person, project: Project, task: Json) -> None:
    threads = [await ada.comment(project, task, str(number)) for number in range(3)]
    for thread in threads:
        for number in range(3):
            await ada.comment(project, task, f"{thread['body']}.{number}", parent_id=thread["id"])
    for query, expected in (("", False), ("&newest_first=true", True)):
        seen: list[str] = []
        page: str | None = f"{path(project, task)}?limit=5{query}"
        while page is not None:
            answer = await ada.request("GET", page)
            seen += [comment["body"] for comment in answer.json()]
            page = next_page(answer)
        assert seen == sorted(seen, reverse=expected)
        assert len(seen) == MOST_COMMENTS


BAD_FIELDS: list[Json] = [
    {"body": ""},
    {"body": " \n\t"},
    {"body": "\u200b\u202e"},
    {"body": "x" * 10_001},
    {"body": 1},
    {"body": None},
    {"body": ["x"]},
    {"body": "a\x00b"},
    {"body": "x", "id": "y"},
    {"body": "x", "author_id": "y"},
    {"body": "x", "reactions": []},
    {"body": "x", "mentions": []},
]


async def test_a_bad_field_is_refused_and_leaves_no_trace(ada: Person, project: Project, task: Json) -> None:
    comment = await ada.comment(project, task)
    before = await ada.snapshot(project)
    for fields in BAD_FIELDS:
        for method, where in (("POST", path(project, task)), ("PATCH", path(project, task, comment))):
            refused = await ada.request(method, where, json=fields)
            assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION"), fields
    for changes in ({"resolved": "yes"}, {"resolved": None}, {"parent_id": None}, {"resolved_at": None}):
        await ada.patch(path(project, task, comment), changes, expect=422)
    assert await ada.snapshot(project) == before
    assert await ada.get(path(project, task, comment)) == comment


@pytest.mark.parametrize(
    "body", ["x" * 10_000, "🚀" * 10_000, "<img src=x onerror=alert(1)>", "a\u202eb \u2028 \\ \" ' {}"], ids=range(4)
)
async def test_a_text_is_kept_to_the_character(ada: Person, project: Project, task: Json, body: str) -> None:
    comment = await ada.comment(project, task, body)
    assert comment["body"] == body
    assert await ada.get(path(project, task)) == [comment]
    assert (await events_of(ada, project))[-1]["data"]["comment"] == comment


async def test_only_its_author_changes_a_text(ada: Person, bob: Person, project: Project, task: Json) -> None:
    comment = await bob.comment(project, task, f"Well, {mention(ada)}?")
    refused = await ada.patch(path(project, task, comment), {"body": "Ill", "resolved": True}, expect=403)
    assert refused["code"] == "FORBIDDEN"
    await ada.patch(path(project, task, comment), {"body": comment["body"]}, expect=403)
    changed = await bob.patch(path(project, task, comment), {"body": f"Well, {mention(bob)}?"})
    assert changed == comment | {
        "body": f"Well, {mention(bob)}?",
        "mentions": [{"id": bob.id, "name": "Bob"}],
        "edited_at": changed["edited_at"],
        "version": 2,
    }
    assert changed["edited_at"] > comment["created_at"]
    assert await bob.patch(path(project, task, comment), {"body": changed["body"]}) == changed
    assert await bob.patch(path(project, task, comment), {}) == changed
    again = await bob.patch(path(project, task, comment), {"body": f"Well, {mention(bob)}!"})
    first, second = (await events_of(ada, project))[1:]
    assert (first["type"], first["data"]) == (
        "comment.updated",
        {
            "comment": changed,
            "changed": ["body", "mentions"],
            "previous": {"body": comment["body"], "mentions": comment["mentions"]},
        },
    )
    assert second["data"] == {"comment": again, "changed": ["body"], "previous": {"body": changed["body"]}}


async def test_any_editor_resolves_a_thread(ada: Person, bob: Person, project: Project, task: Json) -> None:
    comment = await bob.comment(project, task)
    reply = await bob.comment(project, task, "Hm.", parent_id=comment["id"])
    resolved = await ada.patch(path(project, task, comment), {"resolved": True})
    assert resolved == comment | {"resolved_at": resolved["resolved_at"], "version": 2}
    assert await ada.patch(path(project, task, comment), {"resolved": True}) == resolved
    assert await ada.patch(path(project, task, comment), {"resolved": False}) == comment | {"version": 3}
    closing, opening = (await events_of(ada, project))[2:]
    assert closing["data"] == {"comment": resolved, "changed": ["resolved_at"], "previous": {"resolved_at": None}}
    assert opening["data"]["previous"] == {"resolved_at": resolved["resolved_at"]}
    refused = await ada.patch(path(project, task, reply), {"resolved": True}, expect=409)
    assert refused["code"] == "CONFLICT"
    both = await bob.patch(path(project, task, comment), {"body": "Done.", "resolved": True})
    assert (await events_of(ada, project))[-1]["data"]["changed"] == ["body", "resolved_at"]
    assert (both["body"], both["resolved_at"] is None, both["version"]) == ("Done.", False, 4)


async def test_the_author_and_the_owner_delete(
    api: Api, ada: Person, bob: Person, project: Project, task: Json
) -> None:
    cleo = await api.register("cleo")
    await ada.add_member(project, cleo)
    his, hers = await bob.comment(project, task), await ada.comment(project, task)
    await cleo.delete(path(project, task, his), expect=403)
    await bob.delete(path(project, task, hers), expect=403)
    assert await count(ada, project, task) == 2
    await ada.delete(path(project, task, his))
    event = (await events_of(ada, project))[-1]
    assert (event["type"], event["data"]) == (
        "comment.deleted",
        {"comment": {"id": his["id"], "task_id": task["id"]}},
    )
    for method, body in (("GET", None), ("PATCH", {"body": "x"}), ("DELETE", None)):
        assert (await bob.request(method, path(project, task, his), json=body)).status_code == 404
    assert await ada.get(path(project, task)) == [hers]
    assert await count(ada, project, task) == 1
    # An author who only reads by now may still take their words back, and nothing else.
    last = await bob.comment(project, task)
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
    await bob.patch(path(project, task, last), {"body": "x"}, expect=403)
    await bob.delete(path(project, task, last))
    assert await count(ada, project, task) == 1


async def test_a_deleted_comment_with_replies_leaves_a_tombstone(
    ada: Person, bob: Person, project: Project, task: Json
) -> None:
    first = await bob.comment(project, task, f"Secret, {mention(ada)}")
    replies = [await ada.comment(project, task, str(number), parent_id=first["id"]) for number in range(2)]
    await ada.put(f"{path(project, task, first)}/reactions/👍")
    await bob.delete(path(project, task, first))
    tombstone, *others = await ada.get(path(project, task))
    assert others == replies
    assert tombstone == first | {
        "body": "",
        "mentions": [],
        "reactions": [],
        "deleted_at": tombstone["deleted_at"],
        "version": 2,
    }
    assert tombstone["deleted_at"] is not None
    assert await count(ada, project, task) == 2
    for method, where, body in (
        ("GET", "", None),
        ("PATCH", "", {"body": "x"}),
        ("PATCH", "", {"resolved": True}),
        ("DELETE", "", None),
        ("PUT", "/reactions/👍", None),
        ("DELETE", "/reactions/👍", None),
    ):
        assert (await bob.request(method, path(project, task, first) + where, json=body)).status_code == 404, method
    # The thread goes on below it, and the tombstone goes with its last reply.
    replies.append(await bob.comment(project, task, "2", parent_id=first["id"]))
    for number, (author, reply) in enumerate(zip((ada, ada, bob), replies, strict=True)):
        assert len(await ada.get(path(project, task))) == 4 - number
        await author.delete(path(project, task, reply))
    assert await ada.get(path(project, task)) == []
    assert await count(ada, project, task) == 0
    await ada.post(path(project, task), {"body": "Late", "parent_id": first["id"]}, expect=422)


async def test_a_deleted_comment_is_restored_as_it_was(ada: Person, bob: Person, project: Project, task: Json) -> None:
    await bob.comment(project, task, "Before")
    comment = await bob.comment(project, task, "First words")
    await bob.comment(project, task, "After")
    await ada.put(f"{path(project, task, comment)}/reactions/👍")
    await ada.patch(path(project, task, comment), {"resolved": True})
    text = f'Ask {mention(ada)}: "comment":{{"id":"{comment["id"]}"'
    last = await bob.patch(path(project, task, comment), {"body": text})
    await bob.delete(path(project, task, comment))
    unread = await ada.get("/notifications")

    restored = await bob.post(f"{path(project, task, comment)}/restore", expect=200)
    assert restored == last | {"version": last["version"] + 2}
    assert [each["id"] for each in await ada.get(path(project, task))][1] == comment["id"]
    assert (await ada.get(path(project, task)))[1] == restored
    assert await count(ada, project, task) == 3
    event = (await events_of(ada, project))[-1]
    assert (event["type"], event["data"]) == ("comment.created", {"comment": restored, "restored": True})
    assert await ada.get("/notifications") == unread
    refused = await bob.post(f"{path(project, task, comment)}/restore", expect=409)
    assert refused["code"] == "CONFLICT"
    await bob.patch(path(project, task, comment), {"body": "And again"})
    await bob.delete(path(project, task, comment))
    assert (await bob.post(f"{path(project, task, comment)}/restore", expect=200))["body"] == "And again"


async def test_a_restored_comment_takes_its_tombstones_place(
    ada: Person, bob: Person, project: Project, task: Json
) -> None:
    first = await bob.comment(project, task, "Is it full?")
    reply = await ada.comment(project, task, "Half.", parent_id=first["id"])
    await bob.delete(path(project, task, first))
    restored = await bob.post(f"{path(project, task, first)}/restore", expect=200)
    assert restored == first | {"version": 3}
    assert await ada.get(path(project, task)) == [restored, reply]

    # A reply brings the tombstone above it back, which went with it.
    await bob.delete(path(project, task, first))
    (tombstone, _) = await ada.get(path(project, task))
    await ada.delete(path(project, task, reply))
    assert await ada.get(path(project, task)) == []
    back = await ada.post(f"{path(project, task, reply)}/restore", expect=200)
    again, listed = await ada.get(path(project, task))
    assert (again | {"deleted_at": None}, listed) == (tombstone | {"deleted_at": None}, back)
    assert again["deleted_at"] is not None
    assert await count(ada, project, task) == 1
    assert (await events_of(ada, project))[-1]["data"]["parent_author_id"] == bob.id
    await bob.post(f"{path(project, task, first)}/restore", expect=200)
    assert [each["body"] for each in await ada.get(path(project, task))] == ["Is it full?", "Half."]


async def test_whoever_deleted_a_comment_restores_it_and_the_owner(
    api: Api, ada: Person, bob: Person, project: Project, task: Json
) -> None:
    cleo = await api.register("cleo")
    await ada.add_member(project, cleo)
    comment = await bob.comment(project, task, "Nonsense")
    where = f"{path(project, task, comment)}/restore"
    await ada.delete(path(project, task, comment))
    for person in (bob, cleo):
        refused = await person.post(where, expect=403)
        assert refused["code"] == "FORBIDDEN"
    assert await count(ada, project, task) == 0
    await ada.post(where, expect=200)
    # An author who only reads by now may take back that they took it back.
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
    await bob.delete(path(project, task, comment))
    answers = await at_once([bob.request("POST", where, Idempotency_Key="k") for _ in range(4)])
    assert {answer.status_code for answer in answers} == {200}
    assert await count(ada, project, task) == 1
    assert len(await events_of(ada, project)) == 5


async def test_restoring_needs_room_and_the_log(runtime: Runtime, ada: Person, project: Project, task: Json) -> None:
    comment = await ada.comment(project, task, "Old")
    where = f"{path(project, task, comment)}/restore"
    await ada.delete(path(project, task, comment))
    for number in range(MOST_COMMENTS):
        await ada.comment(project, task, str(number))
    assert (await ada.post(where, expect=409))["code"] == "LIMIT_REACHED"
    await ada.delete(path(project, task, (await ada.get(path(project, task)))[0]))
    async with runtime.transaction() as session:
        assert await retention.delete_expired(session, project.channel, now() + timedelta(days=1)) > 0
    await ada.post(where, expect=404)
    assert await count(ada, project, task) == MOST_COMMENTS - 1


async def test_viewers_read_and_react(api: Api, ada: Person, project: Project, task: Json) -> None:
    vic = await api.register("vic")
    await ada.add_member(project, vic, "viewer")
    comment = await ada.comment(project, task)
    assert await vic.get(path(project, task)) == [comment]
    await vic.post(path(project, task), {"body": "x"}, expect=403)
    await vic.patch(path(project, task, comment), {"resolved": True}, expect=403)
    await vic.delete(path(project, task, comment), expect=403)
    assert (await vic.put(f"{path(project, task, comment)}/reactions/👍"))["reactions"] == [
        {"emoji": "👍", "user_ids": [vic.id]}
    ]
    await vic.delete(f"{path(project, task, comment)}/reactions/👍")
    assert await ada.get(path(project, task)) == [comment]


async def test_reactions(ada: Person, bob: Person, project: Project, task: Json) -> None:
    comment = await ada.comment(project, task)
    where = f"{path(project, task, comment)}/reactions"
    for person, emoji in ((bob, "👍"), (ada, "❤️"), (ada, "👍"), (bob, "❤"), (bob, "👍")):
        answer = await person.request("PUT", f"{where}/{emoji}")
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    thumbs, hearts = {"emoji": "👍", "user_ids": [bob.id, ada.id]}, {"emoji": "❤️", "user_ids": [ada.id, bob.id]}
    reacted = comment | {"reactions": [thumbs, hearts]}
    assert answer.json() == await ada.get(path(project, task, comment)) == reacted
    # A reaction makes no new version: the author's If-Match holds.
    await bob.delete(f"{where}/👍")
    await bob.delete(f"{where}/👍")
    await bob.delete(f"{where}/🚀")
    await ada.delete(f"{where}/👍")
    assert (await ada.get(path(project, task, comment)))["reactions"] == reacted["reactions"][1:]
    events = await events_of(ada, project)
    assert [event["data"]["changed"] for event in events[1:]] == [["reactions"]] * 6
    before_last = [{"emoji": "👍", "user_ids": [ada.id]}, reacted["reactions"][1]]
    assert events[-1]["data"]["previous"] == {"reactions": before_last}
    for bad in ("a", "👍👍", "%20", "%00", "%3Cb%3E", "👍%E2%80%AE", "%F0%9F", "x" * 2_000):
        for method in ("PUT", "DELETE"):
            refused = await ada.request(method, f"{where}/{bad}")
            assert refused.status_code in (400, 422), bad
    await ada.patch(path(project, task, comment), {"body": "Changed"}, If_Match='"1"')


async def test_reactions_at_once_are_all_there(api: Api, ada: Person, project: Project, task: Json) -> None:
    comment = await ada.comment(project, task)
    people = [ada] + [await api.register(f"p{number}") for number in range(7)]
    for person in people[1:]:
        await ada.add_member(project, person, "viewer")
    where = f"{path(project, task, comment)}/reactions"
    answers = await at_once(
        [person.request("PUT", f"{where}/{emoji}") for person in people for emoji in ("👍", "🚀") for _ in range(2)]
    )
    assert {answer.status_code for answer in answers} == {200}
    reactions = (await ada.get(path(project, task, comment)))["reactions"]
    assert {each["emoji"] for each in reactions} == {"👍", "🚀"}
    for each in reactions:
        assert sorted(each["user_ids"]) == sorted(person.id for person in people)
    assert len(await events_of(ada, project)) == 1 + 16


async def test_quotas(ada: Person, bob: Person, project: Project, task: Json) -> None:
    answers = await at_once(
        [bob.request("POST", path(project, task), json={"body": str(n)}) for n in range(MOST_COMMENTS + 4)]
    )
    assert sorted(answer.status_code for answer in answers) == [201] * MOST_COMMENTS + [409] * 4
    refused = await bob.post(path(project, task), {"body": "x"}, expect=409)
    assert refused["code"] == "LIMIT_REACHED"
    assert await count(ada, project, task) == MOST_COMMENTS
    (first, *_) = await ada.get(path(project, task))
    for emoji in ("👍", "🚀", "🎉"):
        await ada.put(f"{path(project, task, first)}/reactions/{emoji}")
    refused = await ada.put(f"{path(project, task, first)}/reactions/👀", expect=409)
    assert refused["code"] == "LIMIT_REACHED"
    await bob.put(f"{path(project, task, first)}/reactions/👍")
    await ada.delete(f"{path(project, task, first)}/reactions/🎉")
    await ada.put(f"{path(project, task, first)}/reactions/👀")
    await bob.delete(path(project, task, first))
    await bob.comment(project, task)


async def test_mentions_are_members_by_their_present_names(
    api: Api, ada: Person, bob: Person, project: Project, task: Json
) -> None:
    cleo = await api.register("cleo")
    comment = await ada.comment(
        project,
        task,
        f"{mention(bob)}, {mention(cleo)}, {mention(ada, 'me')}, {mention(bob, 'again')}, "
        f"@[x](mention://user/{new_id()}), @Bob, @[Bob](mention://group/{bob.id}), "
        f"[Bob](mention://user/{bob.id}), @[Bob](https://user/{bob.id})",
    )
    assert comment["mentions"] == [{"id": bob.id, "name": "Bob"}, {"id": ada.id, "name": "Ada"}]
    await bob.patch("/auth/me", {"name": "Robert"})
    shown = await ada.get(path(project, task, comment))
    assert shown["mentions"] == [{"id": bob.id, "name": "Robert"}, {"id": ada.id, "name": "Ada"}]
    assert shown["body"] == comment["body"]
    # Somebody who joins later was not mentioned; somebody who leaves is no longer shown.
    await ada.add_member(project, cleo)
    await ada.remove_member(project, bob)
    await ada.put(f"{path(project, task, comment)}/reactions/👍")
    assert (await ada.get(path(project, task)))[0]["mentions"] == [{"id": ada.id, "name": "Ada"}]
    await ada.add_member(project, bob)
    assert (await ada.get(path(project, task)))[0]["mentions"] == shown["mentions"]


async def test_those_who_left_stay_the_authors(ada: Person, bob: Person, project: Project, task: Json) -> None:
    comment = await bob.comment(project, task)
    await bob.put(f"{path(project, task, comment)}/reactions/👍")
    await ada.remove_member(project, bob)
    for method, where, body in (
        ("GET", "", None),
        ("PATCH", "", {"body": "x"}),
        ("DELETE", "", None),
        ("PUT", "/reactions/👍", None),
    ):
        assert (await bob.request(method, path(project, task, comment) + where, json=body)).status_code == 404
    (shown,) = await ada.get(path(project, task))
    assert (shown["author_id"], shown["reactions"]) == (bob.id, [{"emoji": "👍", "user_ids": [bob.id]}])
    await ada.patch(path(project, task, comment), {"resolved": True})
    await ada.comment(project, task, "Thanks.", parent_id=comment["id"])
    await ada.delete(path(project, task, comment))


async def test_an_archived_project_takes_no_comment(ada: Person, bob: Person, project: Project, task: Json) -> None:
    comment = await bob.comment(project, task)
    await bob.put(f"{path(project, task, comment)}/reactions/👍")
    deleted = await bob.comment(project, task)
    await bob.delete(path(project, task, deleted))
    await ada.patch(project.path, {"status": "archived"})
    for method, where, body in (
        ("POST", path(project, task), {"body": "x"}),
        ("PATCH", path(project, task, comment), {"body": "x"}),
        ("PATCH", path(project, task, comment), {"resolved": True}),
        ("DELETE", path(project, task, comment), None),
        ("POST", f"{path(project, task, deleted)}/restore", None),
        ("PUT", f"{path(project, task, comment)}/reactions/🚀", None),
        ("DELETE", f"{path(project, task, comment)}/reactions/👍", None),
    ):
        refused = await bob.request(method, where, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT"), method
    assert len(await ada.get(path(project, task))) == 1


async def test_a_tasks_comments_go_with_it(ada: Person, project: Project, task: Json) -> None:
    comment = await ada.comment(project, task)
    await ada.comment(project, task, parent_id=comment["id"])
    await ada.delete(f"{project.path}/tasks/{task['id']}")
    await ada.get(path(project, task), expect=404)
    await ada.get(path(project, task, comment), expect=404)
    await ada.post(path(project, task), {"body": "x"}, expect=404)
    await ada.put(f"{path(project, task, comment)}/reactions/👍", expect=404)
    # Out of the trash it comes back with them.
    await ada.post(f"{project.path}/tasks/{task['id']}/restore", expect=200)
    assert await count(ada, project, task) == 2
    assert (await ada.get(path(project, task)))[0] == comment
    await ada.delete(f"{project.path}/tasks/{task['id']}?purge=true")
    await ada.get(path(project, task), expect=404)


async def test_comments_of_others_look_like_missing_ones(api: Api, ada: Person, project: Project, task: Json) -> None:
    cleo = await api.register("cleo")
    own = await cleo.create_project()
    own_task = await cleo.create_task(own)
    comment = await ada.comment(project, task)
    other_task = await ada.create_task(project)
    before = await ada.snapshot(project)
    asked: list[tuple[str, str, Json | None]] = [
        ("GET", "", None),
        ("PATCH", "", {"resolved": True}),
        ("DELETE", "", None),
        ("POST", "/restore", None),
        ("PUT", "/reactions/👍", None),
        ("DELETE", "/reactions/👍", None),
    ]
    for method, tail, body in asked:
        for person, where in (
            (cleo, path(project, task, comment)),  # another project
            (cleo, path(own, own_task, comment)),  # by way of one's own task
            (cleo, path(own, task, comment)),  # by way of one's own project
            (ada, path(project, other_task, comment)),  # another task
            (ada, path(project, task, {"id": new_id()})),
            (ada, path(project, {"id": new_id()}, comment)),
        ):
            refused = await person.request(method, where + tail, json=body)
            assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND"), (method, where)
    for where in (path(project, task), path(own, task)):
        await cleo.get(where, expect=404)
        await cleo.post(where, {"body": "x"}, expect=404)
    assert await ada.snapshot(project) == before
    assert await ada.get(path(project, task)) == [comment]


async def test_if_match_guards_comments(ada: Person, bob: Person, project: Project, task: Json) -> None:
    comment = await ada.comment(project, task)
    await bob.patch(path(project, task, comment), {"resolved": True}, If_Match='"1"')
    for method, tail, body in (
        ("PATCH", "", {"body": "x"}),
        ("PATCH", "", {"body": comment["body"]}),
        ("DELETE", "", None),
        ("PUT", "/reactions/👍", None),
        ("DELETE", "/reactions/👍", None),
    ):
        stale = await ada.request(method, path(project, task, comment) + tail, json=body, If_Match='"1"')
        assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
        assert stale.json()["details"] == [await ada.get(path(project, task, comment))]
        assert stale.headers["ETag"] == '"2"'
    await ada.delete(path(project, task, comment), If_Match='"2"')


async def test_a_repeated_post_makes_one_comment(ada: Person, bob: Person, project: Project, task: Json) -> None:
    answers = await at_once(
        [bob.request("POST", path(project, task), json={"body": "Once"}, Idempotency_Key="k") for _ in range(6)]
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await count(ada, project, task) == 1
    assert len(await events_of(ada, project)) == 1
    await ada.remove_member(project, bob)
    await bob.post(path(project, task), {"body": "Once"}, Idempotency_Key="k", expect=404)


async def test_commenting_and_deleting_at_once_keep_the_count(
    ada: Person, bob: Person, project: Project, task: Json
) -> None:
    """A reply may come before or after the deletion of the comment that it answers."""
    threads = [await bob.comment(project, task, str(number)) for number in range(4)]
    asked = [bob.request("DELETE", path(project, task, thread)) for thread in threads]
    asked += [ada.request("POST", path(project, task), json={"body": "!", "parent_id": each["id"]}) for each in threads]
    answers = await at_once([each for pair in zip(asked[:4], asked[4:], strict=True) for each in pair])
    assert {answer.status_code for answer in answers} <= {201, 204, 422}
    replies = sum(answer.status_code == 201 for answer in answers)
    assert await count(ada, project, task) == replies
    listed = await ada.get(path(project, task))
    assert len(listed) == 2 * replies
