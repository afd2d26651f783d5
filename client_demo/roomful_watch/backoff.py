"""Pauses between attempts to reconnect."""

import random


class Backoff:
    """Pauses that double from `first_seconds` to `longest_seconds`, each cut by up to half at random.

    The random part spreads clients that lost the connection together.
    """

    def __init__(self, *, first_seconds: float = 0.5, longest_seconds: float = 20.0) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._failures = 0

    def next_seconds(self) -> float:
        full = min(self._first_seconds * 2.0**self._failures, self._longest_seconds)
        if full < self._longest_seconds:
            self._failures += 1
        return random.uniform(full / 2, full)

    def reset(self) -> None:
        """Start over. Not right after connecting: the connection may fail again at once."""
        self._failures = 0
