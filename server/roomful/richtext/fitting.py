"""Fits nodes that were read from Markdown and HTML to the editor's schema."""

from collections.abc import Iterator, Sequence

from roomful.richtext.nodes import Node

_MUST_HOLD = {"blockquote": "paragraph", "tableCell": "paragraph", "tableHeader": "paragraph"}


def fitted(nodes: Sequence[Node]) -> list[Node]:
    """Lift images out of lines, add the paragraphs that the schema asks for, make rows equally long."""
    return [each for node in nodes for each in _fitted(node)]


def _fitted(node: Node) -> Iterator[Node]:
    type_, content = node["type"], node.get("content", [])
    if type_ in ("paragraph", "heading"):
        yield from _without_images(node, content)
        return
    if type_ not in ("listItem", "taskItem", "table", "tableRow", *_MUST_HOLD) and not type_.endswith("List"):
        yield node
        return
    content = fitted(content)
    if type_ in _MUST_HOLD and not content:
        content = [{"type": _MUST_HOLD[type_]}]
    if type_ in ("listItem", "taskItem") and (not content or content[0]["type"] != "paragraph"):
        content = [{"type": "paragraph"}, *content]
    if type_ == "table":
        content = _padded([row for row in content if row.get("content")])
    if content:
        yield {**node, "content": content}


def _without_images(node: Node, content: Sequence[Node]) -> Iterator[Node]:
    if not any(each["type"] == "image" for each in content):
        yield node
        return
    line: list[Node] = []
    for each in [*content, None]:
        if each is not None and each["type"] != "image":
            line.append(each)
            continue
        if any(part["type"] != "text" or part["text"].strip() for part in line):
            yield {**node, "content": line}
        line = []
        if each is not None:
            yield each


def _padded(rows: Sequence[Node]) -> list[Node]:
    """An editor pads rows that are too short when it opens the document, which would be a change by a reader."""
    if any(cell.get("attrs", {}).get("rowspan", 1) > 1 for row in rows for cell in row["content"]):
        return list(rows)
    widths = [sum(cell.get("attrs", {}).get("colspan", 1) for cell in row["content"]) for row in rows]
    empty = {"type": "tableCell", "attrs": {"colspan": 1, "rowspan": 1}, "content": [{"type": "paragraph"}]}
    return [
        {**row, "content": [*row["content"], *[empty] * (max(widths) - width)]}
        for row, width in zip(rows, widths, strict=True)
    ]
