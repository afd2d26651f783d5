"""Merging blocks into a document of Yjs: what is equal stays untouched, so that concurrent typing there is kept."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from pycrdt import Doc, XmlElement, XmlText

from roomful.richtext.align import pairs, stretches
from roomful.richtext.nodes import Node, joined, key, words_of
from roomful.richtext.text_merge import can_merge, merge_texts
from roomful.richtext.tree import attributes_of, build, build_text, children_of, nodes_of, texts_of

PAIRED = 0.1
"""The likeness of two nodes of one type that share no word: better changed than deleted and made anew."""


def merge_blocks(doc: Doc, old: Sequence[Node], goal: Sequence[Node]) -> None:  # type: ignore[type-arg]
    """Make the document hold exactly the goal. `old` are its blocks as they were read.

    Call it on a copy, in a transaction of which only the update is used.
    """
    children = children_of(doc)
    has_elements_only = len(old) == len(children) and all(node["type"] != "text" for node in old)
    units = [_Unit(number, 1, [node]) for number, node in enumerate(old)] if has_elements_only else _units(children)
    _merge(children, units, goal)


class _Unit(NamedTuple):
    """A child in Yjs, or neighbouring texts: the first index, how many, and what is in them as nodes."""

    first: int
    width: int
    nodes: list[Node]

    @property
    def type(self) -> str:
        return str(self.nodes[0]["type"])


def _merge(children: Any, old: Sequence[_Unit], goal: Sequence[Node]) -> None:
    new = _goal_units(goal)
    at = len(children)
    plan = _plan(old, new)
    for (before, after), start in reversed([*zip(plan, _starts(plan), strict=True)]):
        if before is None and after is not None:
            at = _insert(children, start, at, after)
            continue
        assert before is not None
        at = before.first
        if after is None:
            _delete(children, before)
        elif after is not before:
            _change(children, before, after)


def _starts(plan: Sequence[tuple[_Unit | None, _Unit | None]]) -> list[int]:
    """For each step, the first child behind the old units of the steps before it."""
    ends = [before.first + before.width if before else 0 for before, _ in plan]
    return [0, *accumulate(ends, max)][:-1]


def _plan(old: Sequence[_Unit], new: Sequence[_Unit]) -> list[tuple[_Unit | None, _Unit | None]]:
    """Which unit becomes which; one that becomes itself stays."""
    plan: list[tuple[_Unit | None, _Unit | None]] = []
    for each in stretches([key(unit.nodes) for unit in old], [key(unit.nodes) for unit in new]):
        gone, come = old[each.old_start : each.old_end], new[each.new_start : each.new_end]
        if each.is_same:
            plan += [(unit, unit) for unit in gone]
            continue
        plan += _paired(gone, come)
    return plan


def _paired(old: Sequence[_Unit], new: Sequence[_Unit]) -> list[tuple[_Unit | None, _Unit | None]]:
    plan: list[tuple[_Unit | None, _Unit | None]] = []
    i = j = 0
    for one, other in [*unit_pairs([u.nodes for u in old], [u.nodes for u in new]), (len(old), len(new))]:
        plan += [(unit, None) for unit in old[i:one]]
        plan += [(None, unit) for unit in new[j:other]]
        if one < len(old):
            plan.append((old[one], new[other]))
        i, j = one + 1, other + 1
    return plan


def unit_pairs(old: Sequence[Sequence[Node]], new: Sequence[Sequence[Node]]) -> list[tuple[int, int]]:
    """Pairs nodes, or runs of texts, of one type by the words they share."""
    old_words = {id(nodes): _counted(nodes) for nodes in old}
    new_words = {id(nodes): _counted(nodes) for nodes in new}

    def likeness(one: Sequence[Node], other: Sequence[Node]) -> float:
        if one[0]["type"] != other[0]["type"]:
            return 0.0
        (has, count), (wants, wanted) = old_words[id(one)], new_words[id(other)]
        return PAIRED + (2 * (has & wants).total() / (count + wanted) if count and wanted else 0.0)

    return pairs(old, new, likeness)


def _counted(nodes: Sequence[Node]) -> tuple[Any, int]:
    words = words_of({"type": "doc", "content": list(nodes)})
    return words, words.total()


def _insert(children: Any, start: int, at: int, unit: _Unit) -> int:
    """Put the unit here; where the one before it goes then. Children before `start` are those of other units."""
    if unit.type != "text":
        build(children, at, unit.nodes[0])
    elif (number := _empty_run(children, start, at)) is not None:
        merge_texts([children[number]], unit.nodes)
        return number
    else:
        build_text(children, at, unit.nodes)
    return at


def _empty_run(children: Any, start: int, at: int) -> int | None:
    """The run beside this place that has no text: editors would join two runs, each of them anew."""
    for number in range(max(start, at - 1), min(at + 1, len(children))):
        run = children[number]
        if isinstance(run, XmlText) and not run.diff():
            return number
    return None


def _delete(children: Any, unit: _Unit) -> None:
    runs = [children[unit.first + number] for number in range(unit.width)]
    if unit.type == "text" and can_merge(runs):
        merge_texts(runs, [])  # the empty run stays, and in it what somebody types meanwhile
        return
    for _ in runs:
        del children[unit.first]


def _change(children: Any, before: _Unit, after: _Unit) -> None:
    if after.type == "text":
        runs = [children[before.first + number] for number in range(before.width)]
        if can_merge(runs):
            merge_texts(runs, after.nodes)
        else:
            for _ in runs:
                del children[before.first]
            _insert(children, before.first, before.first, after)
        return
    element, node = children[before.first], after.nodes[0]
    _set_attributes(element, {k: v for k, v in node.get("attrs", {}).items() if v is not None})
    _merge(element.children, _units(element.children), node.get("content", []))


def _set_attributes(element: XmlElement, goal: Node) -> None:
    has, attributes = attributes_of(element), element.attributes
    for name in has:
        if name not in goal:
            del attributes[name]
    for name, value in goal.items():
        if has.get(name) != value or type(has.get(name)) is not type(value):
            attributes[name] = value


def _units(children: Any) -> list[_Unit]:
    units: list[_Unit] = []
    texts: list[Node] = []
    count = 0
    for number, child in enumerate(children):
        if isinstance(child, XmlText):
            texts += texts_of(child)
            count += 1
            continue
        units += _text_unit(number - count, count, texts)
        texts, count = [], 0
        units.append(_Unit(number, 1, nodes_of([child])))
    return units + _text_unit(len(children) - count, count, texts)


def _text_unit(first: int, count: int, texts: Sequence[Node]) -> list[_Unit]:
    """Without text it is no unit: editors leave an empty run behind when they delete its text."""
    return [_Unit(first, count, joined(texts))] if texts else []


def _goal_units(goal: Sequence[Node]) -> list[_Unit]:
    units: list[_Unit] = []
    for node in goal:
        if node["type"] == "text" and units and units[-1].type == "text":
            units[-1].nodes.append(node)
        else:
            units.append(_Unit(0, 1, [node]))
    return units
