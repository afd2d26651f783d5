"""The change of a document that a request asks for, as a dependency in a route's signature."""

from typing import Annotated

from fastapi import Depends, Query, Request

from roomful.documents.access import find_reader
from roomful.documents.changes import Change, Format, invalid, read_before, requested_change
from roomful.documents.contents import MEDIA_TYPES
from roomful.documents.conversions import Converting
from roomful.projects.access import PathId
from roomful.richtext.plain_root import Mode
from roomful.roomstore import content
from roomful.web.dependencies import Claims, Live
from roomful.web.limits import limits_of


async def requested(
    doc_id: PathId,
    request: Request,
    claims: Claims,
    runtime: Live,
    conversions: Converting,
    format: Annotated[
        Format | None, Query(description="The format of the body; by default that of its Content-Type.")
    ] = None,
    mode: Annotated[Mode | None, Query(description="`merge` by default; not for updates.")] = None,
) -> Change:
    """A body that may take long is read here, before the route locks what others wait for; it counts as a write more.

    Raises what reading raises, and what looking at the document raises.
    """
    body, chosen = await request.body(), format or _format_of(request)
    change = requested_change(chosen, mode, body)
    if not change.reads_long:
        return change
    limits_of(request).count_write(claims.user_id)
    async with runtime.database.read() as session:
        access = await find_reader(session, doc_id, claims)
        access.in_project.require_editor()
        updates = (await content.read(session, access.id)).updates
    read = await conversions.run([*updates, body], lambda: read_before(updates, chosen, body), seconds=change.seconds)
    return requested_change(chosen, mode, body, read)


Requested = Annotated[Change, Depends(requested)]
"""It comes before the dependency that locks the document's project, and before `idempotency.once`."""


def _format_of(request: Request) -> Format:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    for name, media_type in MEDIA_TYPES.items():
        if media_type.partition(";")[0] == kind:
            return name
    raise invalid("format", "say what the body is: text, json, html, markdown or update")
