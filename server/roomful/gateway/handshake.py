"""The credentials and the origin of a handshake, or of a request for a stream."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import HTTPConnection

from roomful.errors import Forbidden, Unauthenticated
from roomful.gateway.project_policy import credentials_of
from roomful.identity.tickets import is_ticket_good, redeem_ticket
from roomful.identity.tokens import TokenInvalid
from roomful.realtime.policy import Credentials
from roomful.runtime import Runtime
from roomful.transport.unauthenticated import Place
from roomful.web.bearer import bearer_of
from roomful.web.limits import limits_of

logger = logging.getLogger(__name__)

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PAGE_SCHEMES = {"ws": "http", "wss": "https"}


class Handshake(NamedTuple):
    """The token or ticket that a handshake brought, and the subprotocol to answer with."""

    token: str = ""
    ticket: str = ""
    subprotocol: str | None = None


def check_origin(connection: HTTPConnection, allowed: tuple[str, ...]) -> None:
    """Refuse a browser's page unless it is listed or, with an empty list, served from this very address.

    A client without an Origin is no browser: no page can have made it connect. Raises Forbidden.
    """
    origins = _header(connection, b"origin")
    if not origins:
        return
    origin = origins[0].rstrip("/").lower()
    if len(origins) == 1 and (origin in allowed or "*" in allowed):
        return
    if len(origins) == 1 and not allowed and _is_own(connection, origin):
        return
    if (left_out := limits_of(connection).refusal_lines.acquire()) is not None:
        where = {"origin": origin[:200], "allowed": allowed, "left_out": left_out}
        logger.warning("a handshake from another origin was refused", extra=where)
    raise Forbidden("This origin is not allowed to connect.")


def place_before_sign_in(connection: HTTPConnection) -> AbstractContextManager[Place]:
    """A place among the sockets of this address that have not signed in, for a handshake. Raises RateLimited."""
    limits, address = limits_of(connection), connection.client.host if connection.client is not None else ""
    return limits.place_before_sign_in(address)


def read_handshake(connection: HTTPConnection, offered: tuple[str, ...] = ()) -> Handshake:
    """Take the token from where clients can put it: a header, the address, or the subprotocol pair `bearer, <jwt>`.

    `offered` are the subprotocols that the endpoint speaks. Raises nothing: a bad token fails when it is verified.
    """
    protocols = list(connection.scope.get("subprotocols", []))
    token = bearer_of(connection.scope)
    answer = next((protocol for protocol in protocols if protocol in offered), None)
    if "bearer" in protocols:
        after = protocols[protocols.index("bearer") + 1 :]
        token = token or (after[0] if after else "")
        answer = answer or "bearer"
    query = query_of(connection)
    return Handshake(token or query.get("token", ""), query.get("ticket", ""), answer)


def query_of(connection: HTTPConnection) -> Mapping[str, str]:
    """The parameters of the address, each by its last value. The framework's own class keeps the others too."""
    query: bytes = connection.scope["query_string"]
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}


async def sign_in_by_ticket(runtime: Runtime, handshake: Handshake) -> tuple[Credentials | None, str]:
    """The credentials of a ticket, or the token for the session to verify, which refuses a bad one by its protocol.

    The ticket is redeemed here: that works only once.
    """
    if not handshake.ticket or handshake.token:
        return None, handshake.token
    try:
        return await sign_in(runtime, handshake), ""
    except Unauthenticated:
        return None, handshake.ticket  # no token either


async def sign_in(runtime: Runtime, handshake: Handshake) -> Credentials:
    """The credentials of a handshake. Raises Unauthenticated, also when it brought none.

    The session checks whether the sign-in still stands when it begins.
    """
    try:
        if handshake.token:
            return credentials_of(await runtime.verifier.verify(handshake.token))
        if handshake.ticket:
            async with runtime.handshake_slots, runtime.database.ask() as session:
                if not await is_ticket_good(session, handshake.ticket):
                    raise Unauthenticated
            async with runtime.transaction() as session:
                claims = await redeem_ticket(session, handshake.ticket)
            return credentials_of(claims)
    except TokenInvalid:
        pass
    raise Unauthenticated


def _header(connection: HTTPConnection, name: bytes) -> list[str]:
    """Every value of a header. The framework's own look-up decodes all headers each time."""
    return [value.decode("latin-1") for key, value in connection.scope["headers"] if key == name]


def _is_own(connection: HTTPConnection, origin: str) -> bool:
    """Whether the page was served from the address of this request, scheme included, and that is no DNS name.

    For a name, Origin equal to Host proves nothing: it may be the attacker's own, pointed at this machine (DNS
    rebinding). Nobody can point `localhost` or an IP address elsewhere.
    """
    page, own = urlsplit(origin), connection.url
    scheme = _PAGE_SCHEMES.get(own.scheme, own.scheme)
    try:
        page_port = page.port or _DEFAULT_PORTS.get(page.scheme)
        own_port = own.port or _DEFAULT_PORTS.get(scheme)
    except ValueError:
        return False
    return (page.scheme, page.hostname, page_port) == (scheme, own.hostname, own_port) and _is_fixed(own.hostname or "")


def _is_fixed(host: str) -> bool:
    try:
        return host == "localhost" or bool(ip_address(host))
    except ValueError:
        return False
