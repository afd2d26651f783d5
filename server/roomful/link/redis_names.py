"""The names of keys and channels in Redis."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import blake2b

TOKEN_BYTES = 16
TOKEN_LENGTH = 22
"""The length of a token as text."""

REMEMBERED_NAMES = 20_000


class RedisNames:
    """Makes names that reveal nothing, and that no other installation makes.

        roomful:3f9c2ab04d17:0:channel:Zk3v0mF6n1mQ0x7l1WqzMg

    They begin with the installation's id and the number of its Redis database, which Pub/Sub ignores. After the kind
    comes a keyed hash, so Redis reveals no name of a project, a person or an address.

    The id is made of the key and `installation`, which tells a database from its copy: a copy has the same key.
    """

    def __init__(self, key: bytes, *, database: int = 0, installation: bytes = b"") -> None:
        place = b"roomful installation, version 2\n%d\n%b" % (database, installation)
        self.prefix = b"roomful:%s:%d:" % (hmac.digest(key, place, "sha256")[:6].hex().encode(), database)
        self._key = hmac.digest(key, b"roomful names in redis, version 2\n" + place, "sha256")

    def of(self, kind: str, name: str) -> bytes:
        """The Redis key or channel for a thing of this kind. Two kinds share no name."""
        return b"%b%b:%b" % (self.prefix, kind.encode(), self.token(f"{kind}\n{name}"))

    def kind_of(self, name: bytes) -> bytes:
        """The kind of a name that `of` made."""
        return name[len(self.prefix) : -TOKEN_LENGTH - 1]

    def token(self, text: str) -> bytes:
        """A keyed hash of any text, as TOKEN_LENGTH letters (base64url)."""
        # Text from JSON may hold half a surrogate pair, which is not UTF-8.
        hashed = blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=TOKEN_BYTES)
        return urlsafe_b64encode(hashed.digest())[:TOKEN_LENGTH]


class RememberedNames:
    """Caches the names of one kind: making one takes a microsecond, as long as the rest of an envelope."""

    def __init__(self, names: RedisNames, kind: str) -> None:
        self._names = names
        self._kind = kind
        self._name_of: dict[str, bytes] = {}

    def of(self, name: str) -> bytes:
        made = self._name_of.get(name)
        if made is None:
            if len(self._name_of) >= REMEMBERED_NAMES:
                self._name_of.clear()
            made = self._name_of[name] = self._names.of(self._kind, name)
        return made
