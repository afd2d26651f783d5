"""The callback of a part whose room is closed.

A room and its parts refer to each other. Left so, a closed room would stay in memory until the next collection of
cycles, which is rare in a server (`serve.spare_long_lived_objects`). So a part that is closed lets go of its room.
"""


def ignore(*_: object) -> None:
    """Do nothing: the room is closed."""


async def wait_for_nothing() -> None:
    """Return at once: the room is closed."""
