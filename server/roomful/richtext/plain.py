"""Plain text as a document: a line for each paragraph."""

from collections import Counter
from collections.abc import Iterator, Sequence

from roomful.richtext.align import pairs, stretches
from roomful.richtext.carry import carried_text
from roomful.richtext.nodes import Node, is_textblock, lines_of, paragraph

_Assigned = list[list[str]]


def paragraphs(text: str) -> list[Node]:
    """One paragraph for each line."""
    return [paragraph(line) for line in text.split("\n")]


def plain_goal(base: Sequence[Node], text: str) -> list[Node]:
    """The blocks that say this text. Those that say the same stay; a changed line keeps its block and its marks.

    A block whose lines became more or fewer becomes paragraphs.
    """
    blocks = [list(lines_of(block)) for block in base]
    old, new = [line for lines in blocks for line in lines], text.split("\n")
    if not old and new == [""]:
        return list(base)
    became, before = _assigned(old, new)
    goal: list[Node] = []
    start = 0
    for block, lines in zip(base, blocks, strict=True):
        end = start + len(lines)
        if not lines:
            goal.append(block)
            continue
        goal += map(paragraph, before[start])
        inside = before[start + 1 : end]
        if not any(inside) and all(len(each) == 1 for each in became[start:end]):
            goal.append(_with_lines(block, iter([each[0] for each in became[start:end]])))
        else:
            for number in range(start, end):
                extra = before[number] if number > start else []
                goal += map(paragraph, [*extra, *became[number]])
        start = end
    return [*goal, *map(paragraph, before[start])]


def _assigned(old: Sequence[str], new: Sequence[str]) -> tuple[_Assigned, _Assigned]:
    """For each old line what it became, one line or none, and the lines that are new before it."""
    became: _Assigned = [[] for _ in old]
    before: _Assigned = [[] for _ in range(len(old) + 1)]
    for each in stretches(old, new):
        if each.is_same:
            for number in range(each.old_start, each.old_end):
                became[number] = [old[number]]
            continue
        lines = new[each.new_start : each.new_end]
        done = 0
        for i, j in pairs(old[each.old_start : each.old_end], lines, _likeness):
            before[each.old_start + i] += lines[done:j]
            became[each.old_start + i] = [lines[j]]
            done = j + 1
        before[each.old_end] += lines[done:]
    return became, before


def _likeness(one: str, other: str) -> float:
    has, wants = Counter(one.split()), Counter(other.split())
    count = has.total() + wants.total()
    return 0.1 + (2 * (has & wants).total() / count if count else 0.0)


def _with_lines(block: Node, lines: Iterator[str]) -> Node:
    if is_textblock(block):
        has = list(lines_of(block))
        goal = [next(lines) for _ in has]
        if goal == has:
            return block
        changed = {name: value for name, value in block.items() if name != "content"}
        content = carried_text(block.get("content", []), "\n".join(goal), is_code=block["type"] == "codeBlock")
        return {**changed, "content": content} if content else changed
    content = [_with_lines(node, lines) if any(True for _ in lines_of(node)) else node for node in block["content"]]
    return block if content == block["content"] else {**block, "content": content}
