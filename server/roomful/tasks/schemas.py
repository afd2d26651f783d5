"""The bodies of requests for tasks, and of their answers."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from roomful.errors import Invalid
from roomful.projects.label_names import key_of, unique
from roomful.projects.schemas import Patch
from roomful.tasks.models import TaskStatus
from roomful.web.schemas import Body, Day, Out, Visible

MAX_LABELS = 20


Title = Annotated[str, Field(min_length=1, max_length=200), Visible]
MAX_DESCRIPTION_CHARS = 10_000
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS)]
LabelName = Annotated[str, Field(min_length=1, max_length=50), Visible]
Labels = Annotated[list[LabelName], Field(max_length=MAX_LABELS), AfterValidator(unique)]
Gone = Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=MAX_LABELS)]
SomebodyId = Annotated[str, Field(max_length=36)]
ColumnId = Annotated[str, Field(max_length=36)]


class NewTask(Body):
    """A task to put at the end of its column, or of its status's first one, or right `before` another one there.

    `labels` are names, the same in any case. A label given twice is kept once; one that the project lacks is made.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Order fuel", "labels": ["launch"], "due_on": "2026-07-16"}]}
    )

    title: Title
    description: Description | None = None
    status: TaskStatus = "todo"
    column_id: ColumnId | None = None
    assignee_id: SomebodyId | None = None
    due_on: Day | None = None
    labels: Labels = Field(default_factory=list)
    before: SomebodyId | None = None


class TaskPatch(Patch):
    """`column_id` names the column to move to, or `status` its category: the first column of that is meant.

    `before` or `after` names a task there, and puts the moved one beside it; with neither it goes to the end. `labels`
    replaces all labels; `labels_add` and `labels_remove` change the present ones, whatever others have done to them,
    and a label that is in both goes. A label that the project lacks is made.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"status": "done"},
                {"before": "019a7f5e-0000-7000-8000-000000000000"},
                {"labels_add": ["urgent"], "labels_remove": ["later"]},
            ]
        }
    )

    title: Title = ""
    description: Description | None = None
    status: TaskStatus = "todo"
    column_id: ColumnId = ""
    assignee_id: SomebodyId | None = None
    due_on: Day | None = None
    labels: Labels = Field(default_factory=list)
    labels_add: Labels = Field(default_factory=list)
    labels_remove: Gone = Field(default_factory=list)
    before: SomebodyId | None = None
    after: SomebodyId | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("say before or after, not both")
        return self

    @model_validator(mode="after")
    def _one_way_to_label(self) -> Self:
        if "labels" in self.model_fields_set and self.model_fields_set & {"labels_add", "labels_remove"}:
            raise ValueError("say labels, or labels_add and labels_remove, not both")
        return self

    def values(self) -> dict[str, object]:
        """The fields of the task that the request names, but its place and its labels."""
        return {name: value for name, value in self.given().items() if name not in _PLACE_AND_LABELS}

    def labels_after(self, labels: list[str]) -> list[str]:
        """The task's labels after the request. Raises Invalid for more than a task may have."""
        if "labels" in self.model_fields_set:
            return self.labels
        if not self.labels_add and not self.labels_remove:
            return labels
        gone = {key_of(label) for label in self.labels_remove}
        merged = [label for label in unique([*labels, *self.labels_add]) if key_of(label) not in gone]
        if len(merged) > max(MAX_LABELS, len(labels)):
            message = f"A task has at most {MAX_LABELS} labels."
            raise Invalid(details=[{"field": "labels_add", "message": message, "type": "too_long"}])
        return merged


_PLACE_AND_LABELS = ("before", "after", "labels", "labels_add", "labels_remove")


class Task(Out):
    """`position` sorts within the column, by its bytes; `status` is the column's category.

    `number` counts the project's tasks as they are made, and is never given again. Events older than columns and
    numbers lack them. `comment_count` changes by events of comments alone, which leave `version` as it is: an If-Match
    must not fail because somebody said something. `labels` are names of the project's labels; a new name of one, or its
    deletion, changes its tasks by the label's event alone.

    `document_id` names the document in which people write the description, once there is one. `description` is then its
    Markdown as of the event at `description_offset`, which follows typing within some 30 s; above 10,000 characters it
    is cut, with an ellipsis at its end. Typing leaves `version` alone.
    """

    id: str
    title: str
    description: str | None
    document_id: str | None = None
    description_offset: int | None = None
    status: TaskStatus
    column_id: str = ""
    number: int = 0
    assignee_id: str | None
    due_on: date | None
    labels: list[str]
    position: str
    comment_count: int = 0  # events of before there were comments lack it
    version: int
    created_by: str
    created_at: datetime
    updated_at: datetime


class TrashedTask(Task):
    """A task in the trash, from where it can be restored for 30 days after `deleted_at`."""

    deleted_at: datetime
