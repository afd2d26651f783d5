"""The route of a project's presence."""

from collections import defaultdict

import msgspec
from fastapi import APIRouter

from roomful.channels import project_channel
from roomful.errors import NotFound, Unavailable
from roomful.gateway.endpoints import LiveNode
from roomful.projects.access import PathId, may_see
from roomful.realtime.presence.port import PresenceUnavailable
from roomful.realtime.publication import ClientInfo
from roomful.web.dependencies import API, CurrentUser, Live
from roomful.web.openapi import errors
from roomful.web.routing import Route
from roomful.web.schemas import Out

router = APIRouter(prefix=f"{API}/projects/{{project_id}}/presence", tags=["projects"], route_class=Route)


class PresentConnection(Out):
    """One open socket that is subscribed to the project; `client` as in the event socket's joins."""

    client: str


class PresentPerson(Out):
    user_id: str
    name: str
    connections: list[PresentConnection]


@router.get("", responses=errors(Unavailable))
async def list_presence(project_id: PathId, person: CurrentUser, runtime: Live, node: LiveNode) -> list[PresentPerson]:
    """The people with a socket on the project, on any node, by name."""
    # A session of its own, closed before the list is read, which may take a while.
    async with runtime.database.read() as session:
        if not await may_see(session, user_id=person.id, project_id=project_id):
            raise NotFound
    await node.presence_recorder.settle()
    try:
        clients = await node.presence.members(project_channel(project_id))
    except PresenceUnavailable:
        raise Unavailable("Presence is not available now; try again in a moment.") from None
    return _people(clients)


def _people(clients: list[ClientInfo]) -> list[PresentPerson]:
    of_user: defaultdict[str, list[ClientInfo]] = defaultdict(list)
    for client in sorted(clients, key=lambda client: client.client):
        of_user[client.user].append(client)
    people = [
        PresentPerson(
            user_id=user,
            name=_name_of(own[-1]),
            connections=[PresentConnection(client=client.client) for client in own],
        )
        for user, own in of_user.items()
    ]
    return sorted(people, key=lambda person: (person.name, person.user_id))


def _name_of(client: ClientInfo) -> str:
    try:
        return _shown.decode(client.info).name
    except msgspec.MsgspecError:  # from a node of another version
        return ""


class _Shown(msgspec.Struct):
    """A person's info, as ProjectPolicy makes it."""

    name: str


_shown = msgspec.json.Decoder(_Shown)
