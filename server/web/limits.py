"""How often one person, or one address, may ask. Counted by each process for itself."""

import ipaddress
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from server.errors import RateLimited
from server.realtime.limits import TokenBucket, TokenBuckets
from server.settings import Settings

ADDRESS_FACTOR = 10
"""Many people share one address; this many times one person's failed sign-ins, or commands, are borne from it."""

REFUSALS_LOGGED = 10
"""Lines a minute on refused handshakes: a page elsewhere can have as many refused as it likes."""


class Limits:
    """The limits of one application, by the settings' rates. `clock` gives seconds, from any start."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._writes = TokenBuckets(settings.rate_limit_writes)
        self._sign_ins = TokenBuckets(settings.rate_limit_sign_in)
        self._addresses = TokenBuckets(settings.rate_limit_sign_in * ADDRESS_FACTOR)
        self._commanders = TokenBuckets(settings.rate_limit_commands * ADDRESS_FACTOR)
        self._refusals = TokenBucket(REFUSALS_LOGGED, clock())

    def count_write(self, user_id: str) -> None:
        """Raises RateLimited."""
        if seconds := self._writes.take(user_id, self._clock()):
            raise RateLimited(seconds)

    def count_commands(self, address: str) -> None:
        """Count a request that brings commands to a session, which may be far away. Raises RateLimited.

        The session itself counts the commands.
        """
        if seconds := self._commanders.take(_network(address), self._clock()):
            raise RateLimited(seconds)

    def begin_sign_in(self, address: str, email: str) -> None:
        """Count an attempt before the password is looked at, so that attempts at the same moment count too.

        Raises RateLimited. Call `sign_in_succeeded` after a good one, which then has cost nothing.
        """
        now, network = self._clock(), _network(address)
        if seconds := self._sign_ins.take((network, email.lower()), now):
            raise RateLimited(seconds)
        if seconds := self._addresses.take(network, now):
            self._sign_ins.give_back((network, email.lower()))
            raise RateLimited(seconds)

    def is_refusal_logged(self) -> bool:
        """Whether the log may have a line more on a refused handshake; counts it."""
        return self._refusals.take(self._clock()) == 0.0

    def sign_in_succeeded(self, address: str, email: str) -> None:
        network = _network(address)
        self._sign_ins.give_back((network, email.lower()))
        self._addresses.give_back(network)


def limits_of(connection: HTTPConnection) -> Limits:
    limits: Limits = connection.app.state.limits
    return limits


async def get_limits(request: Request) -> Limits:
    return limits_of(request)


RateLimits = Annotated[Limits, Depends(get_limits)]


async def client_address(request: Request) -> str:
    """The address that the request came from, past the trusted proxies; empty if there is none."""
    return request.client.host if request.client is not None else ""


ClientAddress = Annotated[str, Depends(client_address)]


def _network(address: str) -> str:
    """One household of IPv6 has 2^64 addresses: it counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))
