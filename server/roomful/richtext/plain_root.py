"""Documents whose root is a plain text of Yjs, as editors for code make them."""

from typing import Literal

from pycrdt import Doc, Text

from roomful.richtext.text_merge import text_changes
from roomful.richtext.tree import ROOT, plain_text

Mode = Literal["merge", "append", "prepend", "replace"]


def write_plain(doc: Doc, new: str, mode: Mode) -> None:  # type: ignore[type-arg]
    """Make the text hold this, or add it. Only the words that differ are touched."""
    old, text = plain_text(doc), doc.get(ROOT, type=Text)
    if mode == "append":
        text.insert(len(text), new if not old or old.endswith("\n") else f"\n{new}")
        return
    if mode == "prepend":
        text.insert(0, new if not old else f"{new}\n")
        return
    # From right to left, so that places on the left stay as they are. Places count UTF-8 bytes.
    for change in reversed(text_changes(old, new)):
        if change.is_same:
            continue
        start = len(old[: change.old_start].encode())
        end = start + len(old[change.old_start : change.old_end].encode())
        if end > start:
            del text[start:end]
        if inserted := new[change.new_start : change.new_end]:
            text.insert(start, inserted)
