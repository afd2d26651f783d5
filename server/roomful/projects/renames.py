"""Renames of people, recorded in each of their projects in batches.

A rename changes the person's row at once and marks each of their memberships with the name that its project still shows
(`Member.former_name`). A batch then takes some of the marks away, each in the transaction that records the project's
`member.updated`. So a project's name for a member changes with its event, however many projects a person is in, and
the next process finds what a killed one has left.
"""

import asyncio
import contextlib
import logging
import random

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.passing_outages import passing_outages
from roomful.projects.channel import record
from roomful.projects.events import MemberUpdated
from roomful.projects.members import settled_name
from roomful.projects.models import MEMBER, PROJECT
from roomful.projects.schemas import Member
from roomful.runtime import Runtime

logger = logging.getLogger(__name__)

BATCH = 10
"""Projects of one transaction. On SQLite it takes some 10 ms, for which other writers wait."""

ROUND_SECONDS = 5.0
"""How often each process looks for renames that another one has left."""

WAITING = "renames wait for the database"
"""Logged in an outage. The next round finds the marks, which are stored."""


async def mark(session: AsyncSession, user_id: str, former_name: str) -> None:
    """Note the person's old name in each of their memberships.

    The caller has locked the person's row and stores the new name in the same transaction. A mark that an earlier
    rename left stays: the project still shows the name from before that.
    """
    await session.execute(_MARK, {"person": user_id, "former": former_name})


async def tell_projects(runtime: Runtime, user_id: str) -> None:
    """Record the new name in the first BATCH of projects; `run` does the rest, or all after an outage."""
    told = BATCH
    with passing_outages(logger, WAITING):
        async with runtime.transaction() as session:
            told = await _tell_batch(session, user_id)
    if told == BATCH:
        runtime.renamed.set()


async def run(runtime: Runtime) -> None:
    """Record renames for ever, a batch at a time, also those that other processes have left."""
    while True:
        runtime.renamed.clear()
        with passing_outages(logger, WAITING):
            await tell_all(runtime)
        with contextlib.suppress(TimeoutError):  # no new rename
            async with asyncio.timeout(ROUND_SECONDS * random.uniform(0.8, 1.2)):
                await runtime.renamed.wait()


async def tell_all(runtime: Runtime) -> None:
    """Record every rename that waits now."""
    while True:
        async with runtime.database.read() as reading:
            user_id = (await reading.execute(_ANY_RENAMED)).scalar_one_or_none()
        if user_id is None:
            return
        async with runtime.transaction() as session:
            await _tell_batch(session, user_id)


async def _tell_batch(session: AsyncSession, user_id: str) -> int:
    rows = (await session.execute(_RENAMED, {"person": user_id, "count": BATCH})).all()
    # Read after the projects are locked: a later rename finds the marks gone, and makes new ones.
    name = await settled_name(session, user_id)
    for row in rows:
        one = {"project": row.project_id, "person": user_id}
        if row.name == name:  # renamed back
            await session.execute(_UPDATE, {**one, "former_name": None})
            continue
        member = Member.model_validate(row).model_copy(
            update={"name": name, "version": row.version + 1, "updated_at": now()}
        )
        values = member.model_dump(include={"version", "updated_at"})
        await session.execute(_UPDATE, {**one, "former_name": None, **values})
        event = MemberUpdated(member=member, changed=["name"], previous={"name": row.name})
        await record(session, row.project_id, event, actor_id=user_id, mutation_id=None)
    return len(rows)


_IS_RENAMED = MEMBER.c.former_name.is_not(None)
_MARK = (
    update(MEMBER)
    .where(MEMBER.c.user_id == bindparam("person"), MEMBER.c.former_name.is_(None))
    .values(former_name=bindparam("former"))
)
_ANY_RENAMED = select(MEMBER.c.user_id).where(_IS_RENAMED).limit(1)
# In one order for all; every change in a project locks it first.
_RENAMED = (
    select(
        MEMBER.c.project_id,
        MEMBER.c.user_id,
        MEMBER.c.former_name.label("name"),
        MEMBER.c.role,
        MEMBER.c.version,
        MEMBER.c.created_at,
        MEMBER.c.updated_at,
    )
    .join(PROJECT, PROJECT.c.id == MEMBER.c.project_id)
    .where(MEMBER.c.user_id == bindparam("person"), _IS_RENAMED)
    .order_by(MEMBER.c.project_id)
    .limit(bindparam("count"))
    .with_for_update(of=[PROJECT, MEMBER])
)
_UPDATE = update(MEMBER).where(MEMBER.c.project_id == bindparam("project"), MEMBER.c.user_id == bindparam("person"))
