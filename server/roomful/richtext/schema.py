"""The server's mirror of the board's schema: an editor deletes what its schema does not allow, for everyone.

`schema.json` holds the nodes and marks of the board's editor as Tiptap's `getSchema` gives them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import msgspec

from roomful.errors import Invalid
from roomful.richtext.nodes import Node, key, walk

MAX_PROBLEMS = 20
_KEPT = "\uffff"
"""Stands in content for a node that no schema knows, but the document has."""

LINK_SCHEMES = ("", "http", "https", "mailto", "tel", "sms", "ftp", "ftps", "xmpp", "callto", "cid")
IMAGE_SCHEMES = ("", "http", "https")


class NodeRule(msgspec.Struct):
    content: str
    group: str
    inline: bool
    marks: str
    attrs: dict[str, dict[str, Any]]


class MarkRule(msgspec.Struct):
    excludes: str
    attrs: dict[str, dict[str, Any]]


class Rules(msgspec.Struct):
    nodes: dict[str, NodeRule]
    marks: dict[str, MarkRule]


@cache
def rules() -> Rules:
    return msgspec.json.decode(files("roomful.richtext").joinpath("schema.json").read_bytes(), type=Rules)


def require_valid(goal: Sequence[Node], base: Sequence[Node]) -> None:
    """Refuse what an editor would delete or could not show, unless the document has it already.

    Raises Invalid, with the problems in its details.
    """
    same = {key(block) for block in base}
    changed = [(number, block) for number, block in enumerate(goal) if key(block) not in same]
    problems = list(_problems(goal, changed, _Known(base)))
    if problems:
        details = [{"field": where, "message": why, "type": "schema"} for where, why in problems[:MAX_PROBLEMS]]
        raise Invalid(f"{details[0]['field']} {details[0]['message']}.", details=details)


def is_safe_link(href: object, schemes: Sequence[str] = LINK_SCHEMES) -> bool:
    """Whether an address has no scheme or an allowed one. Browsers ignore controls and blanks in schemes."""
    if not isinstance(href, str):
        return False
    bare = re.sub(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u200b-\u200f\ufeff]", "", href)
    try:
        return urlsplit(bare).scheme.lower() in schemes
    except ValueError:
        return False


class _Known:
    """The nodes and marks that the document has already."""

    def __init__(self, base: Sequence[Node]) -> None:
        self._base = base
        self._keys: tuple[set[bytes], set[bytes]] | None = None

    def has_node(self, node: Node) -> bool:
        return key(_bare(node)) in self._read()[0]

    def has_mark(self, mark: Node) -> bool:
        return key(mark) in self._read()[1]

    def _read(self) -> tuple[set[bytes], set[bytes]]:
        if self._keys is None:
            nodes = list(walk(self._base))
            marks = {key(mark) for node in nodes for mark in node.get("marks", [])}
            self._keys = {key(_bare(node)) for node in nodes}, marks
        return self._keys


def _problems(goal: Sequence[Node], changed: Sequence[tuple[int, Node]], known: _Known) -> Iterator[tuple[str, str]]:
    if not goal:
        yield "content", "must hold a block"
    for number, block in changed:
        where = f"content.{number}"
        rule = rules().nodes.get(block["type"])
        if rule is not None and (block["type"] == "doc" or "block" not in rule.group.split()):
            yield where, f"{block['type']} can't stand there"
        else:
            yield from _node_problems(block, where, known)


def _node_problems(node: Node, where: str, known: _Known) -> Iterator[tuple[str, str]]:
    rule, content = rules().nodes.get(node["type"]), node.get("content", [])
    if rule is None:
        if not known.has_node(node):
            yield where, f"is of an unknown type: {node['type'][:64]}"
        rule_marks = "_"
    else:
        yield from _attribute_problems(node, rule.attrs, where, known.has_node)
        if not _expression(rule.content).fullmatch("".join(_letter(each, known) for each in content)):
            yield where, f"{node['type']} holds {_names(content)}, but must hold {rule.content or 'nothing'}"
            return
        rule_marks = rule.marks
    for number, child in enumerate(content):
        inside = f"{where}.content.{number}"
        if child["type"] == "text":
            yield from _mark_problems(child.get("marks", []), rule_marks, inside, known)
        else:
            yield from _node_problems(child, inside, known)


def _mark_problems(marks: Sequence[Node], allowed: str, where: str, known: _Known) -> Iterator[tuple[str, str]]:
    types = [mark["type"] for mark in marks]
    for mark in marks:
        name, rule = mark["type"], rules().marks.get(mark["type"])
        if known.has_mark(mark):
            continue
        if rule is None:
            yield where, f"has an unknown mark: {name[:64]}"
            continue
        yield from _attribute_problems(mark, rule.attrs, where, known.has_mark)
        excluded = rule.excludes.split()
        if allowed != "_" and name not in allowed.split():
            yield where, f"can't be {name} there"
        elif types.count(name) > 1 and name in excluded:
            yield where, f"has the mark {name} twice"
        elif any(other != name and other in excluded for other in types):
            yield where, f"has marks beside {name}, which excludes them"


def _attribute_problems(
    node: Node, allowed: dict[str, dict[str, Any]], where: str, is_known: Callable[[Node], bool]
) -> Iterator[tuple[str, str]]:
    attributes = {name: value for name, value in node.get("attrs", {}).items() if value is not None}
    required = _REQUIRED.get(node["type"], ())
    wrong = [name for name in attributes if name not in allowed or not _fits(node["type"], name, attributes[name])]
    wrong += [name for name in required if name not in attributes]
    if wrong and not is_known(node):
        for name in wrong:
            yield f"{where}.attrs.{name[:64]}", f"is no valid attribute of {node['type']}"


def _fits(type_: str, name: str, value: object) -> bool:
    check = _VALUES.get(f"{type_}.{name}")
    return isinstance(value, str) if check is None else check(value)


def _is_int(least: int, most: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_widths(value: object) -> bool:
    return isinstance(value, list) and all(each is None or _is_number(each) for each in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_REQUIRED = {"image": ("src",), "mention": ("id",), "link": ("href",)}
_VALUES: dict[str, Callable[[object], bool]] = {
    "heading.level": _is_int(1, 6),
    "orderedList.start": _is_int(0, 999_999_999),
    "taskItem.checked": lambda value: isinstance(value, bool),
    "image.src": lambda value: is_safe_link(value, IMAGE_SCHEMES),
    "image.width": lambda value: _is_number(value) or isinstance(value, str),
    "image.height": lambda value: _is_number(value) or isinstance(value, str),
    "link.href": is_safe_link,
}
for _cell in ("tableCell", "tableHeader"):
    _VALUES |= {
        f"{_cell}.colspan": _is_int(1, 1_000),
        f"{_cell}.rowspan": _is_int(1, 1_000),
        f"{_cell}.colwidth": _is_widths,
        f"{_cell}.align": lambda value: value in ("left", "center", "right"),
    }


@cache
def _letters() -> dict[str, str]:
    return {name: chr(0xE000 + number) for number, name in enumerate(rules().nodes)}


def _letter(node: Node, known: _Known) -> str:
    if node["type"] in _letters():
        return _letters()[node["type"]]
    return _KEPT if known.has_node(node) else "\ufffe"


@cache
def _expression(content: str) -> re.Pattern[str]:
    """A content expression such as `paragraph block*` as a regular expression over letters for types."""

    def letters(found: re.Match[str]) -> str:
        name = found[0]
        members = [each for each, rule in rules().nodes.items() if each == name or name in rule.group.split()]
        # An unknown node is reported by its own name, not by its parent's expression.
        return "[" + "".join(_letters()[each] for each in members) + _KEPT + "\ufffe]"

    return re.compile(re.sub(r"\w+", letters, content).replace(" ", ""))


def _names(content: Sequence[Node]) -> str:
    names = list(dict.fromkeys(node["type"][:64] for node in content))
    return ", ".join(names[:5]) or "nothing"


def _bare(node: Node) -> Node:
    return {name: value for name, value in node.items() if name != "content"}
