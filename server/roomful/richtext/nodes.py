"""Nodes of ProseMirror's JSON."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

Node = dict[str, Any]
"""A node of ProseMirror's JSON: `{"type": "paragraph", "content": [{"type": "text", "text": "Fly"}]}`."""

INLINE = ("hardBreak", "mention", "emoji")
TEXT_BLOCKS = ("paragraph", "heading", "codeBlock")
"""Blocks that are typed into."""
WORDLESS = ("horizontalRule", "image")
"""Blocks without a line of their own in plain text."""

LINK_ATTRIBUTES: Node = {"target": "_blank", "rel": "noopener noreferrer nofollow", "class": None}
"""The attributes that editors add to each link."""

MAX_DEPTH = 100
"""Deeper nodes are left out: no editor makes them."""

_MARK_ORDER = ("link", "bold", "code", "italic", "strike", "underline")


def paragraph(line: str = "") -> Node:
    return {"type": "paragraph", "content": [text_node(line)]} if line else {"type": "paragraph"}


def text_node(text: str, marks: Sequence[Node] = ()) -> Node:
    node: Node = {"type": "text", "text": text}
    if marks:
        node["marks"] = sorted(marks, key=mark_rank)
    return node


def filled(node: Node, content: Sequence[Node]) -> Node:
    """The node with this content. Without content the node stays as it is."""
    return {**node, "content": list(content)} if content else node


def mark_rank(mark: Node) -> tuple[int, str, str]:
    """Sorts marks as editors do: Yjs keeps them in no order."""
    name = mark["type"]
    place = _MARK_ORDER.index(name) if name in _MARK_ORDER else len(_MARK_ORDER)
    return place, name, repr(mark.get("attrs"))


def key(node: Node | Sequence[Node]) -> bytes:
    """Equal for equal content: attributes in any order, those that are null left out."""
    encoded = msgspec.json.encode(node, order="sorted")
    return msgspec.json.encode(_without_null(node), order="sorted") if b"null" in encoded else encoded


def fingerprint(node: Node) -> str:
    """Twelve hex digits that stand for a node."""
    return hashlib.sha256(key(node)).hexdigest()[:12]


def is_inline(node: Node) -> bool:
    return node["type"] == "text" or node["type"] in INLINE


def is_textblock(node: Node) -> bool:
    """Whether a node holds text, or could: its content is inline, and it is no rule or picture."""
    return node["type"] not in WORDLESS and all(map(is_inline, node.get("content", [])))


def joined(nodes: Iterable[Node]) -> list[Node]:
    """The nodes with neighbouring texts of the same marks made one, as editors have them."""
    result: list[Node] = []
    for node in nodes:
        last = result[-1] if result else None
        if (
            last is not None
            and node["type"] == last["type"] == "text"
            and key(node.get("marks", [])) == key(last.get("marks", []))
        ):
            result[-1] = {**last, "text": last["text"] + node["text"]}
        else:
            result.append(node)
    return result


def lines_of(block: Node) -> Iterator[str]:
    """The lines of plain text in a block."""
    content = block.get("content", [])
    if block["type"] in WORDLESS:
        return
    if block["type"] == "text" or all(map(is_inline, content)):
        yield from "".join(map(inline_text, content or [block])).split("\n")
        return
    for node in content:
        yield from lines_of(node)


def inline_text(node: Node) -> str:
    match node["type"]:
        case "text":
            return str(node["text"])
        case "hardBreak":
            return "\n"
        case "mention":
            attributes = node.get("attrs", {})
            return f"@{attributes.get('label') or attributes.get('id') or ''}"
    return "".join(map(inline_text, node.get("content", [])))


def words_of(node: Node) -> Counter[str]:
    """The words in a node, counted, to tell how alike two nodes are."""
    return Counter(word for line in lines_of(node) for word in line.split())


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """All nodes, each before those in it."""
    for node in nodes:
        yield node
        yield from walk(node.get("content", []))


def _without_null(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_null(each) for name, each in value.items() if each is not None}
        case list() | tuple():
            return [_without_null(each) for each in value]
    return value
