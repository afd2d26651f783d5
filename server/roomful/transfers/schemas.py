"""The shapes of exports, and of an import's answer."""

from datetime import date, datetime
from typing import Literal

from roomful.comments.schemas import Comment
from roomful.documents.schemas import DocumentState
from roomful.projects.schemas import Column, Label, Member, ProjectState
from roomful.snapshots.schemas import Stream
from roomful.tasks.models import TaskStatus
from roomful.tasks.schemas import Task
from roomful.web.schemas import Out

Field = Literal["title", "description", "column", "status", "labels", "assignee", "assignee_id", "due_on"]
"""The fields that an import reads."""


class ExportedTask(Task):
    """A task with its whole description, however long, and its comments, each thread's after its first one."""

    comments: list[Comment]


class ExportedDocument(DocumentState):
    """A document with its content as Markdown."""

    markdown: str


class Export(Out):
    """Everything that a member can read in a project, at `stream.offset`. What is in the trash is left out."""

    format: Literal["roomful-project-1"]
    exported_at: datetime
    project: ProjectState
    members: list[Member]
    columns: list[Column]
    labels: list[Label]
    tasks: list[ExportedTask]
    documents: list[ExportedDocument]
    stream: Stream


class Heading(Out):
    """A column of the file; without a `field` its cells are not taken over."""

    text: str
    field: Field | None


class Row(Out):
    """Counts rows from 1 after the heading; `line` is where it begins in the request's body."""

    row: int
    line: int


class LeftOut(Row):
    """A row that made no task."""

    reason: str


class Doubt(Row):
    """A cell that was left out of its task."""

    field: Field
    value: str
    reason: str


class Draft(Row):
    """The task that a row would make."""

    title: str
    description: str | None
    column_id: str
    status: TaskStatus
    labels: list[str]
    assignee_id: str | None
    due_on: date | None


class Import(Out):
    """The result of an import: `made` counts the new tasks. A dry run makes none, and shows them in `drafts`."""

    made: int
    headings: list[Heading]
    left_out: list[LeftOut]
    doubts: list[Doubt]
    drafts: list[Draft]
