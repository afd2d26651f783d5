"""The features of this server: what each adds to its routes and its events. The application and AsyncAPI read this."""

from dataclasses import dataclass

from fastapi import APIRouter

from roomful.accounts import routes as accounts
from roomful.eventlog.typed_event import TypedEvent
from roomful.projects import event_routes, member_routes
from roomful.projects import events as project_events
from roomful.projects import routes as projects
from roomful.snapshots import routes as snapshots
from roomful.tasks import events as task_events
from roomful.tasks import routes as tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """`events` are told in a project's channel, `own_events` in a person's."""

    routers: tuple[APIRouter, ...]
    events: tuple[type[TypedEvent], ...] = ()
    own_events: tuple[type[TypedEvent], ...] = ()


FEATURES = (
    Feature(routers=(tasks.router,), events=task_events.EVENTS),
    Feature(
        routers=(projects.router, member_routes.router, event_routes.router),
        events=project_events.EVENTS,
        own_events=project_events.OWN_EVENTS,
    ),
    Feature(routers=(snapshots.router,)),
    Feature(routers=(accounts.router,)),
)
"""The one that is asked most comes first: routes are matched in this order."""
