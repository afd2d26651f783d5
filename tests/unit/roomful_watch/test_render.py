"""Sentences about events."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from roomful.gateway import asyncapi
from roomful_watch import render
from roomful_watch.names import Member, Named, Names, Project, Snapshot, Titled, quoted
from roomful_watch.render import event_line, presence_line
from roomful_watch.stream import Person
from roomful_watch.terminal import printable
from tests.support import vectors


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
    columns, labels = [Named("c-1", "Review")], [Named("l-1", "urgent")]
    names.learn(Snapshot(Project("p", "Launch"), people, columns, labels, [Titled("t-1", "Fix login")]))
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
COMMENT = {"id": "c-1", "task_id": "t-1", "parent_id": None, "body": "Is it\n@[Bob](mention://user/u-bob)?"}
DOCUMENT = {"id": "d-1", "title": "Plan", "bytes": 70}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("task.created", {"task": TASK}, "ada added “Fix login”"),
        ("task.moved", {"task": TASK, "changed": ["status", "position"]}, "ada moved “Fix login” to Done"),
        (
            "task.moved",
            {"task": TASK | {"column_id": "c-1"}, "changed": ["column_id", "position"]},
            "ada moved “Fix login” to Review",
        ),
        ("task.moved", {"task": TASK, "changed": ["position"]}, "ada reordered “Fix login”"),
        ("task.updated", {"task": TASK, "changed": ["status"]}, "ada moved “Fix login” to Done"),
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
        (
            "task.updated",
            {"task": TASK, "changed": ["description"], "by": ["u-ada"]},
            "ada changed the description of “Fix login”",
        ),
        ("task.updated", {"task": TASK, "changed": ["document_id"]}, "ada opened the description of “Fix login”"),
        (
            "task.updated",
            {"task": TASK, "changed": ["due_on", "labels"]},
            "ada changed the due date and the labels of “Fix login”",
        ),
        ("task.deleted", {"task": {"id": "t-1"}}, "ada deleted “Fix login”"),
        ("task.deleted", {"task": {"id": "t-unknown"}}, "ada deleted task …nknown"),
        ("task.restored", {"task": {"id": "t-1", "title": "Fix login"}}, "ada restored “Fix login”"),
        ("column.created", {"column": {"id": "c-2", "name": "Ready"}}, "ada added the column “Ready”"),
        (
            "column.updated",
            {"column": {"id": "c-1", "name": "Check"}, "changed": ["name"]},
            "ada renamed the column “Review” to “Check”",
        ),
        (
            "column.updated",
            {"column": {"id": "c-1", "name": "Review"}, "changed": ["wip_limit", "color"]},
            "ada changed the limit and the colour of the column “Review”",
        ),
        ("column.moved", {"column": {"id": "c-1", "name": "Review"}}, "ada moved the column “Review”"),
        ("column.deleted", {"column": {"id": "c-1"}, "move_to": "c-2"}, "ada deleted the column “Review”"),
        ("column.deleted", {"column": {"id": "c-unknown"}}, "ada deleted a column"),
        ("label.created", {"label": {"id": "l-2", "name": "fuel"}}, "ada added the label “fuel”"),
        (
            "label.updated",
            {"label": {"id": "l-1", "name": "critical"}, "changed": ["name"]},
            "ada renamed the label “urgent” to “critical”",
        ),
        (
            "label.updated",
            {"label": {"id": "l-1", "name": "urgent"}, "changed": ["color"]},
            "ada changed the colour of the label “urgent”",
        ),
        ("label.deleted", {"label": {"id": "l-1"}}, "ada deleted the label “urgent”"),
        ("label.deleted", {"label": {"id": "l-unknown"}}, "ada deleted a label"),
        (
            "project.updated",
            {"project": {"id": "p", "name": "Launch", "key": "MOON"}, "changed": ["key"]},
            "ada gave the project the key MOON",
        ),
        ("comment.created", {"comment": COMMENT}, "ada commented on “Fix login”: “Is it @Bob?”"),
        (
            "comment.created",
            {"comment": COMMENT | {"parent_id": "c-0", "body": "Yes."}},
            "ada replied on “Fix login”: “Yes.”",
        ),
        (
            "comment.updated",
            {"comment": COMMENT, "changed": ["body", "mentions"]},
            "ada edited a comment on “Fix login”: “Is it @Bob?”",
        ),
        (
            "comment.updated",
            {"comment": COMMENT, "changed": ["reactions"]},
            "ada reacted to a comment on “Fix login”: “Is it @Bob?”",
        ),
        (
            "comment.updated",
            {"comment": COMMENT | {"resolved_at": "2026-11-25T10:42:07Z"}, "changed": ["resolved_at"]},
            "ada resolved a thread on “Fix login”: “Is it @Bob?”",
        ),
        (
            "comment.updated",
            {"comment": COMMENT, "changed": ["resolved_at"]},
            "ada reopened a thread on “Fix login”: “Is it @Bob?”",
        ),
        (
            "comment.created",
            {"comment": COMMENT, "restored": True},
            "ada restored a comment on “Fix login”: “Is it @Bob?”",
        ),
        ("comment.deleted", {"comment": {"id": "c-1", "task_id": "t-1"}}, "ada deleted a comment on “Fix login”"),
        ("comment.deleted", {"comment": {"id": "c-1", "task_id": "t-no"}}, "ada deleted a comment on task …t-no"),
        ("document.created", {"document": DOCUMENT}, "ada added “Plan”"),
        ("document.undeleted", {"document": DOCUMENT}, "ada brought back “Plan”"),
        ("document.deleted", {"document": {"id": "d-unknown"}}, "ada deleted document …nknown"),
        ("document.restored", {"document": DOCUMENT}, "ada brought an earlier version of “Plan” back"),
        (
            "document.version_created",
            {"document": DOCUMENT, "version": {"id": "v", "label": "As sent"}},
            "ada kept a version of “Plan”: “As sent”",
        ),
        ("document.updated", {"document": DOCUMENT, "changed": ["title"]}, "ada renamed a document to “Plan”"),
        ("document.updated", {"document": DOCUMENT, "changed": ["content"], "by": ["u-ada"]}, "ada wrote in “Plan”"),
        ("member.added", {"member": {"user_id": "u-cy", "name": "cy", "role": "viewer"}}, "ada added cy as a viewer"),
        ("member.added", {"member": {"user_id": "u-ada", "name": "ada", "role": "editor"}}, "ada joined as an editor"),
        ("member.updated", {"member": {"user_id": "u-bob", "role": "owner"}}, "ada made bob the owner"),
        (
            "member.updated",
            {"member": {"user_id": "u-bob", "name": "bob", "role": "viewer"}, "changed": ["role"]},
            "ada made bob a viewer",
        ),
        (
            "member.updated",
            {
                "member": {"user_id": "u-ada", "name": "Ada L", "role": "owner"},
                "changed": ["name"],
                "previous": {"name": "Adele"},
            },
            "Adele changed their name to Ada L",
        ),
        (
            "member.updated",
            {"member": {"user_id": "u-ada", "name": "Ada L", "role": "owner"}, "changed": ["name"]},
            "ada changed their name to Ada L",
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
        # Of a newer server: by their types.
        ("moon.created", {"moon": {"id": "m", "name": "Io"}}, "ada added a moon"),
        (
            "orbit.updated",
            {"orbit": {"id": "o"}, "changed": ["name", "color"]},
            "ada changed the name and the colour of an orbit",
        ),
        ("orbit.updated", {"orbit": {"id": "o"}, "changed": ["name"]}, "ada changed the name of an orbit"),
        ("moon.deleted", {"moon": {"id": "m"}}, "ada deleted a moon"),
        ("moon.landed", {"moon": {"id": "m"}}, "ada did moon.landed"),
        ("moon\x1b[2J.created", {}, "ada added a moon�[2J"),
    ],
)
def test_events_become_sentences(names: Names, kind: str, data: dict[str, Any], words: str) -> None:
    assert event_line(event(kind, data), names).plain == f"16:27:07  #12   {words}"


@pytest.mark.parametrize("recorded", [vector["event"] for vector in vectors.load()], ids=lambda event: event["type"])
def test_every_type_has_a_sentence(names: Names, recorded: dict[str, Any]) -> None:
    """Of those that a project's members see; the sentences above have its first event and its last."""
    assert recorded["type"] not in event_line(msgspec.json.encode(recorded), names).plain


def test_it_reads_only_fields_that_events_have() -> None:
    described = {name for one in asyncapi.PROJECT_EVENTS.values() for name in one.model_fields}
    assert set(render._Data.__struct_fields__) <= described


def test_after_a_rename_the_new_name_is_known(names: Names) -> None:
    member = {"user_id": "u-bob", "name": "Robert", "role": "editor"}
    renamed = {"member": member, "changed": ["name"], "previous": {"name": "bob"}}
    assert event_line(event("member.updated", renamed, actor_id="u-bob"), names).plain.endswith(
        "  bob changed their name to Robert"
    )
    assert "Robert added" in event_line(event("task.created", {"task": TASK}, actor_id="u-bob"), names).plain


def test_time_is_the_readers_own(names: Names) -> None:
    assert event_line(event("task.created", {"task": TASK}), names).plain.startswith("16:27:07 ")


def test_an_unknown_person_shows_as_their_id(names: Names) -> None:
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


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (["u-bob"], "bob wrote in “Plan”"),
        (["u-bob", "u-ada"], "bob and ada wrote in “Plan”"),
        (["u-bob", "u-ada", "u-1", "u-2", "u-3"], "bob, ada, user …u-1 and 2 more wrote in “Plan”"),
        ([], "somebody wrote in “Plan”"),
    ],
)
def test_a_document_is_written_by_several(names: Names, by: list[str], words: str) -> None:
    data = {"document": DOCUMENT, "changed": ["content"], "by": by}
    assert event_line(event("document.updated", data, actor_id=None), names).plain.endswith(f" {words}")


def test_a_description_is_written_by_several(names: Names) -> None:
    data = {"task": TASK, "changed": ["description"], "by": ["u-bob", "u-ada"]}
    line = event_line(event("task.updated", data, actor_id=None), names).plain
    assert line.endswith(" bob and ada changed the description of “Fix login”")


def test_data_of_an_unexpected_shape_leaves_what_its_type_says(names: Names) -> None:
    assert "ada added a task" in event_line(event("task.created", {"task": 7}), names).plain


def test_foreign_text_cannot_control_the_terminal(names: Names) -> None:
    nasty = "a\x1b[2Jb\rc\nd\u202ee\x9b31mf"
    line = event_line(event("task.created", {"task": TASK | {"title": nasty}}), names).plain
    assert line.endswith("added “a�[2Jb�c�d�e�31mf”")


def test_every_script_and_joined_emoji_are_kept() -> None:
    text = "héllo 你好 עברית 👩‍🚀"
    assert printable(text) == text


def test_long_titles_are_cut() -> None:
    assert quoted("x" * 200) == "“" + "x" * 59 + "…”"
    assert quoted("x" * 60) == "“" + "x" * 60 + "”"


def test_presence(names: Names) -> None:
    assert presence_line(Person("u-cy", "cy"), "is here", names).plain.endswith("  cy is here")
    assert "cy added" in event_line(event("task.created", {"task": TASK}, actor_id="u-cy"), names).plain
