"""The messages of the Hocuspocus provider, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.rooms.protocol import hocuspocus, yjs
from roomful.rooms.protocol.hocuspocus import Auth, Close, DocumentName, HocuspocusWire, Stateless
from roomful.rooms.protocol.lib0 import BadMessage, Reader, var_string


def read(frame: bytes) -> tuple[str, hocuspocus.HocuspocusMessage]:
    reader = Reader(frame)
    return hocuspocus.read_key(reader), hocuspocus.read(reader)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\x02\x00\x03abc\x054.8.0", Auth("abc")),
        (b"\x02\x00\x03abc", Auth("abc")),
        (b"\x00\x00\x01\x00", yjs.SyncStep1(b"\x00")),
        (b"\x01\x01\x00", yjs.Awareness(b"\x00")),
        (b"\x03", yjs.QueryAwareness()),
        (b"\x05\x02hi", Stateless(is_broadcast=False)),
        (b"\x06\x02hi", Stateless(is_broadcast=True)),
        (b"\x07", Close()),
        (b"\x04\x00\x01\x00", yjs.Unknown(4)),
        (b"\x08\x01", yjs.Unknown(8)),
    ],
)
def test_messages_of_the_provider(body: bytes, message: hocuspocus.HocuspocusMessage) -> None:
    assert read(b"\x02d1" + body) == ("d1", message)


@pytest.mark.parametrize("body", [b"\x02\x01\x02no", b"\x02\x02\x02rw", b"\x02", b"\x05\x09hi"])
def test_messages_that_are_refused(body: bytes) -> None:
    with pytest.raises(BadMessage):
        read(b"\x02d1" + body)


@pytest.mark.parametrize("frame", [b"", b"\x00\x03", b"\x05d1", var_string("x" * 201) + b"\x03"])
def test_frames_without_a_document(frame: bytes) -> None:
    with pytest.raises(BadMessage):
        read(frame)


def test_messages_of_the_server() -> None:
    wire = HocuspocusWire("d1")
    assert wire.stored(2, 7) == (b"\x02d1\x08\x01", b"\x02d1\x08\x01")
    assert wire.refused() == (b"\x02d1\x08\x00",)
    assert wire.authenticated(may_write=True) == b"\x02d1\x02\x02\x0aread-write"
    assert wire.authenticated(may_write=False) == b"\x02d1\x02\x02\x08readonly"
    assert wire.permission_denied("no") == b"\x02d1\x02\x01\x02no"
    assert wire.token_wanted() == b"\x02d1\x02\x00"
    assert wire.closed("no") == b"\x02d1\x07\x02no"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("d1", DocumentName("d1", "")),
        ("d1@0a1b2c3d", DocumentName("d1", "0a1b2c3d")),
        ("d1@0a1b2c3d\0session", DocumentName("d1", "0a1b2c3d")),
        ("d1\0a@b", DocumentName("d1", "")),
    ],
)
def test_what_a_key_names(key: str, name: DocumentName) -> None:
    assert DocumentName.of(key) == name


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(b"\x02d1" + data)
        read(data)
    except BadMessage:
        pass
