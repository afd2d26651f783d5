"""A project's present state, all of it."""

from pydantic import JsonValue

from roomful.projects.schemas import Member, Project
from roomful.tasks.schemas import Task
from roomful.web.schemas import Out


class Stream(Out):
    """Where to go on from a snapshot: subscribe to `channel` since `offset` in `epoch`."""

    channel: str
    offset: int
    epoch: str


class Snapshot(Out):
    """What is true at `stream.offset`. Members come in the order of their ids, tasks as the board shows them."""

    project: Project
    members: list[Member]
    tasks: list[Task]
    documents: list[JsonValue]
    stream: Stream
