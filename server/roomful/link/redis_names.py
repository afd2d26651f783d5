"""The names of keys and channels in Redis."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import blake2b

TOKEN_BYTES = 16
TOKEN_LENGTH = 22
"""Of a token as text."""


class RedisNames:
    """Makes names that tell their reader nothing, and that no other installation makes.

        roomful:3f9c2ab04d17:0:channel:Zk3v0mF6n1mQ0x7l1WqzMg

    They begin with an id of the installation and the number of its Redis database, which Pub/Sub doesn't know. What
    follows the kind is a keyed hash, so that nobody learns a project's, a person's or an address's name from Redis.

    The id comes from the key and from `installation`, which tells a database from its copy: a copy has the same key.
    """

    def __init__(self, key: bytes, *, database: int = 0, installation: bytes = b"") -> None:
        place = b"roomful installation, version 2\n%d\n%b" % (database, installation)
        self.prefix = b"roomful:%s:%d:" % (hmac.digest(key, place, "sha256")[:6].hex().encode(), database)
        self._key = hmac.digest(key, b"roomful names in redis, version 2\n" + place, "sha256")

    def of(self, kind: str, name: str) -> bytes:
        """The key or channel for a thing of this kind. Two kinds have no name in common."""
        return b"%b%b:%b" % (self.prefix, kind.encode(), self.token(f"{kind}\n{name}"))

    def token(self, text: str) -> bytes:
        """A keyed hash of any text, as TOKEN_LENGTH letters (base64url)."""
        # A text from JSON may hold half a surrogate pair, which is not UTF-8.
        hashed = blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=TOKEN_BYTES)
        return urlsafe_b64encode(hashed.digest())[:TOKEN_LENGTH]
