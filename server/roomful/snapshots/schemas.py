"""A project's present state, all of it."""

from roomful.documents.schemas import DocumentState
from roomful.projects.schemas import Column, Label, Member, Project
from roomful.tasks.schemas import Task
from roomful.web.schemas import Out


class Stream(Out):
    """Where to go on from a snapshot: subscribe to `channel` since `offset` in `epoch`."""

    channel: str
    offset: int
    epoch: str


class Snapshot(Out):
    """The project's state at `stream.offset`. Members and documents come by id, columns as the board shows them.

    Labels come by name, tasks by status, column and position.
    """

    project: Project
    members: list[Member]
    columns: list[Column]
    labels: list[Label]
    tasks: list[Task]
    documents: list[DocumentState]
    stream: Stream
