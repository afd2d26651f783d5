"""The people whom a change of a task concerns."""

from collections.abc import Collection

from roomful.db.statement import Change
from roomful.projects.access import Access
from roomful.projects.notifications import Concerns, notify
from roomful.tasks.schemas import Task

_TOLD = {"status", "due_on", "assignee_id"}
"""The fields whose changes watchers are told of."""


def notify_of_new(access: Access, task: Task) -> Change:
    """Rows for the assignee of a new task, and for those who watch everything."""
    return notify(access.project.id, access.person.id, _concerns(None, task))


def notify_of_change(access: Access, before: Task, task: Task, changed: Collection[str]) -> list[Change]:
    """Rows for the new assignee and for all who watch the task. The former assignee still does."""
    if not _TOLD.intersection(changed):
        return []
    return [notify(access.project.id, access.person.id, _concerns(before, task))]


def _concerns(before: Task | None, task: Task) -> Concerns:
    former = before.assignee_id if before is not None else None
    is_assigned = task.assignee_id not in (None, former)
    return Concerns(
        subject_type="task",
        subject_id=task.id,
        assigned=[task.assignee_id] if task.assignee_id is not None and is_assigned else [],
        watching=[task.created_by, task.assignee_id, former],
    )
