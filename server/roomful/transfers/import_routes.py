"""The route of imports."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from roomful.errors import Conflict, PayloadTooLarge
from roomful.projects.access import EditorOf, may_see
from roomful.transfers import imports
from roomful.transfers.schemas import Import
from roomful.web import idempotency
from roomful.web.dependencies import API, DB
from roomful.web.openapi import errors
from roomful.web.routing import Route

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "title,column,labels\r\nOrder fuel,To do,launch\r\n"}
        },
    }
}

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/import", tags=["projects"], route_class=Route)


@router.post(
    "",
    dependencies=[idempotency.once(may_see)],
    responses=errors(Conflict, PayloadTooLarge),
    openapi_extra=_BODY,
)
async def import_tasks(
    access: EditorOf,
    request: Request,
    session: DB,
    dry_run: Annotated[bool, Query(description="Make nothing, and show what would be made.")] = False,
) -> Import:
    """Make tasks of the rows of a CSV file, at most 100 and 1 MiB at a time, in one transaction.

    The first row names the columns: `title`, and any of `description`, `column`, `status`, `labels`, `assignee` (a name
    or an address), `assignee_id`, `due_on`; those of Trello's and Jira's exports are known too, and others are ignored.
    Rows and cells that can't be taken over are left out, and the answer says why. Send a longer file in parts, each
    under its own `Idempotency-Key`: after a lost answer a part can then be sent again, and nothing is made twice.
    """
    return await imports.import_tasks(session, access, await request.body(), is_dry=dry_run)
