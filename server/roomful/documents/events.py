"""The events of documents."""

from pydantic import Field
from typing_extensions import TypedDict  # the one that Pydantic reads before Python 3.12

from roomful.documents.schemas import DocumentState, Version
from roomful.eventlog.typed_event import TypedEvent
from roomful.web.schemas import Out


class _DocumentEvent(TypedEvent):
    document: DocumentState

    def subject_id(self) -> str:
        return self.document.id


class DocumentCreated(_DocumentEvent):
    """A new document, empty."""

    type = "document.created"


class DocumentBefore(TypedDict, total=False):
    """Values from before, of those fields that changed."""

    title: str


class DocumentUpdated(_DocumentEvent):
    """A new title, or new content: `changed` says which, `previous` holds the old title.

    Content makes an event at the first change after 30 quiet seconds, and then every 30 s while it changes; `by` names
    the people who have written since the last one, at most 100.
    """

    type = "document.updated"
    changed: list[str]
    previous: DocumentBefore = Field(default_factory=DocumentBefore)
    by: list[str] | None = None


class DocumentId(Out):
    id: str


class DocumentDeleted(TypedEvent):
    """A document that went to the trash, or was deleted for good."""

    type = "document.deleted"
    document: DocumentId

    def subject_id(self) -> str:
        return self.document.id


class DocumentUndeleted(_DocumentEvent):
    """A document that came back from the trash."""

    type = "document.undeleted"


class DocumentVersionCreated(_DocumentEvent):
    """A version that somebody made, with a label. Automatic versions make no event."""

    type = "document.version_created"
    version: Version


class DocumentRestored(_DocumentEvent):
    """A document with the content of an earlier version again."""

    type = "document.restored"
    version: Version


EVENTS: tuple[type[TypedEvent], ...] = (
    DocumentCreated,
    DocumentUpdated,
    DocumentDeleted,
    DocumentUndeleted,
    DocumentVersionCreated,
    DocumentRestored,
)
"""In a project's channel."""
