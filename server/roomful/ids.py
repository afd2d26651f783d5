"""Ids of rows and requests."""

import uuid_utils


def new_id() -> str:
    """A UUIDv7 (RFC 9562, 5.7): ids made later sort later, to the millisecond."""
    return str(uuid_utils.uuid7())
