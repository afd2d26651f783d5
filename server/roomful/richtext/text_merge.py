"""Merging text and its marks into runs of Yjs. Only words that differ are touched.

Offsets in pycrdt's texts count UTF-8 bytes. Inserted text always states its marks: it inherits none.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from pycrdt import XmlText

from roomful.richtext.align import Stretch, same_in_front, stretches
from roomful.richtext.marks import formats_of
from roomful.richtext.nodes import Node

_WORD = re.compile(r"\w+|\s+|[^\w\s]")


class _Span(NamedTuple):
    """A stretch of text that has one set of marks or formats."""

    start: int
    end: int
    value: Any


def text_changes(old: str, new: str) -> list[Stretch]:
    """The stretches of two texts by character: those of their words, trimmed to the characters that differ."""
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    old_ends, new_ends = [0, *accumulate(map(len, old_words))], [0, *accumulate(map(len, new_words))]
    found: list[Stretch] = []
    for each in stretches(old_words, new_words):
        a0, a1, b0, b1 = (
            old_ends[each.old_start],
            old_ends[each.old_end],
            new_ends[each.new_start],
            new_ends[each.new_end],
        )
        if each.is_same:
            found.append(Stretch(True, a0, a1, b0, b1))
            continue
        front = same_in_front(old[a0:a1], new[b0:b1])
        back = same_in_front(old[a0 + front : a1][::-1], new[b0 + front : b1][::-1])
        found += [
            Stretch(True, a0, a0 + front, b0, b0 + front),
            Stretch(False, a0 + front, a1 - back, b0 + front, b1 - back),
            Stretch(True, a1 - back, a1, b1 - back, b1),
        ]
    return [each for each in found if each.old_end > each.old_start or each.new_end > each.new_start]


def can_merge(runs: Sequence[XmlText]) -> bool:
    """False for runs with embedded objects, which no editor for rich text makes."""
    return all(isinstance(part, str) for run in runs for part, _ in run.diff())


def merge_texts(runs: Sequence[XmlText], goal: Sequence[Node]) -> None:
    """Make neighbouring runs hold exactly these texts. The runs hold no embedded objects."""
    text = _Runs(runs)
    new = "".join(node["text"] for node in goal)
    wanted = _spans((node["text"], node.get("marks", [])) for node in goal)
    # From right to left, so that places on the left stay as they are.
    for change in reversed(text_changes(text.text, new)):
        if change.is_same:
            text.format(change, wanted)
            continue
        text.delete(change.old_start, change.old_end)
        for start, end, marks in reversed(_within(wanted, change.new_start, change.new_end)):
            text.insert(change.old_start, new[start:end], formats_of(marks))


class _Runs:
    """Some neighbouring runs as one text, whose places are characters before any change."""

    def __init__(self, runs: Sequence[XmlText]) -> None:
        self._runs = runs
        parts = [run.diff() for run in runs]
        texts = ["".join(str(part) for part, _ in diff) for diff in parts]
        self.text = "".join(texts)
        self._formats = _spans((str(part), formats or {}) for diff in parts for part, formats in diff)
        self._starts = [0, *accumulate(map(len, texts))]
        self._bytes = [None if text.isascii() else [0, *accumulate(len(c.encode()) for c in text)] for text in texts]

    def delete(self, start: int, end: int) -> None:
        for run, first, last in self._split(start, end):
            del run[first:last]

    def insert(self, at: int, text: str, formats: Mapping[str, Any]) -> None:
        number = next(n for n, end in enumerate(self._starts[1:]) if at <= end)
        self._runs[number].insert(self._offset(number, at), text, dict(formats))

    def format(self, change: Stretch, wanted: Sequence[_Span]) -> None:
        """Give unchanged text its new marks, where they differ."""
        shift = change.old_start - change.new_start
        for start, end, marks in _within(wanted, change.new_start, change.new_end):
            for first, last, formats in _within(self._formats, start + shift, end + shift):
                goal = formats_of(marks, formats)
                delta = {name: None for name, value in formats.items() if name not in goal and value is not None}
                delta.update({name: value for name, value in goal.items() if formats.get(name) != value})
                if delta:
                    for run, begin, stop in self._split(first, last):
                        run.format(begin, stop, delta)

    def _split(self, start: int, end: int) -> list[tuple[XmlText, int, int]]:
        """A stretch as parts of runs, in bytes, from right to left."""
        found: list[tuple[XmlText, int, int]] = []
        for number, run in enumerate(self._runs):
            first, last = max(start, self._starts[number]), min(end, self._starts[number + 1])
            if first < last:
                found.append((run, self._offset(number, first), self._offset(number, last)))
        return found[::-1]

    def _offset(self, number: int, at: int) -> int:
        local, table = at - self._starts[number], self._bytes[number]
        return local if table is None else table[local]


def _spans(pieces: Any) -> list[_Span]:
    spans: list[_Span] = []
    at = 0
    for text, value in pieces:
        spans.append(_Span(at, at + len(text), value))
        at += len(text)
    return spans


def _within(spans: Sequence[_Span], start: int, end: int) -> list[_Span]:
    return [
        _Span(max(each.start, start), min(each.end, end), each.value)
        for each in spans
        if each.start < end and each.end > start
    ]
