"""The events of tasks."""

from datetime import date

from pydantic import Field
from typing_extensions import TypedDict  # the one that Pydantic reads before Python 3.12

from roomful.eventlog.typed_event import TypedEvent
from roomful.projects.schemas import Label
from roomful.tasks.models import TaskStatus
from roomful.tasks.schemas import Task
from roomful.web.schemas import Out


class _TaskEvent(TypedEvent):
    task: Task

    def subject_id(self) -> str:
        return self.task.id


class _LabellingEvent(_TaskEvent):
    """`new_labels` are labels that this change has given the project."""

    new_labels: list[Label] | None = None


class TaskCreated(_LabellingEvent):
    """A new task, at the end of its column. `new_labels` are labels that it has given the project."""

    type = "task.created"


class TaskBefore(TypedDict, total=False):
    """Old values of the changed fields, without the description."""

    title: str
    document_id: str | None
    assignee_id: str | None
    due_on: date | None
    labels: list[str]


class TaskUpdated(_LabellingEvent):
    """`changed` names the fields that have a new value, `previous` holds the old ones, without the description.

    Typing in the description's document makes such an event at the first change after 30 quiet seconds, then every 30 s
    while it goes on. The task keeps its version; `by` names those who have written since the last event, at most 100.
    `new_labels` are labels that the change has given the project.
    """

    type = "task.updated"
    changed: list[str]
    previous: TaskBefore = Field(default_factory=TaskBefore)
    by: list[str] | None = None


class PlaceBefore(TypedDict, total=False):
    """Where the task was: the fields that changed."""

    column_id: str
    status: TaskStatus
    position: str


class TaskMoved(_LabellingEvent):
    """A task at another place. `changed` names every field with a new value, `previous` is where it was.

    `positions` holds the new positions of tasks that had to make room, by their ids, and `new_labels` the labels that
    the change has given the project.
    """

    type = "task.moved"
    changed: list[str]
    previous: PlaceBefore = Field(default_factory=PlaceBefore)
    positions: dict[str, str] | None = None


class TaskId(Out):
    id: str


class TaskDeleted(TypedEvent):
    """A task that is in the trash now, or gone for good."""

    type = "task.deleted"
    task: TaskId

    def subject_id(self) -> str:
        return self.task.id


class TaskRestored(_TaskEvent):
    """A task that was in the trash and is back, where it was."""

    type = "task.restored"


EVENTS: tuple[type[TypedEvent], ...] = (TaskCreated, TaskUpdated, TaskMoved, TaskDeleted, TaskRestored)
"""In a project's channel."""
