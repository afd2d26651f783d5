"""What the events of tasks hold."""

from collections.abc import Mapping

from roomful.tasks.schemas import Task
from roomful.web.schemas import Out


class TaskCreated(Out):
    task: Task


class TaskChanged(Out):
    """`changed` names the fields that have another value than before.

    `positions` holds the new positions of other tasks, by their ids, when these had to make room.
    """

    task: Task
    changed: list[str]
    positions: dict[str, str] | None = None


class TaskId(Out):
    id: str


class TaskDeleted(Out):
    task: TaskId


EVENTS: Mapping[str, type[Out]] = {
    "task.created": TaskCreated,
    "task.updated": TaskChanged,
    "task.moved": TaskChanged,
    "task.deleted": TaskDeleted,
}
"""In a project's channel, by their type."""
