"""Changes made on a copy of a document. Each yields one update, which the live document takes like any other.

pycrdt commits half a transaction when something fails inside it, and its panics are no Exceptions. So a live document
is never edited directly. A copy is made, used and dropped in one thread.
"""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pycrdt import Doc, Text, TransactionEvent, UndoManager, XmlFragment

from roomful.errors import Conflict, Invalid
from roomful.richtext import tree
from roomful.richtext.tree import ROOT
from roomful.rooms.protocol.state import decode_state_vector
from roomful.rooms.protocol.structure import lacks_something

Change = Callable[[Doc], None]  # type: ignore[type-arg]


class Changed(NamedTuple):
    """The update that a change made, or empty, and the whole content before it."""

    update: bytes
    before: bytes


def new_client_id() -> int:
    """A fresh id for each copy: a reused one would give its changes clocks that the live document has used."""
    return random.getrandbits(31)


def merge_change(base: Sequence[bytes], present: Sequence[bytes], change: Change) -> Changed:
    """Change the document as it was at `base`, and merge the difference into the present one.

    Later changes stay, as with concurrent edits. Without an effect on the present document the update is empty.
    """
    doc = tree.loaded(base, new_client_id())
    before = doc.get_update()

    def work() -> None:
        with doc.transaction():
            change(doc)

    update = _seen(doc, work)
    if base is present or not update:
        return Changed(update, before)
    live = tree.loaded(present, new_client_id())
    before = live.get_update()
    return Changed(_seen(live, lambda: live.apply_update(update)), before)


def merge_into_copy(updates: Sequence[bytes], update: bytes) -> Changed:
    """Merge an update that was made elsewhere.

    Raises Invalid for bytes that are no update, Conflict for one that builds on changes this document lacks.
    """
    doc = tree.loaded(updates, new_client_id())
    before = doc.get_update()
    try:
        lacks = lacks_something(update, decode_state_vector(doc.get_state()))
        change = b"" if lacks else _seen(doc, lambda: doc.apply_update(update))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # a panic of pycrdt's is no Exception
        raise Invalid("The body is not a Yjs update (encoding v1) of this document.") from None
    if lacks:
        raise Conflict("The update builds on changes that this document does not have.")
    return Changed(change, before)


def bring_back(updates: Sequence[bytes], version: bytes) -> Changed:
    """The change that restores an earlier state of the document's root.

    Applies the later changes to a copy of the version under one origin, then undoes that origin. Undoing is an ordinary
    change, so it merges with concurrent ones.
    """
    live = tree.loaded(updates, new_client_id())
    before = live.get_update()
    copy = tree.loaded([version], new_client_id())
    if tree.json_of(copy) == tree.json_of(live):
        return Changed(b"", before)
    root_type = Text if tree.is_plain(copy) or tree.is_plain(live) else XmlFragment
    undo = UndoManager(scopes=[copy.get(ROOT, type=root_type)])
    undo.include_origin(_SINCE)
    with copy.transaction(origin=_SINCE):
        copy.apply_update(live.get_update(copy.get_state()))
    undo.undo()
    update = copy.get_update(live.get_state())
    return Changed(_seen(live, lambda: live.apply_update(update)), before)


def _seen(doc: Doc, work: Callable[[], None]) -> bytes:  # type: ignore[type-arg]
    """The update of one transaction; empty if it changed nothing."""
    seen: list[bytes] = []

    def note(event: TransactionEvent) -> None:
        seen.append(event.update)

    subscription = doc.observe(note)
    try:
        work()
    finally:
        doc.unobserve(subscription)
    return seen[0] if seen else b""


_SINCE = "since the version"
