"""Readers without an SDK on a slow line: moving bytes count as life."""

from roomful.settings import Settings
from tests.support.app import serving
from tests.support.proxy import Network
from tests.support.subscribers import PlainSubscriber, Subscriber

HEAVY = "x" * 9_000


async def test_a_reader_whose_pongs_are_behind_much_else_lives(settings: Settings) -> None:
    """Past events take 6 s on this line, and a pong must come within 2 s."""
    patient = settings.model_copy(update={"ping_interval": 1, "pong_timeout": 2})
    async with serving(patient) as live, Network(live.port, bytes_per_second=64_000) as network:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        for number in range(39):
            await ada.create_task(project, f"Task {number}", description=HEAVY)
        url = f"ws://127.0.0.1:{network.port}"
        async with PlainSubscriber(url, project.id, token=ada.token, since=0) as reader:
            assert [(await reader.next_event())["offset"] for _ in range(40)] == list(range(1, 41))
            await ada.create_task(project)  # a close would come after all that
            assert (await reader.next_event())["offset"] == 41


async def test_a_client_whose_pongs_are_behind_a_reply_lives(settings: Settings) -> None:
    patient = settings.model_copy(update={"ping_interval": 1, "pong_timeout": 2})
    async with serving(patient) as live, Network(live.port, bytes_per_second=32_000) as network:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        for number in range(14):
            await ada.create_task(project, f"Task {number}", description=HEAVY)
        async with Subscriber(f"ws://127.0.0.1:{network.port}", token=ada.token) as subscriber:
            found = await subscriber.command("history", channel=project.channel, limit=-1)
            assert [pub["offset"] for pub in found["publications"]] == list(range(1, 15))
            assert found["offset"] == 15
            assert (await subscriber.command("history", channel=project.channel, limit=0))["offset"] == 15
