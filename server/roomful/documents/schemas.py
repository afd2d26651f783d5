"""The bodies of requests for documents, and of their answers."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field

from roomful.projects.schemas import Patch
from roomful.roomstore.models import Trigger
from roomful.web.schemas import Body, Out, Visible

Title = Annotated[str, Field(min_length=1, max_length=200), Visible]


class NewDocument(Body):
    """An empty document. Editors and `PATCH …/content` change its content."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Flight plan"}]})

    title: Title


class DocumentPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Flight plan, revised"}]})

    title: Title = ""


class DocumentState(Out):
    """A document as all members see it, and as its events tell of it.

    `bytes` and `updated_at` are those of the newest event, which follows typing within some 30 s. `version` counts
    changes of the document itself, not of its content, which has an `ETag` of its own.
    """

    id: str
    project_id: str
    title: str
    task_id: str | None
    bytes: int
    version: int
    created_by: str
    created_at: datetime
    updated_at: datetime


class Document(DocumentState):
    """A document as one member sees it.

    `generation` names the document's history. An editor stores its offline copy under this name and sends the name when
    it connects.
    """

    access: Literal["read", "write"]
    generation: str

    @classmethod
    def of(cls, state: DocumentState, generation: str, *, may_write: bool) -> Self:
        return cls(**vars(state), access="write" if may_write else "read", generation=generation)


class NewVersion(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"label": "As sent to the crew"}]})

    label: Annotated[str, Field(min_length=1, max_length=200), Visible]


class Version(Out):
    """An earlier content. `trigger` says why it was kept, `changes_by` who had written since the one before.

    Versions without a label are automatic: made in a pause (`idle`), before a change by REST (`patch`) or before
    another version was restored (`restore`). `triggered_by` is the person who asked for that change.
    """

    id: str
    label: str | None
    trigger: Trigger
    changes_by: list[str]
    triggered_by: str | None
    bytes: int
    created_at: datetime
