"""Sessions whose token takes a while to verify."""

import asyncio

import msgspec
import pytest

from roomful.realtime.protocol import codes
from tests.support.engine import running_engine


@pytest.mark.parametrize("is_connected", [False, True], ids=["connect", "refresh"])
async def test_a_client_that_goes_while_its_token_is_verified_leaves_nothing_behind(is_connected: bool) -> None:
    async with running_engine() as engine:
        session, transport = engine.session()
        if is_connected:
            session.receive(msgspec.json.encode({"id": 1, "connect": {"token": "ada"}}))
            async with asyncio.timeout(3):
                while not transport.messages:  # noqa: ASYNC110 - polled: the condition is plain state
                    await asyncio.sleep(0)
        engine.policy.verifying = asyncio.Event()

        command = {"id": 2, "refresh": {"token": "ada"}} if is_connected else {"id": 2, "connect": {"token": "ada"}}
        session.receive(msgspec.json.encode(command))
        await asyncio.sleep(0)
        session.end(codes.SHUTDOWN)
        engine.policy.verifying.set()
        await engine.node.task_scope.drain(3)

        assert engine.node.sessions.count_of_user("ada") == 0
        assert list(engine.node.sessions.everybody()) == []
