"""The broker of rooms on several nodes: publish and subscribe of Redis."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, assert_never

import msgspec

from roomful.link.envelopes import MAX_CONTENT_BYTES
from roomful.link.redis_names import RememberedNames
from roomful.link.sealed_redis import Malformed, SealedRedis
from roomful.rooms.broker.port import AwarenessChanged, AwarenessQuery, Receive, RoomMessage, RowStored
from roomful.rooms.protocol import awareness

KIND = "document"

MAX_UPDATE_BYTES = MAX_CONTENT_BYTES - 1024
"""A larger row goes without its update, and is read from the store."""
MAX_STATES_BYTES = MAX_CONTENT_BYTES - 1024
"""More states than these go in several messages."""


class _Row(msgspec.Struct, tag="row", tag_field="kind", array_like=True, frozen=True, gc=False):
    document_id: str
    generation: str
    number: Annotated[int, msgspec.Meta(ge=1)]
    update: bytes


class _Awareness(msgspec.Struct, tag="awareness", tag_field="kind", array_like=True, frozen=True, gc=False):
    document_id: str
    node: str
    states: bytes


class _Query(msgspec.Struct, tag="query", tag_field="kind", array_like=True, frozen=True, gc=False):
    document_id: str


_Content = _Row | _Awareness | _Query

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Content)


class RedisRoomBroker:
    """Carries the messages of rooms over the node's link.

    An outage loses messages: rows are read from the store again, and states come again with their renewals.
    """

    def __init__(self, link: SealedRedis, receive: Receive) -> None:
        self._link = link
        self._receive = receive
        self._places = RememberedNames(link.names, KIND)
        link.listen(KIND, self._deliver)

    def publish(self, message: RoomMessage) -> None:
        place = self._places.of(message.document_id)
        match message:
            case RowStored(document_id, generation, number, update):
                sent = update if len(update) <= MAX_UPDATE_BYTES else b""
                self._put(place, _Row(document_id, generation, number, sent))
            case AwarenessChanged(document_id, node, states):
                for part in _parts(states):
                    self._put(place, _Awareness(document_id, node, part), is_signal=True)
            case AwarenessQuery(document_id):
                self._put(place, _Query(document_id))
            case _:
                assert_never(message)

    async def subscribe(self, document_id: str) -> bool:
        return await self._link.subscribe(self._places.of(document_id))

    async def unsubscribe(self, document_id: str) -> None:
        self._link.unsubscribe(self._places.of(document_id))

    @property
    def continuity(self) -> int | None:
        return self._link.continuity

    def _put(self, place: bytes, content: _Content, *, is_signal: bool = False) -> None:
        self._link.put(place, _encoder.encode(content), is_signal=is_signal)

    def _deliver(self, content: bytes) -> None:
        try:
            read = _decoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Malformed from error
        match read:
            case _Row(document_id, generation, number, update):
                self._receive(RowStored(document_id, generation, number, update))
            case _Awareness(document_id, node, states):
                self._receive(AwarenessChanged(document_id, node, states))
            case _Query(document_id):
                self._receive(AwarenessQuery(document_id))


def redis_room_broker(link: SealedRedis) -> Callable[[Receive], AbstractAsyncContextManager[RedisRoomBroker]]:
    """Opens the broker, for `Rooms`. The link outlives it."""

    @asynccontextmanager
    async def open_broker(receive: Receive) -> AsyncIterator[RedisRoomBroker]:
        yield RedisRoomBroker(link, receive)

    return open_broker


def _parts(states: bytes) -> list[bytes]:
    """The same states, in updates that fit into a message."""
    if len(states) <= MAX_STATES_BYTES:
        return [states]
    entries = awareness.decode(states)
    middle = len(entries) // 2
    return [part for half in (entries[:middle], entries[middle:]) for part in _parts(awareness.encode(half))]
