"""An operator locks a person out from the command line: on every node, with everything open, within a second."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.api import API, PASSWORD, Person, Project
from tests.support.server import Server, run_command
from tests.support.sockets import Socket
from tests.support.subscribers import PlainSubscriber, Subscriber

SECONDS = 1.0
SLOWER = 2.5
"""How many times longer a busy machine may take."""
FORCE_DISCONNECT = 3503
ANOTHER_PASSWORD = "a wholly different passphrase"


@pytest.fixture
async def nodes(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    """Two processes on one database, without a broker between them."""
    async with Server(tmp_path, environment) as one, Server(tmp_path, environment) as two:
        yield one, two


@dataclass
class Open:
    """Everything that a person has open at one node."""

    subscriber: Subscriber
    plain: PlainSubscriber
    stream: httpx.Response

    async def expect_end(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.subscriber.expect_close(FORCE_DISCONNECT))
            group.create_task(self.plain.expect_close(FORCE_DISCONNECT))
            group.create_task(self._stream_ends())

    async def _stream_ends(self) -> None:
        async for _ in self.stream.aiter_bytes():
            pass


async def open_everything(stack: AsyncExitStack, node: Server, person: Person, project: Project) -> Open:
    subscriber = await stack.enter_async_context(Subscriber(node.socket_url, token=person.token))
    await subscriber.subscribe(project.channel)
    plain = await stack.enter_async_context(PlainSubscriber(node.socket_url, project.id, token=person.token))
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {person.token}"}
    http = await stack.enter_async_context(httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=30))
    stream = await stack.enter_async_context(http.stream("GET", f"{API}{project.path}/events", headers=headers))
    assert stream.status_code == 200
    return Open(subscriber, plain, stream)


async def test_operator_ends_everything_that_a_person_has_open(
    nodes: tuple[Server, Server], tmp_path: Path, environment: dict[str, str]
) -> None:
    one, two = nodes
    owner = await one.api.register("owner")
    project = await owner.create_project()

    people: dict[str, Person] = {}

    async def roomful(*arguments: str, stdin: str = "") -> None:
        outcome = await run_command(["user", *arguments], tmp_path, environment, stdin=stdin)
        assert outcome.exit_code == 0, outcome

    for command, *options in (["sign-out"], ["password", "--password-stdin"], ["deactivate"]):
        eve = people[command] = await one.api.register(command)
        await owner.add_member(project, eve, "viewer")
        ticket = (await eve.post("/auth/ticket", expect=200))["ticket"]
        async with AsyncExitStack() as stack:
            everything = [await open_everything(stack, node, eve, project) for node in nodes]
            bystander = await open_everything(stack, one, owner, project)

            await roomful(command, eve.email, *options, stdin=ANOTHER_PASSWORD)
            ended_at = time.monotonic()
            # REST at once, before any node can know of it.
            await eve.get("/auth/me", expect=401)
            for opened in everything:
                await opened.expect_end()
            assert time.monotonic() - ended_at < SECONDS * SLOWER

            await owner.create_task(project)
            assert (await bystander.plain.next_event())["type"] in ("task.created", "member.added")
        refresh = await one.api.http.post(f"{API}/auth/refresh", json={"refresh_token": eve.refresh_token})
        assert refresh.status_code == 401
        socket = Socket(f"{two.socket_url}/ws/projects/{project.id}?ticket={ticket}")
        with pytest.raises(InvalidStatus, match="401"):
            await socket.open()

    for person in (people["deactivate"], people["password"]):
        form = {"username": person.email, "password": PASSWORD}
        assert (await one.api.http.post(f"{API}/auth/token", data=form)).status_code == 401
    assert (await one.api.sign_in(people["password"].email, ANOTHER_PASSWORD)).id == people["password"].id
    eve = people["deactivate"]
    await roomful("activate", eve.email)
    await eve.get("/auth/me", expect=401)
    again = await two.api.sign_in(eve.email)
    assert (await again.get("/auth/me"))["id"] == eve.id
