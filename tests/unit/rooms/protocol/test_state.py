"""State vectors and delete sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from roomful.rooms.protocol.lib0 import BadMessage, var_uint
from roomful.rooms.protocol.state import Deletions, decode_state_vector


def test_state_vector_of_a_document() -> None:
    doc: Doc[Text] = Doc(client_id=7)
    doc.get("default", type=Text).insert(0, "abc")
    assert decode_state_vector(doc.get_state()) == {7: 3}
    assert decode_state_vector(b"\x00") == {}


@pytest.mark.parametrize("data", ["", "01", "0107", "0000", "ffff7f"])
def test_what_is_no_state_vector(data: str) -> None:
    with pytest.raises(BadMessage):
        decode_state_vector(bytes.fromhex(data))


def deletions(*ranges: tuple[int, int]) -> Deletions:
    data = var_uint(1) + var_uint(7) + var_uint(len(ranges))
    return Deletions.read(data + b"".join(var_uint(start) + var_uint(end - start) for start, end in ranges))


@pytest.mark.parametrize(
    ("ranges", "others", "are_within"),
    [
        ([(0, 2)], [(0, 2)], True),
        ([(0, 2)], [(0, 1), (1, 2)], True),
        ([(0, 3)], [(0, 2)], False),
        ([(1, 2), (4, 5)], [(0, 3), (4, 9)], True),
        ([(1, 2), (3, 5)], [(0, 3), (4, 9)], False),
        ([(1, 2)], [], False),
        ([], [(0, 9)], True),
    ],
)
def test_whether_deletions_have_been_made(
    ranges: list[tuple[int, int]], others: list[tuple[int, int]], are_within: bool
) -> None:
    assert deletions(*ranges).are_within(deletions(*others)) == are_within


def test_deletions_of_what_is_not_known() -> None:
    assert deletions((0, 3)).are_known_to({7: 3})
    assert not deletions((0, 4)).are_known_to({7: 3})
    assert not deletions((0, 1)).are_known_to({})


_RANGES = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1])))


@given(_RANGES, _RANGES)
def test_deletions_are_sets(ranges: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    places = {place for start, end in ranges for place in range(start, end)}
    other_places = {place for start, end in others for place in range(start, end)}
    assert deletions(*ranges).are_within(deletions(*others)) == (places <= other_places)
