"""The ASGI scope of a WebSocket."""

import asyncio
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.utils import is_ssl

from roomful.transport.websocket.http_upgrade import Upgrade

EXTENSION = "roomful.socket"
"""The key of the socket in the scope's extensions, for a route that detaches it."""


class Addresses(NamedTuple):
    """A connection's addresses as the scope has them: this end's and the peer's, and whether it is under TLS."""

    server: tuple[str, int | None] | None
    client: tuple[str, int] | None
    is_secure: bool

    @classmethod
    def of(cls, transport: asyncio.Transport) -> Self:
        peer = transport.get_extra_info("peername")
        client = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else None
        return cls(_address(transport.get_extra_info("sockname")), client, is_ssl(transport))


def make_scope(
    upgrade: Upgrade, addresses: Addresses, config: Config, app_state: dict[str, Any], socket: object
) -> Scope:
    root_path = config.root_path
    path = upgrade.path.decode("ascii")
    return {
        "type": "websocket",
        "asgi": {"version": config.asgi_version, "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "wss" if addresses.is_secure else "ws",
        "server": addresses.server,
        "client": addresses.client,
        "root_path": root_path,
        "path": root_path + unquote(path),
        "raw_path": root_path.encode("ascii") + upgrade.path,
        "query_string": upgrade.query,
        "headers": upgrade.headers,
        "subprotocols": upgrade.subprotocols,
        "state": app_state.copy(),
        "extensions": {"websocket.http.response": {}, EXTENSION: socket},
    }


def _address(name: object) -> tuple[str, int | None] | None:
    """Host and port, or the path of a Unix socket."""
    if isinstance(name, tuple):
        return str(name[0]), int(name[1])
    return (name, None) if name and isinstance(name, str) else None
