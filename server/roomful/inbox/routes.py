"""The routes of one's own inbox."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from roomful.channels import user_channel
from roomful.eventlog import log
from roomful.inbox import entries, service
from roomful.inbox.schemas import NotificationPatch, ReadAll, Unread
from roomful.projects.access import PathId, may_see
from roomful.projects.models import IS_UNREAD, NOTIFICATION
from roomful.projects.models import Notification as NotificationRow
from roomful.projects.notification_events import Notification
from roomful.web import idempotency
from roomful.web.dependencies import API, DB, CurrentUser, ReadDB
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_NEWEST_FIRST = Keyset((NotificationRow.listed_at, NotificationRow.id), descending=True)

router = APIRouter(prefix=f"{API}/notifications", tags=["inbox"], route_class=Route)


@router.get("")
async def list_notifications(
    person: CurrentUser,
    session: ReadDB,
    page: Page,
    response: Response,
    unread: Annotated[bool | None, Query(description="Only unread ones, or only read ones.")] = None,
    archived: Annotated[bool, Query(description="The archived ones; by default, all others.")] = False,
    snoozed: Annotated[bool, Query(description="The snoozed ones; by default, all others.")] = False,
    project_id: Annotated[str | None, Query(max_length=36, description="Only those of this project.")] = None,
) -> list[Notification]:
    """The caller's entries, newest first. `X-Stream-Offset` and `X-Stream-Epoch` give their channel's position."""
    own = NOTIFICATION.c.user_id == person.id
    statement = entries.SELECT.where(
        own, NOTIFICATION.c.archived_at.is_not(None) if archived else NOTIFICATION.c.archived_at.is_(None)
    )
    if unread:
        statement = statement.where(*IS_UNREAD)
    else:
        is_snoozed = NOTIFICATION.c.snoozed_until
        statement = statement.where(is_snoozed.is_not(None) if snoozed else is_snoozed.is_(None))
        if unread is False:
            statement = statement.where(NOTIFICATION.c.read_at.is_not(None))
    if project_id is not None:
        statement = statement.where(NOTIFICATION.c.project_id == project_id)
    newest = await log.head(session, user_channel(person.id))
    response.headers["X-Stream-Offset"] = str(newest.offset)
    response.headers["X-Stream-Epoch"] = newest.epoch
    return [entries.describe(entry) for entry in await page.fetch(session, statement, _NEWEST_FIRST)]


@router.patch("/{notification_id}")
async def change_notification(
    person: CurrentUser, notification_id: PathId, patch: NotificationPatch, session: DB
) -> Notification:
    """Mark an entry as read or unread, archive it or take it out of the archive, or snooze it."""
    return await service.change_entry(session, person.id, notification_id, patch)


@router.post("/read-all", dependencies=[idempotency.once(may_see)])
async def read_all(person: CurrentUser, body: ReadAll, session: DB) -> Unread:
    """Mark as read everything that the caller has seen. Repeating it changes nothing."""
    return Unread(unread=await service.read_all(session, person.id, body.up_to))
