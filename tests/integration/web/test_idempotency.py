"""Idempotency-Key: done once, answered alike."""

import asyncio

import httpx
import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful import retention
from roomful.db.base import now
from roomful.errors import Conflict
from roomful.eventlog import log
from roomful.eventlog.models import Event
from roomful.projects.models import Member, Project
from roomful.realtime.publication import Publication
from roomful.web import idempotency
from roomful.web.models import IdempotentAnswer
from tests.integration.web.conftest import Served


async def count(served: Served, table: type[Project] | type[Event] | type[IdempotentAnswer]) -> int:
    async with served.runtime.database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_repeated_post_gives_the_first_answer_again(served: Served) -> None:
    ada = await served.sign_in() | {"Idempotency-Key": "k 1"}
    first = await served.client.post("/notes", json={"name": "one"}, headers=ada)
    again = await served.client.post("/notes", json={"name": "one"}, headers=ada)

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    for header in ("ETag", "Location", "Content-Type"):
        assert first.headers[header] == again.headers[header]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await count(served, Project), await count(served, Event)) == (1, 1)


async def test_repeats_at_the_same_moment_do_it_once(served: Served) -> None:
    ada = await served.sign_in() | {"Idempotency-Key": "k"}
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(served.client.post("/notes", json={"name": "one"}, headers=ada)) for _ in range(10)]
    assert {task.result().status_code for task in tasks} == {201}
    assert len({task.result().content for task in tasks}) == 1
    assert (await count(served, Project), await count(served, Event)) == (1, 1)


async def test_another_body_under_the_same_key_is_refused(served: Served) -> None:
    ada = await served.sign_in() | {"Idempotency-Key": "k"}
    await served.client.post("/notes", json={"name": "one"}, headers=ada)
    other = await served.client.post("/notes", json={"name": "two"}, headers=ada)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await count(served, Project) == 1


async def test_keys_of_two_people_are_separate(served: Served) -> None:
    answers: list[httpx.Response] = []
    for name in ("ada", "bob"):
        headers = await served.sign_in(name) | {"Idempotency-Key": "k"}
        answers.append(await served.client.post("/notes", json={"name": "one"}, headers=headers))
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_an_error_is_not_kept(served: Served) -> None:
    ada = await served.sign_in() | {"Idempotency-Key": "k"}
    refused = await served.client.post("/notes", json={"name": "conflict"}, headers=ada)
    assert refused.status_code == 409
    assert await count(served, IdempotentAnswer) == 0
    assert (await served.client.post("/notes", json={"name": "one"}, headers=ada)).status_code == 201


async def test_after_losing_access_the_answer_is_not_repeated(served: Served) -> None:
    ada = await served.sign_in() | {"Idempotency-Key": "k"}
    await served.client.post("/notes", json={"name": "one"}, headers=ada)
    async with served.runtime.database.write() as session:
        await session.execute(delete(Member))
        await session.commit()
    again = await served.client.post("/notes", json={"name": "one"}, headers=ada)
    assert (again.status_code, again.json()["code"]) == (404, "NOT_FOUND")


async def test_a_key_is_forgotten_after_a_day(served: Served) -> None:
    ada = await served.sign_in() | {"Idempotency-Key": "k"}
    first = await served.client.post("/notes", json={"name": "one"}, headers=ada)
    async with served.runtime.database.write() as session:
        await session.execute(update(IdempotentAnswer).values(created_at=now() - idempotency.KEPT_FOR))
        await session.commit()
    second = await served.client.post("/notes", json={"name": "two"}, headers=ada)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


async def test_purging_deletes_only_expired_keys(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "PURGE_BATCH", 2)
    ada = await served.sign_in()
    for key in ("old 1", "old 2", "old 3", "new"):
        await served.client.post("/notes", json={"name": "one"}, headers=ada | {"Idempotency-Key": key})
    async with served.runtime.transaction() as session:
        old = update(IdempotentAnswer).where(IdempotentAnswer.key != "new")
        await session.execute(old.values(created_at=now() - 2 * idempotency.KEPT_FOR))
    await retention.purge_expired(served.runtime)
    async with served.runtime.database.read() as session:
        assert list(await session.scalars(select(IdempotentAnswer.key))) == ["new"]


async def test_invalid_fields_leave_no_trace(served: Served) -> None:
    ada = await served.sign_in() | {"Idempotency-Key": "k"}
    assert (await served.client.post("/notes", json={}, headers=ada)).status_code == 422
    assert await count(served, IdempotentAnswer) == 0
    assert (await served.client.post("/notes", json={"name": "one"}, headers=ada)).status_code == 201


async def test_a_second_request_replaces_a_first_that_fails(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is in the middle of its work when the second arrives, then rolls back."""
    working, may_fail = asyncio.Event(), asyncio.Event()
    append = log.append

    async def fail_the_first(session: AsyncSession, channel: str, event: log.EventData) -> Publication:
        if not working.is_set():
            working.set()
            await may_fail.wait()
            raise Conflict
        return await append(session, channel, event)

    monkeypatch.setattr(log, "append", fail_the_first)
    ada = await served.sign_in() | {"Idempotency-Key": "k"}
    async with asyncio.TaskGroup() as group:
        first = group.create_task(served.client.post("/notes", json={"name": "one"}, headers=ada))
        await working.wait()
        second = group.create_task(served.client.post("/notes", json={"name": "one"}, headers=ada))
        await asyncio.sleep(0.1)  # let it reach the database; earlier or later, the outcome is the same
        assert not second.done()
        may_fail.set()
    assert (first.result().status_code, second.result().status_code) == (409, 201)
    assert "Idempotency-Replayed" not in second.result().headers
    assert (await count(served, Project), await count(served, Event)) == (1, 1)


async def test_the_key_survives_a_lost_answer_and_a_failing_commit(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = AsyncSession.commit
    failures = [ConnectionResetError()]

    async def fail_once(session: AsyncSession) -> None:
        if session.info and failures:
            raise failures.pop()
        await commit(session)

    ada = await served.sign_in() | {"Idempotency-Key": "k"}
    monkeypatch.setattr(AsyncSession, "commit", fail_once)
    statuses = [(await served.client.post("/notes", json={"name": "one"}, headers=ada)).status_code for _ in range(3)]
    assert statuses == [503, 201, 201]
    assert (await count(served, Project), await count(served, Event)) == (1, 1)


async def test_a_key_must_be_printable_and_short(served: Served) -> None:
    ada = await served.sign_in()
    for key in (b"", b"x" * 256, b"\xe9", b"a\tb"):
        headers = [*((n.encode(), v.encode()) for n, v in ada.items()), (b"idempotency-key", key)]
        answer = await served.client.post("/notes", json={"name": "one"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_REQUEST"), key
    assert await count(served, Project) == 0
