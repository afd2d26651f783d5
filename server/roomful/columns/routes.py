"""The routes of columns."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from roomful.columns import service
from roomful.columns.schemas import ColumnPatch, NewColumn
from roomful.errors import Conflict
from roomful.projects.access import EditorOf, PathId, ViewerOf, may_see
from roomful.projects.models import Column as ColumnRow
from roomful.projects.schemas import Column
from roomful.web import etag, idempotency
from roomful.web.dependencies import API, DB, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_AS_ON_THE_BOARD = Keyset((ColumnRow.position, ColumnRow.id))

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/columns", tags=["columns"], route_class=Route)


@router.get("")
async def list_columns(access: ViewerOf, session: ReadDB, page: Page) -> list[Column]:
    """The columns of the board, in their order."""
    columns = select(ColumnRow).where(ColumnRow.project_id == access.project.id)
    rows = await page.fetch(session, columns, _AS_ON_THE_BOARD)
    return [Column.model_validate(column) for (column,) in rows]


@router.post("", status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def create_column(access: EditorOf, new: NewColumn, session: DB, response: Response) -> Column:
    """Add a column after the last one of its category."""
    column = await service.create_column(session, access, new)
    response.headers["Location"] = f"columns/{column.id}"  # from the address of this POST: see tasks
    response.headers["ETag"] = etag.of(column.version)
    return column


@router.get("/{column_id}")
async def show_column(access: ViewerOf, column_id: PathId, session: ReadDB, response: Response) -> Column:
    column = await service.find_column(session, access.project.id, column_id)
    response.headers["ETag"] = etag.of(column.version)
    return column


@router.patch("/{column_id}", responses=errors(Conflict))
async def change_column(
    access: EditorOf,
    column_id: PathId,
    patch: ColumnPatch,
    session: DB,
    if_match: IfMatch,
    response: Response,
) -> Column:
    """Change a column, or move it, or both: one event, or none if nothing changes.

    A category keeps at least one column. The tasks of a column have its category as their status.
    """
    column = await service.change_column(session, access, column_id, patch, if_match)
    response.headers["ETag"] = etag.of(column.version)
    return column


@router.delete("/{column_id}", status_code=204, responses=errors(Conflict))
async def delete_column(
    access: EditorOf,
    column_id: PathId,
    session: DB,
    if_match: IfMatch,
    move_to: Annotated[str | None, Query(max_length=36, description="The column that its tasks go to.")] = None,
) -> None:
    """Delete a column. One with tasks needs `move_to`; they go to the end of that column, in their order."""
    await service.delete_column(session, access, column_id, move_to, if_match)
