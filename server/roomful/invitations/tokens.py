"""Tokens of invitations: derived from the server's key, and kept only as hashes."""

import base64
import hashlib
import hmac

from roomful.runtime import Runtime


class InvitationTokens:
    """Makes tokens: base64url(HMAC-SHA256(key, invitation id)), 256 bits, which nobody without the key can make.

    The same id gives the same token, so the mailer can write a link that is stored nowhere. After the key has changed
    it would give another one; the hash, by which a token is found, still belongs to the old link (docs/decisions/0050).
    """

    def __init__(self, key: bytes, *, public_url: str | None) -> None:
        self._key = key
        self._public_url = public_url or ""

    def issue(self, invitation_id: str) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self._key, invitation_id.encode(), "sha256")).rstrip(b"=").decode()

    def url(self, token: str) -> str:
        """The address to send to people; without PUBLIC_URL, from the board's root."""
        return f"{self._public_url}/#/join/{token}"


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def tokens_of(runtime: Runtime) -> InvitationTokens:
    return InvitationTokens(runtime.invitation_key, public_url=runtime.settings.public_url)
