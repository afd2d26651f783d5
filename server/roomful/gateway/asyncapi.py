"""The AsyncAPI document: channels, their events, and where to connect for them."""

import asyncio
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, get_args

import msgspec
from fastapi import APIRouter
from pydantic import create_model
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from roomful import __version__
from roomful.channels import Kind
from roomful.eventlog.typed_event import TypedEvent
from roomful.features import FEATURES
from roomful.gateway.channel_rules import RULES
from roomful.projects.schemas import Event
from roomful.web.dependencies import API
from roomful.web.schemas import Out

PROJECT_EVENTS = {event.type: event for feature in FEATURES for event in feature.events}
OWN_EVENTS = {event.type: event for feature in FEATURES for event in feature.own_events}

ABOUT = f"""\
Every change to a project is one event, committed with it, at the project's next offset: 1, 2, 3 … without a hole. A
subscriber gets each of them once and in order, across reconnects, restarts and outages, or is told that it can't.

Load `GET {API}/projects/{{project_id}}/snapshot`, then go on from its `stream`. Ignore what you do not know: types,
and fields, may be added.
"""

_CHANNELS: dict[Kind, str] = {
    "project": "What happens in a project, for its members; joins and leaves too, if it asks (`join_leave`).",
    "signal": "Cursors and typing, among a project's members: small JSON, often, worth nothing a second later.",
    "user": "A person's own. The server subscribes every connection of theirs to it.",
}
_PARAMETERS: dict[Kind, str] = {
    "project": "The project's id.",
    "signal": "The project's id.",
    "user": "The person's id.",
}

Json = dict[str, Any]


class OwnEvent(Event):
    """An event of a person's own channel. `project_id` is null where it is about several projects."""

    project_id: str | None  # type: ignore[assignment]  # wider than in a project's channel


class Reset(Out):
    """The events after the offset that was asked for are no longer kept: load the snapshot. Events go on from here."""

    recovered: Literal[False]
    offset: int
    epoch: str


async def show_asyncapi(_request: Request) -> Response:
    # In a thread: making it for the first request takes 50 ms.
    return Response(await asyncio.to_thread(_encoded), media_type="application/json")


router = APIRouter(routes=[Route("/asyncapi.json", show_asyncapi, methods=["GET"])])


def document() -> Json:
    """In AsyncAPI 3.0, whose sections are named here as there."""
    events = {type_: event_model(data) for type_, data in PROJECT_EVENTS.items()}
    events |= {type_: event_model(data, base=OwnEvent) for type_, data in OWN_EVENTS.items()}
    schemas = _schemas([*events.values(), Reset])
    messages: Json = {
        type_: _message(type_, {"$ref": f"#/components/schemas/{model.__name__}"}) for type_, model in events.items()
    }
    messages["reset"] = _message("reset", {"$ref": "#/components/schemas/Reset"})
    messages["signal"] = _message("signal", {"description": "Any JSON."})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Roomful: the events",
            "version": __version__,
            "description": ABOUT,
            # From the address of this document.
            "externalDocs": {
                "url": f"{API}/openapi.json".removeprefix("/"),
                "description": "The API by which changes are made.",
            },
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {**{kind: _channel(kind) for kind in get_args(Kind)}, **_plain_channels()},
        "operations": _operations(),
        "components": {
            "schemas": schemas,
            "messages": messages,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "ticket": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "ticket",
                    "description": f"From `POST {API}/auth/ticket`. It works once, within 30 s.",
                },
            },
        },
    }


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())


def event_model(data: type[TypedEvent], *, base: type[Event] = Event) -> type[Event]:
    literal: Any = Literal[data.type]  # of a value known only at run time
    return create_model(
        f"{data.__name__}Event",
        __base__=base,
        __doc__=data.__doc__,
        __cls_kwargs__={"json_schema_extra": None},  # the example is of one type
        type=(literal, ...),
        data=(data, ...),
    )


def _schemas(models: Iterable[type[Out]]) -> Json:
    _, found = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    schemas: Json = found["$defs"]
    return schemas


def _message(name: str, payload: Json) -> Json:
    return {"name": name, "title": name, "contentType": "application/json", "payload": payload}


def _servers() -> Json:
    host = {"default": "127.0.0.1:8000", "description": "Where this server is, with its port."}
    prefix = {"default": "", "description": "The path below which a proxy serves it, such as `/team`; else empty."}

    def server(pathname: str, protocol: str, description: str) -> Json:
        security = [{"$ref": f"#/components/securitySchemes/{name}"} for name in ("token", "ticket")]
        return {
            "host": "{host}",
            "pathname": f"{{prefix}}{pathname}",
            "protocol": protocol,
            "description": description,
            "variables": {"host": host, "prefix": prefix},
            "security": security,
        }

    return {
        "client": server(
            "/connection/websocket",
            "ws",
            "The Centrifuge client protocol, JSON or protobuf: use one of its SDKs. They also go by "
            "/connection/http_stream and /connection/sse, where no WebSocket passes.",
        ),
        "plain": server("/ws", "ws", "For a WebSocket without an SDK: each text message is an event."),
        "stream": server(API, "http", "Server-sent events, with `Accept: text/event-stream`: for an EventSource."),
    }


def _channel(kind: Kind) -> Json:
    rules = RULES[kind]
    traits = [
        "recoverable" if rules.is_recoverable else "without history",
        *(["presence", "join and leave"] if rules.has_presence else []),
        f"a person may publish {rules.publishes_per_minute} times a minute, up to {rules.max_publish_bytes} bytes"
        if rules.takes_publish
        else "clients can't publish",
    ]
    names: Iterable[str] = {"project": PROJECT_EVENTS, "signal": ["signal"], "user": OWN_EVENTS}[kind]
    return {
        "address": f"{kind}:{{id}}",
        "title": kind,
        "description": f"{_CHANNELS[kind]} ({'; '.join(traits)})",
        "servers": [{"$ref": "#/servers/client"}],
        "parameters": {"id": {"description": _PARAMETERS[kind]}},
        "messages": _messages(names),
    }


def _plain_channels() -> Json:
    offset = {"type": "integer", "minimum": 0}
    project = {"project_id": {"description": _PARAMETERS["project"]}}
    return {
        "plainProject": {
            "address": "/projects/{project_id}",
            "description": "A project's events: first those after `since`, then live ones.",
            "servers": [{"$ref": "#/servers/plain"}],
            "parameters": project,
            "messages": _messages([*PROJECT_EVENTS, "reset"]),
            "bindings": {
                "ws": {
                    "method": "GET",
                    "query": {"type": "object", "properties": {"since": offset, "epoch": {"type": "string"}}},
                    "bindingVersion": "0.1.0",
                }
            },
        },
        "projectStream": {
            "address": "/projects/{project_id}/events",
            "description": "A project's events after `?after=`, or after `Last-Event-ID`; `id:` is the offset.",
            "servers": [{"$ref": "#/servers/stream"}],
            "parameters": project,
            "messages": _messages([*PROJECT_EVENTS, "reset"]),
        },
    }


def _operations() -> Json:
    def operation(action: str, channel: str, summary: str) -> Json:
        return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}

    return {
        "sendProjectEvents": operation("send", "project", "The server tells of what has happened."),
        "sendPlainEvents": operation("send", "plainProject", "The same events, one a message."),
        "streamEvents": operation("send", "projectStream", "The same events, as server-sent ones."),
        "sendNotifications": operation("send", "user", "The server tells a person of what concerns them."),
        "passOnSignals": operation("send", "signal", "The server passes on the signals of other members."),
        "takeSignals": operation("receive", "signal", "A member signals."),
    }


def _messages(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}
