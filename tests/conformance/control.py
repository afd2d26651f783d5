"""What tests of the JavaScript SDK may do to clients of the conformance server.

POST /control/disconnect  {"client": "…", "code": 3011}              close the client's connection
POST /control/drop        {"client": "…"}                            cut it, without a word
POST /control/unsubscribe {"client": "…", "channel": "…", "code": 2500}
POST /control/refuse      {"whom": "a user or channel", "codes": [100, 111]}   what the next who ask are answered
POST /control/forget      {"channel": "…"}                           lose its history
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from roomful.realtime.history.memory import MemoryHistory
from roomful.realtime.node.node import Node
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import Disconnect, ErrorCode, Unsubscribe
from roomful.realtime.session.session import Session

ERRORS = {each.code: each for each in vars(codes).values() if isinstance(each, ErrorCode)}
REASON = "as the test wishes"


class Disconnecting(msgspec.Struct):
    client: str
    code: int


class Dropping(msgspec.Struct):
    client: str


class Unsubscribing(msgspec.Struct):
    client: str
    channel: str
    code: int


class Refusing(msgspec.Struct):
    whom: str
    codes: list[int]


class Forgetting(msgspec.Struct):
    channel: str


class Flooding(msgspec.Struct):
    channel: str
    count: int
    bytes: int


@dataclass(slots=True)
class Refusals:
    """Errors to answer instead of results, each once."""

    _waiting: dict[str, list[ErrorCode]] = field(default_factory=dict)

    def expect(self, whom: str, error_codes: list[int]) -> None:
        self._waiting[whom] = [ERRORS[code] for code in error_codes]

    def look(self, whom: str) -> None:
        """Raises the next error for this user or channel."""
        if waiting := self._waiting.get(whom):
            raise waiting.pop(0).error()


@dataclass(frozen=True, slots=True)
class Control:
    node: Node
    history: MemoryHistory
    refusals: Refusals
    record: Callable[[str, bytes], object]

    async def disconnect(self, wish: Disconnecting) -> None:
        self._session(wish.client).end(Disconnect(wish.code, REASON))

    async def drop(self, wish: Dropping) -> None:
        self._session(wish.client).connection.transport.abort()

    async def unsubscribe(self, wish: Unsubscribing) -> None:
        subscription = self._session(wish.client).subscriptions[wish.channel]
        self.node.hub.end(subscription, Unsubscribe(wish.code, REASON))

    async def refuse(self, wish: Refusing) -> None:
        self.refusals.expect(wish.whom, wish.codes)

    async def forget(self, wish: Forgetting) -> None:
        self.history.forget(wish.channel)
        self.history.open(wish.channel)  # otherwise the channel would be gone

    async def flood(self, wish: Flooding) -> None:
        for _ in range(wish.count):
            self.record(wish.channel, b'"%s"' % (b"x" * wish.bytes))
        self.node.hub.flush(wish.channel)  # otherwise a reader would get time between them

    def _session(self, client: str) -> Session:
        (found,) = [
            each
            for each in self.node.sessions.everybody()
            if isinstance(each, Session) and each.client.client == client
        ]
        return found


Wish = TypeVar("Wish")


def control_routes(control: Callable[[], Control]) -> list[Route]:
    """`control` is called once the server is up."""

    def route(name: str, kind: type[Wish], act: Callable[[Control, Wish], Awaitable[None]]) -> Route:
        async def answer(request: Request) -> Response:
            await act(control(), msgspec.json.decode(await request.body(), type=kind))
            return Response(status_code=204)

        return Route(f"/control/{name}", answer, methods=["POST"])

    return [
        route("disconnect", Disconnecting, Control.disconnect),
        route("drop", Dropping, Control.drop),
        route("unsubscribe", Unsubscribing, Control.unsubscribe),
        route("refuse", Refusing, Control.refuse),
        route("forget", Forgetting, Control.forget),
        route("flood", Flooding, Control.flood),
    ]
