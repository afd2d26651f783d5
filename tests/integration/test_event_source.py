"""Server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from roomful.settings import Settings
from roomful.web.limits import ADDRESS_FACTOR
from tests.support.api import API, Person, Project
from tests.support.app import Live, serving


class Stream:
    """Reads a stream's fields as an EventSource does."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = self._split()

    async def next(self, seconds: float = 5.0) -> dict[str, str]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                name, _, value = line.partition(":")
                if line and name:
                    fields[name] = value.strip()
                elif not line and fields:
                    return fields
        raise EOFError

    async def _split(self) -> AsyncIterator[str]:
        """Lines end as the standard says; `aiter_lines` ends them at U+2028 too."""
        rest = b""
        async for chunk in self.response.aiter_bytes():
            *lines, rest = (rest + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                yield line.decode()

    async def events(self, count: int) -> list[Any]:
        found = []
        for _ in range(count):
            fields = await self.next()
            event = json.loads(fields["data"])
            assert fields["id"] == str(event["offset"])
            found.append(event)
        return found


@asynccontextmanager
async def open_stream(person: Person, project: Project, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {person.token}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    async with person.http.stream("GET", f"{API}{project.path}/events{query}", headers=headers) as response:
        yield Stream(response)


async def test_stream_sends_past_events_then_live_ones(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    await ada.create_task(project, "past\revent: project.deleted\rdata: {}\u2028\n\n")
    async with open_stream(ada, project, "?after=0", Accept_Encoding="gzip") as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-store, no-transform"
        assert "content-encoding" not in stream.response.headers
        assert await stream.events(2) == await ada.all_events(project)
        await ada.create_task(project, "present")
        assert (await stream.events(1))[0]["data"]["task"]["title"] == "present"
    async with open_stream(ada, project, "?after=0", Last_Event_ID="2") as stream:
        assert [event["offset"] for event in await stream.events(1)] == [3]


async def test_list_stays_a_list(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    assert [event["offset"] for event in await ada.events(project)] == [1]


@pytest.mark.parametrize("last", ["abc", "1e9", "-1", "9" * 30])
async def test_bad_last_event_id_is_refused(live: Live, last: str) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with open_stream(ada, project, Last_Event_ID=last) as stream:
        await stream.response.aread()
        assert (stream.response.status_code, stream.response.json()["code"]) == (422, "VALIDATION")
        assert [detail["field"] for detail in stream.response.json()["details"]] == ["last-event-id"]


@pytest.mark.parametrize("after", ["abc", "1e9", "-1", "9" * 30, "", str(2**64)])
async def test_bad_place_is_refused_as_by_the_list(live: Live, after: str) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    listed = (await ada.request("GET", f"{project.path}/events?after={after}")).json()
    async with open_stream(ada, project, f"?after={after}") as stream:
        await stream.response.aread()
        assert stream.response.status_code == 422
        assert stream.response.json() == listed | {"request_id": stream.response.json()["request_id"]}
    assert [detail["field"] for detail in listed["details"]] == ["after"]


async def test_unavailable_position_is_reported(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with open_stream(ada, project, Last_Event_ID="77") as stream:
        fields = await stream.next()
        assert fields["event"] == "reset"
        assert json.loads(fields["data"])["offset"] == 1


async def test_ticket_opens_one_stream_and_strangers_none(live: Live) -> None:
    ada, eve = await live.api.register("ada"), await live.api.register("eve")
    project = await ada.create_project()
    ticket = (await ada.post("/auth/ticket", expect=200))["ticket"]
    for expected in (200, 401):
        async with open_stream(ada, project, f"?ticket={ticket}", Authorization="") as stream:
            assert stream.response.status_code == expected
    async with open_stream(eve, project) as stream:
        assert stream.response.status_code == 404


async def test_the_direct_handshake_skips_no_check(live: Live) -> None:
    """Streams bypass the framework, but no check of requests."""
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with open_stream(ada, project, X_Request_ID="mine") as stream:
        headers = stream.response.headers
        assert headers["x-request-id"] == "mine"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["vary"] == "Origin"
        assert "server-timing" in headers
    async with open_stream(ada, project, Origin="https://elsewhere.example") as stream:
        assert stream.response.status_code == 403
    async with open_stream(ada, project, Host="a/b") as stream:
        assert stream.response.status_code == 400
    async with open_stream(ada, project, "?after=%00") as stream:
        assert stream.response.status_code == 400
        await stream.response.aread()
        assert stream.response.json()["code"] == "BAD_REQUEST"


@pytest.mark.usefixtures("no_refills")
async def test_stream_without_a_token_counts_as_a_strangers_read(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"rate_limit_reads": 1})) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        headers = {"Accept": "text/event-stream"}
        address = f"{API}{project.path}/events?ticket=none"
        answers = [await ada.http.get(address, headers=headers) for _ in range(ADDRESS_FACTOR + 1)]
        assert [answer.status_code for answer in answers] == [401] * ADDRESS_FACTOR + [429]


async def test_stream_ends_when_access_does(live: Live) -> None:
    ada, bob = await live.api.register("ada"), await live.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    async with open_stream(bob, project, "?after=0") as stream:
        await stream.events(2)
        await ada.remove_member(project, bob)
        await ada.create_task(project, "secret")
        with pytest.raises(EOFError):
            await stream.next()


async def test_readers_that_left_leave_nothing_behind(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    for _ in range(10):
        async with open_stream(ada, project, "?after=0") as stream:
            await stream.events(1)
    async with asyncio.timeout(20):
        while len(live.app.state.node.sessions):  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.01)
    assert live.app.state.node.hub.subscription_count == 0


async def test_stream_over_the_limit_of_connections_is_refused(settings: Settings) -> None:
    """A response that only ended would be opened again by an EventSource, for ever."""
    async with serving(settings.model_copy(update={"max_connections_per_user": 1})) as live:
        ada = await live.api.register("ada")
        project, other = await ada.create_project(), await ada.create_project()
        async with open_stream(ada, project, "?after=0") as first:
            await first.events(1)
            async with open_stream(ada, other, "?after=0") as second:
                await second.response.aread()
                assert (second.response.status_code, second.response.json()["code"]) == (503, "UNAVAILABLE")
                assert second.response.headers["retry-after"] == "2"
            await ada.create_task(project)
            await first.events(1)
        async with asyncio.timeout(20):
            while len(live.app.state.node.sessions):  # noqa: ASYNC110 - plain state
                await asyncio.sleep(0.01)
        async with open_stream(ada, other, "?after=0") as third:
            await third.events(1)


async def test_no_task_stays_for_an_open_stream(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with open_stream(ada, project, "?after=0") as stream:
        await stream.events(1)
        await ada.create_task(project)
        await stream.events(1)
        assert not [each for each in asyncio.all_tasks() if "run_asgi" in repr(each)]


async def test_request_behind_that_for_a_stream_is_left_alone(live: Live) -> None:
    """The stream has no end, so what stands behind it in the connection is never answered; its reader may still go."""
    ada = await live.api.register("ada")
    project = await ada.create_project()
    head = f"GET {API}{project.path}/events HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n"
    request = f"{head}Authorization: Bearer {ada.token}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(request + request)
    async with asyncio.timeout(20):
        await reader.readuntil(b": connected\n\n")
        await ada.create_task(project)
        await reader.readuntil(b"task.created")
        writer.transport.abort()
        while len(live.app.state.node.sessions):  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("length", [0, 100])
async def test_reader_that_goes_is_noticed_whether_or_not_it_was_still_sending(live: Live, length: int) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    head = f"GET {API}{project.path}/events HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n"
    head += f"Authorization: Bearer {ada.token}\r\nContent-Length: {length}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(head.encode() + b"x" * (length // 2))
    await reader.readuntil(b": connected")
    assert len(live.app.state.node.sessions) == 1
    writer.close()
    async with asyncio.timeout(20):
        while len(live.app.state.node.sessions):  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.01)


async def test_reader_that_sends_too_much_is_cut_off(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    head = f"GET {API}{project.path}/events HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n"
    head += f"Authorization: Bearer {ada.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(head.encode())
    await reader.readuntil(b": connected")
    writer.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n" + b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
    async with asyncio.timeout(20):
        while len(live.app.state.node.sessions):  # noqa: ASYNC110 - plain state
            await asyncio.sleep(0.01)
    writer.close()
