"""Folding without stopping the event loop."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from roomful.roomstore.fold import CantFold, fold

MAX_BYTES_HERE = 512 * 1024
MAX_ROWS_HERE = 2_000
"""Beyond either bound another process folds; within them folding takes some 20 ms."""

MAX_SECONDS = 60.0


async def fold_off_loop(state: bytes, updates: Sequence[bytes]) -> bytes:
    """`fold`, in another process if it takes long. Raises CantFold."""
    if not updates:
        return state
    if len(updates) <= MAX_ROWS_HERE and len(state) + sum(map(len, updates)) <= MAX_BYTES_HERE:
        return fold(state, updates)
    given = msgspec.msgpack.encode((state, list(updates)))
    # In a thread: starting a process blocks, as does waiting for it.
    process = await asyncio.to_thread(_start)
    try:
        async with asyncio.timeout(MAX_SECONDS):
            folded, failure = await asyncio.to_thread(process.communicate, given)
    except TimeoutError:
        raise CantFold(f"it takes longer than {MAX_SECONDS:.0f} s") from None
    finally:
        process.kill()  # ends the thread too, when this was cancelled
    if process.returncode != 0:
        raise CantFold(failure.decode(errors="replace").strip().rpartition("\n")[2][:200])
    return msgspec.msgpack.decode(folded, type=bytes)


def _start() -> "subprocess.Popen[bytes]":
    # -P: nothing is imported from the working directory.
    command = [sys.executable, "-P", "-m", "roomful.roomstore.fold"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
