"""Recoveries that were sent and did not arrive."""

import time
from collections import OrderedDict

from roomful.realtime.publication import Position

SURE_BYTES = 32 * 1024
"""Of event data: 100 kbit/s carry it in half of the 5 s for which SDKs wait for a reply."""
DOUBTFUL_SECONDS = 30.0
"""A connection that ends so soon after a larger recovery may have ended for it."""
REMEMBERED_SECONDS = 60.0
MAX_REMEMBERED = 10_000

Asked = tuple[str, str, Position]
"""Who asked, for what channel, from where on."""


class LostRecoveries:
    """Remembers for a minute which large recoveries were lost with their connection.

    An SDK whose line is too slow for a reply gives up after 5 s, connects anew, and asks again from the same place.
    Sent again, the same reply would be lost again: it is told `recovered: false` instead, and loads the present state.
    One whose recovery did arrive never asks from the same place again.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[Asked, float] = OrderedDict()

    def add(self, asked: Asked) -> None:
        self._until[asked] = time.monotonic() + REMEMBERED_SECONDS
        self._until.move_to_end(asked)
        if len(self._until) > MAX_REMEMBERED:
            self._until.popitem(last=False)

    def __contains__(self, asked: Asked) -> bool:
        return self._until.get(asked, 0.0) > time.monotonic()
