"""The bodies of requests for tasks, and of their answers."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from roomful.projects.schemas import Patch
from roomful.tasks.models import TaskStatus
from roomful.web.schemas import Body, Day, Out, Visible


def _unique(labels: list[str]) -> list[str]:
    return list(dict.fromkeys(labels))


Title = Annotated[str, Field(min_length=1, max_length=200), Visible]
Description = Annotated[str, Field(max_length=10_000)]
Label = Annotated[str, Field(min_length=1, max_length=50), Visible]
Labels = Annotated[list[Label], Field(max_length=20), AfterValidator(_unique)]
SomebodyId = Annotated[str, Field(max_length=36)]


class NewTask(Body):
    """A task to put at the end of its status. A label given twice is kept once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Order fuel", "labels": ["launch"], "due_on": "2026-07-16"}]}
    )

    title: Title
    description: Description | None = None
    status: TaskStatus = "todo"
    assignee_id: SomebodyId | None = None
    due_on: Day | None = None
    labels: Labels = Field(default_factory=list)


class TaskPatch(Patch):
    """`before` or `after` names a task of the status that the moved one is to have, and puts it beside that.

    A new status without either puts it at the end.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "done"}, {"before": "019a7f5e-0000-7000-8000-000000000000"}]}
    )

    title: Title = ""
    description: Description | None = None
    status: TaskStatus = "todo"
    assignee_id: SomebodyId | None = None
    due_on: Day | None = None
    labels: Labels = Field(default_factory=list)
    before: SomebodyId | None = None
    after: SomebodyId | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("say before or after, not both")
        return self

    def values(self) -> dict[str, Any]:
        """The fields of the task that the request names; its place is not one."""
        return {name: value for name, value in self.given().items() if name not in ("before", "after")}


class Task(Out):
    """`position` sorts within the status, by its bytes."""

    id: str
    title: str
    description: str | None
    status: TaskStatus
    assignee_id: str | None
    due_on: date | None
    labels: list[str]
    position: str
    version: int
    created_by: str
    created_at: datetime
    updated_at: datetime
