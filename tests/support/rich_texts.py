"""Documents as chance makes them: of everything the board's editor knows, and some things that it does not."""

import random

from roomful.richtext.nodes import LINK_ATTRIBUTES, Node, joined, text_node

WORDS = (
    "fly", "Größe", "漢字", "😀", "a*b", "_x_", "[y](z)", "<b>", "&amp;", "1.", "- -", "#", "`", "a|b", "\\", "~~",
    "> q", "![i]", "@[A](b)", "---", "[ ] t", "===", "http://x.y/z_w_", "é̈", "two  blanks", "!", "<br>", "\u00a0",
    "*", "+ x",
)  # fmt: skip
HIDDEN = ({"type": "underline"}, {"type": "comment", "attrs": {"id": "c1"}}, {"type": "comment", "attrs": {"id": "c2"}})
SHOWN = (
    {"type": "bold"},
    {"type": "italic"},
    {"type": "strike"},
    {"type": "link", "attrs": {"href": "https://example.com/a", **LINK_ATTRIBUTES, "title": None}},
)


class Chance:
    """Makes documents from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def blocks(self, most: int = 7) -> list[Node]:
        return [self._block(0) for _ in range(self._random.randint(1, most))]

    def changed(self, blocks: list[Node]) -> list[Node]:
        """The blocks with some of them new, gone, moved, or with other words."""
        result: list[Node] = []
        for block in blocks:
            match self._random.randint(0, 9):
                case 0:
                    continue
                case 1:
                    result += [self._block(0), block]
                case 2:
                    result.insert(0, block)
                case 3 | 4 | 5:
                    result.append(self._other_words(block))
                case _:
                    result.append(block)
        return result or [self._block(0)]

    def words(self) -> str:
        return " ".join(self._random.choice(WORDS) for _ in range(self._random.randint(1, 6)))

    def _block(self, depth: int) -> Node:
        kinds = ["paragraph"] * 5 + ["heading", "codeBlock", "horizontalRule", "image"]
        if depth < 3:
            kinds += ["bulletList", "orderedList", "taskList", "blockquote", "table", "callout"]
        match kind := self._random.choice(kinds):
            case "heading":
                return _with({"type": kind, "attrs": {"level": self._random.randint(1, 6)}}, self._inline())
            case "codeBlock":
                text = "\n".join(self.words() for _ in range(self._random.randint(0, 3)))
                attributes: Node = {"attrs": {"language": "js"}} if self._random.random() < 0.5 else {}
                return _with({"type": kind, **attributes}, [text_node(text)] if text else [])
            case "horizontalRule":
                return {"type": kind}
            case "image":
                return {"type": kind, "attrs": {"src": "https://example.com/a b.png", "alt": self.words()}}
            case "bulletList" | "orderedList" | "taskList":
                attributes = {"attrs": {"start": self._random.choice([1, 3])}} if kind == "orderedList" else {}
                return {"type": kind, **attributes, "content": self._items(kind, depth)}
            case "blockquote":
                return {"type": kind, "content": [self._block(depth + 1) for _ in range(self._random.randint(1, 3))]}
            case "table":
                return self._table()
            case "callout":
                return {"type": kind, "attrs": {"nested": {"a": [1, True, None, "z"]}, "n": self._random.randint(0, 9)}}
        return _with({"type": "paragraph"}, self._inline())

    def _items(self, kind: str, depth: int) -> list[Node]:
        items: list[Node] = []
        for _ in range(self._random.randint(1, 3)):
            item: Node = {"type": "taskItem" if kind == "taskList" else "listItem"}
            if kind == "taskList":
                item["attrs"] = {"checked": self._random.random() < 0.5}
            more = [self._block(depth + 1) for _ in range(self._random.choice([0, 0, 0, 1, 2]))]
            items.append({**item, "content": [_with({"type": "paragraph"}, self._inline()), *more]})
        return items

    def _table(self) -> Node:
        width = self._random.randint(1, 3)
        attributes: Node = {"colspan": 1, "rowspan": 1}
        if self._random.random() < 0.3:
            attributes["colwidth"] = [120]
        rows = []
        for number in range(self._random.randint(1, 3)):
            type_ = "tableCell" if number else "tableHeader"
            cells = [
                {"type": type_, "attrs": attributes, "content": [_with({"type": "paragraph"}, self._inline())]}
                for _ in range(width)
            ]
            rows.append({"type": "tableRow", "content": cells})
        return {"type": "table", "content": rows}

    def _inline(self) -> list[Node]:
        nodes: list[Node] = []
        for _ in range(self._random.randint(0, 4)):
            match self._random.randint(0, 9):
                case 0:
                    nodes.append({"type": "hardBreak"})
                case 1:
                    nodes.append(
                        {"type": "mention", "attrs": {"id": "u1", "label": "Ada [L]", "mentionSuggestionChar": "@"}}
                    )
                case 2:
                    nodes.append(text_node(self.words(), [{"type": "code"}]))
                case _:
                    nodes.append(text_node(self.words() + self._random.choice(["", " "]), self._marks()))
        return joined(nodes)

    def _marks(self) -> list[Node]:
        marks: list[Node] = []
        for mark in (*SHOWN, *HIDDEN):
            if self._random.random() < 0.2:
                marks.append(dict(mark))
        return marks

    def _other_words(self, node: Node) -> Node:
        if node["type"] == "text":
            words = node["text"].split(" ")
            words[self._random.randrange(len(words))] = self.words()
            return {**node, "text": " ".join(words) or "x"}
        if not node.get("content"):
            return node
        content = list(node["content"])
        place = self._random.randrange(len(content))
        content[place] = self._other_words(content[place])
        return {**node, "content": content}


def _with(node: Node, content: list[Node]) -> Node:
    return {**node, "content": content} if content else node
