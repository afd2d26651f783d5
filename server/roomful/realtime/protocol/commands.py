"""The commands of the Centrifuge client protocol: what a client sends, whatever the bytes they travel as.

{"id": 1, "connect": {"token": "…"}}
{}                                       the pong to the server's ping
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Annotated

from msgspec import Meta, Raw, Struct

from roomful.realtime.publication import MAX_OFFSET

Offset = Annotated[int, Meta(ge=0)]
"""At most MAX_OFFSET, which is more than a Meta can say."""

EMPTY = Raw(b"")


def _check_offset(offset: int) -> None:
    if offset > MAX_OFFSET:
        raise ValueError("an offset has 64 bits")


class StreamPosition(Struct, omit_defaults=True):
    offset: Offset = 0
    epoch: str = ""

    def __post_init__(self) -> None:
        _check_offset(self.offset)


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

    def __post_init__(self) -> None:
        _check_offset(self.offset)

    @property
    def must_recover(self) -> bool:
        """The client wants error 112 rather than a subscription that lacks missed publications."""
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
    since: StreamPosition | None = None
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
    """Commands of an emulated session, whose replies go to its stream."""

    node: str = ""
    session: str = ""
    data: Raw = EMPTY


class Command(Struct):
    """An id with one request. Without either it is a pong."""

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
        """The name of its request; None without a request, and with several."""
        requests = _requests(self)
        if requests.count(None) == len(_METHODS) - 1:
            for name, request in zip(_METHODS, requests, strict=True):
                if request is not None:
                    return name
        return None

    @property
    def is_pong(self) -> bool:
        return self.id == 0 and _requests(self).count(None) == len(_METHODS)


_METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")
_requests: Callable[[Command], tuple[object, ...]] = attrgetter(*_METHODS)
