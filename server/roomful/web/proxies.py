"""The client's address and scheme behind trusted proxies."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.types import Scope

from roomful.settings import Network

Address = IPv4Address | IPv6Address

_SECURE = {"http": "https", "websocket": "wss"}
_PLAIN = {"http": "http", "websocket": "ws"}


def believe(scope: Scope, trusted: Sequence[Network]) -> None:
    """Put the client's own address and scheme into the scope, as far as trusted proxies vouch for them.

    Each proxy appends the address that it was called from to X-Forwarded-For, so the right-most one that is not a
    trusted proxy's is the client; what stands left of it is the client's own invention. From anybody else the headers
    mean nothing. `Forwarded` (RFC 7239) is not read. Why not uvicorn's middleware: docs/decisions/0027.

    A peer on a Unix socket has no address. It is trusted: the file's mode decides who may connect.
    """
    if not trusted and not _is_unix(scope):
        return
    peer = _parse(scope["client"][0]) if scope.get("client") is not None else None
    if not (_trusts(trusted, peer) if peer is not None else _is_unix(scope)):
        return
    client = peer
    for hop in reversed(_list(scope, b"x-forwarded-for")):
        address = _parse(hop)
        if address is None:
            break  # what stands left of a malformed hop can't be trusted
        client = address
        if not _trusts(trusted, address):
            break
    if client is not peer:
        scope["client"] = (str(client), 0)
    if schemes := _list(scope, b"x-forwarded-proto"):
        names = _SECURE if schemes[-1].lower() in ("https", "wss") else _PLAIN
        scope["scheme"] = names[scope["type"]]


def _trusts(trusted: Sequence[Network], address: Address) -> bool:
    return any(address in network for network in trusted)


def _is_unix(scope: Scope) -> bool:
    """Whether the request came by a Unix socket: its server is a path and has no port (ASGI 3, HTTP)."""
    return scope.get("server") is not None and scope["server"][1] is None


def _list(scope: Scope, name: bytes) -> list[str]:
    """The members of a list header, however many lines it has come in."""
    lines: Iterable[bytes] = (value for key, value in scope["headers"] if key == name)
    return [part for line in lines for part in line.decode("latin-1").replace(" ", "").split(",") if part]


def _parse(text: str) -> Address | None:
    """The address in `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
