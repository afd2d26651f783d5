"""Inboxes for tests."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import func, select

from roomful.channels import user_channel
from roomful.eventlog import log
from roomful.projects.models import NOTIFICATION
from roomful.runtime import Runtime
from tests.support.api import Json, Person

SECONDS = 20.0


async def inbox(person: Person, query: str = "") -> list[Json]:
    entries: list[Json] = await person.get(f"/notifications{query}")
    return entries


async def reasons(person: Person, query: str = "") -> list[tuple[str, str, int]]:
    """Each entry's reason, title and count."""
    return [(entry["reason"], entry["subject"]["title"], entry["count"]) for entry in await inbox(person, query)]


async def told(person: Person) -> int:
    """How far the person's channel is."""
    answer: httpx.Response = await person.request("GET", "/notifications")
    return int(answer.headers["X-Stream-Offset"])


async def all_told(runtime: Runtime) -> None:
    """Wait until the inbox's cursor has told everything."""

    async def is_told() -> bool:
        async with runtime.database.read() as session:
            count = select(func.count()).select_from(NOTIFICATION).where(NOTIFICATION.c.is_untold)
            return (await session.execute(count)).scalar_one() == 0

    await until(is_told)


async def own_events(runtime: Runtime, person: Person, after: int = 0) -> list[tuple[str, Json]]:
    """What the person's channel has told, once everything is."""
    await all_told(runtime)
    async with runtime.database.read() as session:
        page = await log.read_since(session, user_channel(person.id), after, limit=200)
    decoded: list[Json] = [json.loads(event.data) for event in page.publications]
    return [(event["type"], event) for event in decoded]


async def until(check: Callable[[], Any]) -> Any:
    """The first true answer. Asks again and again, for SECONDS."""
    async with asyncio.timeout(SECONDS):
        while not (answer := await check()):  # noqa: ASYNC110  # it has nothing to wait for
            await asyncio.sleep(0.02)
    return answer
