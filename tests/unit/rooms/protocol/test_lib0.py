"""The encoding below Yjs messages, byte for byte as lib0 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.rooms.protocol.lib0 import MAX_NUMBER, BadMessage, Reader, var_bytes, var_string, var_uint


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8001"),
        (300, "ac02"),
        (2**32 - 1, "ffffffff0f"),
        (MAX_NUMBER, "ffffffffffffff0f"),
    ],
)
def test_numbers(number: int, encoded: str) -> None:
    assert var_uint(number).hex() == encoded
    assert Reader(bytes.fromhex(encoded)).var_uint() == number


def test_text_is_counted_in_bytes_and_not_in_letters() -> None:
    assert var_string("é€😀").hex() == "09c3a9e282acf09f9880"
    assert Reader(var_string("é€😀")).var_string() == "é€😀"


@pytest.mark.parametrize(
    "encoded",
    ["", "80", "ffffffffffffff1f", "ffffffffffffffff01", "80808080808080808000"],
    ids=["nothing", "cut off", "2^54", "too long", "far too long"],
)
def test_what_is_no_number(encoded: str) -> None:
    with pytest.raises(BadMessage):
        Reader(bytes.fromhex(encoded)).var_uint()


@pytest.mark.parametrize("encoded", ["05ab", "01", "ffffffff0f00"])
def test_bytes_that_are_cut_off(encoded: str) -> None:
    with pytest.raises(BadMessage):
        Reader(bytes.fromhex(encoded)).var_bytes()


@pytest.mark.parametrize("encoded", ["01ff", "02c328", "03eda080"], ids=["no start", "no middle", "half a pair"])
def test_text_that_is_not_utf8(encoded: str) -> None:
    with pytest.raises(BadMessage):
        Reader(bytes.fromhex(encoded)).var_string()


@given(st.lists(st.one_of(st.integers(0, MAX_NUMBER), st.binary(max_size=300))))
def test_what_is_written_is_read(values: list[int | bytes]) -> None:
    written = b"".join(var_uint(value) if isinstance(value, int) else var_bytes(value) for value in values)
    reader = Reader(written)
    assert [reader.var_uint() if isinstance(value, int) else reader.var_bytes() for value in values] == values
    assert not reader.has_more


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (Reader.var_uint, Reader.var_bytes, Reader.var_string):
        reader = Reader(data)
        try:
            read(reader)
        except BadMessage:
            continue
        assert 0 < reader.position <= len(data)
