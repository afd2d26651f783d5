"""The messages of the Centrifuge client protocol, whatever the bytes they travel as.

    client  {"id": 1, "connect": {"token": "…"}}
    server  {"id": 1, "connect": {"client": "…", "version": "…", "ping": 25, "pong": true}}
    server  {"push": {"channel": "project:42", "pub": {"data": {…}, "offset": 7}}}
    server  {}                                             a ping; the client's {} is the pong

Zero values are left out on the wire, unless an official SDK reads them unconditionally.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]
EMPTY = Raw(b"")


class Position(Struct, omit_defaults=True):
    offset: Offset = 0
    epoch: str = ""


class SubscribeRequest(Struct, omit_defaults=True):
    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: Offset = 0
    data: Raw = EMPTY
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    delta: str = ""
    flag: int = 0
    type: int = 0

    @property
    def must_recover(self) -> bool:
        """The client would rather have error 112 than a subscription without what it missed."""
        return bool(self.flag & 2)


class ConnectRequest(Struct, omit_defaults=True):
    token: str = ""
    data: Raw = EMPTY
    name: str = ""
    version: str = ""
    subs: dict[str, SubscribeRequest] = {}
    headers: dict[str, str] = {}


class UnsubscribeRequest(Struct):
    channel: str = ""


class PublishRequest(Struct):
    channel: str = ""
    data: Raw = EMPTY


class ChannelRequest(Struct):
    channel: str = ""


class HistoryRequest(Struct):
    channel: str = ""
    limit: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] = 0
    since: Position | None = None
    reverse: bool = False


class RpcRequest(Struct):
    method: str = ""
    data: Raw = EMPTY


class SendRequest(Struct):
    data: Raw = EMPTY


class RefreshRequest(Struct):
    token: str = ""


class SubRefreshRequest(Struct):
    channel: str = ""
    token: str = ""


class PingRequest(Struct):
    pass


class EmulationRequest(Struct):
    """Commands for a session whose stream is read elsewhere."""

    node: str = ""
    session: str = ""
    data: Raw = EMPTY


class Command(Struct):
    """What a client says: an id, with one request. Neither is a pong."""

    id: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: UnsubscribeRequest | None = None
    publish: PublishRequest | None = None
    presence: ChannelRequest | None = None
    presence_stats: ChannelRequest | None = None
    history: HistoryRequest | None = None
    ping: PingRequest | None = None
    send: SendRequest | None = None
    rpc: RpcRequest | None = None
    refresh: RefreshRequest | None = None
    sub_refresh: SubRefreshRequest | None = None

    @property
    def method(self) -> str | None:
        """The name of the one request in it. None: there is none, or more than one."""
        named = [name for name in _METHODS if getattr(self, name) is not None]
        return named[0] if len(named) == 1 else None

    @property
    def is_pong(self) -> bool:
        return self.id == 0 and not any(getattr(self, name) is not None for name in _METHODS)


_METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")


class Info(Struct, omit_defaults=True):
    user: str
    client: str
    conn_info: Raw | UnsetType = UNSET
    chan_info: Raw | UnsetType = UNSET


class Pub(Struct, omit_defaults=True):
    data: Raw
    info: Info | None = None
    offset: int = 0
    tags: dict[str, str] = {}
    delta: bool = False


class SubscribeResult(Struct, omit_defaults=True):
    expires: bool = False
    ttl: int = 0
    recoverable: bool = False
    epoch: str = ""
    offset: int = 0
    positioned: bool = False
    publications: list[Pub] = []
    recovered: bool = False
    was_recovering: bool = False
    delta: bool = False
    data: Raw | UnsetType = UNSET


class ConnectResult(Struct, omit_defaults=True):
    client: str
    version: str
    ping: int
    pong: bool
    expires: bool = False
    ttl: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    subs: dict[str, SubscribeResult] = {}
    session: str = ""
    node: str = ""
    data: Raw | UnsetType = UNSET


class PresenceResult(Struct):
    presence: dict[str, Info]


class PresenceStatsResult(Struct):
    num_clients: int
    num_users: int


class HistoryResult(Struct):
    publications: list[Pub]
    epoch: str
    offset: int


class RpcResult(Struct):
    data: Raw


class RefreshResult(Struct):
    client: str
    version: str
    expires: bool
    ttl: int


class SubRefreshResult(Struct):
    expires: bool
    ttl: int


class Empty(Struct):
    """A result that says no more than that it worked; it must be there all the same."""


class Error(Struct, omit_defaults=True):
    code: int
    message: str
    temporary: bool = False


class Join(Struct):
    info: Info


class Leave(Struct):
    info: Info


class UnsubscribePush(Struct):
    code: int
    reason: str


class DisconnectPush(Struct):
    code: int
    reason: str


class Push(Struct, omit_defaults=True):
    channel: str = ""
    pub: Pub | None = None
    join: Join | None = None
    leave: Leave | None = None
    unsubscribe: UnsubscribePush | None = None
    connect: ConnectResult | None = None
    disconnect: DisconnectPush | None = None


class Reply(Struct, omit_defaults=True):
    """What the server says: an answer with the command's id, a push, or neither (a ping)."""

    id: int = 0
    error: Error | None = None
    push: Push | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: Empty | None = None
    publish: Empty | None = None
    presence: PresenceResult | None = None
    presence_stats: PresenceStatsResult | None = None
    history: HistoryResult | None = None
    ping: Empty | None = None
    rpc: RpcResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: SubRefreshResult | None = None
