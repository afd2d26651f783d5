"""How often one person, account or address may ask, over the whole installation."""

import ipaddress
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from roomful.errors import RateLimited
from roomful.link.rates import Rates, Wanted
from roomful.link.token_bucket import TokenBucket
from roomful.settings import Settings
from roomful.transport.unauthenticated import Place, UnauthenticatedSockets

logger = logging.getLogger(__name__)

ADDRESS_FACTOR = 10
"""Many people share one address; this many times one person's failed sign-ins, commands or reads are borne from it."""

ACCOUNT_FACTOR = 10
"""This many times the failed sign-ins that one address may make for one account are borne from all addresses."""

_PROBES = ("/healthz", "/readyz")

FAMILIAR_SECONDS = 30 * 86_400
"""For so long an address from which somebody has signed in is theirs: the ceiling of their account leaves it out."""

REFUSALS_LOGGED = 10
"""Lines a minute on refused handshakes: a page elsewhere can have as many refused as it likes."""


class Limits:
    """The limits of one application, by the settings' rates. What refuses raises RateLimited."""

    def __init__(self, settings: Settings, rates: Rates) -> None:
        sign_ins = settings.rate_limit_sign_in
        self._rates = rates
        self._writes = rates.rate("writes", settings.rate_limit_writes)
        self._reads = rates.rate("reads", settings.rate_limit_reads)
        self._strangers = rates.rate("reads of an address", settings.rate_limit_reads * ADDRESS_FACTOR)
        self._renames = rates.rate("renames", settings.rate_limit_renames)
        self._commanders = rates.rate("commands of an address", settings.rate_limit_commands * ADDRESS_FACTOR)
        self._registrations = rates.rate("registrations", settings.rate_limit_registration)
        self._sign_ins = rates.rate("sign-ins", sign_ins)
        self._sign_ins_of_address = rates.rate("sign-ins of an address", sign_ins * ADDRESS_FACTOR)
        self._sign_ins_of_account = rates.rate("sign-ins of an account", sign_ins * ACCOUNT_FACTOR)
        self.unauthenticated = UnauthenticatedSockets(settings.max_unauthenticated_per_address)
        self._refusals = TokenBucket(REFUSALS_LOGGED, time.monotonic())

    def count_write(self, user_id: str) -> None:
        _refuse_if(self._writes.take(user_id))

    def count_read(self, user_id: str) -> None:
        _refuse_if(self._reads.take(user_id))

    def count_strangers_read(self, address: str) -> None:
        """Count a request that only reads, of somebody who shows no token in its head."""
        _refuse_if(self._strangers.take(network_of(address)))

    async def count_rename(self, user_id: str) -> None:
        """Count a new name, of which every project of the person is told."""
        _refuse_if(await self._rates.take((self._renames, user_id)))

    def count_commands(self, address: str) -> None:
        """Count a request that brings commands to a session, which may be far away.

        The session itself counts the commands.
        """
        _refuse_if(self._commanders.take(network_of(address)))

    async def count_registration(self, address: str) -> None:
        """Count an attempt to register, whatever comes of it: its answer tells whether somebody has that e-mail."""
        _refuse_if(await self._rates.take((self._registrations, network_of(address))))

    async def forget_registration(self, address: str) -> None:
        """One that was not looked at has cost nothing."""
        await self._rates.give_back((self._registrations, network_of(address)))

    async def begin_sign_in(self, address: str, email: str) -> None:
        """Count an attempt before the password is looked at, so that attempts at the same moment count too.

        Call `forget_sign_in` after one that turned out not to be wrong, which then has cost nothing.
        """
        network, account = network_of(address), email.lower()
        own = self._counted_by(network, account)
        _refuse_if(await self._rates.take(*own))
        if not account:  # what can be nobody's address has no account to protect
            return
        wait_seconds = await self._rates.take((self._sign_ins_of_account, account))
        if wait_seconds and not await self._rates.remembers(_familiar(network, account)):
            await self._rates.give_back(*own)
            _refuse_if(wait_seconds)

    async def forget_sign_in(self, address: str, email: str) -> None:
        network, account = network_of(address), email.lower()
        of_account = [(self._sign_ins_of_account, account)] if account else []
        await self._rates.give_back(*self._counted_by(network, account), *of_account)

    async def remember_sign_in(self, address: str, email: str) -> None:
        """A password was right: from here its owner may sign in, whatever others try from elsewhere."""
        await self._rates.remember(_familiar(network_of(address), email.lower()), FAMILIAR_SECONDS)

    @contextmanager
    def place_before_sign_in(self, address: str) -> Iterator[Place]:
        """See UnauthenticatedSockets. The log tells of a refusal, now and then."""
        try:
            with self.unauthenticated.entered(network_of(address)) as place:
                yield place
        except RateLimited:
            if self.is_refusal_logged():
                logger.warning("an address has too many sockets that have not signed in", extra={"address": address})
            raise

    def is_refusal_logged(self) -> bool:
        """Whether the log may have a line more on a refused handshake; counts it."""
        return self._refusals.take(time.monotonic()) == 0.0

    def _counted_by(self, network: str, account: str) -> list[Wanted]:
        return [(self._sign_ins, f"{network} {account}"), (self._sign_ins_of_address, network)]


class StrangersReads:
    """Counts what is read without a bearer token by address: pages, documents, metrics. Probes of health are not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_strangers_read(scope):
            limits: Limits = scope["app"].state.limits
            limits.count_strangers_read(scope["client"][0] if scope["client"] else "")
        await self._app(scope, receive, send)


def _is_strangers_read(scope: Scope) -> bool:
    if scope["method"] not in ("GET", "HEAD") or scope["path"] in _PROBES:
        return False
    return not any(name == b"authorization" for name, _ in scope["headers"])


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


def network_of(address: str) -> str:
    """What is counted as one address: a household of IPv6 has 2^64 of them."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _familiar(network: str, account: str) -> str:
    return f"{account} has signed in from {network}"


def _refuse_if(wait_seconds: float) -> None:
    if wait_seconds:
        raise RateLimited(wait_seconds)
