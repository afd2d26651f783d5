"""Changes of documents that requests ask for, and the content in the formats of programs."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeGuard

import msgspec
from pycrdt import Doc

from roomful.documents.copies import Changed, merge_change, merge_into_copy
from roomful.errors import Conflict, Invalid, LimitReached
from roomful.richtext.fence import kept_nodes
from roomful.richtext.formats import markup_goal, read_markup, write_markup
from roomful.richtext.json_reader import read_document
from roomful.richtext.merge import merge_blocks
from roomful.richtext.nodes import Node, paragraph, walk
from roomful.richtext.plain import paragraphs, plain_goal
from roomful.richtext.plain_root import Mode, write_plain
from roomful.richtext.reading import MAX_SECONDS_HERE, Markup, names_nodes, read_text, seconds_at_most
from roomful.richtext.schema import require_valid
from roomful.richtext.tree import blocks_of, is_plain, json_of, loaded, text_of

Format = Literal["text", "json", "html", "markdown", "update"]

MAX_NEW_PARTS = 100_000
SECONDS_A_PART = 40e-6
"""The time to store one part, on a processor of 2.8 GHz."""


class Change(NamedTuple):
    """A change as a function of the updates that a program has read, and of those that make the document now.

    `merges` says whether the two may differ; `seconds` is an upper estimate of what reading the body takes, and it
    `reads_long` if that takes another process.
    """

    make: Callable[[Sequence[bytes], Sequence[bytes]], Changed]
    merges: bool
    body: bytes
    seconds: float = 0.0
    reads_long: bool = False

    def takes(self, base: Sequence[bytes], present: Sequence[bytes]) -> Sequence[bytes]:
        """The updates whose size sets the time it takes."""
        return [*base, self.body] if base is present else [*base, *present, self.body]


def requested_change(format: Format, mode: Mode | None, body: bytes, read: Sequence[Node] | None = None) -> Change:
    """Raises Invalid, as making the change does, for a body that doesn't fit its format.

    `read` are the blocks of a body that was read before (`read_before`).
    """
    if format == "update":
        if mode is not None:
            raise invalid("mode", "does not apply to updates, which are merged")
        return Change(lambda _, present: merge_into_copy(present, body), False, body)
    chosen = mode or "merge"
    text = _decoded(body)

    def make(base: Sequence[bytes], present: Sequence[bytes]) -> Changed:
        return merge_change(base, present, lambda doc: _write(doc, text, format, chosen, read))

    seconds = _seconds(text, format)
    reads_long = read is None and _is_markup(format) and seconds > MAX_SECONDS_HERE[format]
    return Change(make, chosen == "merge", body, seconds, reads_long)


def read_before(updates: Sequence[bytes], format: Format, body: bytes) -> Sequence[Node]:
    """The blocks of a body, of which some may be named only: those of the document. Raises Invalid, TooLong."""
    assert _is_markup(format)
    text = _decoded(body)
    return read_text(text, format, kept_nodes(blocks_of(loaded(updates, 0))) if names_nodes(text) else {})


def rendered(updates: Sequence[bytes], format: Format) -> bytes:
    """A document's content in a format other than `update`."""
    doc = loaded(updates, 0)
    return _form(doc, format).encode()


def invalid(field: str, reason: str) -> Invalid:
    return Invalid(f"{field}: {reason}.", details=[{"field": field, "message": reason, "type": "value_error"}])


def _write(
    doc: Doc,  # type: ignore[type-arg]
    text: str,
    format: Format,
    mode: Mode,
    read: Sequence[Node] | None,
) -> None:
    if is_plain(doc):
        if format == "text":
            write_plain(doc, _with_line_ends(text), mode)
        elif mode in ("append", "prepend") or text != _form(doc, format):
            raise Conflict("This document is plain text: send text.")
        return
    old = blocks_of(doc)
    if format == "text":
        _require_few(_count_lines(text), old)
    if mode in ("append", "prepend"):
        goal = _added(old, _read(text, format) if read is None else read, mode)
    else:
        goal = _goal(old, text, format, read)
    _require_few(sum(1 for _ in walk(goal)), old)
    require_valid(goal, old)
    merge_blocks(doc, old, goal)


def _require_few(parts: int, old: Sequence[Node]) -> None:
    """Raises LimitReached for many more paragraphs, items, cells and stretches of text than the document has."""
    if parts > MAX_NEW_PARTS and parts > MAX_NEW_PARTS + sum(1 for _ in walk(old)):
        raise LimitReached(f"A change can add {MAX_NEW_PARTS:,} paragraphs, items and stretches of text: send parts.")


def _count_lines(text: str) -> int:
    return text.count("\n") + text.count("\r") + 1


def _seconds(text: str, format: Format) -> float:
    """An upper estimate of what reading and storing a text takes, for what its bytes alone don't say."""
    if _is_markup(format):
        return seconds_at_most(text, format)
    return SECONDS_A_PART * (_count_lines(text) if format == "text" else text.count("{"))


def _goal(old: Sequence[Node], text: str, format: Format, read: Sequence[Node] | None) -> Sequence[Node]:
    if _is_markup(format):
        return markup_goal(old, text, format, read)
    if format == "text":
        return plain_goal(old, _with_line_ends(text)) or [paragraph()]
    if text == _json({"type": "doc", "content": list(old)}):
        return old
    return read_document(text.encode()) or [paragraph()]


def _read(text: str, format: Format) -> Sequence[Node]:
    if _is_markup(format):
        return read_markup(text, format)
    return paragraphs(_with_line_ends(text)) if format == "text" else read_document(text.encode()) or [paragraph()]


def _added(old: Sequence[Node], new: Sequence[Node], mode: Mode) -> Sequence[Node]:
    if old == [paragraph()]:
        return new  # the empty paragraph of a new document
    return [*old, *new] if mode == "append" else [*new, *old]


def _form(doc: Doc, format: Format) -> str:  # type: ignore[type-arg]
    if format == "text":
        return text_of(doc)
    node = json_of(doc)
    return write_markup(node["content"], format) if _is_markup(format) else _json(node)


def _is_markup(format: Format) -> TypeGuard[Markup]:
    return format in ("markdown", "html")


def _json(node: Node) -> str:
    return msgspec.json.encode(node).decode()


def _with_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise invalid("body", "is not UTF-8 text") from None
    if "\x00" in text:
        raise invalid("body", "holds a NUL character")
    return text
