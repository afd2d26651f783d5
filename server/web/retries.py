"""Requests that begin anew when the database has given up their transaction."""

import asyncio
import random
from typing import Protocol

from sqlalchemy.exc import DBAPIError
from starlette.types import Message, Receive, Scope, Send

from server.db.outages import is_given_up

ATTEMPTS = 3
MAX_PAUSE_SECONDS = 0.05
"""Drawn anew each time, so that two that met do not meet again."""


class Handle(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None: ...


async def handle_again(handle: Handle, scope: Scope, receive: Receive, send: Send) -> None:
    """Handle a request, and once more from its first byte when it was given up (`is_given_up`), ATTEMPTS times in all.

    That is safe for every method, since a transaction that was given up has left nothing. One that may have committed,
    as when the connection broke, is not tried again: the client knows by its Idempotency-Key, or asks.
    """
    heard: list[Message] = []
    has_begun = False

    async def watch(message: Message) -> None:
        nonlocal has_begun
        has_begun = True
        await send(message)

    for attempt in range(1, ATTEMPTS + 1):
        try:
            await handle(scope, _retold(heard, receive), watch)
            return
        except DBAPIError as error:
            if has_begun or attempt == ATTEMPTS or not is_given_up(error):
                raise
        await asyncio.sleep(random.uniform(0, MAX_PAUSE_SECONDS))


def _retold(heard: list[Message], receive: Receive) -> Receive:
    """What was heard before, then what comes; that is added to it."""
    told = 0

    async def tell() -> Message:
        nonlocal told
        if told == len(heard):
            heard.append(await receive())
        told += 1
        return heard[told - 1]

    return tell
