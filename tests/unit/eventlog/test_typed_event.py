"""One class per type of event: writing and reading it."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from roomful.eventlog.log import EventData
from roomful.eventlog.typed_event import EventReader, TypedEvent, values_before
from roomful.features import FEATURES
from roomful.gateway import asyncapi
from roomful.projects.events import MemberRemoved, MemberUpdated
from roomful.projects.schemas import Member
from roomful.tasks.events import PlaceBefore, TaskBefore, TaskMoved
from roomful.tasks.schemas import Task

AT = datetime(2026, 7, 16, 13, 32, tzinfo=UTC)
MEMBER = Member(user_id="u-bob", name="Bob", role="editor", version=2, created_at=AT, updated_at=AT)
TASK = Task(
    id="t-1",
    title="Fly",
    description="Far",
    status="done",
    assignee_id=None,
    due_on=date(2026, 7, 17),
    labels=[],
    position="a1",
    version=2,
    created_by="u-ada",
    created_at=AT,
    updated_at=AT,
)

READER: EventReader[MemberUpdated | MemberRemoved] = EventReader(MemberUpdated, MemberRemoved)


def body(type_: str, data: object) -> bytes:
    return msgspec.json.encode({"id": "e", "type": type_, "offset": 3, "data": data})


def test_fields_without_a_value_are_absent() -> None:
    moved = TaskMoved(task=TASK, changed=["position"], previous={"position": "a0"})
    assert moved.data() == {"task": TASK, "changed": ["position"], "previous": {"position": "a0"}}


@pytest.mark.parametrize(
    ("shape", "previous"),
    [(TaskBefore, {"title": "Fly", "labels": []}), (PlaceBefore, {"status": "done", "position": "a1"})],
)
def test_previous_holds_the_changed_fields_of_its_type(shape: type[object], previous: object) -> None:
    changed = ["title", "description", "labels", "status", "position"]
    assert values_before(shape, TASK, changed) == previous
    assert values_before(shape, TASK, ["description"]) == {}


def test_a_written_event_is_read_back() -> None:
    updated = MemberUpdated(member=MEMBER, changed=["role"], previous={"role": "viewer"})
    data = msgspec.json.decode(msgspec.json.encode(EventData.of(updated, actor_id="u-ada").data, enc_hook=vars))
    assert READER.read("member.updated", body("member.updated", data)) == updated


def test_an_event_without_previous_is_read() -> None:
    data = {"member": MEMBER.model_dump(mode="json"), "changed": ["role"]}
    event = READER.read("member.updated", body("member.updated", data))
    assert event == MemberUpdated(member=MEMBER, changed=["role"])


def test_fields_of_a_newer_server_are_ignored() -> None:
    event = READER.read("member.removed", body("member.removed", {"member": {"user_id": "u-bob", "n": 1}, "why": ""}))
    assert isinstance(event, MemberRemoved)
    assert event.member.user_id == "u-bob"


def test_other_types_are_skipped() -> None:
    assert "task.moved" not in READER
    assert READER.read("task.moved", b"not even JSON") is None


def test_data_of_another_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="member"):
        READER.read("member.removed", body("member.removed", {"member": 7}))


def test_no_two_classes_have_one_type() -> None:
    assert len(asyncapi.PROJECT_EVENTS) == sum(len(feature.events) for feature in FEATURES)


def test_every_event_of_a_task_or_document_is_in_a_history() -> None:
    assert TaskMoved(task=TASK, changed=["position"]).subject_id() == "t-1"
    for type_, event in asyncapi.PROJECT_EVENTS.items():
        has_subject = event.subject_id is not TypedEvent.subject_id
        assert has_subject == (type_.partition(".")[0] not in ("project", "member", "column", "label")), type_
