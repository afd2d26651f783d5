"""Requests that are handled again: the database gave up their transaction, or lost it with the connection."""

import asyncio
import random
from typing import Protocol

from sqlalchemy.exc import DBAPIError
from starlette.types import Message, Receive, Scope, Send

from roomful.db.outages import is_given_up, is_lost_before_commit

ATTEMPTS = 3
MAX_PAUSE_SECONDS = 0.05
"""Random, so that two transactions that collided do not collide again."""


class Handle(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None: ...


async def handle_again(handle: Handle, scope: Scope, receive: Receive, send: Send) -> None:
    """Handle a request, and again from its first byte when its transaction was given up, ATTEMPTS times in all.

    It is handled a second time, and not a third, when a statement found its connection dead: all connections may be,
    after a restart of the database, and the next one is new. Both are safe for every method, since such a transaction
    has left nothing. One that may have committed, as when the connection broke with the commit, is not tried again: the
    client knows by its Idempotency-Key, or asks.
    """
    was_lost = False
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
            is_first_loss = is_lost_before_commit(error) and not was_lost
            if has_begun or attempt == ATTEMPTS or not (is_first_loss or is_given_up(error)):
                raise
            was_lost = was_lost or is_first_loss
        await asyncio.sleep(random.uniform(0, MAX_PAUSE_SECONDS))


def _retold(heard: list[Message], receive: Receive) -> Receive:
    """Replays the messages received before, then receives, and keeps, new ones."""
    told = 0

    async def tell() -> Message:
        nonlocal told
        if told == len(heard):
            heard.append(await receive())
        told += 1
        return heard[told - 1]

    return tell
