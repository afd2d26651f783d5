"""Which messages are deflated."""

from typing import cast

import pytest

from roomful.transport.websocket.deflate import MAX_DEFLATED_BYTES, THRESHOLD_BYTES, WIDE
from roomful.transport.websocket.frames import COMPRESSED


@pytest.mark.parametrize(
    ("size", "is_deflated"),
    [
        (THRESHOLD_BYTES - 1, False),
        (THRESHOLD_BYTES, True),
        (MAX_DEFLATED_BYTES, True),
        (MAX_DEFLATED_BYTES + 1, False),
    ],
)
def test_neither_small_nor_very_large_messages_are_deflated(size: int, is_deflated: bool) -> None:
    """A large document would block the loop for half a second."""
    chunk = cast("bytes", WIDE.frame([b"x" * size], text=False))
    assert bool(chunk[0] & COMPRESSED) == is_deflated
