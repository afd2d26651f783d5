"""Documents as HTML: the tags that Tiptap writes and reads.

Marks without a tag (comments) are left out; nodes without one stand as JSON in `<pre data-roomful>`.
"""

import re
from collections.abc import Sequence
from html import escape

from roomful.richtext.fence import WORD, body_of, label_of
from roomful.richtext.markdown_inline import Inexpressible
from roomful.richtext.nodes import Node
from roomful.richtext.schema import IMAGE_SCHEMES, is_safe_link

_MARK_TAGS = {"bold": "strong", "italic": "em", "strike": "s", "underline": "u", "code": "code"}
_COLLAPSES = re.compile(r"^[ \t\n\f\r]|[ \t\n\f\r]$|[ \t\n\f\r]{2}|[\t\n\f\r]")
PRESERVED = "white-space: pre-wrap"

_PLAIN_TAGS = {
    "blockquote": "<blockquote>",
    "bulletList": "<ul>",
    "listItem": "<li>",
    "taskList": '<ul data-type="taskList">',
    "tableRow": "<tr>",
}


def write_html(node: Node) -> str:
    """A block. Raises Inexpressible."""
    content, attributes = node.get("content", []), node.get("attrs", {})
    match node["type"]:
        case "paragraph":
            return _line("p", content)
        case "heading":
            return _line(f"h{attributes.get('level', 1)}", content)
        case "codeBlock":
            language = attributes.get("language")
            name = f' class="language-{escape(language)}"' if language else ""
            text = "".join(each.get("text", "") for each in content)
            return f"<pre><code{name}>{escape(text, quote=False)}</code></pre>"
        case "horizontalRule":
            return "<hr>"
        case "image" if attributes.get("src") and is_safe_link(attributes["src"], IMAGE_SCHEMES):
            return f"<img{_attributes(attributes, ('src', 'alt', 'title', 'width', 'height'))}>"
        case "orderedList":
            start = int(attributes.get("start", 1))
            begin = f'<ol start="{start}">' if start != 1 else "<ol>"
            return f"{begin}{_all(content)}</ol>"
        case "taskItem":
            checked = "true" if attributes.get("checked") else "false"
            return f'<li data-type="taskItem" data-checked="{checked}">{_all(content)}</li>'
        case "table":
            return f"<table><tbody>{_all(content)}</tbody></table>"
        case "tableHeader" | "tableCell":
            return _cell("th" if node["type"] == "tableHeader" else "td", attributes, content)
        case type_ if type_ in _PLAIN_TAGS:
            tag = _PLAIN_TAGS[type_]
            return f"{tag}{_all(content)}</{tag[1:].rstrip('>').split(' ')[0]}>"
    raise Inexpressible(node["type"])


def preformatted(node: Node) -> str:
    """The form of a node that HTML has no tags for."""
    return f'<pre data-{WORD}="{escape(label_of(node))}">{escape(body_of(node), quote=False)}</pre>'


def _all(content: Sequence[Node]) -> str:
    return "".join(map(_block, content))


def _block(node: Node) -> str:
    try:
        return write_html(node)
    except Inexpressible:
        return preformatted(node)


def _line(tag: str, content: Sequence[Node]) -> str:
    """A paragraph or heading; blanks that HTML would collapse are preserved by a style."""
    texts = "".join(node["text"] if node["type"] == "text" else "\ufffc" for node in content)
    style = f' style="{PRESERVED}"' if _COLLAPSES.search(texts) or "\ufffc " in texts or " \ufffc" in texts else ""
    return f"<{tag}{style}>{''.join(map(_inline, content))}</{tag}>"


def _inline(node: Node) -> str:
    match node["type"]:
        case "hardBreak":
            return "<br>"
        case "mention":
            attributes = node.get("attrs", {})
            id_, label = attributes.get("id") or "", attributes.get("label") or ""
            label_attribute = f' data-label="{escape(str(label))}"' if label else ""
            return (
                f'<span data-type="mention" data-id="{escape(str(id_))}"{label_attribute}>'
                f"@{escape(str(label or id_))}</span>"
            )
        case "text":
            html = escape(node["text"], quote=False)
            for mark in reversed(node.get("marks", [])):
                html = _marked(html, mark)
            return html
    raise Inexpressible(node["type"])


def _marked(html: str, mark: Node) -> str:
    if mark["type"] == "link":
        if not is_safe_link(mark.get("attrs", {}).get("href")):
            return html
        return f"<a{_attributes(mark.get('attrs', {}), ('href', 'target', 'rel', 'class', 'title'))}>{html}</a>"
    tag = _MARK_TAGS.get(mark["type"])
    return html if tag is None else f"<{tag}>{html}</{tag}>"


def _cell(tag: str, attributes: Node, content: Sequence[Node]) -> str:
    spans = {name: attributes[name] for name in ("colspan", "rowspan") if attributes.get(name, 1) != 1}
    widths = attributes.get("colwidth")
    if widths:
        spans["colwidth"] = ",".join(str(each or 0) for each in widths)
    if attributes.get("align"):
        spans["align"] = attributes["align"]
    return f"<{tag}{_attributes(spans, tuple(spans))}>{_all(content)}</{tag}>"


def _attributes(attributes: Node, names: Sequence[str]) -> str:
    given = [(name, attributes[name]) for name in names if attributes.get(name) is not None]
    return "".join(f' {name}="{escape(str(value))}"' for name, value in given)
