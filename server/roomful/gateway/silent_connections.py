"""Connections that have not sent the head of a request yet, counted by address."""

import logging
import time
from collections.abc import Sequence
from ipaddress import ip_address

from roomful.errors import RateLimited
from roomful.link.token_bucket import TokenBucket
from roomful.settings import Network
from roomful.transport.unauthenticated import Place, UnauthenticatedSockets
from roomful.web.limits import REFUSALS_LOGGED, network_of

logger = logging.getLogger(__name__)


class SilentConnections:
    """At most `most` for each address at this process; 0 is without limit.

    A trusted proxy speaks for many, and a Unix socket's peer has no address: for them there is no limit.
    """

    def __init__(self, most: int = 0, trusted_proxies: Sequence[Network] = ()) -> None:
        self._sockets = UnauthenticatedSockets(most)
        self._trusted = trusted_proxies
        self._logged = TokenBucket(REFUSALS_LOGGED, time.monotonic())

    @property
    def refused(self) -> int:
        return self._sockets.refused

    def enter(self, address: str) -> Place:
        """A place to be left when the head has come, or the connection is lost. Raises RateLimited."""
        network = network_of(address)
        if address and not self._is_trusted(address):
            try:
                self._sockets.check(network)
            except RateLimited:
                if not self._logged.take(time.monotonic()):
                    logger.warning("an address has too many silent connections", extra={"address": address})
                raise
        return self._sockets.enter(network)

    def _is_trusted(self, address: str) -> bool:
        return bool(self._trusted) and any(ip_address(address) in network for network in self._trusted)
