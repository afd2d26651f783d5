"""The messages of y-protocols, byte for byte as stock clients send and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.rooms.protocol import awareness, yjs
from roomful.rooms.protocol.awareness import AwarenessEntry
from roomful.rooms.protocol.lib0 import BadMessage


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("00000100", yjs.SyncStep1(b"\x00")),
        ("0001020000", yjs.SyncUpdate(b"\x00\x00", is_reply=True)),
        ("0002020000", yjs.SyncUpdate(b"\x00\x00", is_reply=False)),
        ("010701e90700027b7d", yjs.Awareness(bytes.fromhex("01e90700027b7d"))),
        ("03", yjs.QueryAwareness()),
    ],
)
def test_messages_of_stock_clients(frame: str, message: yjs.YjsMessage) -> None:
    assert list(yjs.messages(bytes.fromhex(frame))) == [message]


def test_messages_of_the_server() -> None:
    assert yjs.sync_step_1(b"\x00").hex() == "00000100"
    assert yjs.sync_step_2(b"\x00\x00").hex() == "0001020000"
    assert yjs.update(b"\x00\x00").hex() == "0002020000"
    assert yjs.awareness(awareness.EMPTY) == yjs.KEEP_ALIVE == b"\x01\x01\x00"
    assert yjs.permission_denied("no").hex() == "0200026e6f"
    assert yjs.stored(1, 300).hex() == "6401ac02"


def test_several_messages_in_one_frame_are_read() -> None:
    frame = yjs.sync_step_1(b"\x00") + yjs.update(b"\x00\x00") + b"\x03"
    assert list(yjs.messages(frame)) == [
        yjs.SyncStep1(b"\x00"),
        yjs.SyncUpdate(b"\x00\x00", is_reply=False),
        yjs.QueryAwareness(),
    ]


def test_unknown_type_takes_the_rest_of_its_frame() -> None:
    assert list(yjs.messages(b"\x03\x2a\x01\x02\x03")) == [yjs.QueryAwareness(), yjs.Unknown(42)]


@pytest.mark.parametrize("frame", ["", "00", "0003020000", "000105ab", "01", "80"])
def test_frames_that_are_refused(frame: str) -> None:
    with pytest.raises(BadMessage):
        list(yjs.messages(bytes.fromhex(frame)))


def test_frame_with_very_many_messages_is_refused() -> None:
    with pytest.raises(BadMessage):
        list(yjs.messages(b"\x03" * (yjs.MAX_MESSAGES + 1)))


def test_awareness_entries() -> None:
    entries = [AwarenessEntry(1001, 5, b"{}"), AwarenessEntry(7, 0, awareness.GONE)]
    encoded = awareness.encode(entries)
    assert encoded.hex() == "02" + "e90705027b7d" + "0700046e756c6c"
    assert awareness.decode(encoded) == entries


@pytest.mark.parametrize("update", ["", "01", "01e907", "01e9070502", "0000", "ffff7f"])
def test_awareness_that_is_refused(update: str) -> None:
    with pytest.raises(BadMessage):
        awareness.decode(bytes.fromhex(update))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (lambda: list(yjs.messages(data)), lambda: awareness.decode(data)):
        try:
            read()
        except BadMessage:
            continue
