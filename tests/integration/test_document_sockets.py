"""Documents on both wires: who comes in, what they may do there, and how it ends."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from websockets.exceptions import InvalidStatus

from roomful.documents.rights import Asked, Right, rights_among
from roomful.gateway.documents import endpoints, policy
from roomful.identity.revocations import deactivate
from roomful.identity.tokens import LEEWAY_SECONDS
from roomful.rooms.store.port import Head
from roomful.roomstore import generations
from roomful.roomstore.sql_store import SqlStore
from roomful.settings import Settings
from tests.support.api import Person, Project
from tests.support.app import Live, serving
from tests.support.document_clients import WIRES, DocumentClient, Wire
from tests.support.documents import create_document

NOBODY = "01a20000-0000-7000-8000-000000000000"


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> Wire:
    wire: Wire = request.param
    return wire


@pytest.fixture
async def ada(live: Live) -> Person:
    return await live.api.register("ada")


@pytest.fixture
async def bob(live: Live) -> Person:
    return await live.api.register("bob")


@pytest.fixture
async def project(ada: Person, bob: Person) -> Project:
    """Ada's, with Bob as an editor."""
    project = await ada.create_project()
    await ada.add_member(project, bob)
    return project


@pytest.fixture
async def document(ada: Person, project: Project) -> str:
    return await create_document(ada, project)


async def change_role(ada: Person, project: Project, bob: Person, role: str) -> None:
    await ada.patch(f"{project.path}/members/{bob.id}", {"role": role})


def token_that_expires(live: Live, person: Person, seconds: int) -> str:
    """Another token of the same sign-in. Tokens are taken for some seconds longer."""
    claims = live.runtime.tokens.verify(person.token)
    return live.runtime.tokens.issue(person.id, claims.session_id, ttl_seconds=seconds - LEEWAY_SECONDS)


async def refused_with(client: DocumentClient) -> tuple[int, str]:
    """Status and code of the answer to a handshake."""
    with pytest.raises(InvalidStatus) as refused:
        await client.open()
    response = refused.value.response
    return response.status_code, json.loads(response.body or b"{}")["code"]


async def test_two_people_type_at_once(live: Live, ada: Person, bob: Person, document: str, wire: Wire) -> None:
    async with (
        DocumentClient(live.socket_url, document, token=ada.token, wire=wire) as one,
        DocumentClient(live.socket_url, document, token=bob.token, wire="yjs") as two,
    ):
        await one.insert("one")
        await two.reads("one")
        await two.insert(" two")
        await one.reads("one two")
        await one.is_stored()
        await two.is_stored()
    async with DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as later:
        await later.reads("one two")


# Coming in


async def test_outage_of_the_database_is_over_some_time(
    live: Live, ada: Person, document: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def out(session: AsyncSession, asked: Sequence[Asked]) -> dict[Asked, Right]:
        raise OSError("out of reach")

    monkeypatch.setattr(policy, "rights_among", out)
    client = DocumentClient(live.socket_url, document, token=ada.token, wire=wire)
    if wire == "yjs":
        assert await refused_with(client) == (503, "UNAVAILABLE")
    else:
        await client.open()
        await client.expect_close(4500)
        await client.close()
    monkeypatch.undo()
    async with client:
        await client.insert("hello")
        await client.is_stored()


@pytest.mark.parametrize("way", ["header", "query", "subprotocol", "ticket"])
async def test_token_comes_by_every_way(live: Live, ada: Person, document: str, wire: Wire, way: str) -> None:
    """On Hocuspocus it replaces an empty document name."""
    headers, subprotocols, parameters = {}, None, "stored=1"
    match way:
        case "header":
            headers = {"Authorization": f"Bearer {ada.token}"}
        case "query":
            parameters += f"&token={ada.token}"
        case "subprotocol":
            subprotocols = ["bearer", ada.token]
        case "ticket":
            parameters += f"&ticket={(await ada.post('/auth/ticket', expect=200))['ticket']}"
    async with DocumentClient(
        live.socket_url,
        document,
        token="",
        wire=wire,
        parameters=parameters,
        headers=headers,
        subprotocols=subprotocols,
    ) as client:
        await client.insert("hello")
        await client.is_stored()


async def test_who_may_not_come_in_is_refused_before_the_upgrade(
    live: Live, ada: Person, document: str, settings: Settings
) -> None:
    eve = await live.api.register("eve")

    async def refused(document_id: str, token: str, **headers: str) -> tuple[int, str]:
        return await refused_with(DocumentClient(live.socket_url, document_id, token=token, headers=headers))

    assert await refused(document, "") == (401, "UNAUTHENTICATED")
    assert await refused(document, "rubbish") == (401, "UNAUTHENTICATED")
    assert await refused(document, eve.token) == (404, "NOT_FOUND")
    assert await refused(NOBODY, ada.token) == (404, "NOT_FOUND")
    assert await refused("room%20one", ada.token) == (404, "NOT_FOUND")
    assert await refused(document, ada.token, Origin="https://evil.example") == (403, "FORBIDDEN")
    await ada.request("POST", "/auth/logout")
    assert await refused(document, ada.token) == (401, "UNAUTHENTICATED")
    assert len(live.app.state.limits.unauthenticated) == 0
    assert len(live.app.state.node.sessions) == 0


async def test_hocuspocus_refuses_a_document_and_leaves_the_socket(live: Live, ada: Person, document: str) -> None:
    eve = await live.api.register("eve")
    for document_id, token, reason in (
        (document, eve.token, "permission-denied"),
        (NOBODY, eve.token, "permission-denied"),  # so that ids can't be probed
        ("no id at all", ada.token, "permission-denied"),
        (document, "rubbish", "sign-in ended"),
        (document, "", "sign-in ended"),
        (document, token_that_expires(live, ada, -1), "token expired"),
    ):
        client = DocumentClient(live.socket_url, document_id, token=token, wire="hocuspocus")
        await client.open()
        assert await client.expect_end(4403) == reason
        assert client.closed is None
        await client.close()
    assert not client.is_synced
    assert str(client.text) == ""


async def test_hocuspocus_takes_the_right_token_after_a_wrong_one(live: Live, ada: Person, document: str) -> None:
    client = DocumentClient(live.socket_url, document, token="rubbish", wire="hocuspocus")
    await client.open()
    await client.becomes(lambda: client.denied)
    await client.show_token(ada.token)
    await client.becomes(lambda: client.scope == "read-write")
    await client.insert("hello")
    await client.is_stored()
    await client.close()


async def test_history_that_was_replaced_is_not_written_to(
    live: Live, ada: Person, document: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "REPLACED_SECONDS", 0.3)
    present = (await live.app.state.documents.rooms.services.store.load(document)).head.generation
    async with DocumentClient(live.socket_url, f"{document}@{present}", token=ada.token, wire=wire) as client:
        await client.insert("hello")
        await client.is_stored()
    lost = DocumentClient(live.socket_url, f"{document}@00000000", token=ada.token, wire=wire)
    await lost.open()
    assert await lost.expect_end(4409) == "generation"
    await lost.close()
    if wire == "yjs":
        lost = DocumentClient(live.socket_url, document, token=ada.token, parameters="generation=00000000")
        await lost.open()
        await lost.expect_close(4409)
        await lost.close()


async def test_restored_backup_ends_connections_with_the_old_history(
    live: Live, ada: Person, document: str, wire: Wire
) -> None:
    async with DocumentClient(live.socket_url, document, token=ada.token, wire=wire) as client:
        await client.insert("hello")
        await client.is_stored()
        await generations.renew_all(live.runtime.database)
        assert await client.expect_end(4409) == "generation"


# Limits


async def test_document_sockets_count_among_the_connections_of_a_person(settings: Settings, wire: Wire) -> None:
    async with serving(settings.model_copy(update={"max_connections_per_user": 2})) as live:
        ada = await live.api.register("ada")
        document = await create_document(ada, await ada.create_project())

        def client() -> DocumentClient:
            return DocumentClient(live.socket_url, document, token=ada.token, wire=wire)

        async with client() as one, client():
            third = client()
            if wire == "yjs":
                assert await refused_with(third) == (503, "UNAVAILABLE")
            else:
                await third.open()
                await third.expect_close(4503)
                await third.close()
            assert live.app.state.node.sessions.count_of_user(ada.id) == 2
            await one.insert("hello")
            await one.is_stored()
        async with client():
            pass
        async with asyncio.timeout(20):
            while live.app.state.node.sessions.count_of_user(ada.id):  # noqa: ASYNC110 - polled: plain state
                await asyncio.sleep(0.01)


async def test_connections_of_a_document_are_bounded(settings: Settings, wire: Wire) -> None:
    async with (
        serving(settings.model_copy(update={"max_connections_per_document": 2})) as live,
        AsyncExitStack() as open_,
    ):
        ada = await live.api.register("ada")
        document = await create_document(ada, await ada.create_project())
        for _ in range(2):
            await open_.enter_async_context(DocumentClient(live.socket_url, document, token=ada.token, wire=wire))
        third = DocumentClient(live.socket_url, document, token=ada.token, wire=wire)
        if wire == "yjs":
            assert await refused_with(third) == (503, "UNAVAILABLE")
        else:
            await third.open()
            await third.expect_close(4503)
            await third.close()


async def test_too_big_a_change_ends_the_connection_for_good(settings: Settings, wire: Wire) -> None:
    """On 1009 a y-websocket client would come back at once with the same change."""
    async with serving(settings.model_copy(update={"max_document_bytes": 100_000})) as live:
        ada = await live.api.register("ada")
        document = await create_document(ada, await ada.create_project())
        for size in (90_000, 150_000):  # more than the document may have together; and a message that is not read
            async with DocumentClient(live.socket_url, document, token=ada.token, wire=wire) as client:
                before = str(client.text)
                await client.insert("x" * size)
                if not before:
                    await client.is_stored()
                    await client.insert("y" * 90_000)
                await client.becomes_or_closes(lambda: client.denied is not None)
                if before or wire == "yjs":
                    assert client.closed is not None
                    reason = "message too big" if before else "too big"
                    assert (client.closed.code, client.closed.reason) == (4413, reason)
        async with DocumentClient(live.socket_url, document, token=ada.token, wire=wire) as client:
            assert str(client.text) == "x" * 90_000


async def test_zero_lets_any_number_into_a_document(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"max_connections_per_document": 0})) as live:
        ada = await live.api.register("ada")
        document = await create_document(ada, await ada.create_project())
        async with DocumentClient(live.socket_url, document, token=ada.token) as client:
            await client.insert("hello")
            await client.is_stored()


# Rights


async def test_viewer_receives_and_is_refused(
    live: Live, ada: Person, bob: Person, project: Project, document: str, wire: Wire
) -> None:
    await change_role(ada, project, bob, "viewer")
    async with (
        DocumentClient(live.socket_url, document, token=ada.token, wire="yjs") as writer,
        DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as viewer,
    ):
        if wire == "hocuspocus":
            assert viewer.scope == "readonly"
        await writer.insert("hello")
        await viewer.reads("hello")
        await viewer.insert(" from a viewer")
        await viewer.becomes(lambda: viewer.refused)
        await writer.insert("!")
        await writer.is_stored()
        assert str(writer.text) == "hello!"
    async with DocumentClient(live.socket_url, document, token=ada.token, wire=wire) as later:
        assert str(later.text) == "hello!"


async def test_role_is_lowered_and_raised_on_the_open_socket(
    live: Live, ada: Person, bob: Person, project: Project, document: str, wire: Wire
) -> None:
    async with (
        DocumentClient(live.socket_url, document, token=ada.token) as other,
        DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as client,
    ):
        await client.insert("1")
        await client.is_stored()
        await change_role(ada, project, bob, "viewer")
        await becomes_read_only(client)
        await change_role(ada, project, bob, "editor")
        await may_write_again(client, other)


async def test_archived_project_is_read_only_until_it_is_restored(
    live: Live, ada: Person, bob: Person, project: Project, document: str, wire: Wire
) -> None:
    cleo = await live.api.register("cleo")
    await ada.add_member(project, cleo, "viewer")
    async with (
        DocumentClient(live.socket_url, document, token=ada.token) as other,
        DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as client,
        DocumentClient(live.socket_url, document, token=cleo.token, wire=wire) as viewer,
    ):
        await ada.patch(project.path, {"status": "archived"})
        await becomes_read_only(client)
        async with DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as late:
            await late.insert("too late")
            await late.becomes(lambda: late.refused)
        await ada.patch(project.path, {"status": "active"})
        await may_write_again(client, other)
        await viewer.insert("still a viewer")
        await viewer.becomes(lambda: viewer.refused)


async def test_typing_that_an_archive_has_overtaken_stops_nobody_from_reading(
    live: Live, ada: Person, bob: Person, project: Project, document: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = SqlStore.append

    async def append_late(self: SqlStore, *arguments: Any) -> Head:
        monkeypatch.undo()
        await ada.patch(project.path, {"status": "archived"})
        return await append(self, *arguments)

    async with (
        DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as client,
        DocumentClient(live.socket_url, document, token=ada.token, wire=wire) as bystander,
    ):
        monkeypatch.setattr(SqlStore, "append", append_late)
        await client.insert("too late")
        for each in (client, bystander):
            await each.expect_close(4500)
            await each.close()
            await each.connect()
        assert str(bystander.text) == "too late"  # its own replica has it; the document has not
        assert not client.stored
    async with DocumentClient(live.socket_url, document, token=ada.token, wire=wire) as reader:
        assert str(reader.text) == ""


async def becomes_read_only(client: DocumentClient) -> None:
    """It is told so."""
    if client.wire == "hocuspocus":
        await client.becomes(lambda: client.scope == "readonly", 5)
    else:
        await client.becomes(lambda: client.refused, 5)


async def may_write_again(client: DocumentClient, other: DocumentClient) -> None:
    if client.wire == "hocuspocus":
        await client.becomes(lambda: client.scope == "read-write", 5)
    async with asyncio.timeout(20):
        while "again" not in str(other.text):
            await client.insert("again")
            await asyncio.sleep(0.1)


async def test_removed_member_is_let_go(
    live: Live, ada: Person, bob: Person, project: Project, document: str, wire: Wire
) -> None:
    async with (
        DocumentClient(live.socket_url, document, token=ada.token) as other,
        DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as client,
    ):
        await ada.remove_member(project, bob)
        assert await client.expect_end(4403, 5) == "permission-denied"
        await other.insert("secret")
        await other.is_stored()
        assert str(client.text) == ""
    again = DocumentClient(live.socket_url, document, token=bob.token, wire=wire)
    if wire == "yjs":
        assert await refused_with(again) == (404, "NOT_FOUND")
    else:
        await again.open()
        assert await again.expect_end(4403) == "permission-denied"
        await again.close()


async def test_deleted_document_ends_its_connections(
    live: Live, ada: Person, bob: Person, document: str, wire: Wire
) -> None:
    async with DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as client:
        await client.insert("hello")
        await client.is_stored()
        await ada.delete(f"/documents/{document}")
        assert await client.expect_end(4404, 5) == "document deleted"
    again = DocumentClient(live.socket_url, document, token=bob.token, wire=wire)
    if wire == "yjs":
        assert await refused_with(again) == (404, "NOT_FOUND")
    else:
        await again.open()
        assert await again.expect_end(4403) == "permission-denied"
        await again.close()
    await ada.post(f"/documents/{document}/restore", expect=200)
    async with DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as client:
        await client.reads("hello")
        await client.insert("!")
        await client.is_stored()


async def test_deleted_project_takes_its_documents_along(
    live: Live, ada: Person, bob: Person, project: Project, document: str, wire: Wire
) -> None:
    async with DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as client:
        await ada.delete(project.path)
        assert await client.expect_end(4404, 5) == "document deleted"


async def test_ended_sign_in_ends_its_sockets_alone(live: Live, ada: Person, document: str, wire: Wire) -> None:
    elsewhere = await live.api.sign_in(ada.email)
    async with (
        DocumentClient(live.socket_url, document, token=ada.token, wire=wire) as client,
        DocumentClient(live.socket_url, document, token=elsewhere.token, wire=wire) as other,
    ):
        await ada.request("POST", "/auth/logout")
        assert await client.expect_end(4401, 5) == "sign-in ended"
        await other.insert("still here")
        await other.is_stored()


async def test_token_that_runs_out_ends_the_socket_so_that_the_client_brings_another(
    live: Live, ada: Person, document: str
) -> None:
    token = token_that_expires(live, ada, 4)
    async with DocumentClient(live.socket_url, document, token=token) as client:
        await client.expect_close(4500)
    assert await refused_with(DocumentClient(live.socket_url, document, token=token)) == (401, "UNAUTHENTICATED")


async def test_token_is_renewed_on_the_open_hocuspocus_socket(live: Live, ada: Person, document: str) -> None:
    token = token_that_expires(live, ada, 6)
    async with DocumentClient(live.socket_url, document, token=token, wire="hocuspocus") as client:
        await client.becomes(lambda: client.scope == "token wanted", 10)
        await client.show_token(ada.token)
        await client.becomes(lambda: client.scope == "read-write")
        await asyncio.sleep(6)  # beyond the first token's end
        await client.insert("hello")
        await client.is_stored()


async def test_role_that_is_lowered_while_a_token_is_renewed_stays_lowered(
    live: Live, ada: Person, bob: Person, project: Project, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with DocumentClient(live.socket_url, document, token=bob.token, wire="hocuspocus") as client:
        asked = 0

        async def find_and_lower(session: AsyncSession, questions: Sequence[Asked]) -> dict[Asked, Right]:
            nonlocal asked
            asked += 1
            rights = await rights_among(session, questions)
            if asked == 1:
                await change_role(ada, project, bob, "viewer")
                await client.becomes(lambda: client.scope == "readonly")
            return rights

        monkeypatch.setattr(policy, "rights_among", find_and_lower)
        await client.show_token(bob.token)
        async with asyncio.timeout(10):
            while asked < 2:  # noqa: ASYNC110 - polled: plain state
                await asyncio.sleep(0.01)
        await client.insert("not any more")
        await client.becomes(lambda: client.refused)
        assert client.scope == "readonly"


async def test_hocuspocus_document_whose_token_is_not_renewed_ends(live: Live, ada: Person, document: str) -> None:
    token = token_that_expires(live, ada, 4)
    async with DocumentClient(live.socket_url, document, token=token, wire="hocuspocus") as client:
        assert await client.expect_end(4401) == "token expired"


async def test_deactivated_person_is_let_go(live: Live, bob: Person, document: str, wire: Wire) -> None:
    async with DocumentClient(live.socket_url, document, token=bob.token, wire=wire) as client:
        async with live.runtime.transaction() as session:
            await deactivate(session, bob.id)
        assert await client.expect_end(4401, 5) == "sign-in ended"


async def test_who_loses_the_right_while_coming_in_does_not_come_in(
    live: Live, ada: Person, bob: Person, project: Project, document: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was read before the loss, and nobody followed the project yet."""
    found: list[int] = []

    async def find_and_lose(session: AsyncSession, asked: Sequence[Asked]) -> dict[Asked, Right]:
        rights = await rights_among(session, asked)
        found.append(len(rights))
        if len(found) == 1:
            await ada.remove_member(project, bob)
        return rights

    monkeypatch.setattr(policy, "rights_among", find_and_lose)
    client = DocumentClient(live.socket_url, document, token=bob.token, wire=wire)
    if wire == "yjs":
        assert await refused_with(client) == (404, "NOT_FOUND")
    else:
        await client.open()
        assert await client.expect_end(4403) == "permission-denied"
        await client.close()
    assert found == [1, 0]
