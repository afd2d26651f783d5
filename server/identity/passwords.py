"""Passwords, hashed with Argon2id away from the event loop."""

import asyncio
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from server.errors import Unavailable

MIN_LENGTH = 8
MAX_LENGTH = 256

# The OWASP password storage cheat sheet's choice for Argon2id: 19 MiB, two passes, one lane. About 30 ms of one core,
# so that twenty people who sign in at once take little from the event loop.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1

AT_ONCE = 2
MAX_WAITING = 1_000

UNUSABLE = "!"
"""In place of a hash: the person signs in by other means, no password fits."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password was right, and a `new_hash` to store when the old one was made with other parameters."""

    is_right: bool
    new_hash: str | None = None


class Passwords:
    """Hashes and checks passwords on threads of its own, at most AT_ONCE at a time: each takes 19 MiB.

    Others wait, in order of arrival; when MAX_WAITING already do, the next is refused (Unavailable).
    """

    def __init__(self) -> None:
        self._argon2 = PasswordHash((Argon2Hasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES),))
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._pending = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Raises Unavailable."""
        return await self._run(lambda: self._argon2.hash(_prepared(password)))

    async def check(self, password: str, stored_hash: str | None) -> Verdict:
        """Whether this is the password. Without a stored hash it takes the same time, and it is not.

        Raises Unavailable.
        """
        if len(password) > MAX_LENGTH:  # can't be anybody's; the time spent on it stays the same
            password, stored_hash = password[:MAX_LENGTH], None
        return await self._run(lambda: self._check(password, stored_hash))

    def _check(self, password: str, stored_hash: str | None) -> Verdict:
        try:
            return Verdict(*self._argon2.verify_and_update(_prepared(password), stored_hash or _NOBODYS_HASH))
        except UnknownHashError:
            self._argon2.verify(_prepared(password), _NOBODYS_HASH)
            return Verdict(False)

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._pending >= AT_ONCE + MAX_WAITING:
            raise Unavailable
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._pending -= 1


def _prepared(password: str) -> bytes:
    # One person's keyboards differ in how they compose é: RFC 8265, 4.2.2. Lone surrogates are refused where a password
    # is chosen; here they must only not fail.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _unpadded(octets: bytes) -> str:
    return b64encode(octets).decode().rstrip("=")


# No password gives a digest of zeros, but finding out takes as long as for a real hash.
_NOBODYS_HASH = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${_unpadded(bytes(16))}${_unpadded(bytes(32))}"
