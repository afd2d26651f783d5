"""Folding: merges a document's updates into one. `python -m roomful.roomstore.fold` does so in its own process.

pycrdt holds the interpreter's lock while it works, so a large document would stop the event loop from any thread.
"""

import random
import sys
from collections.abc import Sequence

import msgspec
from pycrdt import Doc, get_update

from roomful.rooms.protocol.state import Deletions, StateVector, decode_state_vector


class CantFold(Exception):
    """The updates lack something, are not of one history, or one of them is damaged."""


def fold(state: bytes, updates: Sequence[bytes]) -> bytes:
    """One update with everything in `state`, which was folded before, and `updates`. Raises CantFold."""
    try:
        return _fold(state, [each for each in updates if each])
    except (KeyboardInterrupt, SystemExit, CantFold):
        raise
    except BaseException as error:  # a panic of pycrdt's is no Exception
        raise CantFold(f"{type(error).__name__}: {error}") from error


def _fold(state: bytes, updates: Sequence[bytes]) -> bytes:
    doc: Doc = Doc(client_id=random.getrandbits(31))  # type: ignore[type-arg]  # its roots have no types here
    for update in (state, *updates) if state else updates:
        doc.apply_update(update)
    state_vector = doc.get_state()
    known = decode_state_vector(state_vector)
    if any(_is_waiting(get_update(update, state_vector), known) for update in updates):
        raise CantFold("an update builds on another one that is missing")  # the document would leave it out
    return doc.get_update()


def _is_waiting(remainder: bytes, known: StateVector) -> bool:
    """Whether an update waits for another one. The remainder is what a document lacks of it, and all its deletions."""
    if remainder[0] != 0:  # structs
        return True
    return not Deletions.read(remainder[1:]).are_known_to(known)


def main() -> None:
    """Read `[state, [update, …]]` as MessagePack from standard input, and write the folded state."""
    state, updates = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=tuple[bytes, list[bytes]])
    sys.stdout.buffer.write(msgspec.msgpack.encode(fold(state, updates)))


if __name__ == "__main__":
    main()
