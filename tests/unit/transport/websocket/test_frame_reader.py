"""The frame reader, against the rules of RFC 6455 and against the parser of the websockets library."""

import codecs
import itertools
import zlib
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from roomful.transport.websocket.reader import Close, Event, Failure, FrameReader, Ping

LIMIT = 300
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def reader(
    *, max_message_bytes: int = LIMIT, max_fragments: int = 1000, rate: int = 10_000, inflates: bool = False
) -> FrameReader:
    return FrameReader(
        max_message_bytes=max_message_bytes,
        max_fragments=max_fragments,
        max_frames_per_second=rate,
        inflates=inflates,
        clock=lambda: 0.0,
    )


def frame(first: int, payload: bytes = b"", *, mask: bytes | None = b"\x11\x22\x33\x44", length: bytes = b"") -> bytes:
    """A client's frame; `length` gives its length field, where it isn't the shortest one."""
    if not length:
        size = len(payload)
        if size < 126:
            length = bytes([size])
        elif size < 65536:
            length = b"\x7e" + size.to_bytes(2, "big")
        else:
            length = b"\x7f" + size.to_bytes(8, "big")
    head = bytes([first, length[0] | (0x80 if mask else 0)]) + length[1:]
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def deflated(payload: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def failure(events: list[Event]) -> int:
    assert isinstance(events[-1], Failure), events
    return events[-1].code


# RFC 6455


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_reads_every_length_at_every_split_of_the_header(size: int) -> None:
    payload = bytes(index % 251 for index in range(size))
    data = frame(FIN | BINARY, payload)
    for split in range(min(len(data), 16)):
        frames = reader(max_message_bytes=200_000)
        assert frames.read(data[:split]) + frames.read(data[split:]) == [payload]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(FIN | TEXT, b"x", mask=None), id="unmasked"),
        pytest.param(frame(FIN | RSV1 | TEXT, b"x"), id="rsv1"),
        pytest.param(frame(FIN | RSV2 | TEXT, b"x"), id="rsv2"),
        pytest.param(frame(FIN | RSV3 | TEXT, b"x"), id="rsv3"),
        *[pytest.param(frame(FIN | opcode), id=f"opcode {opcode}") for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
        pytest.param(frame(PING, b"x"), id="fragmented ping"),
        pytest.param(frame(CLOSE, b""), id="fragmented close"),
        pytest.param(frame(FIN | PING, b"x" * 126), id="long ping"),
        pytest.param(frame(FIN | CONT, b"x"), id="continues nothing"),
        pytest.param(frame(TEXT, b"x") + frame(FIN | TEXT, b"x"), id="second message in the first"),
        pytest.param(frame(FIN | TEXT, b"x" * 5, length=b"\x7e\x00\x05"), id="16 bits for 5"),
        pytest.param(frame(FIN | TEXT, b"x" * 5, length=b"\x7f" + bytes(7) + b"\x05"), id="64 bits for 5"),
        pytest.param(frame(FIN | TEXT, b"", length=b"\x7f\x80" + bytes(7)), id="64th bit set"),
        pytest.param(frame(FIN | CLOSE, b"\x03"), id="half a close code"),
        *[
            pytest.param(frame(FIN | CLOSE, code.to_bytes(2, "big")), id=f"close code {code}")
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
        ],
    ],
)
def test_refuses_protocol_violations(data: bytes) -> None:
    assert failure(reader().read(data)) == 1002


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1008, 1010, 1012, 1014, 3000, 3999, 4000, 4999])
def test_returns_the_close_code_and_reason(code: int) -> None:
    data = frame(FIN | CLOSE, code.to_bytes(2, "big") + "adiós".encode())
    assert reader().read(data + frame(FIN | TEXT, b"later")) == [Close(code, "adiós")]


def test_a_close_without_a_code_is_1005() -> None:
    assert reader().read(frame(FIN | CLOSE)) == [Close(1005, "")]


def test_a_close_may_come_between_fragments() -> None:
    assert reader().read(frame(TEXT, b"never ") + frame(FIN | CLOSE, b"\x03\xe8")) == [Close(1000, "")]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(FIN | TEXT, b"\xff"), id="text"),
        pytest.param(frame(FIN | TEXT, b"\xed\xa0\x80"), id="surrogate"),
        pytest.param(frame(FIN | TEXT, b"\xc0\xaf"), id="overlong"),
        pytest.param(frame(FIN | TEXT, b"\xe2\x82"), id="cut short"),
        pytest.param(frame(TEXT, b"\xe2") + frame(FIN | CONT, b"\x82"), id="cut short in the last fragment"),
        pytest.param(frame(TEXT, b"ab\xff"), id="at once, not when the message ends"),
        pytest.param(frame(FIN | CLOSE, b"\x03\xe8\xff"), id="reason"),
    ],
)
def test_refuses_text_that_is_not_utf_8(data: bytes) -> None:
    assert failure(reader().read(data)) == 1007


def test_a_character_may_be_split_between_fragments() -> None:
    data = frame(TEXT, b"\xe2") + frame(FIN | PING, b"!") + frame(CONT, b"\x82") + frame(FIN | CONT, b"\xac")
    assert reader().read(data) == [Ping(b"!"), "€"]


# Limits


def test_refuses_a_large_message_by_its_header() -> None:
    frames = reader()
    assert failure(frames.read(frame(FIN | BINARY, b"x" * (LIMIT + 1))[:8])) == 1009
    assert frames.read(b"anything") == []


def test_the_size_limit_holds_for_the_whole_message() -> None:
    half = b"x" * (LIMIT // 2)
    data = frame(BINARY, half) + frame(CONT, half)
    assert reader().read(data + frame(FIN | CONT)) == [half * 2]
    assert failure(reader().read(data + frame(FIN | CONT, b"x"))) == 1009


def test_the_size_limit_can_be_raised_between_messages() -> None:
    frames = reader(max_message_bytes=1)
    assert frames.read(frame(FIN | TEXT, b"a")) == ["a"]
    frames.limit_messages(2, 1009)
    assert frames.read(frame(FIN | TEXT, b"ab")) == ["ab"]


def test_refuses_endless_empty_fragments() -> None:
    events = reader(max_fragments=100).read(frame(TEXT) + frame(CONT) * 99)
    assert failure(events) == 1008


@pytest.mark.parametrize("flood", [frame(FIN | PING), frame(FIN | PONG), frame(FIN | TEXT, b"x")])
def test_refuses_a_flood_of_frames(flood: bytes) -> None:
    now = 0.0
    frames = FrameReader(max_message_bytes=LIMIT, max_fragments=9, max_frames_per_second=10, clock=lambda: now)
    for _ in range(3):
        assert not any(isinstance(event, Failure) for event in frames.read(flood * 10))
        now += 1.0
    assert failure(frames.read(flood * 11)) == 1008


# Deflated messages


def test_inflates_messages_and_leaves_others_alone() -> None:
    text = "né" * 100
    packed = deflated(text.encode())
    frames = reader(inflates=True)
    fragments = frame(RSV1 | TEXT, packed[:5]) + frame(FIN | PING) + frame(FIN | CONT, packed[5:])
    assert frames.read(frame(FIN | RSV1 | TEXT, packed)) == [text]
    assert frames.read(frame(FIN | TEXT, b"plain")) == ["plain"]
    assert frames.read(fragments) == [Ping(b""), text]


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    bomb = deflated(bytes(64 * 1024 * 1024))[:LIMIT]
    assert failure(reader(inflates=True).read(frame(FIN | RSV1 | BINARY, bomb))) == 1009


def test_incompressible_data_may_have_the_full_size() -> None:
    noise = bytes((index * 7919 + index // 256 * 31) % 256 for index in range(LIMIT))
    compressor = zlib.compressobj(level=0, wbits=-15)
    stored = (compressor.compress(noise) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert len(stored) > LIMIT
    assert reader(inflates=True).read(frame(FIN | RSV1 | BINARY, stored)) == [noise]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(FIN | RSV1 | TEXT, b"\xff\xff\xff"), id="not deflated"),
        pytest.param(frame(TEXT) + frame(FIN | RSV1 | CONT), id="marked on a later fragment"),
        pytest.param(frame(FIN | RSV1 | PING), id="marked on a control frame"),
    ],
)
def test_refuses_invalid_deflate(data: bytes) -> None:
    assert failure(reader(inflates=True).read(data)) == 1002


# The same as the websockets library


@dataclass
class Reference:
    """The websockets library's reading of a stream, with text decoded as it arrives, as an endpoint must."""

    inflates: bool
    messages: list[str | bytes] = field(default_factory=list)
    ending: int | None = None

    def __post_init__(self) -> None:
        self._protocol = ServerProtocol(state=State.OPEN, max_size=LIMIT)
        if self.inflates:
            self._protocol.extensions = [PerMessageDeflate(True, True, 15, 15)]
        self._pieces: list[bytes] = []
        self._decoder: codecs.IncrementalDecoder | None = None

    def read(self, data: bytes) -> None:
        if self.ending is not None:
            return
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            self._take(event)
        if (error := self._protocol.parser_exc) is not None:
            self._end(self._code(error))

    def _end(self, code: int) -> None:
        if self.ending is None:
            self.ending = code

    def _take(self, event: Frame) -> None:
        if event.opcode is Opcode.CLOSE:
            assert self._protocol.close_rcvd is not None
            self._end(self._protocol.close_rcvd.code)
        if self.ending is not None or event.opcode not in (Opcode.CONT, Opcode.TEXT, Opcode.BINARY):
            return
        if event.opcode is not Opcode.CONT:
            self._pieces = []
            self._decoder = codecs.getincrementaldecoder("utf-8")() if event.opcode is Opcode.TEXT else None
        self._pieces.append(bytes(event.data))
        try:
            if self._decoder is not None:
                self._decoder.decode(bytes(event.data), event.fin)
        except UnicodeDecodeError:
            self._end(1007)
            return
        if event.fin:
            whole = b"".join(self._pieces)
            self.messages.append(whole if self._decoder is None else whole.decode())

    def _code(self, error: Exception) -> int:
        if isinstance(error, PayloadTooBig):
            return 1009
        if isinstance(error, UnicodeDecodeError):
            return 1007
        assert isinstance(error, ProtocolError)
        if str(error) == "incomplete fragmented message":
            # The library refuses a close between fragments; Autobahn (case 7.1.5) allows it.
            assert self._protocol.close_rcvd is not None
            return self._protocol.close_rcvd.code
        return 1002


@dataclass
class Subject:
    inflates: bool
    messages: list[str | bytes] = field(default_factory=list)
    ending: int | None = None

    def __post_init__(self) -> None:
        self._frames = reader(inflates=self.inflates)

    def read(self, data: bytes) -> None:
        for event in self._frames.read(data):
            assert self.ending is None, "nothing follows the end"
            if isinstance(event, str | bytes):
                self.messages.append(event)
            elif isinstance(event, Close | Failure):
                self.ending = event.code


texts = st.text(max_size=80).map(str.encode)
masks = st.binary(min_size=4, max_size=4)


@st.composite
def whole_messages(draw: st.DrawFn, *, inflates: bool) -> list[tuple[int, bytes]]:
    """The frames of one message, with pings and pongs between its fragments."""
    is_text = draw(st.booleans())
    # The library counts a control frame between fragments towards the message: leave room for it.
    payload = draw(texts if is_text else st.binary(max_size=LIMIT - 140))
    first = TEXT if is_text else BINARY
    if inflates and draw(st.booleans()):
        payload, first = deflated(payload), first | RSV1
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
    edges = [0, *cuts, len(payload)]
    frames = []
    for index, (start, end) in enumerate(itertools.pairwise(edges)):
        final = FIN if index == len(cuts) else 0
        frames.append((final | (CONT if index else first), payload[start:end]))
        if not final and draw(st.booleans()):
            frames.append((FIN | draw(st.sampled_from([PING, PONG])), draw(st.binary(max_size=125))))
    return frames


close_payloads = st.one_of(
    st.just(b""),
    st.binary(max_size=6),
    st.builds(
        lambda code, reason: code.to_bytes(2, "big") + reason.encode(), st.integers(990, 5005), st.text(max_size=30)
    ),
)
control_frames = st.tuples(st.sampled_from([FIN | PING, FIN | PONG]), st.binary(max_size=125)).map(lambda one: [one])
wrong_frames = st.one_of(
    st.tuples(st.just(FIN | CLOSE), close_payloads),
    st.tuples(st.sampled_from([FIN | TEXT, TEXT]), st.binary(max_size=8)),
    st.tuples(st.integers(0, 255), st.binary(max_size=20)),
    st.tuples(st.just(FIN | BINARY), st.binary(min_size=LIMIT - 1, max_size=LIMIT + 3)),
).map(lambda one: [one])


@st.composite
def streams(draw: st.DrawFn, *, inflates: bool) -> bytes:
    """Messages, then perhaps something wrong or a close, then perhaps more."""
    parts = draw(st.lists(whole_messages(inflates=inflates) | control_frames, max_size=5))
    parts += draw(st.lists(wrong_frames, max_size=2))
    parts += draw(st.lists(whole_messages(inflates=inflates), max_size=1))
    return b"".join(frame(first, payload, mask=draw(masks)) for part in parts for first, payload in part)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def compare(data: bytes, cuts: list[int], *, inflates: bool) -> None:
    subject, reference = Subject(inflates), Reference(inflates)
    for piece in pieces(data, cuts):
        subject.read(piece)
        reference.read(piece)
    if subject.ending is not None and reference.ending is None:
        # We refuse it by the header, the library after the payload.
        reference.read(bytes(LIMIT + 200))
    assert subject.messages == reference.messages
    if {subject.ending, reference.ending} != {1002, 1009}:  # a frame may be wrong in both ways
        assert subject.ending == reference.ending


@settings(deadline=None, max_examples=300)
@given(data=streams(inflates=False), cuts=st.lists(st.integers(0, 5000), max_size=12))
def test_reads_the_same_as_the_reference(data: bytes, cuts: list[int]) -> None:
    compare(data, cuts, inflates=False)


@settings(deadline=None, max_examples=300)
@given(data=streams(inflates=True), cuts=st.lists(st.integers(0, 5000), max_size=12))
def test_reads_the_same_as_the_reference_with_deflate(data: bytes, cuts: list[int]) -> None:
    compare(data, cuts, inflates=True)


@settings(deadline=None)
@given(data=streams(inflates=False))
@example(frame(TEXT, "né".encode()[:2]) + frame(FIN | CONT, "né".encode()[2:]) + frame(FIN | CLOSE, b"\x03\xe8"))
def test_a_stream_reads_the_same_at_every_split(data: bytes) -> None:
    whole = Subject(False)
    whole.read(data)
    for split in range(len(data)):
        split_in_two = Subject(False)
        split_in_two.read(data[:split])
        split_in_two.read(data[split:])
        assert (split_in_two.messages, split_in_two.ending) == (whole.messages, whole.ending)
    byte_by_byte = Subject(False)
    for index in range(len(data)):
        byte_by_byte.read(data[index : index + 1])
    assert (byte_by_byte.messages, byte_by_byte.ending) == (whole.messages, whole.ending)


@settings(deadline=None)
@given(data=st.binary(max_size=400), inflates=st.booleans())
def test_no_bytes_make_it_fail_in_another_way(data: bytes, inflates: bool) -> None:
    subject = Subject(inflates)
    subject.read(data)
    assert subject.ending is None or 1000 <= subject.ending < 5000
