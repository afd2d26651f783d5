"""HTML as a document. Unknown elements become their content; scripts, styles and forms are dropped."""

import re
from collections.abc import Iterator, Sequence

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from roomful.errors import Invalid
from roomful.richtext.fence import WORD, Kept, unfenced
from roomful.richtext.fitting import fitted
from roomful.richtext.html.elements import (
    MARKS,
    cell_attributes,
    children_of,
    image_of,
    is_checked,
    mark_of,
    mention_of,
)
from roomful.richtext.nodes import Node, filled, is_inline, joined, text_node
from roomful.richtext.schema import IMAGE_SCHEMES, LINK_SCHEMES

MAX_TAGS_DEEP = 200

_CONTAINERS = {"blockquote": "blockquote", "tr": "tableRow", "td": "tableCell", "th": "tableHeader"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_THROUGH = ("div", "section", "article", "main", "header", "footer", "aside", "nav", "figure", "figcaption", "address",
            "dl", "dt", "dd", "details", "summary", "body", "center", "caption")  # fmt: skip
_TAGS = {
    *MARKS, *_CONTAINERS, *_HEADINGS, *_THROUGH,
    "p", "br", "hr", "ul", "ol", "li", "pre", "a", "img", "table", "thead", "tbody", "tfoot", "span", "input", "label",
}  # fmt: skip
_TAGS.discard("body")
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "ul": {"data-type"},
    "li": {"data-type", "data-checked"},
    "code": {"class"},
    "span": {"data-type", "data-id", "data-label"},
    "pre": {f"data-{WORD}"},
    "input": {"type", "checked"},
    **{tag: {"colspan", "rowspan", "colwidth", "align"} for tag in ("td", "th")},
    **{tag: {"style"} for tag in ("p", *_HEADINGS)},
}
_SCHEMES = {scheme for scheme in (*LINK_SCHEMES, *IMAGE_SCHEMES) if scheme}
_SPACE = re.compile(r"[ \t\n\f\r]+")
_PRESERVES = re.compile(r"white-space:\s*(pre|break-spaces)")


def read_html(html: str, kept: Kept | None = None) -> list[Node]:
    """The blocks of a page or a part of one; one empty paragraph if it is empty. Raises Invalid.

    `kept` are the nodes of the document, for `<pre data-roomful>` without a readable body.
    """
    clean = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "template", "noscript", "textarea", "select", "iframe"},
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    body = LexborHTMLParser(clean).body
    blocks = _Reader(kept or {}).blocks(body, 0) if body is not None else []
    return fitted(blocks) or [{"type": "paragraph"}]


class _Reader:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def blocks(self, parent: LexborNode, depth: int) -> list[Node]:
        """The blocks in an element; text between them becomes paragraphs."""
        _require_shallow(depth)
        blocks: list[Node] = []
        line: list[Node] = []
        for part in self._parts(parent, (), depth, keeps_space=False):
            if not is_inline(part):
                blocks += [*_paragraph(line), part]
                line = []
            else:
                line.append(part)
        return [*blocks, *_paragraph(line)]

    def _parts(self, parent: LexborNode, marks: Sequence[Node], depth: int, *, keeps_space: bool) -> Iterator[Node]:
        """Blocks and inline nodes in the order of the page."""
        _require_shallow(depth)
        child = parent.child
        while child is not None:
            tag = child.tag
            if tag == "-text":
                text = child.text_content or ""
                if text := text if keeps_space else _SPACE.sub(" ", text):
                    yield text_node(text, marks)
            elif tag in MARKS or tag == "a":
                yield from self._parts(child, _with_mark(marks, mark_of(child)), depth + 1, keeps_space=keeps_space)
            elif tag == "br":
                yield {"type": "hardBreak"}
            elif tag == "img":
                yield from image_of(child)
            elif tag == "span" and child.attributes.get("data-type") == "mention":
                yield mention_of(child)
            elif tag in ("span", "label", "input", "-comment"):
                yield from self._parts(child, marks, depth + 1, keeps_space=keeps_space)
            elif (found := self._block(child, depth + 1)) is not None:
                yield found
            else:
                yield from _as_blocks(self.blocks(child, depth + 1))
            child = child.next

    def _block(self, element: LexborNode, depth: int) -> Node | None:
        tag, attributes = element.tag or "", element.attributes
        if tag == "p" or tag in _HEADINGS:
            return self._line(element, depth)
        if tag == "hr":
            return {"type": "horizontalRule"}
        if tag == "pre":
            return self._pre(element)
        if tag in ("ul", "ol"):
            return self._list(element, depth)
        if tag == "table":
            return filled({"type": "table"}, self._rows(element, depth))
        if tag in _CONTAINERS:
            node: Node = {"type": _CONTAINERS[tag]}
            if tag in ("td", "th"):
                node["attrs"] = cell_attributes(attributes)
            if tag == "tr":
                return filled(node, [n for n in self.blocks(element, depth) if n["type"].startswith("table")])
            return filled(node, self.blocks(element, depth))
        return None

    def _line(self, element: LexborNode, depth: int) -> Node:
        keeps = _PRESERVES.search(element.attributes.get("style") or "") is not None
        content = list(self._parts(element, (), depth, keeps_space=keeps))
        content = [each for each in content if is_inline(each) or each["type"] == "image"]
        node: Node = {"type": "paragraph"}
        if element.tag in _HEADINGS:
            node = {"type": "heading", "attrs": {"level": _HEADINGS[element.tag]}}
        return filled(node, joined(content) if keeps else _collapsed(content))

    def _pre(self, element: LexborNode) -> Node:
        label = element.attributes.get(f"data-{WORD}")
        text = element.text(deep=True)
        if label is not None:
            return unfenced(label, text, self._kept)
        code = element.css_first("code[class]")
        name = (code.attributes.get("class") or "") if code is not None else ""
        node: Node = {"type": "codeBlock"}
        if name.startswith("language-"):
            node["attrs"] = {"language": name.removeprefix("language-")}
        return filled(node, [text_node(text)] if text else [])

    def _list(self, element: LexborNode, depth: int) -> Node:
        items = [each for each in children_of(element) if each.tag == "li"]
        contents = [self.blocks(item, depth + 1) for item in items]
        checks = [is_checked(item) for item in items]
        if items and element.tag == "ul" and all(check is not None for check in checks):
            tasks = [
                filled({"type": "taskItem", "attrs": {"checked": check}}, content)
                for check, content in zip(checks, contents, strict=True)
            ]
            return {"type": "taskList", "content": tasks}
        node: Node = {"type": "bulletList"}
        if element.tag == "ol":
            start = element.attributes.get("start") or "1"
            number = int(start) if re.fullmatch(r"\d{1,9}", start) else 1
            node = {"type": "orderedList", "attrs": {"start": number}}
        return filled(node, [filled({"type": "listItem"}, content) for content in contents])

    def _rows(self, table: LexborNode, depth: int) -> list[Node]:
        _require_shallow(depth)
        rows: list[Node] = []
        for child in children_of(table):
            if child.tag == "tr":
                rows += [row for row in [self._block(child, depth + 1)] if row is not None]
            elif child.tag in ("thead", "tbody", "tfoot"):
                rows += self._rows(child, depth + 1)
        return rows


def _require_shallow(depth: int) -> None:
    if depth > MAX_TAGS_DEEP:
        message = f"is nested deeper than {MAX_TAGS_DEEP} tags"
        raise Invalid(f"The body {message}.", details=[{"field": "body", "message": message, "type": "value_error"}])


def _as_blocks(blocks: Sequence[Node]) -> Iterator[Node]:
    """The blocks of an element that is no node itself; rows and cells outside of tables become their content."""
    for block in blocks:
        if block["type"] in ("tableRow", "tableCell", "tableHeader"):
            yield from _as_blocks(block.get("content", []))
        else:
            yield block


def _paragraph(line: Sequence[Node]) -> list[Node]:
    content = _collapsed(line)
    return [{"type": "paragraph", "content": content}] if content else []


def _collapsed(line: Sequence[Node]) -> list[Node]:
    """Collapse blanks as HTML does: one between words, none at the ends of a line."""
    result: list[Node] = []
    is_after_space = True
    for node in line:
        if node["type"] != "text":
            if node["type"] == "hardBreak":
                _strip_end(result)
            result.append(node)
            is_after_space = node["type"] == "hardBreak"
            continue
        text = node["text"].removeprefix(" ") if is_after_space else node["text"]
        if text:
            result.append({**node, "text": text})
            is_after_space = text.endswith(" ")
    _strip_end(result)
    return joined(result)


def _strip_end(nodes: list[Node]) -> None:
    if nodes and nodes[-1]["type"] == "text" and nodes[-1]["text"].endswith(" "):
        last = nodes.pop()
        if text := last["text"][:-1]:
            nodes.append({**last, "text": text})


def _with_mark(marks: Sequence[Node], mark: Node | None) -> Sequence[Node]:
    types = [each["type"] for each in marks]
    if mark is None or mark["type"] in types or "code" in types:
        return marks
    return [mark] if mark["type"] == "code" else [*marks, mark]
