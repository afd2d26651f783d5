"""Health: whether the process lives, and whether it can serve."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from roomful.db import schema
from roomful.db.outages import POOL_EMPTY, outage
from roomful.errors import AppError, Unavailable
from roomful.runtime import Runtime
from roomful.web.dependencies import Live
from roomful.web.routing import Route
from roomful.web.schemas import Out

CHECK_SECONDS = 2.0

router = APIRouter(tags=["health"], route_class=Route)


class Health(Out):
    status: Literal["ok"] = "ok"


@dataclass(frozen=True, slots=True)
class Failing:
    """A part that the server can't do without, and what is wrong with it."""

    part: Literal["database", "database_pool", "schema", "broker"]
    reason: str


@router.get("/healthz")
async def healthz() -> Health:
    """The process answers. Nothing else is checked: a restart would not repair a database."""
    return Health()


@router.get("/readyz")
async def readyz(runtime: Live) -> Health:
    """The process can serve. Otherwise 503, with the failing parts under `details`."""
    async with asyncio.TaskGroup() as group:
        checks = [group.create_task(_check_database(runtime)), group.create_task(_check_broker(runtime))]
    if failing := [found for check in checks if (found := check.result()) is not None]:
        raise Unavailable(
            "Not ready: " + ", ".join(found.part for found in failing),
            details=[{"part": found.part, "reason": found.reason} for found in failing],
        )
    return Health()


async def _check_database(runtime: Runtime) -> Failing | None:
    """A query on a connection of the common pool, and now and then a write."""
    database = runtime.database
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            async with database.read() as session:
                revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
            unwritable = await database.writability.failure(database)
    except (SQLAlchemyError, OSError, AppError) as error:  # OSError: TimeoutError and what a refused connection raises
        if database.is_exhausted:
            return Failing("database_pool", POOL_EMPTY)
        return Failing("database", outage(error) or "does not answer")
    if unwritable is not None:
        return Failing("database", unwritable)
    if revision is None or schema.is_outdated(revision):
        return Failing("schema", "is older than this server")
    return None


async def _check_broker(runtime: Runtime) -> Failing | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            is_healthy = await runtime.engine.broker.is_healthy()
    except TimeoutError:
        is_healthy = False
    return None if is_healthy else Failing("broker", "does not deliver")
