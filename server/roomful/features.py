"""The features of this server: what each adds to its routes and its events. The application and AsyncAPI read this."""

from dataclasses import dataclass

from fastapi import APIRouter

from roomful.accounts import routes as accounts
from roomful.columns import events as column_events
from roomful.columns import routes as columns
from roomful.comments import events as comment_events
from roomful.comments import routes as comments
from roomful.documents import content_routes
from roomful.documents import events as document_events
from roomful.documents import routes as documents
from roomful.eventlog.typed_event import TypedEvent
from roomful.inbox import project_routes as inbox_of_project
from roomful.inbox import routes as inbox
from roomful.inbox.mail import routes as mail
from roomful.invitations import routes as invitations
from roomful.labels import events as label_events
from roomful.labels import routes as labels
from roomful.projects import event_routes, member_routes, notification_events
from roomful.projects import events as project_events
from roomful.projects import routes as projects
from roomful.search import routes as search
from roomful.snapshots import routes as snapshots
from roomful.tasks import events as task_events
from roomful.tasks import history_routes
from roomful.tasks import routes as tasks
from roomful.transfers import export_routes, import_routes


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """`events` are told in a project's channel, `own_events` in a person's."""

    routers: tuple[APIRouter, ...]
    events: tuple[type[TypedEvent], ...] = ()
    own_events: tuple[type[TypedEvent], ...] = ()


FEATURES = (
    Feature(routers=(tasks.router, history_routes.router), events=task_events.EVENTS),
    Feature(
        routers=(projects.router, member_routes.router, event_routes.router),
        events=project_events.EVENTS,
    ),
    Feature(routers=(columns.router,), events=column_events.EVENTS),
    Feature(routers=(labels.router,), events=label_events.EVENTS),
    Feature(routers=(mail.router, inbox.router, inbox_of_project.router), own_events=notification_events.OWN_EVENTS),
    Feature(routers=(invitations.router,)),
    Feature(routers=(comments.router,), events=comment_events.EVENTS),
    Feature(routers=(documents.router, content_routes.router), events=document_events.EVENTS),
    Feature(routers=(snapshots.router,)),
    Feature(routers=(search.router,)),
    Feature(routers=(export_routes.router, import_routes.router)),
    Feature(routers=(accounts.router,)),
)
"""The one that is asked most comes first: routes are matched in this order."""
