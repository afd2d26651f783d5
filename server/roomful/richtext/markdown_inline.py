"""Texts, marks and mentions as Markdown."""

import re
from collections.abc import Sequence
from itertools import takewhile
from urllib.parse import quote

from roomful.richtext.align import same_in_front
from roomful.richtext.nodes import Node

MENTION = "mention://user/"

_SIGNS = {"bold": "**", "italic": "*", "strike": "~~"}
_ORDER = ("link", "strike", "bold", "italic")
_SPECIAL = re.compile(r"[\\`*\[\]<]|~~|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|\n")
_LINE_START = re.compile(r"(?:[-+#>=|:]|~~~)|(\d{1,9})([.)])")
# Looks back, or each blank of a long run would be tried as the beginning of its end.
_BLANK_ENDS = re.compile(r"^[^\S\n]+|(?<![^\S\n])[^\S\n]+$", re.MULTILINE)


class Inexpressible(Exception):
    """Markdown has no form for a node."""


def write_inline(content: Sequence[Node], *, with_marks: bool = True, is_line: bool = False) -> str:
    """Inline nodes as Markdown. Raises Inexpressible.

    `is_line`: all in one line, as in headings and cells. Without `with_marks` only code is marked.
    """
    return _Writer(content, with_marks=with_marks, is_line=is_line).written()


def write_image(attributes: Node) -> str:
    link = {"attrs": {"href": attributes.get("src"), "title": attributes.get("title")}}
    return f"![{_escaped(str(attributes.get('alt') or ''))}]{_target(link)}"


class _Writer:
    def __init__(self, content: Sequence[Node], *, with_marks: bool, is_line: bool) -> None:
        self._content = content
        self._parts: list[str] = []
        self._open: list[Node] = []
        self._with_marks = with_marks
        self._is_line = is_line

    def written(self) -> str:
        for number, node in enumerate(self._content):
            self._write(node, number)
        self._set([])
        text = "\n".join(map(_line_start, "".join(self._parts).split("\n")))
        return _BLANK_ENDS.sub(lambda found: "".join(f"&#{ord(each)};" for each in found[0]), text)

    def _write(self, node: Node, number: int) -> None:
        if node["type"] == "text":
            self._text(node, number)
            return
        self._set([])
        match node["type"]:
            case "hardBreak":
                is_last = number == len(self._content) - 1
                self._parts.append("<br>" if self._is_line or is_last else "\\\n")
            case "mention":
                attributes = node.get("attrs", {})
                label = _escaped(str(attributes.get("label") or ""))
                self._parts.append(f"@[{label}]({MENTION}{quote(str(attributes.get('id') or ''), safe='')})")
            case other:
                raise Inexpressible(other)

    def _text(self, node: Node, number: int) -> None:
        text = node["text"]
        if any(mark["type"] == "code" for mark in node.get("marks", [])):
            self._set([])
            self._parts.append(_code(text))
            return
        wanted, follow = self._wanted(number), self._marks(number + 1)
        bare = text.strip(" \t\n")
        front = text[: len(text) - len(text.lstrip(" \t\n"))] if bare else text
        if front:  # a sign before or after a blank opens or closes nothing
            self._set(self._open_in(wanted, wanted if bare else follow))
            self._parts.append(_escaped(front))
        if not bare:
            return
        self._set(wanted)
        self._parts.append(_escaped(bare))
        if back := text[len(front) + len(bare) :]:
            self._set(self._open_in(follow))
            self._parts.append(_escaped(back))

    def _open_in(self, *wanted: Sequence[Node]) -> list[Node]:
        """The open marks that all of these have, without those inside of one that closes: they would open anew."""
        return list(takewhile(lambda mark: all(mark in marks for marks in wanted), self._open))

    def _wanted(self, number: int) -> list[Node]:
        """The marks of a text, outermost first: those that are open, then those that go on for longest."""
        marks = self._marks(number)
        open_ = [mark for mark in self._open if mark in marks]
        new = [mark for mark in marks if mark not in open_]
        return [*open_, *sorted(new, key=lambda mark: (-self._length(mark, number), _ORDER.index(mark["type"])))]

    def _length(self, mark: Node, number: int) -> int:
        length = 0
        while mark in self._marks(number + length):
            length += 1
        return length

    def _marks(self, number: int) -> list[Node]:
        """The marks of a text that Markdown has signs for."""
        if not self._with_marks or number >= len(self._content):
            return []
        marks = self._content[number].get("marks", [])
        return [mark for mark in marks if mark["type"] in _ORDER] if {"type": "code"} not in marks else []

    def _set(self, wanted: Sequence[Node]) -> None:
        """Close the marks that end here, innermost first, and open those that begin."""
        same = same_in_front(self._open, wanted)
        for mark in reversed(self._open[same:]):
            self._parts.append(f"]{_target(mark)}" if mark["type"] == "link" else _SIGNS[mark["type"]])
        for mark in wanted[same:]:
            if mark["type"] == "link" and self._parts and self._parts[-1].endswith("!"):
                self._parts[-1] = f"{self._parts[-1][:-1]}\\!"  # or it would be a picture
            self._parts.append("[" if mark["type"] == "link" else _SIGNS[mark["type"]])
        self._open = list(wanted)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: "&#10;" if found[0] == "\n" else "".join(f"\\{c}" for c in found[0]), text)


def _line_start(line: str) -> str:
    found = _LINE_START.match(line)
    if found is None:
        return line
    number = found[1]
    return f"{number}\\{line[len(number) :]}" if number else f"\\{line}"


def _code(text: str) -> str:
    sign = "`"
    while re.search(rf"(?<!`){sign}(?!`)", text):
        sign += "`"
    needs_room = text.startswith("`") or text.endswith("`") or (text[0] == text[-1] == " " and bool(text.strip()))
    return f"{sign} {text} {sign}" if needs_room else f"{sign}{text}{sign}"


def _target(link: Node) -> str:
    attributes = link.get("attrs", {})
    href, title = str(attributes.get("href") or ""), attributes.get("title")
    if not href or re.search(r"[\s()<>\\&\x00-\x1f\x7f]", href):
        href = "<" + re.sub(r"[<>\\&]", lambda found: f"\\{found[0]}", href) + ">"
    if not title:
        return f"({href})"
    escaped = re.sub(r'["\\&]', lambda found: f"\\{found[0]}", str(title))
    return f'({href} "{escaped}")'
