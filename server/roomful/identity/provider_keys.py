"""The public keys of the external identity provider."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import jwt
import msgspec

logger = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "ES256", "EdDSA")
REFRESH_SECONDS = 600.0
RETRY_SECONDS = 30.0
FETCH_SECONDS = 5.0
MAX_BYTES = 256 * 1024


class ProviderKeys:
    """A JSON Web Key Set (RFC 7517), fetched from the one address that the operator has set.

    `run` keeps it fresh. Only a token with an unknown key id waits for a fetch, and those fetches are at least
    RETRY_SECONDS apart, however many such tokens come. While the provider is away, the last keys hold.
    """

    def __init__(self, url: str, client: httpx.AsyncClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._client = client
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._tried_at: float | None = None
        self._fetching = asyncio.Lock()

    async def run(self) -> None:
        """Fetch the keys now, and again from time to time, for ever."""
        while True:
            is_fresh = await self._fetch_once()
            await asyncio.sleep(REFRESH_SECONDS if is_fresh else RETRY_SECONDS)

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of this id; None when the provider has published none."""
        if key_id not in self._keys and self._may_try():
            async with self._fetching:
                if key_id not in self._keys and self._may_try():
                    await self._fetch()
        return self._keys.get(key_id)

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= RETRY_SECONDS

    async def _fetch_once(self) -> bool:
        async with self._fetching:
            return await self._fetch()

    async def _fetch(self) -> bool:
        self._tried_at = self._clock()
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                self._keys = read_keys(await self._download())
        except (httpx.HTTPError, TimeoutError, ValueError) as failure:
            logger.warning("the identity provider's keys can't be fetched", extra={"reason": type(failure).__name__})
            return False
        return True

    async def _download(self) -> bytes:
        async with self._client.stream("GET", self._url, headers={"Accept": "application/json"}) as response:
            response.raise_for_status()
            document = bytearray()
            async for chunk in response.aiter_bytes():
                document += chunk
                if len(document) > MAX_BYTES:
                    raise ValueError("the key set is too large")
        return bytes(document)


class _Document(msgspec.Struct):
    keys: list[dict[str, Any]]


def read_keys(document: bytes) -> dict[str, jwt.PyJWK]:
    """The signing keys in a key set, by id. Others (symmetric, for encryption, of other algorithms) are left out.

    Raises ValueError for anything but a key set.
    """
    keys: dict[str, jwt.PyJWK] = {}
    for entry in msgspec.json.decode(document, type=_Document).keys:
        key_id = entry.get("kid")
        if not isinstance(key_id, str) or entry.get("use", "sig") != "sig" or entry.get("kty") == "oct":
            continue
        try:
            key = jwt.PyJWK.from_dict(entry)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue  # of a kind that we don't know; the others are good all the same
        if key.algorithm_name in ALGORITHMS:
            keys[key_id] = key
    return keys
