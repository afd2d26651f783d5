"""The bodies of answers about what was found."""

from typing import Literal

from roomful.web.schemas import Out

Kind = Literal["project", "task", "comment", "document"]


class Found(Out):
    """Something that has all the words. `title` is that of the task for a comment, which `task_id` names.

    `snippet` is plain text, never markup: a part of the description, comment or document, around the first of the words
    in it. Clients escape it, and mark the words themselves.
    """

    type: Kind
    id: str
    project_id: str
    task_id: str | None = None
    title: str
    snippet: str
