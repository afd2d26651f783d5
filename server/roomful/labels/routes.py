"""The routes of labels."""

from fastapi import APIRouter, Response
from sqlalchemy import select

from roomful.errors import Conflict
from roomful.labels import service
from roomful.labels.schemas import LabelPatch, NewLabel
from roomful.projects.access import EditorOf, PathId, ViewerOf, may_see
from roomful.projects.models import Label as LabelRow
from roomful.projects.schemas import Label
from roomful.web import etag, idempotency
from roomful.web.dependencies import API, DB, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_BY_NAME = Keyset((LabelRow.key, LabelRow.id))

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/labels", tags=["labels"], route_class=Route)


@router.get("")
async def list_labels(access: ViewerOf, session: ReadDB, page: Page) -> list[Label]:
    """The labels of the project's tasks, by name."""
    labels = select(LabelRow).where(LabelRow.project_id == access.project.id)
    rows = await page.fetch(session, labels, _BY_NAME)
    return [Label.model_validate(label) for (label,) in rows]


@router.post("", status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def create_label(access: EditorOf, new: NewLabel, session: DB, response: Response) -> Label:
    """Add a label. No two of a project have the same name, in any case (409)."""
    label = await service.create_label(session, access, new)
    response.headers["Location"] = f"labels/{label.id}"  # from the address of this POST: see tasks
    response.headers["ETag"] = etag.of(label.version)
    return label


@router.get("/{label_id}")
async def show_label(access: ViewerOf, label_id: PathId, session: ReadDB, response: Response) -> Label:
    label = await service.find_label(session, access.project.id, label_id)
    response.headers["ETag"] = etag.of(label.version)
    return label


@router.patch("/{label_id}", responses=errors(Conflict))
async def change_label(
    access: EditorOf, label_id: PathId, patch: LabelPatch, session: DB, if_match: IfMatch, response: Response
) -> Label:
    """Rename or recolour a label: one event, or none if nothing changes. All its tasks have its new name."""
    label = await service.change_label(session, access, label_id, patch, if_match)
    response.headers["ETag"] = etag.of(label.version)
    return label


@router.delete("/{label_id}", status_code=204, responses=errors(Conflict))
async def delete_label(access: EditorOf, label_id: PathId, session: DB, if_match: IfMatch) -> None:
    """Delete a label, and take it off all tasks."""
    await service.delete_label(session, access, label_id, if_match)
