"""The HTTP API that the SDKs' own suites call beside their clients, for which they send `X-API-Key: test-api-key`.

POST /api/publish     {"channel": "…", "data": …}
POST /api/history     {"channel": "…", "limit": 0}
POST /api/disconnect  {"user": "…"}
POST /api/unsubscribe {"user": "…", "channel": "…"}
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec
from msgspec import Raw
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roomful.realtime.history.port import History
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Rules
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.formats import as_pubs
from roomful.realtime.publication import Publication
from roomful.realtime.session.session import Session

API_KEY = "test-api-key"


class SuiteChannels(Protocol):
    """The part of the channels that the API uses."""

    def rules(self, channel: str) -> Rules | None: ...

    def record(self, channel: str, data: bytes) -> Publication: ...


class _Publish(msgspec.Struct):
    channel: str
    data: Raw


class _History(msgspec.Struct):
    channel: str
    limit: int = 0


class _Disconnect(msgspec.Struct):
    user: str


class _Unsubscribe(msgspec.Struct):
    user: str
    channel: str


@dataclass(frozen=True, slots=True)
class ServerApi:
    node: Node
    history: History
    channels: SuiteChannels

    async def publish(self, body: bytes) -> object:
        asked = msgspec.json.decode(body, type=_Publish)
        data = msgspec.json.format(bytes(asked.data), indent=-1)  # on one line
        publication = self.channels.record(asked.channel, data)
        return {"offset": publication.offset, "epoch": publication.epoch}

    async def read_history(self, body: bytes) -> object:
        asked = msgspec.json.decode(body, type=_History)
        page = await self.history.read(asked.channel, None, limit=asked.limit)
        return {"publications": as_pubs(page.publications), "offset": page.head.offset, "epoch": page.head.epoch}

    async def disconnect(self, body: bytes) -> object:
        asked = msgspec.json.decode(body, type=_Disconnect)
        for session in self._sessions(asked.user):
            session.end(codes.FORCE_DISCONNECT)
        return {}

    async def unsubscribe(self, body: bytes) -> object:
        asked = msgspec.json.decode(body, type=_Unsubscribe)
        for session in self._sessions(asked.user):
            if subscription := session.subscriptions.get(asked.channel):
                self.node.hub.end(subscription, codes.SERVER_UNSUBSCRIBE)
        return {}

    def _sessions(self, user: str) -> list[Session]:
        everybody = self.node.sessions.everybody()
        return [each for each in everybody if isinstance(each, Session) and each.client.user == user]


def api_routes(api: Callable[[], ServerApi]) -> list[Route]:
    """`api` is called once the server is up."""

    async def answer(request: Request) -> Response:
        if request.headers.get("x-api-key") != API_KEY:
            return JSONResponse({"error": {"code": 101, "message": "unauthorized"}}, 401)
        body = await request.body()
        named = msgspec.json.decode(body)
        server = api()
        if "channel" in named and server.channels.rules(named["channel"]) is None:
            return JSONResponse({"error": {"code": 102, "message": "unknown channel"}})
        methods = {
            "publish": server.publish,
            "history": server.read_history,
            "disconnect": server.disconnect,
            "unsubscribe": server.unsubscribe,
        }
        result = await methods[request.path_params["method"]](body)
        return Response(msgspec.json.encode({"result": result}), media_type="application/json")

    return [Route("/api/{method:str}", answer, methods=["POST"])]
