"""Sockets of a served application: signing in, reading, and losing access."""

import asyncio
import json
from ipaddress import ip_network
from typing import Any

import httpx
import jwt
import pytest
from centrifuge.protocol import client_pb2 as official
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from roomful.eventlog import log
from roomful.eventlog.log import EventData
from roomful.realtime.protocol import protobuf
from roomful.realtime.protocol.commands import Command, ConnectRequest
from roomful.settings import Settings
from tests.conftest import SECRET_KEY
from tests.support.api import API, Person, Project
from tests.support.app import Live, serving
from tests.support.sockets import Socket
from tests.support.subscribers import CommandError, PlainSubscriber, Subscriber

NOBODY = "01a20000-0000-7000-8000-000000000000"


async def two_members(live: Live, role: str = "editor") -> tuple[Person, Person, Project]:
    ada, bob = await live.api.register("ada"), await live.api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob, role)
    return ada, bob, project


async def test_events_are_gathered_for_as_long_as_the_setting_says(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"batch_delay": 3.0})) as live:
        ada = await live.api.register("ada")
        project = await ada.create_project()
        async with Subscriber(live.socket_url, token=ada.token) as subscriber:
            await subscriber.subscribe(project.channel)
            for title in ("one", "two"):
                await ada.create_task(project, title)
            await subscriber.expect_silence()
            counters = live.runtime.engine.hub.counters.fanout
            written = counters.written
            pushes = [await subscriber.next_push() for _ in range(2)]
            assert [push.event["data"]["task"]["title"] for push in pushes] == ["one", "two"]
            assert counters.written == written + 1


async def test_events_reach_every_kind_of_reader_as_the_log_has_them(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with (
        Subscriber(live.socket_url, token=bob.token) as subscriber,
        PlainSubscriber(live.socket_url, project.id, token=bob.token, since=0) as plain,
    ):
        await subscriber.subscribe(project.channel)
        for title in ("one", "two", "three"):
            await ada.create_task(project, title)
        logged = await ada.all_events(project)
        assert [await plain.next_event() for _ in logged] == logged
        pushed = [(await subscriber.expect_push("task.created")).event for _ in range(3)]
        assert pushed == logged[-3:]


async def test_subscriber_recovers_what_happened_while_away(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with Subscriber(live.socket_url, token=bob.token) as subscriber:
        await subscriber.subscribe(project.channel)
        await ada.create_task(project, "seen")
        await subscriber.expect_push("task.created")
        await subscriber.drop()
        for n in range(5):
            await ada.create_task(project, f"missed {n}")
        answers = await subscriber.reconnect()
        assert answers[project.channel]["recovered"]
        titles = [(await subscriber.expect_push("task.created")).event["data"]["task"]["title"] for _ in range(5)]
        assert titles == [f"missed {n}" for n in range(5)]
        await ada.create_task(project, "live again")
        assert (await subscriber.expect_push("task.created")).event["data"]["task"]["title"] == "live again"


async def test_subscriber_that_saw_nothing_yet_recovers_too(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with Subscriber(live.socket_url, token=bob.token) as subscriber:
        await subscriber.subscribe(project.channel)
        await subscriber.drop()
        await ada.create_task(project, "missed")
        assert (await subscriber.reconnect())[project.channel]["recovered"]
        await subscriber.expect_push("task.created")


async def test_plain_reader_gets_all_past_events_and_then_live_ones(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with live.runtime.transaction() as session:
        for n in range(450):
            note = EventData(type="task.updated", actor_id=ada.id, project_id=project.id, data={"n": n})
            await log.append(session, project.channel, note)
    async with PlainSubscriber(live.socket_url, project.id, token=bob.token, since=0) as plain:
        offsets = [(await plain.next_event())["offset"] for _ in range(452)]
        assert offsets == list(range(1, 453))
        await ada.create_task(project, "now")
        assert (await plain.expect_event("task.created"))["offset"] == 453


async def test_reader_without_since_misses_nothing_from_the_upgrade_on(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    for offset in range(2, 22):
        async with PlainSubscriber(live.socket_url, project.id, token=ada.token) as plain:
            await ada.create_task(project)
            assert (await plain.expect_event("task.created"))["offset"] == offset


async def test_unavailable_since_is_reported_and_live_events_follow(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with PlainSubscriber(live.socket_url, project.id, token=bob.token, since=99) as plain:
        told = await plain.next_event()
        assert told == {"recovered": False, "offset": 2, "epoch": told["epoch"]}
        await ada.create_task(project)
        assert (await plain.expect_event("task.created"))["offset"] == 3


@pytest.mark.parametrize("offset", [10**18, 2**63, 2**64 - 1])
async def test_any_offset_of_64_bits_that_is_not_reached_is_reported(live: Live, offset: int) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    async with Subscriber(live.socket_url, token=ada.token) as subscriber:
        answer = await subscriber.subscribe(project.channel, recover=True, offset=offset)
        assert (answer["was_recovering"], answer.get("recovered", False), answer["offset"]) == (True, False, 1)
        for reverse in (False, True):
            with pytest.raises(CommandError) as refused:
                since = {"offset": offset}
                await subscriber.command("history", channel=project.channel, limit=1, since=since, reverse=reverse)
            assert refused.value.code == 112
    async with PlainSubscriber(live.socket_url, project.id, token=ada.token, since=offset) as plain:
        assert (await plain.next_event())["recovered"] is False
    gone = await ada.request("GET", f"{project.path}/events?after={offset}")
    assert (gone.status_code, gone.json()["code"]) == (410, "EVENTS_EXPIRED")


async def test_number_of_more_than_64_bits_is_no_offset(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    for command in ({"subscribe": {"recover": True, "offset": 2**64}}, {"history": {"since": {"offset": 2**64}}}):
        async with Subscriber(live.socket_url, token=ada.token) as subscriber:
            [(name, fields)] = command.items()
            await subscriber.send_command(name, channel=project.channel, **fields)
            await subscriber.expect_close(3501)
    with pytest.raises(InvalidStatus) as refused:
        async with PlainSubscriber(live.socket_url, project.id, token=ada.token, since=2**64):
            pass
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body or b"")["error"].endswith(f"from 0 to {2**64 - 1}.")


@pytest.mark.parametrize("way", ["header", "query", "subprotocol", "ticket", "command"])
async def test_token_comes_in_every_way(live: Live, way: str) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    query, headers, protocols, token = "", {}, None, None
    match way:
        case "header":
            headers = {"Authorization": f"Bearer {ada.token}"}
        case "query":
            query = f"token={ada.token}"
        case "subprotocol":
            protocols = ["bearer", ada.token]
        case "ticket":
            query = f"ticket={(await ada.post('/auth/ticket', expect=200))['ticket']}"
        case "command":
            token = ada.token
    addresses = [f"{live.socket_url}/connection/websocket?{query}"]
    if way not in ("command", "ticket"):
        addresses.append(f"{live.socket_url}/ws/projects/{project.id}?{query}")
    for address in addresses:
        async with connect(address, additional_headers=headers, subprotocols=protocols) as socket:  # type: ignore[arg-type]
            assert socket.subprotocol == ("bearer" if way == "subprotocol" else None)
            if "/connection/" in address:
                await socket.send('{"id":1,"connect":{"token":"%s"}}' % (token or ""))
                assert '"client"' in str(await socket.recv())


async def test_ticket_opens_one_socket_only(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    ticket = (await ada.post("/auth/ticket", expect=200))["ticket"]
    address = f"{live.socket_url}/ws/projects/{project.id}?ticket={ticket}"
    async with connect(address):
        pass
    with pytest.raises(InvalidStatus) as refused:
        await connect(address)
    assert refused.value.response.status_code == 401


def signed(**claims: object) -> str:
    return jwt.encode({"sub": "x", **claims}, SECRET_KEY, algorithm="HS256")


@pytest.mark.parametrize("token", ["", "junk", "\ufffd.a.b", "a.b.c", signed(), signed(exp=1), "x" * 4_000])
async def test_bad_token_is_refused_before_the_upgrade_of_a_plain_socket(live: Live, token: str) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    with pytest.raises(InvalidStatus) as refused:
        await connect(httpx.URL(f"{live.socket_url}/ws/projects/{project.id}", params={"token": token}).__str__())
    response = refused.value.response
    assert response.status_code == 401
    assert b'"code":"UNAUTHENTICATED"' in (response.body or b"")
    assert response.headers["x-request-id"].encode() in (response.body or b"")


async def test_refresh_token_opens_nothing(live: Live) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{live.socket_url}/ws/projects/{project.id}?token={ada.refresh_token}")
    assert refused.value.response.status_code == 401
    subscriber = Subscriber(live.socket_url, token=ada.refresh_token)
    await subscriber.open()
    await subscriber.send_command("connect", token=ada.refresh_token)
    await subscriber.expect_close(3500)
    await subscriber.close()


@pytest.mark.parametrize("project_id", [NOBODY, "nonsense", "%00", "theirs"])
async def test_other_peoples_projects_look_missing(live: Live, project_id: str) -> None:
    ada, eve = await live.api.register("ada"), await live.api.register("eve")
    project = await ada.create_project()
    project_id = project.id if project_id == "theirs" else project_id
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{live.socket_url}/ws/projects/{project_id}?token={eve.token}")
    assert refused.value.response.status_code in ((400,) if project_id == "%00" else (404,))
    async with Subscriber(live.socket_url, token=eve.token) as subscriber:
        for channel in (f"project:{project_id}", f"signal:{project_id}", f"user:{ada.id}"):
            for command in ("subscribe", "history", "presence"):
                with pytest.raises(CommandError) as error:
                    await subscriber.command(command, channel=channel)
                assert error.value.code in (102, 103, 108), (channel, command)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://app.example.evil.com", "http://127.0.0.1:1", "http://roomful.test"],
)
async def test_foreign_page_is_refused(live: Live, origin: str) -> None:
    ada = await live.api.register("ada")
    project = await ada.create_project()
    for path in ("/connection/websocket", f"/ws/projects/{project.id}?token={ada.token}"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(live.socket_url + path, additional_headers={"Origin": origin})
        assert refused.value.response.status_code == 403


async def test_a_page_with_another_scheme_is_another_origin(live: Live) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(
            f"{live.socket_url}/connection/websocket", additional_headers={"Origin": f"https://127.0.0.1:{live.port}"}
        )
    assert refused.value.response.status_code == 403


async def test_the_scheme_is_what_a_trusted_proxy_says(settings: Settings) -> None:
    trusting = settings.model_copy(update={"trusted_proxies": (ip_network("127.0.0.1"),)})
    async with serving(trusting) as live:
        address, page = f"{live.socket_url}/connection/websocket", f"https://127.0.0.1:{live.port}"
        by_tls = {"X-Forwarded-Proto": "https"}
        async with connect(address, additional_headers={**by_tls, "Origin": page}):
            pass
        with pytest.raises(InvalidStatus):
            await connect(address, additional_headers={**by_tls, "Origin": live.url})


async def test_own_page_is_let_in(live: Live) -> None:
    async with connect(f"{live.socket_url}/connection/websocket", additional_headers={"Origin": live.url}):
        pass


async def test_removed_member_gets_no_more_events(live: Live) -> None:
    ada, bob, project = await two_members(live)
    signal = project.channel.replace("project:", "signal:")
    async with (
        Subscriber(live.socket_url, token=bob.token) as subscriber,
        Subscriber(live.socket_url, token=bob.token) as pointing,
        PlainSubscriber(live.socket_url, project.id, token=bob.token) as plain,
        PlainSubscriber(live.socket_url, project.id, token=ada.token) as owner,
    ):
        await subscriber.subscribe(project.channel)
        await pointing.subscribe(signal)
        await ada.remove_member(project, bob)
        await ada.create_task(project, "secret")
        assert (await subscriber.expect_push("unsubscribe")).channel == project.channel
        assert (await pointing.expect_push("unsubscribe")).channel == signal
        await plain.expect_close(3507)
        await subscriber.expect_silence(0.3)
        await owner.expect_event("member.removed")
        await owner.expect_event("task.created")
        with pytest.raises(CommandError):
            await subscriber.subscribe(project.channel, recover=True, offset=1, epoch="")
        with pytest.raises(CommandError):
            await subscriber.command("history", channel=project.channel, limit=10)


async def test_lowered_role_makes_readers_reconnect(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with (
        Subscriber(live.socket_url, token=bob.token) as subscriber,
        PlainSubscriber(live.socket_url, project.id, token=bob.token) as plain,
    ):
        await subscriber.subscribe(project.channel)
        await ada.patch(f"{project.path}/members/{bob.id}", {"role": "viewer"})
        push = await subscriber.expect_push("unsubscribe")
        assert push.body["code"] == 2500
        await plain.expect_close(3011)
        await subscriber.unsubscribe(project.channel)
        assert (await subscriber.subscribe(project.channel, recover=True, offset=1, epoch=""))["recovered"]


async def test_an_unknown_role_makes_everybody_reconnect(live: Live) -> None:
    ada, bob, project = await two_members(live)
    member = {"user_id": ada.id, "name": "Ada", "role": "captain"}
    event = EventData(
        type="member.updated", actor_id=ada.id, project_id=project.id, data={"member": member, "changed": ["role"]}
    )
    async with Subscriber(live.socket_url, token=bob.token) as subscriber:
        await subscriber.subscribe(project.channel)
        async with live.runtime.transaction() as session:
            await log.append(session, project.channel, event)
        push = await subscriber.expect_push("unsubscribe")
        assert (push.channel, push.body["code"]) == (project.channel, 2500)
        await subscriber.subscribe(project.channel)
        await ada.create_task(project)
        await subscriber.expect_push("task.created")


async def test_deleted_project_ends_with_its_last_event(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with (
        Subscriber(live.socket_url, token=bob.token) as subscriber,
        PlainSubscriber(live.socket_url, project.id, token=ada.token) as plain,
    ):
        await subscriber.subscribe(project.channel)
        await ada.delete(project.path)
        await subscriber.expect_push("project.deleted")
        await subscriber.expect_push("unsubscribe")
        await plain.expect_event("project.deleted")
        await plain.expect_close(3507)


@pytest.mark.parametrize("end", ["logout", "session", "reuse"])
async def test_ended_sign_in_closes_its_sockets_and_no_others(live: Live, end: str) -> None:
    ada = await live.api.register("ada")
    other = await live.api.sign_in(ada.email)
    project = await ada.create_project()
    async with (
        Subscriber(live.socket_url, token=ada.token) as subscriber,
        PlainSubscriber(live.socket_url, project.id, token=ada.token) as plain,
        PlainSubscriber(live.socket_url, project.id, token=other.token) as elsewhere,
    ):
        match end:
            case "logout":
                await ada.post("/auth/logout", expect=204)
            case "session":
                sessions: list[dict[str, Any]] = await other.get("/auth/sessions")
                doomed = next(each["id"] for each in sessions if not each["current"])
                await other.delete(f"/auth/sessions/{doomed}")
            case "reuse":
                token = ada.refresh_token
                for _ in range(2):
                    answer = await ada.http.post(f"{API}/auth/refresh", json={"refresh_token": token})
                    token = answer.json()["refresh_token"]
                await ada.http.post(f"{API}/auth/refresh", json={"refresh_token": ada.refresh_token})
        await subscriber.expect_close(3503, seconds=1.5)
        await plain.expect_close(3503, seconds=1.5)
        await other.create_task(project)
        await elsewhere.expect_event("task.created")


async def test_own_notifications_are_subscribed_at_connect_and_recoverable(live: Live) -> None:
    ada, bob = await live.api.register("ada"), await live.api.register("bob")
    project = await ada.create_project()
    async with Subscriber(live.socket_url, token=bob.token) as subscriber:
        assert list(subscriber.connected["subs"]) == [f"user:{bob.id}"]
        await ada.add_member(project, bob)
        event = (await subscriber.expect_push("notification.created", f"user:{bob.id}")).event
        assert event["data"]["notification"]["project_id"] == project.id


async def test_presence_names_people_by_their_sign_in(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with Subscriber(live.socket_url, token=ada.token) as first:
        await first.subscribe(project.channel, join_leave=True)
        async with Subscriber(live.socket_url, token=bob.token) as second:
            await second.subscribe(project.channel)
            while (push := await first.expect_push("join")).body["info"]["user"] != bob.id:
                pass
            assert push.body["info"]["conn_info"] == {"name": "Bob"}
            present = (await second.command("presence", channel=project.channel))["presence"]
            assert {info["user"] for info in present.values()} == {ada.id, bob.id}
            stats = await second.command("presence_stats", channel=project.channel)
            assert stats == {"num_clients": 2, "num_users": 2}
        leave = await first.expect_push("leave", seconds=10)
        assert leave.body["info"]["user"] == bob.id


async def test_signals_pass_between_members_of_any_role(live: Live) -> None:
    ada, vic, project = await two_members(live, role="viewer")
    signal = project.channel.replace("project:", "signal:")
    async with (
        Subscriber(live.socket_url, token=ada.token) as first,
        Subscriber(live.socket_url, token=vic.token) as second,
    ):
        await first.subscribe(signal)
        await second.subscribe(signal)
        await second.command("publish", channel=signal, data={"cursor": [1, 2]})
        push = await first.next_push()
        assert push.body["data"] == {"cursor": [1, 2]}
        assert push.body["info"]["user"] == vic.id
        with pytest.raises(CommandError) as refused:
            await second.command("publish", channel=project.channel, data={"type": "project.deleted"})
        assert refused.value.code == 103


async def test_signals_never_cut_off_a_reader_of_events(settings: Settings) -> None:
    """A slow reader, or one that pauses, loses signals, gets each event, and is not closed."""
    patient = {"send_buffer_bytes": 64 * 1024, "ping_interval": 60, "pong_timeout": 60}
    async with serving(settings.model_copy(update=patient)) as live:
        ada, vic, project = await two_members(live, role="viewer")
        signal = project.channel.replace("project:", "signal:")
        socket = Socket(f"{live.socket_url}/connection/websocket", receive_buffer=4096)
        async with (
            Subscriber(live.socket_url, token=ada.token, socket=socket) as reader,
            Subscriber(live.socket_url, token=vic.token) as flooder,
        ):
            await reader.subscribe(project.channel)
            await reader.subscribe(signal)
            socket.stop_reading()
            told = 0
            for _ in range(17):
                ids = [await flooder.send_command("publish", channel=signal, data="x" * 2_000) for _ in range(100)]
                told += len([await flooder.reply(each) for each in ids])
                await ada.create_task(project)
            socket.read_again()
            offsets: list[int] = []
            signals = 0
            while len(offsets) < 17:
                push = await reader.next_push()
                if push.channel == signal:
                    signals += 1
                elif push.channel == project.channel and push.kind == "pub":
                    offsets.append(push.event["offset"])
            assert offsets == list(range(offsets[0], offsets[0] + 17))
            assert told == 1_700
            assert signals < told
            assert live.runtime.engine.hub.counters.fanout.signals_dropped >= told - signals
            # Having caught up, the reader gets signals again.
            await flooder.command("publish", channel=signal, data="again")
            while (push := await reader.next_push()).body.get("data") != "again":
                pass


@pytest.mark.parametrize(
    "frame", [b"\x00", "{", "[" * 3000, "1" * 5000, "[]", "null", '""', '{"type":1}', '{"id":1,"connect":{"token":7}}']
)
async def test_garbage_is_answered_with_a_close_code(live: Live, frame: str | bytes) -> None:
    socket = Socket(f"{live.socket_url}/connection/websocket")
    await socket.open()
    await socket.send(frame)
    closed = await socket.expect_close(3501)
    assert len(closed.reason.encode()) <= 123


@pytest.mark.parametrize("frame", [b"\x05\x08", b"\xff" * 20, b"\x00", b"\x02\x08\x01", b"\x02\x5a\x00", "{}"])
async def test_garbage_in_protobuf_is_answered_with_a_close_code(live: Live, frame: str | bytes) -> None:
    socket = Socket(f"{live.socket_url}/connection/websocket", subprotocols=["centrifuge-protobuf"])
    await socket.open()
    await socket.send(frame)
    await socket.expect_close(3501)


@pytest.mark.parametrize(
    ("query", "subprotocols", "answer", "is_protobuf"),
    [
        ("", None, None, False),
        ("", ["centrifuge-json"], "centrifuge-json", False),
        ("", ["centrifuge-protobuf"], "centrifuge-protobuf", True),
        ("?format=protobuf", None, None, True),
        ("?cf_protocol=protobuf", None, None, True),
        ("?format=protobuf", ["centrifuge-json"], "centrifuge-json", False),
        ("?format=json", None, None, False),
    ],
)
async def test_a_client_chooses_json_or_protobuf(
    live: Live, query: str, subprotocols: list[str] | None, answer: str | None, is_protobuf: bool
) -> None:
    ada = await live.api.register("ada")
    socket = Socket(f"{live.socket_url}/connection/websocket{query}", subprotocols=subprotocols)
    assert (await socket.open()).subprotocol == answer
    hello = Command(1, connect=ConnectRequest(ada.token))
    if is_protobuf:
        await socket.send(protobuf.delimit(protobuf.encode(hello)))
        reply = await socket.receive()
        assert isinstance(reply, bytes)
        (message,) = protobuf.split(reply)
        assert official.Reply.FromString(message).connect.ping == 1
    else:
        await socket.send(f'{{"id":1,"connect":{{"token":"{ada.token}"}}}}')
        assert json.loads(await socket.receive())["connect"]["ping"] == 1
    await socket.close()


async def test_pool_is_free_while_sockets_are_idle(live: Live) -> None:
    ada, _, project = await two_members(live)
    readers = [PlainSubscriber(live.socket_url, project.id, token=ada.token, since=0) for _ in range(15)]
    for reader in readers:
        await reader.__aenter__()
        await reader.next_event()
    pool = live.runtime.database.engine.pool
    async with asyncio.timeout(2):
        while pool.checkedout():  # type: ignore[attr-defined]  # noqa: ASYNC110 - reconciling borrows one for a moment
            await asyncio.sleep(0.01)
    await ada.get(f"{project.path}/tasks")
    for reader in readers:
        await reader.socket.close()


async def test_writes_answered_or_not_reach_readers_once_in_order(live: Live) -> None:
    ada, bob, project = await two_members(live)
    async with (
        Subscriber(live.socket_url, token=bob.token) as subscriber,
        PlainSubscriber(live.socket_url, project.id, token=ada.token, since=0) as plain,
    ):
        await subscriber.subscribe(project.channel)
        async with asyncio.TaskGroup() as group:
            for n in range(50):
                group.create_task((ada if n % 2 else bob).create_task(project, f"task {n}"))
        assert [(await plain.next_event())["offset"] for _ in range(52)] == list(range(1, 53))
        offsets = [(await subscriber.expect_push("task.created")).event["offset"] for _ in range(50)]
        assert offsets == list(range(3, 53))


async def test_messages_may_be_larger_after_sign_in(settings: Settings) -> None:
    """After sign-in, enough for an SDK to subscribe to everything again; before, little more than a token."""
    async with serving(settings.model_copy(update={"max_message_bytes": 200_000})) as live:
        ada = await live.api.register("ada")
        stranger = Subscriber(live.socket_url, token=None)
        await stranger.open()
        await stranger.send_command("connect", token="x" * 70_000)
        await stranger.expect_close(1009)
        await stranger.close()
        async with Subscriber(live.socket_url, token=ada.token) as subscriber:
            padding = "x" * 190_000
            await subscriber.command("history", channel=f"user:{ada.id}", padding=padding)
            await subscriber.send_command("history", channel=f"user:{ada.id}", padding=padding * 2)
            await subscriber.expect_close(1009)


async def test_a_socket_used_by_hand_gets_websocket_pings(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"pong_timeout": 3})) as live:
        ada = await live.api.register("ada")
        query = "?cf_ws_frame_ping_pong=true"
        async with Subscriber(live.socket_url, token=ada.token, query=query, answers_pings=False) as by_hand:
            assert (by_hand.connected["ping"], by_hand.connected["pong"]) == (0, False)
            await by_hand.expect_silence(4.5)  # more than a ping interval and a pong timeout
