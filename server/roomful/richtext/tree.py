"""Documents of Yjs as ProseMirror's JSON, and back.

The shapes are those of Tiptap's binding (https://github.com/ueberdosis/y-tiptap). A node is an XmlElement with the
node's name, a run of text an XmlText whose formats are the marks, and both leave out attributes that are null.
"""

from collections.abc import Sequence
from typing import Any

from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from roomful.richtext.marks import formats_of, marks_of, plain
from roomful.richtext.nodes import MAX_DEPTH, TEXT_BLOCKS, Node, joined, lines_of, paragraph, text_node

ROOT = "default"
"""The root in which editors keep their text; other roots are reached by updates only."""


def empty_document() -> bytes:
    """The update that makes a new document: one empty paragraph with its text.

    Without them, the first two who type would make one each, and a binding that joins two texts doubles what they hold.
    """
    doc: Doc = Doc(client_id=1)  # type: ignore[type-arg]  # nobody else is 1: ids are drawn at random
    blocks = doc.get(ROOT, type=XmlFragment).children
    blocks.append(XmlElement("paragraph"))
    blocks[0].children.append(XmlText())
    return doc.get_update()


def loaded(updates: Sequence[bytes], client_id: int) -> Doc:  # type: ignore[type-arg]
    """A document with these updates applied. Raises whatever pycrdt does for a damaged one, its panics too."""
    doc: Doc = Doc(client_id=client_id)  # type: ignore[type-arg]
    for update in updates:
        if update:
            doc.apply_update(update)
    return doc


def is_plain(doc: Doc) -> bool:  # type: ignore[type-arg]
    """Whether the root is a plain Yjs text, as code editors use, and not rich text."""
    return any(isinstance(part, str | dict) for part, _ in doc.get(ROOT, type=Text).diff())


def plain_text(doc: Doc) -> str:  # type: ignore[type-arg]
    """The text of a plain document."""
    return str(doc.get(ROOT, type=Text))


def text_of(doc: Doc) -> str:  # type: ignore[type-arg]
    """The text, a line for each block that holds some."""
    if is_plain(doc):
        return plain_text(doc)
    return "\n".join(line for block in blocks_of(doc) for line in lines_of(block))


def json_of(doc: Doc) -> Node:  # type: ignore[type-arg]
    """The document node."""
    if is_plain(doc):
        return {"type": "doc", "content": [paragraph(line) for line in plain_text(doc).split("\n")]}
    return {"type": "doc", "content": blocks_of(doc)}


def blocks_of(doc: Doc) -> list[Node]:  # type: ignore[type-arg]
    """The top-level nodes in order, texts included, although only blocks should be there."""
    with doc.transaction():
        return nodes_of(children_of(doc))


def children_of(doc: Doc) -> Any:  # type: ignore[type-arg]
    """The top-level children in Yjs."""
    return doc.get(ROOT, type=XmlFragment).children


def nodes_of(children: Any, depth: int = 0) -> list[Node]:
    """The nodes of some children; texts side by side are joined, as they are in editors."""
    nodes: list[Node] = []
    if depth > MAX_DEPTH:
        return nodes
    texts = 0
    for child in children:
        if isinstance(child, XmlText):
            nodes += texts_of(child)
            texts += 1
        elif isinstance(child, XmlElement):
            nodes.append(_element(child, depth))
    return joined(nodes) if texts > 1 else nodes


def texts_of(run: XmlText) -> list[Node]:
    texts = [text_node(part, marks_of(formats)) for part, formats in run.diff() if isinstance(part, str)]
    return joined(texts) if len(texts) > 1 else texts


def attributes_of(element: XmlElement) -> Node:
    given: Any = element.attributes  # its iterator lacks a type
    return {name: plain(value) for name, value in given}


def build(children: Any, index: int, node: Node) -> None:
    """Insert a node, then fill it: an element that is not in a document yet takes no formatted text."""
    if node["type"] == "text":
        build_text(children, index, [node])
        return
    attributes = {name: value for name, value in node.get("attrs", {}).items() if value is not None}
    children.insert(index, XmlElement(node["type"], attributes))
    inside = children[index].children
    content = node.get("content", [])
    if not content and node["type"] in TEXT_BLOCKS:
        inside.append(XmlText())  # or each of several people who begin in it would make one
    run: XmlText | None = None
    for child in content:
        if child["type"] != "text":
            run = None
            build(inside, len(inside), child)
            continue
        if run is None:  # adjacent texts share one XmlText
            inside.append(XmlText())
            run = inside[len(inside) - 1]
        run.insert(len(run), child["text"], formats_of(child.get("marks", [])))


def build_text(children: Any, index: int, texts: Sequence[Node]) -> None:
    """Insert texts as one run."""
    children.insert(index, XmlText())
    run = children[index]
    for node in texts:
        run.insert(len(run), node["text"], formats_of(node.get("marks", [])))


def _element(element: XmlElement, depth: int) -> Node:
    node: Node = {"type": element.tag}
    if attributes := attributes_of(element):
        node["attrs"] = attributes
    if content := nodes_of(element.children, depth + 1):
        node["content"] = content
    return node
