"""Markdown as a document."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import takewhile
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from roomful.errors import Invalid
from roomful.richtext.fence import WORD, Kept, unfenced
from roomful.richtext.fitting import fitted
from roomful.richtext.json_reader import MAX_DEPTH
from roomful.richtext.markdown_inline import MENTION
from roomful.richtext.nodes import LINK_ATTRIBUTES, Node, filled, joined, text_node
from roomful.richtext.schema import IMAGE_SCHEMES, is_safe_link

_MARKS = {"strong": "bold", "em": "italic", "s": "strike"}
_TASK = re.compile(r"\[([ xX])\](?: |$)")
_MAX_NESTING = 4 * MAX_DEPTH
"""Above the depth that is refused: the parser drops deeper content without a word."""

_MAX_INLINE_NESTING = 20
"""The parser's own. Brackets are text beyond, and each takes time by it."""


def read_markdown(text: str, kept: Kept | None = None, *, keep_lines: bool = False) -> list[Node]:
    """The blocks of a text; an empty text is one empty paragraph.

    `kept` are the nodes of the document, for fences without a readable body. With `keep_lines` every line break in a
    paragraph stays one, as people mean it who type into a plain field. Raises Invalid.
    """
    tokens = _parser().parse(text)
    if keep_lines:
        for child in (child for token in tokens for child in token.children or [] if child.type == "softbreak"):
            child.type = "hardbreak"
    if any(token.level > 2 * MAX_DEPTH for token in tokens):
        message = f"is nested deeper than {MAX_DEPTH}"
        raise Invalid(f"The body {message}.", details=[{"field": "body", "message": message, "type": "value_error"}])
    return fitted(_Blocks(tokens, kept or {}).read()) or [{"type": "paragraph"}]


@cache
def _parser() -> MarkdownIt:
    parser = _new_parser(_MAX_NESTING)
    in_lines = _new_parser(_MAX_INLINE_NESTING)

    def inline(state: StateCore) -> None:
        for token in state.tokens:
            if token.type == "inline" and token.children is not None:
                in_lines.inline.parse(token.content, in_lines, state.env, token.children)

    parser.core.ruler.at("inline", inline)
    return parser


def _new_parser(max_nesting: int) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": max_nesting})
    parser.enable(["table", "strikethrough"])
    parser.inline.ruler.before("autolink", "line_break", _line_break)
    # Addresses stay as they were written.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    parser.validateLink = lambda url: url.startswith(MENTION) or is_safe_link(url)  # type: ignore[method-assign]
    return parser


def _line_break(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("<br>", state.pos):
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos += 4
    return True


class _Blocks:
    """Reads the parser's flat list of tokens, in which each container opens and closes."""

    def __init__(self, tokens: Sequence[Token], kept: Kept) -> None:
        self._tokens = iter(tokens)
        self._kept = kept
        self._has_box: dict[int, bool] = {}

    def read(self, until: str = "") -> list[Node]:
        nodes: list[Node] = []
        for token in self._tokens:
            if token.type == until:
                break
            nodes += self._node(token)
        return nodes

    def _node(self, token: Token) -> list[Node]:
        match token.type:
            case "paragraph_open" | "heading_open":
                raw, content = self._inline()
                if token.type == "heading_open":
                    return [filled({"type": "heading", "attrs": {"level": int(token.tag[1:])}}, content)]
                node = _paragraph(content)
                self._has_box[id(node)] = _TASK.match(raw) is not None  # the node lives until its list is read
                return [node]
            case "blockquote_open":
                return [filled({"type": "blockquote"}, self.read("blockquote_close"))]
            case "bullet_list_open" | "ordered_list_open":
                return self._lists(token)
            case "list_item_open":
                return [filled({"type": "listItem"}, self.read("list_item_close"))]
            case "fence" | "code_block":
                return [self._code(token)]
            case "hr":
                return [{"type": "horizontalRule"}]
            case "table_open":
                return [filled({"type": "table"}, self.read("table_close"))]
            case "tr_open":
                return [filled({"type": "tableRow"}, self.read("tr_close"))]
            case "th_open" | "td_open":
                return [self._cell(token)]
        return []

    def _inline(self) -> tuple[str, list[Node]]:
        """The source of some inline content, and its nodes."""
        token = next(self._tokens)
        next(self._tokens)
        return token.content, joined(_inline_nodes(token.children or []))

    def _lists(self, token: Token) -> list[Node]:
        items = self.read(token.type.replace("open", "close"))
        if token.type == "ordered_list_open":
            start = token.attrs.get("start", 1)
            return [filled({"type": "orderedList", "attrs": {"start": int(start)}}, items)]
        tasks = [_task(item, self._begins_with_box(item)) for item in items]
        if tasks and all(tasks):
            return [filled({"type": "taskList"}, [task for task in tasks if task])]
        return [filled({"type": "bulletList"}, items)]

    def _begins_with_box(self, item: Node) -> bool:
        return any(self._has_box.get(id(node), False) for node in item.get("content", [])[:1])

    def _code(self, token: Token) -> Node:
        info = token.info.strip() if token.type == "fence" else ""
        text = token.content.removesuffix("\n")
        if info.split(" ")[0] == WORD:
            return unfenced(info, text, self._kept)
        node: Node = {"type": "codeBlock"}
        if info:
            node["attrs"] = {"language": info}
        return filled(node, [text_node(text)] if text else [])

    def _cell(self, token: Token) -> Node:
        attributes: Node = {"colspan": 1, "rowspan": 1}
        if found := re.search(r"text-align:(\w+)", str(token.attrs.get("style", ""))):
            attributes["align"] = found[1]
        paragraph = filled({"type": "paragraph"}, self._inline()[1])
        type_ = "tableHeader" if token.type == "th_open" else "tableCell"
        return {"type": type_, "attrs": attributes, "content": [paragraph]}


def _task(item: Node, has_box: bool) -> Node | None:
    """A list item that begins with a box, as a task."""
    if not has_box:
        return None
    first, *rest = item["content"]
    content = first.get("content", [])
    found = _TASK.match(content[0].get("text", "")) if content else None
    if found is None or content[0].get("marks"):
        return None
    left = content[0]["text"][found.end() :]
    content = [text_node(left), *content[1:]] if left else content[1:]
    task: Node = {"type": "taskItem", "attrs": {"checked": found[1] != " "}}
    return filled(task, [_paragraph(content), *rest])


def _paragraph(content: Sequence[Node]) -> Node:
    return {"type": "paragraph"} if list(content) == [text_node("\u00a0")] else filled({"type": "paragraph"}, content)


def _inline_nodes(tokens: Sequence[Token]) -> list[Node]:
    nodes: list[Node] = []
    marks: list[Node] = []
    reading = iter(tokens)
    for token in reading:
        match token.type:
            case "text" | "text_special" if token.content:
                nodes.append(text_node(token.content, list({mark["type"]: mark for mark in marks}.values())))
            case "code_inline" if token.content:
                nodes.append(text_node(token.content, [{"type": "code"}]))
            case "softbreak":
                nodes.append(text_node(" ", marks))
            case "hardbreak":
                nodes.append({"type": "hardBreak"})
            case "image":
                nodes.append(_image(token))
            case "link_open" if str(token.attrs.get("href", "")).startswith(MENTION):
                nodes = _with_mention(nodes, token, reading)
            case "link_open":
                marks = [*marks, _link(token)]
            case "strong_open" | "em_open" | "s_open":
                marks = [*marks, {"type": _MARKS[token.type.removesuffix("_open")]}]
            case "link_close" | "strong_close" | "em_close" | "s_close":
                marks = marks[:-1]
    return nodes


def _with_mention(nodes: list[Node], token: Token, reading: Iterator[Token]) -> list[Node]:
    """`@[Ada](mention://user/ID)`: a link of this kind after an @ is a mention, elsewhere only its text."""
    inside = takewhile(lambda each: each.type != "link_close", reading)
    label = "".join(each.content for each in inside)
    if not nodes or not nodes[-1].get("text", "").endswith("@"):
        return [*nodes, text_node(label)] if label else nodes
    last = nodes.pop()
    if left := last["text"][:-1]:
        nodes.append({**last, "text": left})
    attributes = {"id": unquote(str(token.attrs["href"])[len(MENTION) :]), "label": label}
    attributes = {name: value for name, value in attributes.items() if value}
    return [*nodes, {"type": "mention", "attrs": {**attributes, "mentionSuggestionChar": "@"}}]


def _image(token: Token) -> Node:
    attributes: Node = {"src": token.attrs.get("src", "")}
    if alt := "".join(each.content for each in token.children or []):
        attributes["alt"] = alt
    if title := token.attrs.get("title"):
        attributes["title"] = title
    if not is_safe_link(attributes["src"], IMAGE_SCHEMES) or not attributes["src"]:
        return text_node(attributes.get("alt") or "\ufffc")
    return {"type": "image", "attrs": attributes}


def _link(token: Token) -> Node:
    title = token.attrs.get("title")
    return {"type": "link", "attrs": {"href": token.attrs.get("href", ""), **LINK_ATTRIBUTES, "title": title}}
