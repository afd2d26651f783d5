"""What the events of tasks hold."""

from datetime import date

from pydantic import Field
from typing_extensions import TypedDict  # the one that Pydantic reads before Python 3.12

from roomful.eventlog.typed_event import TypedEvent
from roomful.tasks.models import TaskStatus
from roomful.tasks.schemas import Task
from roomful.web.schemas import Out


class TaskCreated(TypedEvent):
    """A new task, at the end of its status."""

    type = "task.created"
    task: Task


class TaskBefore(TypedDict, total=False):
    """Values from before, of those fields that changed. The description is not told again."""

    title: str
    assignee_id: str | None
    due_on: date | None
    labels: list[str]


class TaskUpdated(TypedEvent):
    """`changed` names the fields that have a new value, `previous` holds the old ones but the description."""

    type = "task.updated"
    task: Task
    changed: list[str]
    previous: TaskBefore = Field(default_factory=TaskBefore)


class PlaceBefore(TypedDict, total=False):
    """Where the task was, as far as that changed."""

    status: TaskStatus
    position: str


class TaskMoved(TypedEvent):
    """A task at another place. `changed` names this and whatever else has a new value, `previous` is where it was.

    `positions` holds the new positions of other tasks, by their ids, when these had to make room.
    """

    type = "task.moved"
    task: Task
    changed: list[str]
    previous: PlaceBefore = Field(default_factory=PlaceBefore)
    positions: dict[str, str] | None = None


class TaskId(Out):
    id: str


class TaskDeleted(TypedEvent):
    """A task that is gone."""

    type = "task.deleted"
    task: TaskId


EVENTS: tuple[type[TypedEvent], ...] = (TaskCreated, TaskUpdated, TaskMoved, TaskDeleted)
"""In a project's channel."""
