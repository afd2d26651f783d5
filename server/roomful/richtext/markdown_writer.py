"""Documents as Markdown: CommonMark, with tables, task lists, strikethrough and mentions.

Content that Markdown can't express is left out (underline, comments, widths of columns) or fenced as JSON.
"""

import re
from collections.abc import Sequence

from roomful.richtext.fence import WORD, body_of, label_of
from roomful.richtext.markdown_inline import Inexpressible, write_image, write_inline
from roomful.richtext.nodes import Node

BLANK = "&nbsp;"
"""An empty paragraph, which has no form of its own."""

_LISTS = ("bulletList", "orderedList", "taskList")
_CLOSING = re.compile(r"(?<![\\#])#+$")
_LONGEST_RUN = re.compile(r"`+")


def write_block(node: Node, *, with_marks: bool = True, is_other: bool = False) -> str:
    """A block without a blank line around it. `is_other`: a list that follows one of its kind.

    Raises Inexpressible.
    """
    content, attributes = node.get("content", []), node.get("attrs", {})
    match node["type"]:
        case "paragraph":
            return write_inline(content, with_marks=with_marks) if content else BLANK
        case "heading":
            text = _CLOSING.sub(r"\\\g<0>", write_inline(content, with_marks=with_marks, is_line=True))
            return f"{'#' * attributes.get('level', 1)} {text}".rstrip(" ")
        case "blockquote":
            return _indented(write_blocks(content, with_marks=with_marks), "> ", "> ")
        case "bulletList" | "orderedList" | "taskList":
            return _list(node, with_marks, is_other)
        case "codeBlock":
            return _code(attributes.get("language") or "", "".join(each.get("text", "") for each in content))
        case "horizontalRule":
            return "---"
        case "image" if attributes.get("src"):
            return write_image(attributes)
        case "table":
            return _table(content, with_marks)
    raise Inexpressible(node["type"])


def fenced(node: Node) -> str:
    """The form of a node that Markdown has none for."""
    return f"```{WORD} {label_of(node)}\n{body_of(node)}\n```"


def write_blocks(nodes: Sequence[Node], *, with_marks: bool) -> str:
    """Blocks one below the other, those without a form as fences."""
    parts: list[str] = []
    is_other = False
    for number, node in enumerate(nodes):
        is_other = is_repeated(nodes, number, is_other=is_other)
        try:
            parts.append(write_block(node, with_marks=with_marks, is_other=is_other))
        except Inexpressible:
            parts.append(fenced(node))
    return "\n\n".join(parts)


def is_repeated(nodes: Sequence[Node], number: int, *, is_other: bool) -> bool:
    """Whether a list needs another marker than the list before it, or both would become one."""
    type_ = nodes[number]["type"]
    if not number or type_ not in _LISTS:
        return False
    before = nodes[number - 1]["type"]
    return not is_other and before in _LISTS and (type_ == "orderedList") == (before == "orderedList")


def _list(node: Node, with_marks: bool, is_other: bool) -> str:
    items: list[str] = []
    content = node.get("content", [])
    first = node.get("attrs", {}).get("start", 1)
    for number, item in enumerate(content):
        if node["type"] == "orderedList":
            marker = f"{first + number}{')' if is_other else '.'} "
        else:
            marker = "* " if is_other else "- "
        begin = marker
        if node["type"] == "taskList":
            begin += "[x] " if item.get("attrs", {}).get("checked") else "[ ] "
        items.append(_indented(_item(item.get("content", []), with_marks), begin, " " * len(marker)).rstrip(" "))
    is_tight = all(len(item.get("content", [])) <= 1 for item in content)
    return ("\n" if is_tight else "\n\n").join(items)


def _item(content: Sequence[Node], with_marks: bool) -> str:
    if content == [{"type": "paragraph"}]:
        return ""
    return write_blocks(content, with_marks=with_marks)


def _indented(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(f"{rest}{line}" if line or rest.strip() else "" for line in lines[1:])])


def _code(language: str, text: str) -> str:
    if "`" in language or "\n" in language or language.split(" ")[0] == WORD:
        raise Inexpressible("codeBlock")
    fence = "`" * max(3, 1 + max(map(len, _LONGEST_RUN.findall(text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}" if text else f"{fence}{language}\n{fence}"


def _table(rows: Sequence[Node], with_marks: bool) -> str:
    cells = [row.get("content", []) for row in rows]
    width = len(cells[0]) if cells else 0
    if not width or any(len(row) != width for row in cells):
        raise Inexpressible("table")
    for number, row in enumerate(cells):
        for cell in row:
            if cell["type"] != ("tableCell" if number else "tableHeader") or not _is_simple(cell):
                raise Inexpressible("table")
    lines = ["| " + " | ".join(_cell(cell, with_marks) for cell in row) + " |" for row in cells]
    marks = [_ALIGNMENTS.get(cell.get("attrs", {}).get("align"), "---") for cell in cells[0]]
    return "\n".join([lines[0], "| " + " | ".join(marks) + " |", *lines[1:]])


def _is_simple(cell: Node) -> bool:
    attributes, content = cell.get("attrs", {}), cell.get("content", [])
    is_single = attributes.get("colspan", 1) == 1 and attributes.get("rowspan", 1) == 1
    return is_single and len(content) == 1 and content[0]["type"] == "paragraph"


def _cell(cell: Node, with_marks: bool) -> str:
    text = write_inline(cell["content"][0].get("content", []), with_marks=with_marks, is_line=True)
    return text.replace("|", "\\|")


_ALIGNMENTS = {"left": ":--", "center": ":-:", "right": "--:"}
