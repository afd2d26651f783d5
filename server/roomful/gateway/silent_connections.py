"""Connections that have not sent the head of a request yet, counted by address."""

import logging
from collections.abc import Sequence
from ipaddress import ip_address

from roomful.errors import RateLimited
from roomful.logs import Sampler
from roomful.settings import Network
from roomful.transport.unauthenticated import Place, UnauthenticatedSockets
from roomful.web.limits import REFUSALS_LOGGED, network_of

logger = logging.getLogger(__name__)

IDLE_SECONDS = 15
"""Between two requests. Longer than HTTP clients reuse a connection: a request may meet its close otherwise."""
IDLE_SECONDS_OF_PROXIES = 180
"""Proxies keep connections for up to two minutes."""


class SilentConnections:
    """At most `most` for each address at this process; 0 is without limit.

    Trusted proxies, which speak for many, and peers on Unix sockets, which have no address, have no limit.
    """

    def __init__(self, most: int = 0, trusted_proxies: Sequence[Network] = ()) -> None:
        self._sockets = UnauthenticatedSockets(most)
        self._trusted = trusted_proxies
        self._lines = Sampler(REFUSALS_LOGGED)

    @property
    def refused(self) -> int:
        return self._sockets.refused

    def enter(self, address: str) -> Place:
        """A place, to leave when the head has arrived or the connection is lost. Raises RateLimited."""
        network = network_of(address)
        if not self.is_trusted(address):
            try:
                self._sockets.check(network)
            except RateLimited:
                if (left_out := self._lines.acquire()) is not None:
                    what = {"address": address, "left_out": left_out}
                    logger.warning("an address has too many silent connections", extra=what)
                raise
        return self._sockets.enter(network)

    def idle_seconds(self, address: str) -> int:
        """How long a connection is kept for its next request."""
        return IDLE_SECONDS_OF_PROXIES if self.is_trusted(address) else IDLE_SECONDS

    def is_trusted(self, address: str) -> bool:
        """Whether it is a trusted proxy's, or empty, as at a Unix socket."""
        if not address:
            return True
        return bool(self._trusted) and any(ip_address(address) in network for network in self._trusted)
