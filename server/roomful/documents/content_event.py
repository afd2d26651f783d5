"""The event that tells of a document's new content."""

import logging
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.documents.conversions import Conversions
from roomful.documents.description_text import description_of
from roomful.documents.events import DocumentUpdated
from roomful.documents.schemas import DocumentState
from roomful.eventlog.log import Position
from roomful.eventlog.typed_event import TypedEvent
from roomful.roomstore import content
from roomful.tasks import service as tasks
from roomful.tasks.events import TaskUpdated

logger = logging.getLogger(__name__)

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RuntimeError)


async def content_event(
    session: AsyncSession, document: DocumentState, by: Sequence[str], conversions: Conversions, *, locked: Position
) -> TypedEvent:
    """The event of what `by` have written. For a description it is the task's event, and the task's text is renewed.

    The project's channel, of which `locked` is the newest position, and the room are locked; the new content is stored,
    and the caller records the event as the channel's next. Raises Unavailable.
    """
    if document.task_id is None:
        return DocumentUpdated(document=document, changed=["content"], by=list(by) or None)
    task = await tasks.find_task(session, document.project_id, document.task_id)
    description = await description_now(session, document.id, task.description, conversions)
    task = await tasks.renew_description(session, task, description, locked.offset + 1)
    return TaskUpdated(task=task, changed=["description"], by=list(by) or None)


async def description_now(
    session: AsyncSession, doc_id: str, before: str | None, conversions: Conversions
) -> str | None:
    """The description of a task, from its document; `before` if that is unreadable. Raises Unavailable."""
    updates = (await content.read(session, doc_id)).updates
    try:
        return await conversions.run(updates, lambda: description_of(updates))
    except _UNREADABLE:
        # Content of a strange editor must not keep people from saving what they type.
        logger.exception("a description can't be written as Markdown", extra={"document": doc_id})
        return before
