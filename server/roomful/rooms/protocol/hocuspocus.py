"""Messages of the Hocuspocus provider: one socket carries many documents, each message begins with its document's key.

    varString key, then
    00 00 …             Sync, 04 SyncReply, 01 Awareness, 03 QueryAwareness: as in `yjs`
    02 00 token version Auth, from the client; 02 00 from the server asks for the token again
    02 01 reason        PermissionDenied
    02 02 scope         Authenticated: "read-write" or "readonly"
    05, 06 text         Stateless, BroadcastStateless: dropped
    07 reason           Close of one document; from the client without a reason
    08 01               SyncStatus: 1 stored, 0 refused

A ping is `09`, a pong `0a`, both without a key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from roomful.rooms.protocol import yjs
from roomful.rooms.protocol.lib0 import BadMessage, Reader, var_string

AUTH, SYNC_REPLY, STATELESS, BROADCAST_STATELESS, CLOSE, SYNC_STATUS = 2, 4, 5, 6, 7, 8

PING, PONG = b"\x09", b"\x0a"

MAX_KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Auth:
    token: str


@dataclass(frozen=True, slots=True)
class Stateless:
    """An application's own message. It is dropped."""

    is_broadcast: bool


@dataclass(frozen=True, slots=True)
class Close:
    """The client closes one document."""


HocuspocusMessage = yjs.YjsMessage | Auth | Stateless | Close


@dataclass(frozen=True, slots=True)
class DocumentName:
    """The document in a key: `id` or `id@generation`; a zero character and the client's session may follow."""

    document_id: str
    generation: str

    @classmethod
    def of(cls, key: str) -> "DocumentName":
        name = key.partition("\0")[0]
        document_id, _, generation = name.partition("@")
        return cls(document_id, generation)


def read_key(reader: Reader) -> str:
    """The key of a frame. Raises BadMessage."""
    key = reader.var_string()
    if not key or len(key) > MAX_KEY_LENGTH:
        raise BadMessage("no document's key")
    return key


def read(reader: Reader) -> HocuspocusMessage:
    """The next message after the key. Raises BadMessage."""
    start = reader.position
    kind = reader.var_uint()
    if kind == AUTH:
        return _read_auth(reader)
    if kind in (STATELESS, BROADCAST_STATELESS):
        reader.var_bytes()
        return Stateless(is_broadcast=kind == BROADCAST_STATELESS)
    if kind == CLOSE:
        reader.rest()  # some versions say why
        return Close()
    reader.position = start
    return yjs.read(reader)


def _read_auth(reader: Reader) -> Auth:
    if reader.var_uint() != 0:
        raise BadMessage("a client sends no such authentication message")
    token = reader.var_string()
    reader.rest()  # the provider's version, where it tells it
    return Auth(token)


class HocuspocusWire:
    """A room's messages for one document of a Hocuspocus socket."""

    __slots__ = ("prefix",)

    answers_each_update = True
    """The client counts its updates, and the answers."""

    def __init__(self, key: str) -> None:
        self.prefix = var_string(key)

    def stored(self, count: int, _number: int) -> Sequence[bytes]:
        return (self.prefix + b"\x08\x01",) * count

    def refused(self) -> Sequence[bytes]:
        return (self.prefix + b"\x08\x00",)

    def may_write(self, may_write: bool) -> Sequence[bytes]:
        return (self.authenticated(may_write=may_write),)

    def authenticated(self, *, may_write: bool) -> bytes:
        return self.prefix + b"\x02\x02" + var_string("read-write" if may_write else "readonly")

    def permission_denied(self, reason: str) -> bytes:
        return self.prefix + b"\x02\x01" + var_string(reason)

    def token_wanted(self) -> bytes:
        return self.prefix + b"\x02\x00"

    def closed(self, reason: str) -> bytes:
        return self.prefix + b"\x07" + var_string(reason)
