"""Why a connection to a document ends.

y-websocket 3.1 stops for good on 4400 to 4499, and reconnects later on everything else; older ones always reconnect.
"""

from typing import NamedTuple


class Ending(NamedTuple):
    """A WebSocket close code and its reason. On a Hocuspocus socket the reason ends one document."""

    code: int
    reason: str


BAD_MESSAGE = Ending(4400, "bad message")
SIGN_IN_ENDED = Ending(4401, "sign-in ended")
RIGHT_LOST = Ending(4403, "permission-denied")
DELETED = Ending(4404, "document deleted")
TIMED_OUT = Ending(4408, "authentication timed out")
REPLACED = Ending(4409, "generation")
TOO_BIG = Ending(4413, "too big")
TOKEN_EXPIRED = Ending(4500, "token expired")
TOO_FAST = Ending(4500, "too many updates")
SLOW = Ending(4500, "too slow")
NO_PONG = Ending(4500, "no pong")
STORE_FAILING = Ending(4500, "not stored, try again later")
RESET = Ending(4500, "try again")
FULL = Ending(4503, "too many connections")
SHUTDOWN = Ending(1012, "server restart")


class AdmissionRefused(Exception):
    """A connection may not be opened, or may not go on. `ending` says why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending
