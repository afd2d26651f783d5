"""The replies and pushes of the Centrifuge client protocol: what the server sends, whatever the bytes they travel as.

    {"id": 1, "connect": {"client": "…", "version": "…", "ping": 25, "pong": true}}
    {"push": {"channel": "project:42", "pub": {"data": {…}, "offset": 7}}}
    {}                                       a ping

Zero values are left out on the wire, unless an official SDK reads them unconditionally.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType


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
    """A result without content, which must be on the wire all the same."""


class Error(Struct, omit_defaults=True):
    code: int
    message: str
    temporary: bool = False


class JoinPush(Struct):
    info: Info


class LeavePush(Struct):
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
    join: JoinPush | None = None
    leave: LeavePush | None = None
    unsubscribe: UnsubscribePush | None = None
    connect: ConnectResult | None = None
    disconnect: DisconnectPush | None = None


class Reply(Struct, omit_defaults=True):
    """A reply with the command's id, a push, or a ping if it has neither."""

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
