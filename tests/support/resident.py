"""What this process takes of the machine's memory."""

import psutil


def resident_bytes() -> int:
    return psutil.Process().memory_info().rss


def leave_holes(free_bytes: int) -> list[bytes]:
    """Free most of so much, between objects that stay: those are returned, and keep it all resident.

    Each hole is far larger than a page, also in a heap that is full of small ones. They are filled with a letter: the
    system gives no memory for zeros that nobody has written.
    """
    made = [b"x" * 100_000 for _ in range(free_bytes // 100_000)]
    return made[::-5]  # the last one too: the end of the heap is given back by itself
