"""One client's session, on a node in memory."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from centrifuge.fossil import apply_delta
from centrifuge.protocol import client_pb2 as official
from msgspec import Raw

from roomful.realtime.history.port import HistoryUnavailable
from roomful.realtime.limits import Limits
from roomful.realtime.node.command_errors import LINES_A_MINUTE
from roomful.realtime.protocol import codes, protobuf
from roomful.realtime.protocol.commands import Command, ConnectRequest, PublishRequest
from roomful.realtime.protocol.formats import PROTOBUF
from roomful.realtime.publication import Publication
from roomful.realtime.session.command_queue import COMMAND_SECONDS
from roomful.realtime.session.session import Mode, Session
from tests.support.engine import Engine, ListTransport, running_engine


def say(session: Session, *commands: dict[str, Any]) -> None:
    session.receive(b"\n".join(msgspec.json.encode(command) for command in commands).decode())


async def until(condition: Callable[[], object], seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - polled: the conditions are plain state
            await asyncio.sleep(0.001)


async def answers(transport: ListTransport, count: int) -> list[Any]:
    await until(lambda: len(transport.messages) >= count)
    return transport.take()


async def connected(engine: Engine, name: str = "ada") -> tuple[Session, ListTransport]:
    session, transport = engine.session()
    say(session, {"id": 1, "connect": {"token": name}})
    (reply,) = await answers(transport, 1)
    assert reply["connect"]["ping"] == 25
    return session, transport


async def subscribed(
    engine: Engine, channel: str, name: str = "ada", **wanted: object
) -> tuple[Session, ListTransport]:
    engine.history.open(channel)
    session, transport = await connected(engine, name)
    say(session, {"id": 2, "subscribe": {"channel": channel, **wanted}})
    await until(lambda: any(message.get("id") == 2 for message in transport.messages))
    return session, transport


async def test_first_frame_may_hold_connect_and_subscribes() -> None:
    async with running_engine() as engine:
        engine.history.open("project:1")
        session, transport = engine.session()
        say(session, {"id": 1, "connect": {"token": "ada"}}, {"id": 2, "subscribe": {"channel": "project:1"}})
        first, second = (await answers(transport, 2))[:2]
        assert first["connect"]["client"]
        assert second == {
            "id": 2,
            "subscribe": {"recoverable": True, "positioned": True, "epoch": engine.history.open("project:1").epoch},
        }


async def test_command_that_hangs_ends_the_session(caplog: pytest.LogCaptureFixture) -> None:
    """Commands have deadlines; an adapter without its own must not keep a client waiting for ever."""
    async with running_engine() as engine:
        session, transport = await connected(engine)
        engine.history.open("project:1")
        engine.policy.gates[engine.policy.questions + 1] = asyncio.Event()
        say(session, {"id": 2, "subscribe": {"channel": "project:1"}})
        now = time.monotonic()  # before the command's first turn
        assert session.due(now) is not None
        assert not session.has_ended
        assert session.due(now + COMMAND_SECONDS + 1) is None
        assert transport.closed_with == (3004, "internal server error")
        await until(lambda: not len(engine.node.task_scope))
        assert [record.message for record in caplog.records] == ["a command hangs"]


async def test_sign_in_that_hangs_is_cancelled() -> None:
    async with running_engine() as engine:
        engine.policy.verifying = asyncio.Event()
        session, transport = engine.session()
        say(session, {"id": 1, "connect": {"token": "ada"}})
        await asyncio.sleep(0)
        assert session.due(time.monotonic() + engine.node.limits.connect_seconds) is None
        assert transport.closed_with == (3502, "stale")
        await until(lambda: not len(engine.node.task_scope))


async def test_subscriber_gets_what_is_published_in_order() -> None:
    async with running_engine() as engine:
        _, transport = await subscribed(engine, "project:1")
        transport.take()
        for n in range(5):
            engine.publish("project:1", n=n)
        await until(lambda: sum("pub" in message.get("push", {}) for message in transport.messages) >= 5)
        pubs = [message["push"]["pub"] for message in transport.take() if "pub" in message["push"]]
        assert [(pub["offset"], pub["data"]) for pub in pubs] == [(n + 1, {"n": n}) for n in range(5)]


async def test_recovery_has_all_missed_events_and_counts_from_the_requested_offset() -> None:
    async with running_engine() as engine:
        epoch = engine.history.open("project:1").epoch
        for n in range(5):
            engine.publish("project:1", n=n)
        session, transport = await connected(engine)
        say(session, {"id": 2, "subscribe": {"channel": "project:1", "recover": True, "epoch": epoch, "offset": 2}})
        result = (await answers(transport, 1))[0]["subscribe"]
        assert result["recovered"]
        assert result["was_recovering"]
        assert result["offset"] == 2
        assert [pub["offset"] for pub in result["publications"]] == [3, 4, 5]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"epoch": "other", "offset": 2}, "another epoch"),
        ({"epoch": "_", "offset": 0}, "the SDK's way to say that its state is invalid"),
        ({"epoch": "", "offset": 99}, "beyond the head"),
        ({"epoch": "", "offset": 0}, "more than the limit"),
    ],
)
async def test_recovery_that_would_have_a_gap_gives_nothing(asked: dict[str, Any], reason: str) -> None:
    async with running_engine(limits=Limits(recovery=3)) as engine:
        epoch = engine.history.open("project:1").epoch
        for n in range(5):
            engine.publish("project:1", n=n)
        session, transport = await connected(engine)
        say(session, {"id": 2, "subscribe": {"channel": "project:1", "recover": True, **asked}})
        result = (await answers(transport, 1))[0]["subscribe"]
        assert result == {
            "recoverable": True,
            "positioned": True,
            "was_recovering": True,
            "epoch": epoch,
            "offset": 5,
        }, reason
        say(session, {"id": 3, "subscribe": {"channel": "project:2"}})
        say(session, {"id": 4, "unsubscribe": {"channel": "project:1"}})
        say(session, {"id": 5, "subscribe": {"channel": "project:1", "recover": True, "flag": 2, **asked}})
        await until(lambda: any(message.get("id") == 5 for message in transport.messages))
        refusal = next(message for message in transport.take() if message.get("id") == 5)
        assert refusal["error"]["code"] == 112


async def test_lost_event_is_read_from_the_log_when_the_next_one_comes() -> None:
    async with running_engine() as engine:
        _, transport = await subscribed(engine, "project:1")
        transport.take()
        engine.record("project:1", n=0)
        engine.publish("project:1", n=1)
        await until(lambda: sum("pub" in message.get("push", {}) for message in transport.messages) >= 2)
        assert [m["push"]["pub"]["offset"] for m in transport.take() if "pub" in m["push"]] == [1, 2]


async def test_lost_last_event_is_found_by_reconciling() -> None:
    async with running_engine() as engine:
        _, transport = await subscribed(engine, "project:1")
        transport.take()
        engine.record("project:1", n=0)
        await until(lambda: any("pub" in message.get("push", {}) for message in transport.messages), seconds=2.0)


async def test_repeated_and_reordered_publications_reach_the_subscriber_once_in_order() -> None:
    async with running_engine() as engine:
        _, transport = await subscribed(engine, "project:1")
        transport.take()
        made = [engine.record("project:1", n=n) for n in range(4)]
        for index in (1, 0, 1, 3, 2, 3, 0):
            engine.broker.publish(made[index])
        await until(lambda: sum("pub" in message.get("push", {}) for message in transport.messages) >= 4)
        assert [m["push"]["pub"]["offset"] for m in transport.take() if "pub" in m["push"]] == [1, 2, 3, 4]
        assert engine.hub.counters.log_reads == 0


async def test_replaced_history_makes_the_client_subscribe_again() -> None:
    async with running_engine() as engine:
        _, transport = await subscribed(engine, "project:1")
        transport.take()
        engine.history.forget("project:1")
        engine.publish("project:1", n=1)
        await until(lambda: any("unsubscribe" in message.get("push", {}) for message in transport.messages))
        push = next(message["push"] for message in transport.take() if "unsubscribe" in message["push"])
        assert push["unsubscribe"]["code"] == 2500


@pytest.mark.parametrize(
    ("token", "reply", "closed"),
    [("old-ada", 109, None), ("bad", None, 3500), ("", None, 3501)],
)
async def test_bad_token_is_answered_as_sdks_expect(token: str, reply: int | None, closed: int | None) -> None:
    async with running_engine() as engine:
        session, transport = engine.session()
        say(session, {"id": 1, "connect": {"token": token}}, {"id": 2, "subscribe": {"channel": "project:1"}})
        await until(lambda: transport.messages or transport.closed_with)
        if reply:
            assert [message["error"]["code"] for message in transport.messages] == [reply]
        assert (transport.closed_with or (None,))[0] == closed


@pytest.mark.parametrize(
    "frame",
    ["", "{", "[]", "null", '""', "[" * 3000, "1" * 5000, '{"id":1}', '{"id":"1","connect":{}}', '{"connect":{}}',
     '{"id":1,"connect":{},"ping":{}}', '{"id":1,"publish":{"channel":"c","data":1}}', b"\x00", b"\xff\xfe"],
)  # fmt: skip
async def test_garbage_closes_with_a_code(frame: str | bytes) -> None:
    async with running_engine() as engine:
        session, transport = engine.session()
        session.receive(frame)
        if frame:
            await until(lambda: transport.closed_with)
            assert transport.closed_with == (codes.BAD_COMMAND.code, codes.BAD_COMMAND.reason)


async def test_errors_keep_the_connection() -> None:
    async with running_engine(limits=Limits(channels=2)) as engine:
        engine.policy.members["project:2"] = set()
        for number in (1, 2, 3):
            engine.history.open(f"project:{number}")
        session, transport = await subscribed(engine, "project:1")
        transport.take()
        commands: list[tuple[dict[str, Any], int]] = [
            ({"subscribe": {"channel": "project:1"}}, 105),
            ({"subscribe": {"channel": "project:2"}}, 103),
            ({"subscribe": {"channel": "project:9"}}, 102),
            ({"subscribe": {"channel": "nothing"}}, 102),
            ({"subscribe": {"channel": ""}}, 107),
            ({"subscribe": {"channel": "x" * 256}}, 107),
            ({"subscribe": {"channel": "project:1", "type": 1}}, 108),
            ({"publish": {"channel": "project:1", "data": {}}}, 103),
            ({"publish": {"channel": "signal:1"}}, 107),
            ({"publish": {"channel": "signal:1", "data": "x" * 200}}, 106),
            ({"presence": {"channel": "signal:1"}}, 108),
            ({"history": {"channel": "signal:1"}}, 108),
            ({"history": {"channel": "project:1", "since": {"offset": 1, "epoch": "no"}}}, 112),
            ({"rpc": {"method": "m", "data": {}}}, 104),
            ({"ping": {}}, 108),
            ({"sub_refresh": {"channel": "project:3"}}, 103),
        ]
        for number, (command, code) in enumerate(commands, start=10):
            say(session, {"id": number, **command})
            (answer,) = await answers(transport, 1)
            assert (answer["id"], answer["error"]["code"]) == (number, code), command
        assert set(session.subscriptions) == {"project:1"}


async def test_refused_commands_are_counted_and_our_faults_logged_at_a_limited_rate(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_engine() as engine:

        async def heads(_channels: object) -> None:
            raise HistoryUnavailable

        monkeypatch.setattr(engine.hub._heads, "_ask", heads)
        session, transport = await connected(engine)
        for number in range(20):
            say(session, {"id": 2 + number, "subscribe": {"channel": "project:1"}})
        say(session, {"id": 30, "subscribe": {"channel": "nothing"}})
        await until(lambda: len(transport.messages) == 21)
        assert engine.node.command_errors.counted == {("subscribe", 100): 20, ("subscribe", 102): 1}
        lines = [record for record in caplog.records if record.message == "a command was refused for now"]
        assert len(lines) == LINES_A_MINUTE
        assert vars(lines[0]) | {"method": "subscribe", "code": 100, "reason": "HistoryUnavailable"} == vars(lines[0])


async def test_joins_and_leaves_are_of_a_persons_first_and_last_connection() -> None:
    async with running_engine() as engine:
        watcher, seen = await subscribed(engine, "project:1", "ada", join_leave=True)
        await until(lambda: any("join" in message.get("push", {}) for message in seen.messages))
        seen.take()
        tabs = [(await subscribed(engine, "project:1", "bob"))[0] for _ in range(3)]
        say(watcher, {"id": 9, "presence": {"channel": "project:1"}})
        await until(lambda: any(message.get("id") == 9 for message in seen.messages))
        messages = seen.take()
        joins = [message["push"]["join"]["info"]["user"] for message in messages if "join" in message.get("push", {})]
        assert joins == ["bob"]
        present = next(message for message in messages if message.get("id") == 9)["presence"]["presence"]
        assert sorted(info["user"] for info in present.values()) == ["ada", "bob", "bob", "bob"]
        assert all(info["conn_info"]["name"] == info["user"] for info in present.values())
        for tab in tabs:
            tab.closed(1006)
        await until(lambda: any("leave" in message.get("push", {}) for message in seen.messages))
        await engine.node.presence_recorder.settle()
        assert sum("leave" in message.get("push", {}) for message in seen.take()) == 1


@pytest.mark.parametrize("delta", ["", "fossil"])
async def test_only_subscribers_that_ask_get_joins_and_leaves(delta: str) -> None:
    async with running_engine() as engine:
        _, asked = await subscribed(engine, "project:1", "ada", join_leave=True, delta=delta)
        _, other = await subscribed(engine, "project:1", "eve", delta=delta)
        bob, _ = await subscribed(engine, "project:1", "bob")
        await engine.node.presence_recorder.settle()
        assert len(await engine.node.presence.members("project:1")) == 3, "who is there is known all the same"
        say(bob, {"id": 3, "unsubscribe": {"channel": "project:1"}})
        await until(lambda: "leave" in kinds(asked))
        engine.publish("project:1", n=1)
        await until(lambda: "pub" in kinds(asked) and "pub" in kinds(other))
        assert kinds(asked) == ["join", "join", "join", "leave", "pub"]
        assert kinds(other) == ["pub"]


def kinds(transport: ListTransport) -> list[str]:
    """The channels' pushes so far."""
    return [list(message["push"])[1] for message in transport.messages if "push" in message]


async def test_in_protobuf_too_subscribers_that_ask_get_joins() -> None:
    async with running_engine() as engine:
        engine.history.open("project:1")
        heard: dict[bool, ListTransport] = {}
        for asks in (True, False):
            session, transport = engine.session(client_format=PROTOBUF)
            subscribe = official.SubscribeRequest(channel="project:1", join_leave=asks)
            commands = [
                official.Command(id=1, connect=official.ConnectRequest(token=f"asks {asks}")),
                official.Command(id=2, subscribe=subscribe),
            ]
            session.receive(b"".join(protobuf.delimit(command.SerializeToString()) for command in commands))
            heard[asks] = transport
            await until(lambda: len(heard[asks].messages) >= 2)  # noqa: B023 - called in this turn of the loop alone
        await until(lambda: len(heard[True].messages) == 4)
        replies = [official.Reply.FromString(next(protobuf.split(message))) for message in heard[True].messages[2:]]
        assert [reply.push.join.info.user for reply in replies] == ["asks True", "asks False"]
        assert len(heard[False].messages) == 2


async def test_a_crowd_without_joins_costs_no_writes() -> None:
    async with running_engine() as engine:
        for number in range(50):
            await subscribed(engine, "project:1", f"person {number}")
        await engine.node.presence_recorder.settle()
        assert len(await engine.node.presence.members("project:1")) == 50
        counters = engine.hub.counters.fanout
        assert (counters.encoded, counters.written) == (0, 0)


async def test_history_gives_position_pages_and_reverse() -> None:
    async with running_engine() as engine:
        session, transport = await subscribed(engine, "project:1")
        for n in range(5):
            engine.record("project:1", n=n)
        epoch = engine.history.open("project:1").epoch
        asked: list[tuple[dict[str, Any], list[int]]] = [
            ({}, []),
            ({"limit": -1}, [1, 2, 3, 4, 5]),
            ({"limit": 2}, [1, 2]),
            ({"limit": 2, "reverse": True}, [5, 4]),
            ({"limit": 9, "since": {"offset": 3, "epoch": epoch}}, [4, 5]),
            ({"limit": 9, "reverse": True, "since": {"offset": 3, "epoch": epoch}}, [2, 1]),
        ]
        for number, (options, offsets) in enumerate(asked, start=10):
            say(session, {"id": number, "history": {"channel": "project:1", **options}})
            await until(lambda number=number: any(m.get("id") == number for m in transport.messages))  # type: ignore[misc]
            result = next(message for message in transport.take() if message.get("id") == number)["history"]
            assert [pub["offset"] for pub in result["publications"]] == offsets
            assert (result["epoch"], result["offset"]) == (epoch, 5)


@pytest.mark.parametrize("reverse", [False, True])
async def test_history_refuses_a_place_that_it_does_not_reach(reverse: bool) -> None:
    async with running_engine() as engine:
        engine.history.open("project:1", size=2)
        session, transport = await subscribed(engine, "project:1")
        for n in range(5):
            engine.record("project:1", n=n)
        whole = [5, 4] if reverse else [4, 5]
        asked = [(None, whole), (0, None), (2, None), (3, [] if reverse else [4, 5]), (7, None)]
        for number, (offset, expected) in enumerate(asked, start=10):
            since = {} if offset is None else {"since": {"offset": offset}}
            say(session, {"id": number, "history": {"channel": "project:1", "limit": 9, "reverse": reverse, **since}})
            await until(lambda number=number: any(m.get("id") == number for m in transport.messages))  # type: ignore[misc]
            reply = next(message for message in transport.take() if message.get("id") == number)
            if expected is None:
                assert reply["error"]["code"] == 112
            else:
                assert [pub["offset"] for pub in reply["history"]["publications"]] == expected


async def test_another_connection_of_a_person_resets_no_limit() -> None:
    async with running_engine(limits=Limits(commands_per_minute=9)) as engine:
        engine.history.open("project:1")
        published = 0
        for _ in range(3):  # 7 commands each: connect, and six publications
            session, told = engine.session()
            say(session, {"id": 1, "connect": {"token": "ada"}})
            (answer,) = await answers(told, 1)
            if "error" in answer:
                assert answer["error"] == {"code": 111, "message": "too many requests", "temporary": True}
                break
            for number in range(2, 8):
                say(session, {"id": number, "publish": {"channel": "signal:1", "data": {}}})
            published += sum("publish" in each for each in await answers(told, 6))
            session.closed(1000)
        assert published == 5  # the channel's limit per person and minute
        assert "error" in answer
        other, told = engine.session()
        say(other, {"id": 1, "connect": {"token": "bob"}}, {"id": 2, "publish": {"channel": "signal:1", "data": {}}})
        assert [("error" in each) for each in await answers(told, 2)] == [False, False]


async def test_signal_reaches_the_others_with_its_sender_and_is_rate_limited() -> None:
    async with running_engine() as engine:
        engine.history.open("project:1")
        sender, told = await connected(engine, "ada")
        say(sender, {"id": 2, "subscribe": {"channel": "signal:1"}})
        await answers(told, 1)
        for number in range(10, 16):
            say(sender, {"id": number, "publish": {"channel": "signal:1", "data": {"x": number}}})
        await until(lambda: len(told.messages) >= 11)
        replies = {message["id"]: message for message in told.messages if "id" in message}
        assert [("publish" in replies[n]) for n in range(10, 16)] == [True] * 5 + [False]
        assert replies[15]["error"] == {"code": 111, "message": "too many requests", "temporary": True}
        pub = next(message["push"]["pub"] for message in told.messages if "push" in message)
        assert pub["data"] == {"x": 10}
        assert pub["info"]["user"] == "ada"


@pytest.mark.parametrize("question", [1, 2])
@pytest.mark.parametrize("channel", ["project:1", "signal:1"])
async def test_losing_access_while_subscribing_lets_nobody_in(question: int, channel: str) -> None:
    async with running_engine() as engine:
        session, transport = await connected(engine)
        engine.history.open("project:1")

        def shut_out(_event: object) -> None:
            for subscription in engine.hub.subscriptions(channel, user="ada"):
                engine.hub.end(subscription, codes.SERVER_UNSUBSCRIBE)

        engine.hub.observe(shut_out)
        gate = engine.policy.gates[question] = asyncio.Event()
        say(session, {"id": 2, "subscribe": {"channel": channel}})
        await until(lambda: engine.policy.questions == question)
        engine.policy.members["project:1"] = set()
        engine.publish("project:1", type="member.removed")
        gate.set()
        (answer,) = await answers(transport, 1)
        assert answer["error"]["code"] == 103
        assert not engine.hub.subscriptions(channel)


@pytest.mark.parametrize("turns", range(6))
async def test_a_subscriber_amid_publications_misses_none(turns: int) -> None:
    """An event is published in each turn of the loop during the subscribe."""
    async with running_engine(tail_length=2) as engine:
        epoch = engine.history.open("project:1").epoch
        for n in range(5):
            engine.record("project:1", n=n)
        session, transport = await connected(engine)
        position = {"recover": True, "epoch": epoch, "offset": 2}
        for n in range(turns):
            engine.publish("project:1", n=n)
        say(session, {"id": 2, "subscribe": {"channel": "project:1", **position}})
        for n in range(20):
            engine.publish("project:1", n=n)
            await asyncio.sleep(0)
        head = engine.history.open("project:1").offset
        offsets: list[int] = []

        def take() -> list[int]:
            for message in transport.take():
                offsets.extend(pub["offset"] for pub in message.get("subscribe", {}).get("publications", ()))
                if "pub" in message.get("push", {}):
                    offsets.append(message["push"]["pub"]["offset"])
            return offsets

        await until(lambda: take()[-1:] == [head])
        assert offsets == list(range(3, head + 1))
        assert not engine.hub.counters.repairs


async def test_leaving_while_subscribing_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async with running_engine() as engine:
        session, _ = await connected(engine)
        engine.history.open("project:1")
        gate = engine.policy.gates[1] = asyncio.Event()
        say(session, {"id": 2, "subscribe": {"channel": "project:1"}})
        await until(lambda: engine.policy.questions == 1)
        session.closed(1006)
        gate.set()
        await until(lambda: not len(engine.node.task_scope))
        assert engine.hub.channel_count == 0
    assert not caplog.records


async def test_changed_role_while_subscribing_is_a_reason_to_try_again() -> None:
    async with running_engine() as engine:
        session, transport = await connected(engine)
        engine.history.open("project:1")
        gate = engine.policy.gates[2] = asyncio.Event()
        say(session, {"id": 2, "subscribe": {"channel": "project:1"}})
        await until(lambda: engine.policy.questions == 2)
        for subscription in engine.hub.subscriptions("project:1", user="ada"):
            engine.hub.end(subscription, codes.UNSUBSCRIBE_INSUFFICIENT)
        gate.set()
        (answer,) = await answers(transport, 1)
        assert (answer["error"]["code"], answer["error"]["temporary"]) == (100, True)


async def test_closed_session_leaves_nothing_behind() -> None:
    async with running_engine() as engine:
        sessions = [(await subscribed(engine, "project:1", f"user-{n}"))[0] for n in range(20)]
        for session in sessions:
            session.closed(1006)
        await engine.node.presence_recorder.settle()
        assert len(engine.node.sessions) == 0
        assert len(engine.node.wheel) == 0
        assert engine.hub.subscription_count == 0
        assert await engine.node.presence.members("project:1") == []


async def test_refused_names_leave_no_channel_behind() -> None:
    async with running_engine() as engine:
        session, transport = await connected(engine)
        for n in range(50):
            engine.policy.members[f"project:{n}"] = set()
            say(session, {"id": 10 + n, "subscribe": {"channel": f"project:{n}"}})
        assert {message["error"]["code"] for message in await answers(transport, 50)} == {103}
        assert engine.hub.channel_count == 0


async def test_silent_client_is_pinged_and_disconnected() -> None:
    async with running_engine(limits=Limits(ping_seconds=1, pong_seconds=1, connect_seconds=0.5)) as engine:
        _, stale = engine.session()
        session, transport = engine.session()
        say(session, {"id": 1, "connect": {"token": "ada"}})
        await until(lambda: {} in transport.messages, seconds=3)
        session.receive("{}")
        await until(lambda: transport.messages.count({}) >= 2, seconds=3)
        await until(lambda: transport.closed_with, seconds=3)
        assert transport.closed_with == (3012, "no pong")
        assert stale.closed_with == (3502, "stale")


async def test_a_pong_may_take_longer_than_the_pings_interval() -> None:
    async with running_engine(limits=Limits(ping_seconds=1, pong_seconds=2)) as engine:
        session, transport = engine.session()
        say(session, {"id": 1, "connect": {"token": "ada"}})
        await until(lambda: transport.messages)
        now = time.monotonic()
        session.due(now + 1.0)
        session.due(now + 2.9)  # when another ping would be due
        assert transport.messages.count({}) == 1
        session.receive("{}")
        session.due(now + 2.9)
        assert transport.messages.count({}) == 2
        session.due(now + 5.0)
        assert transport.closed_with == (3012, "no pong")


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b'{"a": 1}', b'{"a": 1}'),  # to the byte
        (b'{"a":\n [1,\r\n2]}', b'{"a":[1,2]}'),  # a line break would end a JSON reader's message
        (b"\xff\x00", None),
        (b"{", None),
        (b"1 2", None),
        (b"[" * 90, None),
        (b"", None),
    ],
)
async def test_only_json_is_published_in_either_format(data: bytes, seen: bytes | None) -> None:
    async with running_engine() as engine:
        engine.history.open("project:1")
        _, transport = await subscribed(engine, "signal:1")
        transport.take()
        other, answer = engine.session(client_format=PROTOBUF)
        for command in (
            Command(1, connect=ConnectRequest("ada")),
            Command(2, publish=PublishRequest("signal:1", Raw(data))),
        ):
            other.receive(protobuf.delimit(protobuf.encode(command)))
        _, reply = await answers(answer, 2)
        (message,) = protobuf.split(reply)
        if seen is None:
            assert official.Reply.FromString(message).error.code == 107
        else:
            assert official.Reply.FromString(message).HasField("publish")
            (push,) = await answers(transport, 1)
            assert push["push"]["pub"]["data"] == msgspec.json.decode(seen)


async def reply_to(session: Session, transport: ListTransport, command: dict[str, Any]) -> Any:
    """The reply to a command, after earlier pushes, which are kept."""
    say(session, command)
    await until(lambda: any(message.get("id") == command["id"] for message in transport.messages))
    reply = next(message for message in transport.messages if message.get("id") == command["id"])
    transport.messages.remove(reply)
    return reply


async def test_a_server_side_subscription_returns_with_a_new_connection() -> None:
    async with running_engine() as engine:
        engine.policy.server_channels = ["user:ada"]
        engine.history.open("user:ada")
        session, transport = engine.session()
        await reply_to(session, transport, {"id": 1, "connect": {"token": "ada"}})
        engine.history.forget("user:ada")
        engine.history.open("user:ada")
        await until(lambda: transport.closed_with is not None)
        assert transport.closed_with == (3010, "insufficient state")


@pytest.mark.parametrize("recover", [False, True])
async def test_what_comes_while_the_policy_is_asked_at_connect_is_not_passed_over(recover: bool) -> None:
    """The policy's data may be from before it."""
    async with running_engine() as engine:
        engine.policy.server_channels = ["user:ada"]
        engine.publish("user:ada", n=1)
        engine.policy.connecting = gate = asyncio.Event()
        session, transport = engine.session()
        sub = {"recover": recover, "offset": 1}
        say(session, {"id": 1, "connect": {"token": "ada", "subs": {"user:ada": sub}}})
        await until(lambda: engine.policy.connects == 1)
        engine.publish("user:ada", n=2)
        gate.set()
        await until(lambda: session.subscriptions["user:ada"].is_live)
        engine.publish("user:ada", n=3)
        reply, *pushes = await answers(transport, 2 if recover else 3)
        result = reply["connect"]["subs"]["user:ada"]
        assert (result["offset"], result.get("recovered", False)) == (1, recover)
        pubs = result.get("publications", []) + [message["push"]["pub"] for message in pushes]
        assert [(pub["offset"], pub["data"]) for pub in pubs] == [(2, {"n": 2}), (3, {"n": 3})]


@pytest.mark.parametrize("recover", [False, True])
@pytest.mark.parametrize("reason", [codes.SERVER_UNSUBSCRIBE, codes.UNSUBSCRIBE_INSUFFICIENT])
async def test_a_channel_that_ends_while_the_policy_is_asked_at_connect_shows_nothing_more(
    recover: bool, reason: codes.Unsubscribe
) -> None:
    async with running_engine() as engine:
        for channel in ("project:1", "project:2"):
            engine.history.open(channel)
        engine.policy.connecting = gate = asyncio.Event()
        session, transport = engine.session(mode="unidirectional")
        subs = {"project:1": {"recover": recover}, "project:2": {}}
        session.receive(msgspec.json.encode({"token": "ada", "subs": subs}).decode())
        await until(lambda: engine.policy.connects == 1)
        (subscription,) = engine.hub.subscriptions("project:1")
        engine.hub.end(subscription, reason)
        engine.publish("project:1", secret=True)
        gate.set()
        await until(lambda: len(engine.node.task_scope) == 0)
        seen = transport.take()
        if reason.may_come_back:
            assert transport.closed_with == (3011, "force reconnect")
        else:
            assert list(seen[0]["connect"]["subs"]) == ["project:2"]
            assert session.subscriptions["project:2"].is_live
        assert b"secret" not in msgspec.json.encode(seen)


class TestSubscriptionsThatExpire:
    async def test_is_told_at_subscribe_and_refreshed_in_time(self) -> None:
        async with running_engine(limits=Limits(expiry_grace_seconds=0.5)) as engine:
            engine.policy.reading_until = time.time() + 1
            session, transport = await subscribed(engine, "project:1")
            result = next(message for message in transport.take() if message.get("id") == 2)["subscribe"]
            assert (result["expires"], result["ttl"]) == (True, 1)
            engine.policy.reading_until = time.time() + 3600
            refreshed = await reply_to(session, transport, {"id": 3, "sub_refresh": {"channel": "project:1"}})
            assert refreshed["sub_refresh"] == {"expires": True, "ttl": 3600}
            assert session.subscriptions["project:1"].expires_at == engine.policy.reading_until

    async def test_ends_after_the_grace_so_that_the_client_subscribes_again(self) -> None:
        async with running_engine(limits=Limits(expiry_grace_seconds=0.2)) as engine:
            engine.policy.reading_until = time.time()
            _, transport = await subscribed(engine, "project:1")
            await until(lambda: any("unsubscribe" in message.get("push", {}) for message in transport.messages))
            push = next(message["push"] for message in transport.take() if "unsubscribe" in message.get("push", {}))
            assert push["unsubscribe"] == {"code": 2501, "reason": "subscription expired"}

    async def test_refreshed_with_an_expired_token_ends_at_once(self) -> None:
        async with running_engine() as engine:
            session, transport = await subscribed(engine, "project:1")
            command = {"id": 3, "sub_refresh": {"channel": "project:1", "token": "old"}}
            assert (await reply_to(session, transport, command))["error"]["code"] == 110
            assert any(
                message.get("push", {}).get("unsubscribe", {}).get("code") == 2501 for message in transport.messages
            )

    async def test_by_the_server_ends_with_the_connection(self) -> None:
        async with running_engine(limits=Limits(expiry_grace_seconds=0.2)) as engine:
            engine.policy.server_channels = ["user:ada"]
            engine.policy.reading_until = time.time()
            engine.history.open("user:ada")
            session, transport = engine.session()
            say(session, {"id": 1, "connect": {"token": "ada"}})
            await until(lambda: transport.closed_with is not None)
            assert transport.closed_with == (3006, "subscription expired")


async def test_a_session_that_ends_while_it_connects_leaves_no_subscription() -> None:
    async with running_engine() as engine:
        engine.policy.server_channels = ["user:1", "user:2"]
        engine.policy.members = {channel: {"ada"} for channel in engine.policy.server_channels}
        for channel in engine.policy.server_channels:
            engine.history.open(channel)
        engine.policy.gates[1] = gate = asyncio.Event()
        session, _ = engine.session()
        say(session, {"id": 1, "connect": {"token": "ada"}})
        await until(lambda: engine.policy.questions == 1)
        session.closed(1006)
        gate.set()
        await until(lambda: len(engine.node.task_scope) == 0)
        assert (engine.hub.subscription_count, len(engine.node.sessions)) == (0, 0)


async def test_a_client_that_leaves_while_it_subscribes_fails_no_command(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its channel is given up before the command comes to what the client has missed."""
    monkeypatch.setattr("roomful.realtime.delivery.channels.LINGER_SECONDS", 0.0)
    async with running_engine() as engine:
        epoch = engine.history.open("project:1").epoch
        session, transport = engine.session()
        say(session, {"id": 1, "connect": {"token": "ada"}})
        await answers(transport, 1)
        engine.policy.gates[2] = gate = asyncio.Event()  # asked again, now that the channel is followed
        recover = {"channel": "project:1", "recover": True, "epoch": epoch, "offset": 0}
        say(session, {"id": 2, "subscribe": recover})
        await until(lambda: engine.policy.questions == 2)
        session.closed(1006)
        engine.hub._channels.pop_idle()  # as the hub does at intervals
        assert engine.hub.channel_count == 0
        gate.set()
        await until(lambda: len(engine.node.task_scope) == 0)
        assert engine.hub.channel_count == 0
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("mode", ["emulated", "unidirectional"])
async def test_a_client_without_close_codes_gets_a_disconnect_push(mode: Mode) -> None:
    async with running_engine() as engine:
        session, transport = engine.session(mode=mode)
        session.end(codes.SHUTDOWN)
        session.end(codes.SLOW)
        push = {"disconnect": {"code": 3001, "reason": "shutdown"}}
        assert transport.take() == [push if mode == "unidirectional" else {"push": push}]
        assert transport.closed_with == (3001, "shutdown")


async def test_a_unidirectional_client_recovers_by_a_new_connection() -> None:
    async with running_engine() as engine:
        epoch = engine.history.open("project:1").epoch
        session, transport = engine.session(mode="unidirectional")
        session.receive('{"token": "ada", "subs": {"project:1": {}}}')
        connect = (await answers(transport, 1))[0]
        assert connect["connect"]["subs"]["project:1"] == {"recoverable": True, "positioned": True, "epoch": epoch}
        engine.history.forget("project:1")
        engine.publish("project:1", n=1)
        await until(lambda: transport.closed_with)
        assert transport.closed_with == (3010, "insufficient state")
        assert transport.take()[-1] == {"disconnect": {"code": 3010, "reason": "insufficient state"}}


async def test_a_unidirectional_client_reconnects_when_a_channel_is_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running_engine() as engine:

        async def heads(_channels: object) -> None:
            raise HistoryUnavailable

        monkeypatch.setattr(engine.hub._heads, "_ask", heads)
        session, transport = engine.session(mode="unidirectional")
        session.receive('{"token": "ada", "subs": {"project:1": {}}}')
        await until(lambda: transport.closed_with)
        assert transport.closed_with == (3011, "force reconnect")


async def test_deltas_are_negotiated_per_subscription_and_begin_with_a_whole_document() -> None:
    async with running_engine() as engine:
        epoch = engine.history.open("project:1").epoch
        document = {"text": "which stays the same from one publication to the next", "n": 1}
        for n in (1, 2):
            engine.publish("project:1", **{**document, "n": n})
        session, transport = await connected(engine)
        ask = {"channel": "project:1", "delta": "fossil", "recover": True, "offset": 1, "epoch": epoch}
        say(session, {"id": 2, "subscribe": ask})
        result = (await answers(transport, 1))[0]["subscribe"]
        assert result["delta"]
        assert [msgspec.json.decode(pub["data"]) for pub in result["publications"]] == [{**document, "n": 2}]
        for n in (3, 4):
            engine.publish("project:1", **{**document, "n": n})
        await until(lambda: sum("pub" in message.get("push", {}) for message in transport.messages) == 2)
        whole, patch = (message["push"]["pub"] for message in transport.take() if "pub" in message["push"])
        assert (msgspec.json.decode(whole["data"]), whole.get("delta")) == ({**document, "n": 3}, None)
        assert patch["delta"]
        made = apply_delta(list(whole["data"].encode()), list(patch["data"].encode()))
        assert msgspec.json.decode(bytes(made)) == {**document, "n": 4}


@pytest.mark.parametrize("asked", [{"channel": "signal:1", "delta": "fossil"}, {"channel": "project:1", "delta": "?"}])
async def test_unavailable_deltas_are_left_out(asked: dict[str, Any]) -> None:
    async with running_engine() as engine:
        engine.history.open("project:1")
        session, transport = await connected(engine)
        say(session, {"id": 2, "subscribe": asked})
        assert "delta" not in (await answers(transport, 1))[0]["subscribe"]
        engine.broker.publish(Publication(asked["channel"], b'{"a":1}'))
        await until(lambda: any("pub" in message.get("push", {}) for message in transport.messages))
        (pub,) = [message["push"]["pub"] for message in transport.take() if "pub" in message["push"]]
        assert pub == {"data": {"a": 1}}


async def test_deltas_in_protobuf_are_bytes() -> None:
    async with running_engine() as engine:
        engine.history.open("project:1")
        session, transport = engine.session(client_format=PROTOBUF)
        commands = [
            official.Command(id=1, connect=official.ConnectRequest(token="ada")),
            official.Command(id=2, subscribe=official.SubscribeRequest(channel="project:1", delta="fossil")),
        ]
        session.receive(b"".join(protobuf.delimit(command.SerializeToString()) for command in commands))
        await answers(transport, 2)
        for n in (1, 2):
            engine.publish("project:1", text="which stays the same from one publication to the next", n=n)
        await until(lambda: len(transport.messages) >= 2)
        replies = [official.Reply.FromString(next(protobuf.split(message))) for message in transport.take()]
        whole, patch = (reply.push.pub for reply in replies)
        assert (whole.delta, patch.delta) == (False, True)
        assert msgspec.json.decode(bytes(apply_delta(list(whole.data), list(patch.data))))["n"] == 2


async def test_the_cost_of_a_connection_is_limited() -> None:
    limits = Limits(channels=2, commands_per_minute=6, queued_commands=3)
    async with running_engine(limits=limits) as engine:
        for number in range(4):
            engine.history.open(f"project:{number}")
        session, transport = await connected(engine)
        codes_given = []
        for number in range(6):
            say(session, {"id": 2 + number, "subscribe": {"channel": f"project:{number % 3}"}})
            await until(lambda: any("id" in each for each in transport.messages))
            answer = next(each for each in transport.take() if "id" in each)
            codes_given.append((answer.get("error", {}).get("code"), answer.get("error", {}).get("temporary")))
        # Two subscriptions, no third; an existing one; then no seventh command in this minute.
        limit, twice, too_many = (106, None), (105, None), (111, True)
        assert codes_given == [(None, None), (None, None), limit, twice, twice, too_many]
        say(session, *({"id": number, "history": {"channel": "project:0"}} for number in range(20, 25)))
        assert transport.closed_with == (3013, "too many requests")


async def test_the_connections_of_a_person_are_limited() -> None:
    async with running_engine(limits=Limits(connections_per_user=2)) as engine:
        await connected(engine)
        await connected(engine)
        third, refused = engine.session()
        say(third, {"id": 1, "connect": {"token": "ada"}})
        await until(lambda: refused.closed_with)
        assert refused.closed_with == (3504, "connection limit")


@pytest.mark.parametrize(
    ("said", "closed"),
    [
        ({}, (3501, "bad request")),  # a pong to no ping
        ({"send": {"data": {}}}, (3508, "not available")),
        ({"id": 5, "send": {"data": {}}}, (3501, "bad request")),
        ({"id": 5, "connect": {"token": "ada"}}, (3501, "bad request")),
        ({"id": 5}, (3501, "bad request")),
    ],
)
async def test_invalid_commands_end_the_connection(said: dict[str, Any], closed: tuple[int, str]) -> None:
    async with running_engine() as engine:
        session, transport = await connected(engine)
        say(session, said)
        await until(lambda: transport.closed_with)
        assert transport.closed_with == closed


async def test_a_client_may_choose_websocket_pings() -> None:
    async with running_engine(limits=Limits(ping_seconds=1, pong_seconds=1)) as engine:
        session, transport = engine.session(pings_by_frames=True)
        say(session, {"id": 1, "connect": {"token": "ada"}})
        connect = (await answers(transport, 1))[0]["connect"]
        assert (connect["ping"], connect["pong"]) == (0, False)
        await until(lambda: transport.pings >= 2, 5.0)
        assert (transport.take(), transport.closed_with) == ([], None)
        transport.is_silent = True
        await until(lambda: transport.closed_with, 5.0)
        assert transport.closed_with == (3012, "no pong")
