"""GET /projects/{id}/presence."""

import pytest

from tests.conftest import Backend
from tests.support.app import Live
from tests.support.subscribers import Subscriber


@pytest.fixture
def backend() -> Backend:
    """One database is enough."""
    return "sqlite"


async def test_people_with_their_connections(live: Live) -> None:
    ada, bob = await live.api.register("ada"), await live.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob, role="viewer")
    assert await ada.get(f"{project.path}/presence") == []
    async with (
        Subscriber(live.socket_url, token=ada.token) as one,
        Subscriber(live.socket_url, token=ada.token) as two,
        Subscriber(live.socket_url, token=bob.token) as three,
    ):
        for subscriber in (one, two, three):
            await subscriber.subscribe(project.channel)
        people = await bob.get(f"{project.path}/presence")
        assert [(person["user_id"], person["name"]) for person in people] == [(ada.id, "Ada"), (bob.id, "Bob")]
        connected = [one.connected["client"], two.connected["client"]]
        assert people[0]["connections"] == [{"client": client} for client in sorted(connected)]
        assert people[1]["connections"] == [{"client": three.connected["client"]}]
        await three.unsubscribe(project.channel)
        assert [person["name"] for person in await bob.get(f"{project.path}/presence")] == ["Ada"]


async def test_strangers_get_404(live: Live) -> None:
    ada, eve = await live.api.register("ada"), await live.api.register("eve")
    project = await ada.create_project()
    await eve.get(f"{project.path}/presence", expect=404)
    await ada.get(f"{project.path[:-1]}/presence", expect=404)
