"""Who may read and write a document, on both wires: at the handshake, and while a window is open."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from roomful.identity.tokens import Tokens
from tests.conformance.desk import Desk, open_desk
from tests.conformance.providers import Kind, Providers, Window, until_level
from tests.conftest import SECRET_KEY, environment_for
from tests.support.api import Json
from tests.support.databases import SqliteFiles
from tests.support.server import Server

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

BOTH: tuple[Kind, ...] = ("y-websocket", "hocuspocus")
OLD: tuple[Kind, ...] = ("y-websocket-3.0", "y-websocket-2")
IN_FORCE_SECONDS = 1.0
"""Within which a change of rights reaches every open socket: the promise, so the test waits for nothing else."""
BACKOFF_SECONDS = 6.0
MOST_ATTEMPTS = 8
"""By a client that is refused: 0.1, 0.2, 0.4, 0.8, 1.6, 2.5 s apart. Let in and closed, it comes ten times a second."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with Server(directory, environment_for(sqlite_files.create(directory / "roomful.db"))) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def desk(server: Server, providers: Providers) -> AsyncIterator[Desk]:
    async with open_desk(server, providers) as desk:
        yield desk


@pytest.mark.parametrize("kind", BOTH)
async def test_viewers_see_and_change_nothing(desk: Desk, kind: Kind) -> None:
    eve = await desk.member("eve", "viewer")
    writer, viewer = await desk.synced("y-websocket"), await desk.synced(kind, eve)
    await writer.type("Hello")
    await viewer.until(lambda state: state.text == "Hello")
    await viewer.type("EVIL", at=0)
    await writer.type(" world")
    await viewer.until(lambda state: state.text == "EVILHello world" or bool(state.closes))
    if kind == "hocuspocus":
        state = await viewer.until(lambda state: state.refused == 1)
        assert (state.scope, state.unsynced) == ("readonly", 1)
    assert (await writer.until_saved()).text == "Hello world"
    late = await desk.synced("hocuspocus")
    await late.until(lambda state: state.text == "Hello world")


async def test_a_viewer_who_adds_nothing_is_acknowledged(desk: Desk) -> None:
    """Its SyncStep2 carries what everybody has."""
    writer = await desk.synced("hocuspocus")
    await writer.type("Hello")
    await writer.delete(0, 1)
    await writer.until_saved()
    eve = await desk.member("eve", "viewer")
    viewer = await desk.synced("hocuspocus", eve)
    await viewer.until_saved()
    await viewer.drop()
    state = await viewer.until(lambda state: state.opens == 2 and state.is_saved)
    assert (state.refused, state.text) == (0, "ello")


@pytest.mark.parametrize("kind", BOTH)
async def test_a_viewer_is_made_an_editor(desk: Desk, kind: Kind) -> None:
    """What was refused before is part of the document then: the client builds on it."""
    eve = await desk.member("eve", "viewer")
    writer, viewer = await desk.synced("y-websocket"), await desk.synced(kind, eve)
    await writer.type("Hello")
    await viewer.until(lambda state: state.text == "Hello")
    await viewer.type(" early")
    await desk.owner.patch(f"{desk.project.path}/members/{eve.id}", {"role": "editor"})
    if kind == "hocuspocus":
        await viewer.until(lambda state: state.scope == "read-write")
    await _open_again(viewer)
    await viewer.type(", late")
    for window in (writer, viewer):
        await window.until(lambda state: state.text == "Hello early, late")
    late = await desk.synced("hocuspocus")
    await late.until(lambda state: state.text == "Hello early, late" and state.is_whole)


@pytest.mark.parametrize("kind", BOTH)
async def test_an_editor_is_made_a_viewer(desk: Desk, kind: Kind) -> None:
    bob = await desk.member("bob")
    writer, lowered = await desk.synced("y-websocket"), await desk.synced(kind, bob)
    await lowered.type("Mine")
    await until_level([writer, lowered])
    await desk.owner.patch(f"{desk.project.path}/members/{bob.id}", {"role": "viewer"})
    if kind == "hocuspocus":
        await lowered.until(lambda state: state.scope == "readonly")
    else:
        await asyncio.sleep(IN_FORCE_SECONDS)
    await lowered.type("EVIL", at=0)
    await writer.type("!")
    late = await desk.synced("hocuspocus")
    await late.until(lambda state: state.text == "Mine!")
    assert (await writer.until_saved()).text == "Mine!"


@pytest.mark.parametrize("kind", BOTH)
async def test_an_archived_project_is_read_only_at_once(desk: Desk, kind: Kind) -> None:
    window = await desk.synced(kind)
    await window.type("Before")
    await window.until_saved()
    await desk.owner.patch(desk.project.path, {"status": "archived"})
    await window.type(", after")
    late = await desk.synced("hocuspocus")
    assert (await late.state()).text == "Before"
    assert (await late.until(lambda state: state.scope is not None)).scope == "readonly"


async def test_a_member_who_is_removed_is_shown_nothing_more(desk: Desk) -> None:
    bob = await desk.member("bob")
    writer, removed = await desk.synced("y-websocket"), await desk.synced("y-websocket", bob)
    await desk.owner.remove_member(desk.project, bob)
    state = await removed.until(lambda state: state.stopped is not None)
    assert (state.stopped, state.closes[-1].code) == (4403, 4403)
    await writer.type("secret")
    await writer.until_saved()
    state = await removed.state()
    assert (state.text, state.attempts) == ("", 1)


async def test_a_member_who_is_removed_is_denied_on_the_open_hocuspocus_socket(desk: Desk) -> None:
    bob = await desk.member("bob")
    writer, removed = await desk.synced("y-websocket"), await desk.synced("hocuspocus", bob)
    await desk.owner.remove_member(desk.project, bob)
    await removed.until(lambda state: state.denied is not None)
    await writer.type("secret")
    await writer.until_saved()
    assert (await removed.state()).text == ""


@pytest.mark.parametrize("kind", OLD)
async def test_old_clients_who_lost_access_do_not_hammer(desk: Desk, kind: Kind) -> None:
    """They obey no close code and come back at once; only a refused handshake slows them down."""
    bob = await desk.member("bob")
    removed = await desk.synced(kind, bob)
    await desk.owner.remove_member(desk.project, bob)
    await removed.until(lambda state: bool(state.closes))
    assert (await removed.state()).closes[0].code == 4403
    await _expect_backoff(removed, "404")


@pytest.mark.parametrize("kind", ["y-websocket", *OLD])
async def test_a_deleted_document_ends_its_windows(desk: Desk, kind: Kind) -> None:
    window = await desk.synced(kind)
    await window.type("Hello")
    await window.until_saved()
    await desk.owner.delete(desk.path)
    state = await window.until(lambda state: bool(state.closes))
    assert state.closes[0].code == 4404
    if kind == "y-websocket":
        state = await window.until(lambda state: state.stopped is not None)
        assert (state.stopped, state.attempts) == (4404, 1)
    else:
        await _expect_backoff(window, "404")


async def test_a_deleted_document_ends_alone_on_a_shared_socket(desk: Desk) -> None:
    other_document = await desk.owner.post(f"{desk.project.path}/documents", {"title": "Stays"})
    gone = await desk.synced("hocuspocus", socket="shared with a deleted one")
    stays = await desk.synced("hocuspocus", socket="shared with a deleted one", document=other_document["id"])
    await desk.owner.delete(desk.path)
    await gone.until(lambda state: state.stopped is not None or state.denied is not None)
    await stays.type("still here")
    state = await stays.until_saved()
    assert (state.text, state.closes) == ("still here", [])


async def test_a_deleted_project_ends_its_windows(desk: Desk) -> None:
    windows = [await desk.synced(kind) for kind in BOTH]
    await desk.owner.delete(desk.project.path)
    await windows[0].until(lambda state: isinstance(state.stopped, int) and 4400 <= state.stopped < 4500)
    await windows[1].until(lambda state: state.stopped is not None or state.denied is not None)


@pytest.mark.parametrize("kind", BOTH)
async def test_a_sign_in_that_ends_ends_its_windows(desk: Desk, kind: Kind) -> None:
    bob = await desk.member("bob")
    window = await desk.synced(kind, bob)
    await bob.post("/auth/logout", {"refresh_token": bob.refresh_token}, expect=204)
    if kind == "y-websocket":
        state = await window.until(lambda state: state.stopped is not None)
        assert (state.stopped, state.attempts) == (4401, 1)
    else:
        await window.until(lambda state: state.denied is not None or bool(state.closes))


async def test_refused_before_the_upgrade(desk: Desk) -> None:
    stranger = await desk.server.api.register("eve")
    for token, document, status, code in (
        (None, desk.document_id, 401, "UNAUTHENTICATED"),
        ("junk", desk.document_id, 401, "UNAUTHENTICATED"),
        (stranger.token, desk.document_id, 404, "NOT_FOUND"),
        (desk.owner.token, "0190a5a5-0000-7000-8000-000000000000", 404, "NOT_FOUND"),
        (desk.owner.token, "x" * 300, 404, "NOT_FOUND"),
    ):
        refused = await _refusal(desk, document, token)
        assert (refused["status"], refused["code"]) == (status, code), document


async def test_a_document_exists_only_because_rest_made_it(desk: Desk) -> None:
    unknown = "0190a5a5-0000-7000-8000-000000000001"
    window = await desk.open("hocuspocus", document=unknown)
    await window.until(lambda state: state.denied is not None)
    await desk.owner.get(f"/documents/{unknown}", expect=404)


@pytest.mark.parametrize("token", [None, "junk", "of a stranger"])
async def test_hocuspocus_denies_one_document_and_keeps_the_socket(desk: Desk, token: str | None) -> None:
    if token == "of a stranger":
        token = (await desk.server.api.register("eve")).token
    denied = await desk.open("hocuspocus", token=token)
    state = await denied.until(lambda state: state.denied is not None)
    assert not state.synced
    assert state.opens == 1


async def test_a_ticket_opens_a_window_once(desk: Desk) -> None:
    ticket = (await desk.owner.post("/auth/ticket", expect=200))["ticket"]
    window = await desk.open("y-websocket", token=None, params={"ticket": ticket})
    await window.until_synced()
    refused = await _refusal(desk, desk.document_id, None, f"ticket={ticket}")
    assert refused["status"] == 401


async def test_an_expired_token_is_renewed_on_the_open_hocuspocus_socket(desk: Desk) -> None:
    """The server asks for a token again before the old one expires; the provider sends its newest."""
    session_id = (await desk.owner.get("/auth/sessions"))[0]["id"]
    short = Tokens(SECRET_KEY, access_ttl_seconds=60).issue(desk.owner.id, session_id, ttl_seconds=12)
    window = await desk.synced("hocuspocus", token=short)
    await window.do("renew", token=desk.owner.token)
    await window.until(lambda state: state.sent["auth"] >= 2)
    await window.type("Hello")
    state = await window.until_saved()
    assert (state.opens, state.denied) == (1, None)


async def _refusal(desk: Desk, document: str, token: str | None, query: str = "") -> Json:
    """The status and the error body of a handshake that fails."""
    query = f"token={token}" if token is not None else query
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{desk.url}/yjs/{document}?{query}", proxy=None)
    response = refused.value.response
    return {"status": response.status_code, **msgspec.json.decode(response.body or b"{}")}


async def _expect_backoff(window: Window, status: str) -> None:
    """It is refused by HTTP from now on, and comes more and more rarely."""
    before = (await window.until(lambda state: any(status in error for error in state.errors))).attempts
    await asyncio.sleep(BACKOFF_SECONDS)
    attempts = (await window.state()).attempts - before
    assert attempts <= MOST_ATTEMPTS, f"{attempts} handshakes in {BACKOFF_SECONDS} s"


async def _open_again(window: Window) -> None:
    """Connect again if the server has closed it."""
    if (await window.state()).stopped is not None:
        await window.go_online()
        await window.until_synced()
