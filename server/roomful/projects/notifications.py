"""Telling people what concerns them in a project, on their own channel."""

import logging

from roomful.channels import user_channel
from roomful.db.base import now
from roomful.db.outages import outage
from roomful.errors import Unavailable
from roomful.eventlog import log
from roomful.eventlog.log import EventData
from roomful.projects.events import Kind, Notification, NotificationCreated
from roomful.projects.schemas import ProjectState
from roomful.runtime import Runtime
from roomful.web.errors import explain

logger = logging.getLogger(__name__)


async def notify_team(runtime: Runtime, project: ProjectState, kind: Kind, user_id: str) -> None:
    """Let a person's open sockets know that a project of theirs is there, wherever they have one open.

    A background task, in a transaction of its own after the answer: it may be lost if the process dies, or in an outage
    of the database, while the project and its members, who are what counts, are stored and told of in the project's own
    channel.
    """
    notification = Notification(kind=kind, project_id=project.id, project_name=project.name, at=now())
    event = EventData.of(
        NotificationCreated(notification=notification), actor_id=project.owner_id, project_id=project.id
    )
    try:
        async with runtime.transaction() as session:
            await log.append(session, user_channel(user_id), event)
    except Exception as error:
        if not isinstance(explain(error), Unavailable):
            raise  # a bug, and no outage
        logger.warning("a notification was lost", extra={"reason": outage(error) or type(error).__name__})
