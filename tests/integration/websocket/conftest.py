"""Every test of the WebSocket class runs on both event loops."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop

from tests.support import websockets


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def _forget_endings() -> Iterator[None]:
    websockets.endings.clear()
    yield
    websockets.endings.clear()
