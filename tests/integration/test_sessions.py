"""Sessions after the sign-in: refreshing, ending, tickets, and their revocation on every node."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from roomful.channels import ACCESS_CHANNEL
from roomful.db.base import now
from roomful.eventlog import log
from roomful.identity.events import REVOKED, SessionRevoked, UserDeactivated, UserSignedOut
from roomful.identity.models import SignIn, Ticket, User
from roomful.identity.people import identify
from roomful.identity.revocations import deactivate, revoke
from roomful.identity.sign_ins import purge_expired
from roomful.identity.tickets import redeem_ticket
from roomful.identity.tokens import AccessClaims, TokenInvalid
from roomful.ids import new_id
from roomful.runtime import Runtime
from roomful.settings import Settings
from tests.support.app import client_of, running_app
from tests.support.people import Signed, register, sign_in, signed

AUTH = "/api/v1/auth"


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post(f"{AUTH}/refresh", json={"refresh_token": token})


async def is_in(client: httpx.AsyncClient, person: Signed) -> bool:
    answer = await client.get(f"{AUTH}/me", headers=person.headers)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def let_pass(runtime: Runtime, **time: float) -> None:
    """Move the clock of refresh tokens forward."""
    runtime.refresh_tokens.clock = lambda: now() + timedelta(**time)


async def told(runtime: Runtime) -> list[dict[str, Any]]:
    """Every revocation that the nodes were told, oldest first."""
    async with runtime.database.read() as session:
        page = await log.read_since(session, ACCESS_CHANNEL, 0, limit=100)
    return [json.loads(publication.data) for publication in page.publications]


class TestRefresh:
    async def test_gives_new_tokens_for_the_same_session(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")

        answer = await refresh(client, ada.refresh_token)

        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        later = signed(answer)
        assert (later.id, later.email) == (ada.id, ada.email)
        assert later.refresh_token != ada.refresh_token
        before, after = runtime.tokens.verify(ada.access_token), runtime.tokens.verify(later.access_token)
        assert after.session_id == before.session_id
        assert await is_in(client, ada)
        assert await is_in(client, later)

    async def test_lasts_as_long_as_it_is_used(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        token = (await register(client, "ada")).refresh_token

        for days in range(20, 120, 20):
            let_pass(runtime, days=days)
            token = signed(await refresh(client, token)).refresh_token

    async def test_ends_when_it_is_not_used(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")

        let_pass(runtime, days=30, seconds=1)

        assert (await refresh(client, ada.refresh_token)).status_code == 401

    async def test_two_tabs_that_refresh_at_once_stay_signed_in(
        self, client: httpx.AsyncClient, runtime: Runtime
    ) -> None:
        ada = await register(client, "ada")

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(refresh(client, ada.refresh_token)) for _ in range(5)]
        tabs = [signed(task.result()) for task in tasks]

        assert len({tab.refresh_token for tab in tabs}) == 1
        assert ada.refresh_token not in {tab.refresh_token for tab in tabs}
        assert len({tab.access_token for tab in tabs}) == 5
        for tab in tabs:
            assert await is_in(client, tab)
        assert (await refresh(client, tabs[0].refresh_token)).status_code == 200
        assert await told(runtime) == []

    async def test_a_retry_after_a_lost_answer_gets_the_same_token(
        self, client: httpx.AsyncClient, runtime: Runtime
    ) -> None:
        ada = await register(client, "ada")
        lost = signed(await refresh(client, ada.refresh_token))

        let_pass(runtime, seconds=59)
        again = signed(await refresh(client, ada.refresh_token))

        assert again.refresh_token == lost.refresh_token
        assert signed(await refresh(client, again.refresh_token)).refresh_token != again.refresh_token

    async def test_an_old_token_used_later_ends_the_session(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada, bob = await register(client, "ada"), await register(client, "bob")
        phone = await sign_in(client, ada.email)
        renewed = signed(await refresh(client, ada.refresh_token))

        let_pass(runtime, seconds=62)
        stolen = await refresh(client, ada.refresh_token)

        assert (stolen.status_code, stolen.json()["code"]) == (401, "UNAUTHENTICATED")
        assert not await is_in(client, ada)
        assert not await is_in(client, renewed)
        assert (await refresh(client, renewed.refresh_token)).status_code == 401
        session_id = runtime.tokens.verify(ada.access_token).session_id
        assert [(event["type"], event["data"]) for event in await told(runtime)] == [
            ("session.revoked", {"user_id": ada.id, "session_id": session_id})
        ]
        assert await is_in(client, phone)
        assert await is_in(client, bob)

    async def test_a_token_from_before_the_last_two_rotations_ends_the_session_at_once(
        self, client: httpx.AsyncClient
    ) -> None:
        ada = await register(client, "ada")
        once = signed(await refresh(client, ada.refresh_token))
        twice = signed(await refresh(client, once.refresh_token))

        assert (await refresh(client, ada.refresh_token)).status_code == 401

        for person in (ada, once, twice):
            assert not await is_in(client, person)
            assert (await refresh(client, person.refresh_token)).status_code == 401

    async def test_simultaneous_old_tokens_end_it_once(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        await refresh(client, ada.refresh_token)
        let_pass(runtime, minutes=5)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(refresh(client, ada.refresh_token)) for _ in range(5)]

        assert {task.result().status_code for task in tasks} == {401}
        assert len(await told(runtime)) == 1

    async def test_refused_tokens_look_alike(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada, gone = await register(client, "ada"), await register(client, "gone")
        async with runtime.transaction() as session:
            await deactivate(session, gone.id)
        ticket = (await client.post(f"{AUTH}/ticket", headers=ada.headers)).json()["ticket"]
        nobody = runtime.refresh_tokens.issue(new_id(), 1)
        never_issued = runtime.refresh_tokens.issue(runtime.tokens.verify(gone.access_token).session_id, 9)

        tokens = ["", "x", "a.b.c", "x" * 70, "é" * 70, "x" * 100_000, ada.access_token, ticket, nobody, never_issued]
        answers = [await refresh(client, token) for token in [*tokens, gone.refresh_token]]

        assert {answer.status_code for answer in answers} == {401}
        bodies = [{name: text for name, text in answer.json().items() if name != "request_id"} for answer in answers]
        assert all(body == bodies[0] for body in bodies)
        assert await is_in(client, ada)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{}",
            b"[]",
            b"null",
            b'{"refresh_token": null}',
            b'{"refresh_token": 7}',
            b'{"refresh_token": ["x"]}',
            b'{"refresh_token": "\\ud800.a.b"}',
            b'{"refresh_token": "\\u0000"}',
            b'{"refresh_token": "x", "user_id": "y"}',
        ],
    )
    async def test_bodies_without_a_token_are_refused(self, client: httpx.AsyncClient, content: bytes) -> None:
        answer = await client.post(f"{AUTH}/refresh", content=content, headers={"Content-Type": "application/json"})

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


class TestEnding:
    async def test_logout_ends_this_session_only_and_can_be_repeated(
        self, client: httpx.AsyncClient, runtime: Runtime
    ) -> None:
        ada = await register(client, "ada")
        phone = await sign_in(client, ada.email)

        answers = [await client.post(f"{AUTH}/logout", headers=ada.headers) for _ in range(3)]

        assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 3
        assert not await is_in(client, ada)
        assert (await refresh(client, ada.refresh_token)).status_code == 401
        assert await is_in(client, phone)
        assert len(await told(runtime)) == 1

    async def test_list_shows_current_sessions_newest_first(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        await register(client, "bob")
        phone = await sign_in(client, ada.email, user_agent="phone " + "x" * 300)
        gone = await sign_in(client, ada.email)
        await client.post(f"{AUTH}/logout", headers=gone.headers)
        let_pass(runtime, minutes=2)
        await refresh(client, phone.refresh_token)

        sessions = (await client.get(f"{AUTH}/sessions", headers=ada.headers)).json()

        claims = [runtime.tokens.verify(person.access_token) for person in (phone, ada)]
        assert [session["id"] for session in sessions] == [claim.session_id for claim in claims]
        assert [session["current"] for session in sessions] == [False, True]
        assert set(sessions[0]) == {"id", "created_at", "last_used_at", "user_agent", "current"}
        assert sessions[0]["user_agent"] == ("phone " + "x" * 300)[:200]
        assert sessions[0]["last_used_at"] > sessions[0]["created_at"]
        assert sessions[0]["created_at"].endswith("Z")

    async def test_list_comes_in_pages(self, client: httpx.AsyncClient) -> None:
        ada = await register(client, "ada")
        for _ in range(4):
            await sign_in(client, ada.email)

        everything = (await client.get(f"{AUTH}/sessions", headers=ada.headers)).json()
        page = await client.get(f"{AUTH}/sessions?limit=2", headers=ada.headers)
        seen = page.json()
        while "next" in page.links:
            page = await client.get(page.url.join(page.links["next"]["url"]), headers=ada.headers)
            seen += page.json()

        assert len(everything) == 5
        assert seen == everything

    async def test_one_ends_another_of_ones_sessions(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        phone = await sign_in(client, ada.email)
        phone_id = runtime.tokens.verify(phone.access_token).session_id

        ended = await client.delete(f"{AUTH}/sessions/{phone_id}", headers=ada.headers)
        again = await client.delete(f"{AUTH}/sessions/{phone_id}", headers=ada.headers)

        assert (ended.status_code, again.status_code) == (204, 404)
        assert not await is_in(client, phone)
        assert await is_in(client, ada)
        assert [event["data"]["session_id"] for event in await told(runtime)] == [phone_id]

    async def test_other_peoples_sessions_are_not_found(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada, bob = await register(client, "ada"), await register(client, "bob")
        of_bob = runtime.tokens.verify(bob.access_token).session_id

        answers = [
            await client.delete(f"{AUTH}/sessions/{session_id}", headers=ada.headers)
            for session_id in (of_bob, new_id(), "x", "x" * 5_000, "%27%20OR%201=1")
        ]

        assert {answer.status_code for answer in answers} == {404}
        bodies = [{name: text for name, text in answer.json().items() if name != "request_id"} for answer in answers]
        assert all(body == bodies[0] for body in bodies)
        assert await is_in(client, bob)
        assert await told(runtime) == []

    async def test_deactivated_person_is_locked_out_everywhere(
        self, client: httpx.AsyncClient, runtime: Runtime
    ) -> None:
        ada, bob = await register(client, "ada"), await register(client, "bob")
        phone = await sign_in(client, ada.email)

        async with runtime.transaction() as session:
            await deactivate(session, ada.id)

        for person in (ada, phone):
            assert not await is_in(client, person)
            assert (await refresh(client, person.refresh_token)).status_code == 401
        assert await is_in(client, bob)
        assert [(event["type"], event["data"]) for event in await told(runtime)] == [
            ("user.deactivated", {"user_id": ada.id})
        ]

    async def test_inactive_person_is_refused_whatever_their_sessions_say(
        self, client: httpx.AsyncClient, runtime: Runtime
    ) -> None:
        ada = await register(client, "ada")

        async with runtime.transaction() as session:
            await session.execute(update(User).where(User.id == ada.id).values(is_active=False))

        assert not await is_in(client, ada)

    async def test_revocation_that_is_rolled_back_has_not_happened(
        self, client: httpx.AsyncClient, runtime: Runtime
    ) -> None:
        ada = await register(client, "ada")

        async with runtime.database.write() as session:
            assert await revoke(session, runtime.tokens.verify(ada.access_token).session_id)
            await session.rollback()

        assert await is_in(client, ada)
        assert await told(runtime) == []

    async def test_nodes_read_the_person_of_a_revocation(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        phone, tablet = await sign_in(client, ada.email), await sign_in(client, ada.email)
        ids = [runtime.tokens.verify(person.access_token).session_id for person in (ada, phone, tablet)]

        await client.delete(f"{AUTH}/sessions/{ids[1]}", headers=ada.headers)
        change = {"password": "another good one", "current_password": "correct horse battery staple"}
        assert (await client.patch(f"{AUTH}/me", json=change, headers=ada.headers)).status_code == 200
        async with runtime.transaction() as session:
            await deactivate(session, ada.id)

        async with runtime.database.read() as session:
            page = await log.read_since(session, ACCESS_CHANNEL, 0, limit=100)
        assert [REVOKED.read(publication.type, publication.data) for publication in page.publications] == [
            SessionRevoked(user_id=ada.id, session_id=ids[1]),
            UserSignedOut(user_id=ada.id, kept_session_id=ids[0]),
            UserDeactivated(user_id=ada.id),
        ]


class TestTickets:
    async def ticket(self, client: httpx.AsyncClient, person: Signed) -> str:
        answer = await client.post(f"{AUTH}/ticket", headers=person.headers)
        assert (answer.status_code, answer.json()["expires_in"]) == (200, 30)
        assert answer.headers["Cache-Control"] == "no-store"
        ticket: str = answer.json()["ticket"]
        return ticket

    async def redeem(self, runtime: Runtime, ticket: str) -> AccessClaims:
        async with runtime.transaction() as session:
            return await redeem_ticket(session, ticket)

    async def test_stands_for_its_access_token_once(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        ticket = await self.ticket(client, ada)
        claims = await self.redeem(runtime, ticket)

        assert claims == runtime.tokens.verify(ada.access_token)
        async with runtime.database.read() as session:
            assert (await identify(session, claims)).id == ada.id
        with pytest.raises(TokenInvalid):
            await self.redeem(runtime, ticket)

    async def test_one_of_several_simultaneous_uses_succeeds(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        ticket = await self.ticket(client, ada)

        async def attempt() -> bool:
            try:
                await self.redeem(runtime, ticket)
            except TokenInvalid:
                return False
            return True

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(attempt()) for _ in range(5)]

        assert sorted(task.result() for task in tasks) == [False] * 4 + [True]

    async def test_works_on_another_node(self, client: httpx.AsyncClient, settings: Settings) -> None:
        ada = await register(client, "ada")
        ticket = await self.ticket(client, ada)
        async with running_app(settings) as node:
            assert (await self.redeem(node.state.runtime, ticket)).user_id == ada.id

    async def test_expires_soon(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        ticket = await self.ticket(client, ada)
        async with runtime.transaction() as session:
            await session.execute(update(Ticket).values(expires_at=now()))
        with pytest.raises(TokenInvalid):
            await self.redeem(runtime, ticket)

    async def test_only_its_hash_is_stored(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        ticket = await self.ticket(client, ada)
        async with runtime.database.read() as session:
            stored = (await session.scalars(select(Ticket.hash))).all()

            assert len(stored) == 1
            assert ticket not in stored
            with pytest.raises(TokenInvalid):
                await self.redeem(runtime, stored[0])

    async def test_does_not_outlive_its_session(self, client: httpx.AsyncClient, runtime: Runtime) -> None:
        ada = await register(client, "ada")
        ticket = await self.ticket(client, ada)
        await client.post(f"{AUTH}/logout", headers=ada.headers)

        with pytest.raises(TokenInvalid):
            await self.redeem(runtime, ticket)

    @pytest.mark.parametrize("junk", ["", "x", "\ud800", "\0", "é", "x" * 100_000])
    async def test_garbage_is_no_ticket(self, runtime: Runtime, junk: str) -> None:
        with pytest.raises(TokenInvalid):
            await self.redeem(runtime, junk)


async def test_expired_rows_are_deleted_and_standing_ones_stay(client: httpx.AsyncClient, runtime: Runtime) -> None:
    ada = await register(client, "ada")
    for _ in range(3):
        await client.post(f"{AUTH}/ticket", headers=(await sign_in(client, ada.email)).headers)
    keep = runtime.tokens.verify(ada.access_token).session_id
    async with runtime.transaction() as session:
        await session.execute(update(SignIn).where(SignIn.id != keep).values(expires_at=now()))

    async with runtime.transaction() as session:
        assert await purge_expired(session) == 3
        assert await purge_expired(session) == 0

    async with runtime.database.read() as session:
        assert (await session.scalars(select(SignIn.id))).all() == [keep]
        assert await session.scalar(select(func.count()).select_from(Ticket)) == 0
    assert await is_in(client, ada)


async def test_access_token_does_not_outlive_an_unrefreshed_session(settings: Settings) -> None:
    short = settings.model_copy(update={"refresh_token_ttl": 60})
    async with running_app(short) as app, client_of(app) as client:
        body = {"email": "ada@example.org", "password": "correct horse battery staple", "name": "Ada"}

        assert (await client.post(f"{AUTH}/register", json=body)).json()["expires_in"] == 60
