"""What a person reads of an event."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from roomful.gateway import asyncapi
from roomful_watch import render
from roomful_watch.names import Member, Names, Project, Snapshot, Titled, quoted
from roomful_watch.render import event_line, presence_line
from roomful_watch.stream import Person
from roomful_watch.terminal import printable


@pytest.fixture(autouse=True)
def _far_away() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def names() -> Names:
    names = Names()
    people = [Member("u-ada", "ada", "owner"), Member("u-bob", "bob", "editor")]
    names.learn(Snapshot(Project("p", "Launch"), people, [Titled("t-1", "Fix login")]))
    return names


def event(kind: str, data: dict[str, Any], *, offset: int = 12, actor_id: str | None = "u-ada") -> bytes:
    return msgspec.json.encode(
        {
            "id": "0199",
            "type": kind,
            "project_id": "p",
            "offset": offset,
            "actor_id": actor_id,
            "at": "2026-11-25T10:42:07.123456Z",
            "version": 1,
            "data": data,
        }
    )


TASK = {"id": "t-1", "title": "Fix login", "status": "done", "labels": [], "assignee_id": "u-bob"}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("task.created", {"task": TASK}, "ada added “Fix login”"),
        ("task.moved", {"task": TASK, "changed": ["status", "position"]}, "ada moved “Fix login” to done"),
        ("task.moved", {"task": TASK, "changed": ["position"]}, "ada reordered “Fix login”"),
        ("task.updated", {"task": TASK, "changed": ["status"]}, "ada moved “Fix login” to done"),
        (
            "task.updated",
            {"task": TASK | {"title": "Fix sign-in"}, "changed": ["title"]},
            "ada renamed “Fix login” to “Fix sign-in”",
        ),
        ("task.updated", {"task": TASK, "changed": ["assignee_id"]}, "ada assigned “Fix login” to bob"),
        (
            "task.updated",
            {"task": TASK | {"assignee_id": None}, "changed": ["assignee_id"]},
            "ada assigned “Fix login” to nobody",
        ),
        ("task.updated", {"task": TASK, "changed": ["due_on", "labels"]}, "ada changed due, labels of “Fix login”"),
        ("task.deleted", {"task": {"id": "t-1"}}, "ada deleted “Fix login”"),
        ("task.deleted", {"task": {"id": "t-unknown"}}, "ada deleted task …nknown"),
        ("member.added", {"member": {"user_id": "u-cy", "name": "cy", "role": "viewer"}}, "ada added cy as viewer"),
        ("member.updated", {"member": {"user_id": "u-bob", "role": "owner"}}, "ada made bob owner"),
        (
            "member.updated",
            {"member": {"user_id": "u-bob", "name": "bob", "role": "viewer"}, "changed": ["role"]},
            "ada made bob viewer",
        ),
        (
            "member.updated",
            {
                "member": {"user_id": "u-ada", "name": "Ada L", "role": "owner"},
                "changed": ["name"],
                "previous": {"name": "Adele"},
            },
            "Adele is called Ada L now",
        ),
        (
            "member.updated",
            {"member": {"user_id": "u-ada", "name": "Ada L", "role": "owner"}, "changed": ["name"]},
            "ada is called Ada L now",
        ),
        (
            "member.updated",
            {"member": {"user_id": "u-bob", "name": "Robert", "role": "editor"}, "changed": ["name"]},
            "ada renamed bob to Robert",
        ),
        ("member.removed", {"member": {"user_id": "u-bob"}}, "ada removed bob"),
        ("member.removed", {"member": {"user_id": "u-ada"}}, "ada left the project"),
        (
            "project.created",
            {"project": {"id": "p", "name": "Launch"}, "member": {"user_id": "u-ada", "name": "ada", "role": "owner"}},
            "ada created the project “Launch”",
        ),
        (
            "project.updated",
            {"project": {"id": "p", "name": "Orbit"}, "changed": ["name"]},
            "ada renamed the project to “Orbit”",
        ),
        ("project.archived", {"project": {"id": "p", "name": "Launch"}}, "ada archived the project"),
        ("project.deleted", {"project": {"id": "p"}}, "ada deleted the project"),
        ("moon.landed", {"moon": {"id": "m"}}, "ada did moon.landed"),
    ],
)
def test_who_did_what_in_words(names: Names, kind: str, data: dict[str, Any], words: str) -> None:
    assert event_line(event(kind, data), names).plain == f"16:27:07  #12   {words}"


@pytest.mark.parametrize("kind", asyncapi.PROJECT_EVENTS)
def test_every_type_has_words_of_its_own(names: Names, kind: str) -> None:
    described = asyncapi.PROJECT_EVENTS[kind].model_fields
    of_whom = {
        "task": TASK,
        "member": {"user_id": "u-bob", "name": "bob", "role": "viewer"},
        "project": {"id": "p", "name": "Launch"},
    }
    line = event_line(event(kind, {name: of_whom[name] for name in described if name in of_whom}), names).plain
    assert kind not in line


def test_it_reads_nothing_that_no_event_has() -> None:
    described = {name for one in asyncapi.PROJECT_EVENTS.values() for name in one.model_fields}
    assert set(render._Data.__struct_fields__) <= described


def test_after_a_rename_the_new_name_is_known(names: Names) -> None:
    member = {"user_id": "u-bob", "name": "Robert", "role": "editor"}
    renamed = {"member": member, "changed": ["name"], "previous": {"name": "bob"}}
    assert event_line(event("member.updated", renamed, actor_id="u-bob"), names).plain.endswith(
        "  bob is called Robert now"
    )
    assert "Robert added" in event_line(event("task.created", {"task": TASK}, actor_id="u-bob"), names).plain


def test_time_is_the_readers_own(names: Names) -> None:
    assert event_line(event("task.created", {"task": TASK}), names).plain.startswith("16:27:07 ")


def test_an_unknown_person_is_told_by_id(names: Names) -> None:
    line = event_line(event("task.created", {"task": TASK}, actor_id="0199-stranger"), names)
    assert "user …ranger added" in line.plain


def test_an_event_without_an_actor(names: Names) -> None:
    assert "somebody added" in event_line(event("task.created", {"task": TASK}, actor_id=None), names).plain


def test_names_are_learnt_from_events(names: Names) -> None:
    event_line(event("member.added", {"member": {"user_id": "u-cy", "name": "cy", "role": "editor"}}), names)
    event_line(event("task.created", {"task": TASK | {"id": "t-2", "title": "Ship"}}), names)
    assert (
        "cy deleted “Ship”" in event_line(event("task.deleted", {"task": {"id": "t-2"}}, actor_id="u-cy"), names).plain
    )


def test_data_of_an_unexpected_shape_is_told_by_its_type(names: Names) -> None:
    assert "ada did task.created" in event_line(event("task.created", {"task": 7}), names).plain


def test_what_others_wrote_cannot_steer_the_terminal(names: Names) -> None:
    nasty = "a\x1b[2Jb\rc\nd\u202ee\x9b31mf"
    line = event_line(event("task.created", {"task": TASK | {"title": nasty}}), names).plain
    assert line.endswith("added “a�[2Jb�c�d�e�31mf”")


def test_letters_of_every_script_and_joined_emoji_stay() -> None:
    text = "héllo 你好 עברית 👩‍🚀"
    assert printable(text) == text


def test_long_titles_are_cut() -> None:
    assert quoted("x" * 200) == "“" + "x" * 59 + "…”"
    assert quoted("x" * 60) == "“" + "x" * 60 + "”"


def test_presence(names: Names) -> None:
    assert presence_line(Person("u-cy", "cy"), "is here", names).plain.endswith("  cy is here")
    assert "cy added" in event_line(event("task.created", {"task": TASK}, actor_id="u-cy"), names).plain
