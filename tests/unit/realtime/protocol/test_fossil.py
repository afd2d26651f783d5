"""Deltas, applied by the decoder of the official Python SDK."""

import random
from typing import Any

import pytest
from centrifuge.fossil import apply_delta
from hypothesis import example, given
from hypothesis import strategies as st

from roomful.realtime.protocol import fossil

EVENT = (
    b'{"id":"01a2120a-3349-7193-aaf5-d4e607f6a8e6","type":"task.updated","offset":13,'
    b'"at":"2026-11-25T02:05:18.840076Z","data":{"task":{"title":"Look at the other terminal","status":"todo"}}}'
)
NEXT = EVENT.replace(b"13", b"14").replace(b"840076", b"912345").replace(b"todo", b"done")


def applied(source: bytes, patch: bytes) -> bytes:
    return bytes(apply_delta(list(source), list(patch)))


words = st.sampled_from(["the same again and again, ", "é", "ê", "ĩ", "🚀🚀", "x", '"}{"', "\n", "zähl rückwärts " * 3])
texts = st.lists(words | st.text(max_size=20), max_size=40).map("".join)


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and the result of a few cuts, moves and insertions."""
    text = edited = draw(texts)
    for _ in range(draw(st.integers(0, 4))):
        begin, end = sorted((draw(st.integers(0, len(edited))), draw(st.integers(0, len(edited)))))
        edited = edited[:begin] + draw(texts | st.just(edited[begin:end][::-1])) + edited[end:]
    return text, edited


@given(edits())
@example((EVENT.decode(), NEXT.decode()))
@example(("a" * 40 + "é" + "b" * 40, "a" * 40 + "ê" + "b" * 40))  # they differ in the second byte of a character
@example(("a" * 40 + "é" + "b" * 40, "a" * 40 + "ĩ" + "b" * 40))  # in the first one
@example(("🚀" * 50, "x" + "🚀" * 49))
def test_a_delta_restores_the_target_and_is_shorter(texts: tuple[str, str]) -> None:
    source, target = (text.encode() for text in texts)
    patch = fossil.diff(source, target)
    if patch is not None:
        assert len(patch) < len(target)
        assert patch.decode().encode() == patch
        assert applied(source, patch) == target


def test_a_small_change_is_a_small_delta() -> None:
    patch = fossil.diff(EVENT, NEXT)
    assert patch is not None
    assert len(patch) < len(NEXT) / 2
    long = EVENT * 50
    patch = fossil.diff(long, long.replace(b"todo", b"done", 1))
    assert patch is not None
    assert len(patch) < 40


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (b"", b""),
        (b"", EVENT),
        (EVENT, b""),
        (b"short", b"short"),
        (EVENT, b"null"),
        (EVENT, b"nothing of it is in here, whichever way one looks"),
        (b"x" * (fossil.MAX_BYTES + 1), b"x" * 100),
        (b"x" * 100, b"x" * (fossil.MAX_BYTES + 1)),
    ],
)
def test_a_useless_delta_is_not_made(source: bytes, target: bytes) -> None:
    assert fossil.diff(source, target) is None


def test_no_pair_of_texts_takes_long() -> None:
    """Counted in compared positions, since a clock would measure the machine."""
    letters = random.Random(1)
    source, target = (bytes(letters.choices(range(97, 123), k=fossil.MAX_BYTES)) for _ in range(2))

    class Counting(bytes):
        slices = 0

        def __getitem__(self, key: Any) -> Any:
            Counting.slices += isinstance(key, slice)
            return super().__getitem__(key)

    assert fossil.diff(source, Counting(target)) is None
    assert Counting.slices <= fossil.MAX_MISSES + 1
