"""The mirror of the editor's schema."""

from typing import Any

import pytest

from roomful.errors import Invalid
from roomful.richtext.nodes import Node, paragraph, text_node
from roomful.richtext.schema import is_safe_link, require_valid


def cell(type_: str = "tableCell", **attrs: Any) -> Node:
    return {"type": type_, "attrs": attrs, "content": [paragraph("x")]}


BAD: list[tuple[Node, str]] = [
    ({"type": "callout"}, "content.0"),
    ({"type": "listItem", "content": [paragraph()]}, "content.0"),
    ({"type": "blockquote"}, "content.0"),
    ({"type": "bulletList", "content": [{"type": "listItem"}]}, "content.0.content.0"),
    ({"type": "paragraph", "content": [paragraph()]}, "content.0"),
    ({"type": "paragraph", "content": [{"type": "horizontalRule"}]}, "content.0"),
    ({"type": "paragraph", "content": [text_node("x", [{"type": "glow"}])]}, "content.0.content.0"),
    ({"type": "codeBlock", "content": [text_node("x", [{"type": "bold"}])]}, "content.0.content.0"),
    ({"type": "paragraph", "content": [text_node("x", [{"type": "bold"}, {"type": "code"}])]}, "content.0.content.0"),
    ({"type": "heading", "attrs": {"level": 9}}, "content.0.attrs.level"),
    ({"type": "heading", "attrs": {"level": True}}, "content.0.attrs.level"),
    ({"type": "paragraph", "attrs": {"x": 1}}, "content.0.attrs.x"),
    ({"type": "image", "attrs": {"alt": "x"}}, "content.0.attrs.src"),
    ({"type": "image", "attrs": {"src": "javascript:x"}}, "content.0.attrs.src"),
    (
        {"type": "table", "content": [{"type": "tableRow", "content": [cell(colspan=0)]}]},
        "content.0.content.0.content.0",
    ),
    (
        {"type": "paragraph", "content": [text_node("x", [{"type": "link", "attrs": {"href": "java\nscript:x"}}])]},
        "content.0.content.0.attrs.href",
    ),
]


@pytest.mark.parametrize(("block", "where"), BAD)
def test_what_an_editor_would_delete_is_refused(block: Node, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_valid([block], [])
    assert refused.value.details is not None
    assert str(refused.value.details[0]["field"]).startswith(where)


@pytest.mark.parametrize(("block", "where"), BAD)
def test_what_the_document_has_already_is_let_be(block: Node, where: str) -> None:
    require_valid([paragraph("new"), block], [block])


def test_an_unknown_node_within_a_changed_block() -> None:
    callout: Node = {"type": "callout", "attrs": {"n": 1}}
    quote: Node = {"type": "blockquote", "content": [callout]}
    require_valid([{"type": "blockquote", "content": [callout, paragraph("new")]}], [quote])
    with pytest.raises(Invalid):
        require_valid([{"type": "blockquote", "content": [{**callout, "attrs": {"n": 2}}]}], [quote])


def test_addresses() -> None:
    assert all(map(is_safe_link, ("https://x", "mailto:a@b", "/x", "#x", "x.html", "HTTPS://x")))
    bad = ("javascript:x", "JaVa\tScript:x", "\x01javascript:x", "data:x", "vbscript:x", "file:///x", None, 1)
    assert not any(map(is_safe_link, bad))
