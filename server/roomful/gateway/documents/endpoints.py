"""The addresses of documents: y-websocket, with one document on a socket, and Hocuspocus, with many."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from roomful.errors import AppError, NotFound, Unauthenticated, Unavailable
from roomful.gateway.documents.policy import DocumentSocket
from roomful.gateway.documents.rooms import DocumentRooms
from roomful.gateway.handshake import (
    check_origin,
    place_before_sign_in,
    query_of,
    read_handshake,
    sign_in,
    sign_in_by_ticket,
)
from roomful.link.transport import Transport
from roomful.rooms.codes import DELETED, FULL, REPLACED, RIGHT_LOST, SIGN_IN_ENDED, AdmissionRefused, Ending
from roomful.rooms.session.hocuspocus import HocuspocusSession
from roomful.rooms.session.yjs import YjsSession
from roomful.transport import sockets
from roomful.transport.sockets import SocketSession
from roomful.web.dependencies import runtime_of

REPLACED_SECONDS = 2.0
"""A client of a lost history is told after this pause: y-websocket up to 3.0 comes back at once."""


def documents_of(connection: HTTPConnection) -> DocumentRooms:
    documents: DocumentRooms = connection.app.state.documents
    return documents


async def yjs_socket(websocket: WebSocket, document_id: str) -> None:
    """The y-websocket protocol. Clients are refused before the upgrade, which makes them back off.

    `?generation=`, or `@generation` behind the id, names the history that the client knows; if that was replaced, a
    close tells the client. With `?stored=1` the client is told what is stored.
    """
    runtime, documents = runtime_of(websocket), documents_of(websocket)
    check_origin(websocket, runtime.settings.allowed_origins)
    handshake, query = read_handshake(websocket), query_of(websocket)
    document_id, _, named = document_id.partition("@")
    generation, rooms = named or query.get("generation", ""), documents.rooms
    with place_before_sign_in(websocket) as place, _leaving_on_error(documents.socket(place.leave)) as socket:
        credentials = await sign_in(runtime, handshake)
        admitted_at = rooms.revocations
        try:
            grant = await socket.open(credentials, document_id, generation)
            if (ending := rooms.refuses(document_id)) is not None:
                raise AdmissionRefused(ending)
        except AdmissionRefused as refused:
            if refused.ending != REPLACED:
                raise _error(refused.ending) from refused
            grant = None
        await websocket.accept(subprotocol=handshake.subprotocol)
        place.leave()

        def begin(transport: Transport) -> SocketSession:
            if grant is None:
                return _Counted(_Replaced(transport), socket)
            session = YjsSession(
                rooms,
                transport,
                socket,
                document_id=document_id,
                generation=generation,
                grant=grant,
                admitted_at=admitted_at,
                tells_stored=query.get("stored") == "1",
            )
            session.begin()
            return _Counted(session, socket)

        await sockets.serve(websocket, begin, send_bound=rooms.limits.send_bound, on_shutdown=rooms.begin_shutdown)


async def hocuspocus_socket(websocket: WebSocket) -> None:
    """The protocol of the Hocuspocus provider: many documents on a socket, each admitted or refused in a message.

    An empty document token stands for the handshake's.
    """
    runtime, documents = runtime_of(websocket), documents_of(websocket)
    check_origin(websocket, runtime.settings.allowed_origins)
    handshake, rooms = read_handshake(websocket), documents.rooms
    with place_before_sign_in(websocket) as place, _leaving_on_error(documents.socket(place.leave)) as socket:
        socket.credentials, socket.token = await sign_in_by_ticket(runtime, handshake)
        await websocket.accept(subprotocol=handshake.subprotocol)

        def begin(transport: Transport) -> SocketSession:
            session = HocuspocusSession(rooms, transport, socket)
            session.begin()
            return _Counted(session, socket)

        await sockets.serve(websocket, begin, send_bound=rooms.limits.send_bound, on_shutdown=rooms.begin_shutdown)


class _Counted:
    """A session whose socket counts until it is closed."""

    def __init__(self, session: SocketSession, socket: DocumentSocket) -> None:
        self.receive = session.receive
        self.overflow = session.overflow
        self._session = session
        self._socket = socket

    def closed(self, code: int) -> None:
        self._session.closed(code)
        self._socket.leave()


class _Replaced:
    """Tells a client, after a pause, that its history was replaced: old ones would come back at once."""

    def __init__(self, transport: Transport) -> None:
        transport.pause_reading()
        self._timer = asyncio.get_running_loop().call_later(REPLACED_SECONDS, transport.close, *REPLACED)

    def receive(self, data: str | bytes) -> None:
        """Drop what a lost history adds."""

    def overflow(self) -> None: ...

    def closed(self, _code: int) -> None:
        self._timer.cancel()


@contextmanager
def _leaving_on_error(socket: DocumentSocket) -> Iterator[DocumentSocket]:
    try:
        yield socket
    except BaseException:
        socket.leave()
        raise


def _error(ending: Ending) -> AppError:
    """The answer before the upgrade."""
    match ending.code:
        case SIGN_IN_ENDED.code:
            return Unauthenticated()
        case RIGHT_LOST.code | DELETED.code:
            return NotFound()
        case FULL.code:
            return Unavailable("There are too many connections, of yours or to this document.")
        case _:
            return Unavailable()
