"""Carries a text format's changes over to the nodes it was written from.

Markdown, HTML and plain text have no words for some attributes and marks. So a changed document is compared with what
the format shows of the old one: what is equal there stays as it is, and what changed keeps what the format can't say.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from roomful.richtext.align import Stretch, stretches
from roomful.richtext.merge import unit_pairs
from roomful.richtext.nodes import Node, inline_text, is_textblock, joined, key, text_node
from roomful.richtext.text_merge import text_changes

_PRIVATE = 0xF0000
"""The first of the characters that stand for nodes in a line while it is compared."""


def carried(base: Sequence[Node], shown: Sequence[Node], goal: Sequence[Node]) -> list[Node]:
    """The goal, with everything of `base` that `shown`, the same nodes as the format says them, lacks.

    `base` and `shown` have the same types and texts (`same_shape`).
    """
    result: list[Node] = []
    for each in stretches([key(node) for node in shown], [key(node) for node in goal]):
        if each.is_same:
            result += base[each.old_start : each.old_end]
        else:
            result += _carried_stretch(base, shown, goal, each)
    return result


def same_shape(one: Node, other: Node) -> bool:
    """Whether two nodes are of the same types with the same texts, whatever their attributes and marks."""
    if one["type"] != other["type"]:
        return False
    has, wants = one.get("content", []), other.get("content", [])
    if is_textblock(one) and is_textblock(other):
        return _signs(has) == _signs(wants)
    return len(has) == len(wants) and all(map(same_shape, has, wants))


def carried_text(base: Sequence[Node], goal: str, *, is_code: bool) -> list[Node]:
    """Inline nodes with this text: text that stays keeps its marks, and a mention stays one while its name does."""
    owners = [(atom, place) for atom in _atoms(base) for place in range(len(inline_text(atom.node)))]
    old = "".join(inline_text(atom.node) for atom in _atoms(base))
    result: list[Node] = []
    for each in text_changes(old, goal):
        if each.is_same:
            kept = owners[each.old_start : each.old_end]
            result += [node for owner in _whole(kept) for node in owner]
            continue
        left = owners[each.old_start - 1][0].marks if each.old_start else []
        right = owners[each.old_end][0].marks if each.old_end < len(owners) else []
        marks = [mark for mark in left if mark in right]
        result += _new_text(goal[each.new_start : each.new_end], marks, is_code=is_code)
    return joined(result)


class _Atom(NamedTuple):
    """A character with its marks, as a text node, or another inline node."""

    node: Node
    marks: Sequence[Node]


def _atoms(content: Sequence[Node]) -> list[_Atom]:
    atoms: list[_Atom] = []
    for node in content:
        marks = node.get("marks", [])
        if node["type"] != "text":
            atoms.append(_Atom(node, marks))
            continue
        rest = {name: value for name, value in node.items() if name != "text"}
        atoms += [_Atom({**rest, "text": character}, marks) for character in node["text"]]
    return atoms


def _signs(content: Sequence[Node]) -> list[str | bytes]:
    """The texts between other inline nodes, whatever their marks, and those nodes."""
    signs: list[str | bytes] = []
    for is_text, run in groupby(content, lambda node: node["type"] == "text"):
        nodes = list(run)
        signs += ["".join(node["text"] for node in nodes)] if is_text else map(key, nodes)
    return signs


def _carried_stretch(
    base: Sequence[Node], shown: Sequence[Node], goal: Sequence[Node], stretch: Stretch
) -> Iterator[Node]:
    old = [[node] for node in shown[stretch.old_start : stretch.old_end]]
    new = [[node] for node in goal[stretch.new_start : stretch.new_end]]
    became = {j: i + stretch.old_start for i, j in unit_pairs(old, new)}
    for number, [node] in enumerate(new):
        if number in became:
            yield _carried_node(base[became[number]], shown[became[number]], node)
        else:
            yield node


def _carried_node(base: Node, shown: Node, goal: Node) -> Node:
    node: Node = {"type": base["type"]}
    attributes = dict(base.get("attrs", {}))
    said, wanted = shown.get("attrs", {}), goal.get("attrs", {})
    attributes.update({name: value for name, value in wanted.items() if said.get(name) != value})
    for name in said:
        if name not in wanted:
            attributes.pop(name, None)
    if attributes:
        node["attrs"] = attributes
    has, sees, wants = base.get("content", []), shown.get("content", []), goal.get("content", [])
    if is_textblock(base) and is_textblock(goal):
        content = _carried_inline(has, sees, wants)
    elif len(has) == len(sees):
        content = carried(has, sees, wants)
    else:
        content = list(wants)
    if content:
        node["content"] = content
    return node


def _carried_inline(base: Sequence[Node], shown: Sequence[Node], goal: Sequence[Node]) -> list[Node]:
    has, sees, wants = _atoms(base), _atoms(shown), _atoms(goal)
    if len(has) != len(sees):
        return list(goal)
    letters: dict[bytes, str] = {}
    result: list[Node] = []
    for each in text_changes(_line(sees, letters), _line(wants, letters)):
        if each.is_same:
            for place in range(each.old_start, each.old_end):
                atom, marks = has[place], wants[place - each.old_start + each.new_start].marks
                result.append(_with_marks(atom.node, _carried_marks(atom.marks, sees[place].marks, marks)))
            continue
        left = _hidden(has, sees, each.old_start - 1)
        right = _hidden(has, sees, each.old_end)
        common = [mark for mark in left if mark in right]
        for atom in wants[each.new_start : each.new_end]:
            types = {mark["type"] for mark in atom.marks}
            marks = [*atom.marks, *(mark for mark in common if mark["type"] not in types)]
            result.append(_with_marks(atom.node, marks))
    return joined(result)


def _carried_marks(base: Sequence[Node], shown: Sequence[Node], goal: Sequence[Node]) -> Sequence[Node]:
    if base is shown or key(base) == key(shown):
        return goal
    said, wanted = {mark["type"]: key(mark) for mark in shown}, {mark["type"]: key(mark) for mark in goal}
    kept = [mark for mark in base if said.get(mark["type"]) == wanted.get(mark["type"])]
    new = [mark for mark in goal if said.get(mark["type"]) != wanted[mark["type"]]]
    return [*kept, *new]


def _hidden(base: Sequence[_Atom], shown: Sequence[_Atom], place: int) -> list[Node]:
    """The marks of a character that the format does not show."""
    if not 0 <= place < len(base):
        return []
    types = {mark["type"] for mark in shown[place].marks}
    return [mark for mark in base[place].marks if mark["type"] not in types]


def _with_marks(node: Node, marks: Sequence[Node]) -> Node:
    if any(mark["type"] == "code" for mark in marks) and key(node.get("marks", [])) != key(marks):
        marks = [mark for mark in marks if mark["type"] == "code"]  # an editor allows no other beside it
    return text_node(node["text"], marks) if node["type"] == "text" else node


def _line(atoms: Sequence[_Atom], letters: dict[bytes, str]) -> str:
    """One character for each atom; equal nodes have equal ones."""
    return "".join(
        str(atom.node["text"])
        if atom.node["type"] == "text"
        else letters.setdefault(key(atom.node), chr(_PRIVATE + len(letters) % 0xFFFD))
        for atom in atoms
    )


def _whole(owners: Sequence[tuple[_Atom, int]]) -> Iterator[list[Node]]:
    """The nodes of these characters: whole nodes, and the characters of incomplete ones as text."""
    at = 0
    while at < len(owners):
        atom, place = owners[at]
        length = len(inline_text(atom.node))
        if place == 0 and len(owners) - at >= length:
            yield [atom.node]
            at += length
        else:
            yield [text_node(inline_text(atom.node)[place])]
            at += 1


def _new_text(text: str, marks: Sequence[Node], *, is_code: bool) -> Iterator[Node]:
    for number, line in enumerate([text] if is_code else text.split("\n")):
        if number:
            yield {"type": "hardBreak"}
        if line:
            yield text_node(line, marks)
