"""The port through which tasks change descriptions that have become documents."""

from typing import Annotated, NamedTuple, Protocol

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.projects.access import Access
from roomful.tasks.schemas import Task


class Rewritten(NamedTuple):
    """A description after a change, and the people whose changes its event covers."""

    description: str | None
    by: list[str]


class Descriptions(Protocol):
    """Changes documents that hold descriptions of tasks."""

    async def rewrite(
        self, session: AsyncSession, access: Access, task: Task, text: str | None, read_at: int | None
    ) -> Rewritten | None:
        """Merge the difference between a description and `text` into the task's document.

        `read_at` is the offset at which that description was told of; None is the present one, or the document's text
        where that is more like `text`. What people have typed since then stays. None if the document says so already.
        Raises PreconditionFailed for an offset that is not known, Conflict, Invalid, LimitReached, Unavailable.
        """


async def _descriptions_of(request: Request) -> Descriptions:
    descriptions: Descriptions = request.app.state.descriptions
    return descriptions


Describing = Annotated[Descriptions, Depends(_descriptions_of)]
"""The descriptions of this process."""
