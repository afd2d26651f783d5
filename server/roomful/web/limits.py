"""Rate limits of people, accounts and addresses, over the whole installation."""

import ipaddress
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.types import Scope

from roomful.errors import RateLimited
from roomful.identity.tokens import TokenInvalid
from roomful.identity.verifier import Verifier
from roomful.link.rates import Rates, Wanted
from roomful.logs import Sampler
from roomful.settings import Settings
from roomful.transport.unauthenticated import Place, UnauthenticatedSockets
from roomful.web.bearer import bearer_of

logger = logging.getLogger(__name__)

ADDRESS_FACTOR = 10
"""People share addresses: one has this many times a person's rate of failed sign-ins, commands and reads."""

ACCOUNT_FACTOR = 10
"""All addresses together have this many times the failed sign-ins of one, for one account."""

_PROBES = ("/healthz", "/readyz")

FAMILIAR_SECONDS = 30 * 86_400
"""After a sign-in, the ceiling of the account does not count its address for this long."""

REFUSALS_LOGGED = 10
"""Lines a minute on refused handshakes: a page elsewhere can have as many refused as it likes."""


class Limits:
    """The limits of one application. Every method that counts raises RateLimited when there is too much."""

    def __init__(self, settings: Settings, rates: Rates) -> None:
        sign_ins = settings.rate_limit_sign_in
        self._rates = rates
        self._writes = rates.rate("writes", settings.rate_limit_writes)
        self._reads = rates.rate("reads", settings.rate_limit_reads)
        self._strangers = rates.rate("reads of an address", settings.rate_limit_reads * ADDRESS_FACTOR)
        self._renames = rates.rate("renames", settings.rate_limit_renames)
        self._invitations = rates.rate("invitations", settings.rate_limit_invitations)
        self._commanders = rates.rate("commands of an address", settings.rate_limit_commands * ADDRESS_FACTOR)
        self._registrations = rates.rate("registrations", settings.rate_limit_registration)
        self._sign_ins = rates.rate("sign-ins", sign_ins)
        self._sign_ins_of_address = rates.rate("sign-ins of an address", sign_ins * ADDRESS_FACTOR)
        self._sign_ins_of_account = rates.rate("sign-ins of an account", sign_ins * ACCOUNT_FACTOR)
        self.unauthenticated = UnauthenticatedSockets(settings.max_unauthenticated_per_address)
        self.refusal_lines = Sampler(REFUSALS_LOGGED)

    def count_write(self, user_id: str) -> None:
        _refuse_if(self._writes.acquire(user_id))

    def count_read(self, user_id: str) -> None:
        _refuse_if(self._reads.acquire(user_id))

    def count_strangers_read(self, address: str) -> None:
        """Count a request that only reads and has no good token in its head."""
        _refuse_if(self._strangers.acquire(network_of(address)))

    async def count_rename(self, user_id: str) -> None:
        """Count a rename, which makes an event in every project of the person."""
        _refuse_if(await self._rates.acquire((self._renames, user_id)))

    async def count_invitation(self, user_id: str) -> None:
        """Count a new invitation, by which a person can have mail sent to addresses of their choice."""
        _refuse_if(await self._rates.acquire((self._invitations, user_id)))

    def count_commands(self, address: str) -> None:
        """Count a request with commands for a session, which may be on another node.

        The session itself counts the commands.
        """
        _refuse_if(self._commanders.acquire(network_of(address)))

    async def count_registration(self, address: str) -> None:
        """Count an attempt to register, successful or not: the answer reveals whether the e-mail has an account."""
        _refuse_if(await self._rates.acquire((self._registrations, network_of(address))))

    async def forget_registration(self, address: str) -> None:
        """Uncount an attempt whose password was not checked."""
        await self._rates.give_back((self._registrations, network_of(address)))

    async def begin_sign_in(self, address: str, email: str) -> None:
        """Count an attempt before the password is looked at, so that attempts at the same moment count too.

        Call `forget_sign_in` after one that was not wrong, to uncount it.
        """
        network, account = network_of(address), email.lower()
        own = self._counted_by(network, account)
        _refuse_if(await self._rates.acquire(*own))
        if not account:  # an impossible address has no account to protect
            return
        wait_seconds = await self._rates.acquire((self._sign_ins_of_account, account))
        if wait_seconds and not await self._rates.remembers(_familiar(network, account)):
            await self._rates.give_back(*own)
            _refuse_if(wait_seconds)

    async def forget_sign_in(self, address: str, email: str) -> None:
        network, account = network_of(address), email.lower()
        of_account = [(self._sign_ins_of_account, account)] if account else []
        await self._rates.give_back(*self._counted_by(network, account), *of_account)

    async def remember_sign_in(self, address: str, email: str) -> None:
        """The password was right: its owner may sign in from this address, whatever others try from elsewhere."""
        await self._rates.remember(_familiar(network_of(address), email.lower()), FAMILIAR_SECONDS)

    @contextmanager
    def place_before_sign_in(self, address: str) -> Iterator[Place]:
        """See UnauthenticatedSockets. Refusals are logged, a few lines a minute."""
        try:
            with self.unauthenticated.entered(network_of(address)) as place:
                yield place
        except RateLimited:
            if (left_out := self.refusal_lines.acquire()) is not None:
                what = {"address": address, "left_out": left_out}
                logger.warning("an address has too many sockets that have not signed in", extra=what)
            raise

    def _counted_by(self, network: str, account: str) -> list[Wanted]:
        return [(self._sign_ins, f"{network} {account}"), (self._sign_ins_of_address, network)]


async def count_strangers_read(scope: Scope) -> None:
    """Count a request that reads without a good bearer token by its address. Probes of health are not counted.

    Raises RateLimited.
    """
    if scope["method"] not in ("GET", "HEAD") or scope["path"] in _PROBES:
        return
    state = scope["app"].state
    if not await _is_good(bearer_of(scope), state.runtime.verifier):
        limits: Limits = state.limits
        limits.count_strangers_read(scope["client"][0] if scope["client"] else "")


async def _is_good(token: str, verifier: Verifier) -> bool:
    """Whether a token names somebody. Anybody can write a header."""
    if not token:
        return False
    try:
        await verifier.verify(token)
    except TokenInvalid:
        return False
    return True


def limits_of(connection: HTTPConnection) -> Limits:
    limits: Limits = connection.app.state.limits
    return limits


async def get_limits(request: Request) -> Limits:
    return limits_of(request)


RateLimits = Annotated[Limits, Depends(get_limits)]


async def client_address(request: Request) -> str:
    """The client's IP address, not that of a trusted proxy; empty if a Unix socket's request names none."""
    return request.client.host if request.client is not None else ""


ClientAddress = Annotated[str, Depends(client_address)]


def network_of(address: str) -> str:
    """The network that counts as one address: an IPv6 household has 2^64 addresses."""
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
