"""A client that speaks the Hocuspocus provider's protocol: one socket, many documents."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from roomful.link.transport import Transport
from roomful.rooms import codes
from roomful.rooms.codes import AdmissionRefused, Ending
from roomful.rooms.document.replica import BadUpdate
from roomful.rooms.policy import Policy
from roomful.rooms.protocol import hocuspocus
from roomful.rooms.protocol.hocuspocus import Auth, Close, HocuspocusMessage
from roomful.rooms.protocol.lib0 import BadMessage, Reader
from roomful.rooms.registry import Rooms
from roomful.rooms.session.liveness import Liveness
from roomful.rooms.session.open_document import OpenDocument, State
from roomful.rooms.session.reading import Reading

MAX_MESSAGES = 1000
"""In one frame."""
MAX_EARLY_BYTES = 4 * 1024 * 1024
"""Sent while documents were being opened, by a client that doesn't stop when nothing is read."""
LOOK_SECONDS = 5.0
"""Between two looks at the tokens of the documents."""


class HocuspocusSession:
    """Each document on the socket is admitted by a token of its own; until then its messages wait, within limits.

    A document that ends for good is closed by a message, and the others go on. One that ends for now closes the socket,
    so that the provider comes back.
    """

    __slots__ = (
        "_began_at",
        "_documents",
        "_is_over",
        "_liveness",
        "_look_at",
        "_reading",
        "_was_admitted",
        "policy",
        "rooms",
        "transport",
    )

    def __init__(self, rooms: Rooms, transport: Transport, policy: Policy) -> None:
        self.rooms = rooms
        self.transport = transport
        self.policy = policy
        self._documents: dict[str, OpenDocument] = {}
        self._reading = Reading(transport, rooms.limits.updates_per_second)
        self._liveness = Liveness(transport, self._reading, rooms.limits)
        now = time.monotonic()
        self._look_at = now + rooms.limits.ping_seconds
        self._began_at = now
        self._was_admitted = False
        self._is_over = False

    def begin(self) -> None:
        """Start to wait for tokens. Returns at once."""
        self.rooms.enter(self)
        self.rooms.wheel.put(self, min(LOOK_SECONDS, self.rooms.limits.unauthenticated_seconds))

    # From the transport

    def receive(self, data: str | bytes) -> None:
        if self._is_over or data == hocuspocus.PONG:
            return
        if data == hocuspocus.PING:
            self.write(hocuspocus.PONG)
            return
        with self._blaming(None):
            if isinstance(data, str):
                raise BadMessage("a text")
            reader = Reader(data)
            document = self._document(hocuspocus.read_key(reader))
            with self._blaming(document):
                self._read(document, reader)

    def overflow(self) -> None:
        self.end(codes.SLOW)

    def closed(self, _code: int) -> None:
        self._release()

    # From the server

    def end(self, ending: Ending) -> None:
        """Close the socket."""
        if not self._is_over:
            self._release()
            self.rooms.counters.closed[ending.code] += 1
            self.transport.close(ending.code, ending.reason)

    def due(self, now: float) -> float | None:
        if self._is_overdue(now):
            self.end(codes.TIMED_OUT)
        elif now >= self._look_at:
            seconds = self._liveness.look()
            if seconds is None:
                self.end(codes.NO_PONG)
            else:
                self._look_at = now + seconds
        if not self._is_over:
            for document in list(self._documents.values()):
                document.look_at_token()
        return None if self._is_over else LOOK_SECONDS

    # From its documents

    def write(self, *messages: bytes) -> None:
        """Write whole messages."""
        if not self._is_over:
            self.transport.write(self.transport.framing.frame(messages, text=False))

    def hold(self) -> None:
        self._reading.hold()

    def release(self) -> None:
        self._reading.release()

    def opened(self, document: OpenDocument, early: Sequence[HocuspocusMessage]) -> None:
        self._was_admitted = True
        self.transport.limit_messages(self.rooms.limits.message_bytes, close_code=codes.TOO_BIG.code)
        for message in early:
            if self._is_over:
                return
            with self._blaming(document):
                self._handle(document, message, 0)

    def _read(self, document: OpenDocument, reader: Reader) -> None:
        """Raises BadMessage, BadUpdate, AdmissionRefused."""
        for _ in range(MAX_MESSAGES):
            start = reader.position
            message = hocuspocus.read(reader)
            self._handle(document, message, reader.position - start)
            if self._is_over or not reader.has_more:
                return
        raise BadMessage("too many messages in one frame")

    def _document(self, key: str) -> OpenDocument:
        """The document of a key. Raises BadMessage for one too many."""
        document = self._documents.get(key)
        if document is None:
            self._make_room()
            document = self._documents[key] = OpenDocument(self, key)
        return document

    def _handle(self, document: OpenDocument, message: HocuspocusMessage, size: int) -> None:
        """Raises BadMessage, BadUpdate, AdmissionRefused."""
        is_costly = True
        if isinstance(message, Auth):
            document.authenticate(message.token)
        elif isinstance(message, Close):
            document.leave()
        elif document.state is State.OPEN:
            is_costly = document.receive(message)
        elif document.state is not State.ENDED:
            document.keep(message, size)
            self._check_waiting()
        if is_costly and not self._reading.count():
            self.end(codes.TOO_FAST)

    def _check_waiting(self) -> None:
        """Bound the messages that wait for tokens, and those that wait for documents to open."""
        limits = self.rooms.limits
        waiting = [document for document in self._documents.values() if document.state is State.WAITING]
        if (
            sum(len(document.early) for document in waiting) > limits.unauthenticated_messages
            or sum(document.early_bytes for document in waiting) > limits.unauthenticated_bytes
            or len(waiting) > limits.unauthenticated_documents
        ):
            self.rooms.counters.refused["too much before a token"] += 1
            self.end(codes.TOO_BIG)
        elif sum(document.early_bytes for document in self._documents.values()) > MAX_EARLY_BYTES:
            self.end(codes.TOO_FAST)

    def _make_room(self) -> None:
        """Forget one of the ended documents, which are kept to drop late messages. Raises BadMessage."""
        if len(self._documents) < self.rooms.limits.documents_per_socket:
            return
        ended = next((key for key, document in self._documents.items() if document.state is State.ENDED), None)
        if ended is None:
            raise BadMessage("too many documents")
        del self._documents[ended]

    @contextmanager
    def _blaming(self, document: OpenDocument | None) -> Iterator[None]:
        """A bad message ends its document, or the socket."""
        try:
            yield
        except AdmissionRefused as refused:
            if document is not None:
                document.end(refused.ending)
        except (BadMessage, BadUpdate):
            self.rooms.counters.refused["bad message"] += 1
            self.end(codes.BAD_MESSAGE)

    def _is_overdue(self, now: float) -> bool:
        """Whether a token has been due for too long."""
        since = [self._began_at] if not self._was_admitted else []
        since += [each.waits_since for each in self._documents.values() if each.state is State.WAITING]
        return bool(since) and now - min(since) >= self.rooms.limits.unauthenticated_seconds

    def _release(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._reading.close()
        self.rooms.wheel.remove(self)
        self.rooms.leave(self)
        for document in self._documents.values():
            document.leave()
        self._documents.clear()
