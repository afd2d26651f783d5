"""The bearer token in the head of a request."""

from starlette.types import Scope


def bearer_of(scope: Scope) -> str:
    """The token of the first Authorization header, "" if that brings none (RFC 6750, 2.1)."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
    return ""
