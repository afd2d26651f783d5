"""Passwords, hashed with Argon2id away from the event loop."""

import unicodedata
from base64 import b64encode
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from roomful.identity.hashing import HashingThreads

MIN_LENGTH = 8
MAX_LENGTH = 256

# The OWASP password storage cheat sheet's choice for Argon2id: 19 MiB, two passes, one lane. About 30 ms of one core,
# so that twenty people who sign in at once take little from the event loop.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1

CHECKED_AT_ONCE = 2
MADE_AT_ONCE = 1
"""For new passwords. Sign-ins have threads of their own, however many people register."""

UNUSABLE = "!"
"""In place of a hash: no password is right, the person signs in by other means."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password was right, and a `new_hash` to store when the old one was made with other parameters."""

    is_right: bool
    new_hash: str | None = None


class Passwords:
    """Hashes and checks passwords, each on threads of its own.

    Addresses take turns at the threads; `address` is the client's. Raises Unavailable when too many wait.
    """

    def __init__(self) -> None:
        self._argon2 = PasswordHash((Argon2Hasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES),))
        self._checking = HashingThreads("passwords", count=CHECKED_AT_ONCE)
        self._making = HashingThreads("new passwords", count=MADE_AT_ONCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checking.close()
        self._making.close()

    async def hash(self, password: str, *, address: str = "") -> str:
        """Raises Unavailable."""
        return await self._making.run(address, lambda: self._argon2.hash(_prepared(password)))

    async def check(self, password: str, stored_hash: str | None, *, address: str = "") -> Verdict:
        """Whether this is the password. Without a stored hash it takes the same time, and it is not.

        Raises Unavailable.
        """
        if len(password) > MAX_LENGTH:  # it can't be right; checking takes the same time
            password, stored_hash = password[:MAX_LENGTH], None
        return await self._checking.run(address, lambda: self._check(password, stored_hash))

    def _check(self, password: str, stored_hash: str | None) -> Verdict:
        try:
            return Verdict(*self._argon2.verify_and_update(_prepared(password), stored_hash or _NOBODYS_HASH))
        except UnknownHashError:
            self._argon2.verify(_prepared(password), _NOBODYS_HASH)
            return Verdict(False)


def _prepared(password: str) -> bytes:
    # One person's keyboards differ in how they compose é: RFC 8265, 4.2.2. Lone surrogates are refused where a password
    # is chosen; here they must only not fail.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _unpadded(octets: bytes) -> str:
    return b64encode(octets).decode().rstrip("=")


# No password gives a digest of zeros, but finding out takes as long as for a real hash.
_NOBODYS_HASH = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${_unpadded(bytes(16))}${_unpadded(bytes(32))}"
