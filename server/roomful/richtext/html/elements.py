"""Single HTML elements as nodes, marks and attributes."""

import re
from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborNode

from roomful.richtext.nodes import LINK_ATTRIBUTES, Node, text_node
from roomful.richtext.schema import IMAGE_SCHEMES, is_safe_link

MARKS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("s", "del", "strike"), "strike"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "code"),
}


def children_of(element: LexborNode) -> Iterator[LexborNode]:
    child = element.child
    while child is not None:
        yield child
        child = child.next


def mark_of(element: LexborNode) -> Node | None:
    """The mark of an inline element; None for a link to an address that is not allowed."""
    if element.tag != "a":
        return {"type": MARKS[element.tag or ""]}
    href = element.attributes.get("href")
    if not href or not is_safe_link(href):
        return None
    title = element.attributes.get("title")
    return {"type": "link", "attrs": {"href": href, **LINK_ATTRIBUTES, "title": title}}


def image_of(element: LexborNode) -> Iterator[Node]:
    """An image; its description if its address is not allowed."""
    given = {name: value for name, value in element.attributes.items() if value}
    if is_safe_link(given.get("src"), IMAGE_SCHEMES):
        attributes: Node = {name: given[name] for name in ("src", "alt", "title") if name in given}
        for name in ("width", "height"):
            if re.fullmatch(r"\d{1,5}", given.get(name, "")):
                attributes[name] = int(given[name])
        yield {"type": "image", "attrs": attributes}
    elif given.get("alt"):
        yield text_node(str(given["alt"]))


def mention_of(element: LexborNode) -> Node:
    given = {"id": element.attributes.get("data-id"), "label": element.attributes.get("data-label")}
    attributes = {name: value for name, value in given.items() if value}
    return {"type": "mention", "attrs": {**attributes, "mentionSuggestionChar": "@"}}


def is_checked(item: LexborNode) -> bool | None:
    """Whether the task of a list item is done; None for an item that is no task."""
    if item.attributes.get("data-type") == "taskItem":
        return item.attributes.get("data-checked") == "true"
    box = next((child for child in children_of(item) if child.tag in ("input", "label")), None)
    if box is not None and box.tag == "label":
        box = box.css_first("input")
    return None if box is None or box.attributes.get("type") != "checkbox" else "checked" in box.attributes


def cell_attributes(attributes: Mapping[str, str | None]) -> Node:
    cell: Node = {}
    for name in ("colspan", "rowspan"):
        value = attributes.get(name) or "1"
        cell[name] = max(1, min(1_000, int(value))) if re.fullmatch(r"\d{1,6}", value) else 1
    if re.fullmatch(r"\d{1,5}(,\d{1,5})*", attributes.get("colwidth") or ""):
        cell["colwidth"] = [int(each) for each in str(attributes["colwidth"]).split(",")]
    if attributes.get("align") in ("left", "center", "right"):
        cell["align"] = attributes["align"]
    return cell
