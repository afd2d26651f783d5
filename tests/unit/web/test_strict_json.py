"""JSON as the API accepts it."""

import pytest

from roomful.errors import Invalid
from roomful.web import strict_json


@pytest.mark.parametrize(
    "raw",
    [
        b'{"est": NaN}',
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b'"\\ud800"',
        b'"\\udc00 then text"',
        b'"\\ud800\\u0041"',
        b'"a\\u0000b"',
        b'{"a\\u0000b": 1}',
        b'["\\\\\\u0000"]',
        b'"a\x00b"',
        b"\xff",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        b"9223372036854775808",
        b"-9223372036854775809",
        b"1" + b"0" * 30,
        b"9" * 5000,
        b"1e40",
        b"[" * 3000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 33 + b"]" * 33,
        b"[" + b"1," * 10_000 + b"1]",
        b"{} {}",
        b"{'a': 1}",
        b"{a: 1}",
        b"[1,]",
        b"",
        b"\x80\x81",
    ],
)
def test_refused(raw: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        strict_json.decode(raw)
    assert refusal.value.details is not None
    assert refusal.value.details[0]["field"] == "body"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (b'"\\\\u0000"', "\\u0000"),
        (b" null ", None),
        (b'{"a": [1.5, true, {"b": []}]}', {"a": [1.5, True, {"b": []}]}),
        (b"[" * 32 + b"]" * 32, None),
    ],
)
def test_taken(raw: bytes, value: object) -> None:
    decoded = strict_json.decode(raw)
    assert value is None or decoded == value
