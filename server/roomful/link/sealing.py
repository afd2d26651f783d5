"""Encryption of bytes that only the nodes of one installation can read or make."""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x02"
SEALER_BYTES = 16
NUMBER_BYTES = 8
HEADER_BYTES = 1 + SEALER_BYTES + NUMBER_BYTES
TAG_BYTES = 16
OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES
KEYS_KEPT = 1_024
"""Of other sealers. Deriving one takes some 10 microseconds."""


class NotSealed(Exception):
    """The bytes have another form: another program, or another version, made them."""


class Forged(Exception):
    """The bytes were not sealed by a node of this installation, or in another context."""


class Opened(NamedTuple):
    """The sealer's id (random for each start of a node), its number for this message, and the content."""

    sealer: bytes
    number: int
    content: bytes


class Sealer:
    """Seals with AES-256-GCM: version, sealer, number, ciphertext, tag.

    Each sealer derives its own key (HKDF, RFC 5869) from the installation's key and 16 random bytes, and its number is
    the nonce. Numbers only grow, so no nonce is used twice: a number is the clock's microseconds, or the last number
    plus one if that is greater. A key dies with its process.

    `context` says where the bytes belong. Opening them in another context fails.
    """

    def __init__(self, key: bytes, *, purpose: bytes, clock: Callable[[], int] | None = None) -> None:
        self._root = hmac.digest(key, b"roomful sealing, version 2\n" + purpose, "sha256")
        self._clock = clock or microseconds
        self._number = 0
        self._keys: OrderedDict[bytes, AESGCM] = OrderedDict()
        self.sealer = secrets.token_bytes(SEALER_BYTES)
        self._own_key = self._key_of(self.sealer)
        self._head = VERSION + self.sealer

    def seal(self, content: bytes, context: bytes) -> bytes:
        self._number = max(self._number + 1, self._clock())
        number = self._number.to_bytes(NUMBER_BYTES)
        return b"%b%b%b" % (self._head, number, self._own_key.encrypt(b"\0\0\0\0" + number, content, context))

    def is_own(self, sealed: bytes) -> bool:
        """Whether it claims to come from this sealer. Not verified: good enough for skipping it."""
        return sealed.startswith(self._head)

    def open(self, sealed: bytes, context: bytes) -> Opened:
        """Raises NotSealed, Forged."""
        if len(sealed) < OVERHEAD_BYTES or not sealed.startswith(VERSION):
            raise NotSealed
        sealer, number = sealed[1 : 1 + SEALER_BYTES], sealed[1 + SEALER_BYTES : HEADER_BYTES]
        key = self._keys.get(sealer)
        is_new = key is None
        if key is None:
            key = self._key_of(sealer)
        try:
            content = key.decrypt(b"\0\0\0\0" + number, sealed[HEADER_BYTES:], context)
        except InvalidTag:
            raise Forged from None
        if is_new:  # after decrypting, so that forgers can't fill the cache
            self._keep(sealer, key)
        return Opened(sealer, int.from_bytes(number), content)

    def _keep(self, sealer: bytes, key: AESGCM) -> None:
        self._keys[sealer] = key
        if len(self._keys) > KEYS_KEPT:
            self._keys.popitem(last=False)

    def _key_of(self, sealer: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, salt=sealer, info=b"roomful sealer, version 2").derive(self._root))


def microseconds() -> int:
    """The time in microseconds, by a clock that can't be set."""
    return time.monotonic_ns() // 1000
