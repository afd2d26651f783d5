"""Marks of ProseMirror as formats of Yjs, and back."""

import base64
import hashlib
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from roomful.richtext.nodes import Node, key, mark_rank

OVERLAPPING = ("comment",)
"""Marks of which a text may have several."""

Formats = dict[str, Any]

# Marks that may overlap themselves carry a hash of their attributes in their name.
_HASHED = re.compile(r"(.+)--[a-zA-Z0-9+/=]{8}")


def marks_of(formats: Mapping[str, Any] | None) -> list[Node]:
    """Sorted as editors sort them."""
    named = [_mark(name, attributes) for name, attributes in (formats or {}).items() if attributes is not None]
    return sorted(named, key=mark_rank)


def formats_of(marks: Sequence[Node], known: Mapping[str, Any] | None = None) -> Formats:
    """Marks as formats; those that `known` has keep their names and values."""
    names = [mark["type"] for mark in marks]
    has = {key(_mark(name, value)): (name, value) for name, value in (known or {}).items() if value is not None}
    formats: Formats = {}
    for mark in marks:
        overlaps = mark["type"] in OVERLAPPING or names.count(mark["type"]) > 1
        name, value = has.get(key(mark)) or (_hashed(mark) if overlaps else mark["type"], mark.get("attrs", {}))
        formats[name] = value
    return formats


def plain(value: object) -> Any:
    """A value of Yjs as JSON has it: there, every number is a float."""
    match value:
        case bool() | None | str() | int():
            return value
        case float():
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        case dict():
            return {str(name): plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
    return None  # bytes and the like have no place in JSON


def _mark(name: str, attributes: object) -> Node:
    hashed = _HASHED.fullmatch(name)
    mark: Node = {"type": hashed[1] if hashed else name}
    if isinstance(attributes, dict) and attributes:
        mark["attrs"] = plain(attributes)
    return mark


def _hashed(mark: Node) -> str:
    """As y-tiptap names it: six bytes of a hash of the mark as lib0 encodes it."""
    digest = bytearray(hashlib.sha256(_any(mark)).digest())
    for place in range(6, len(digest)):
        digest[place % 6] ^= digest[place]
    return f"{mark['type']}--{base64.b64encode(digest[:6]).decode()}"


def _any(value: Any) -> bytes:
    """A JSON value in lib0's encoding "any"."""
    match value:
        case None:
            return b"\x7e"
        case bool():
            return b"\x78" if value else b"\x79"
        case str():
            return b"\x77" + _bytes(value)
        case int() if abs(value) <= 2**31 - 1:
            return b"\x7d" + _var_int(value)
        case int() | float():
            short = struct.pack(">f", value)
            is_short = struct.unpack(">f", short)[0] == value
            return b"\x7c" + short if is_short else b"\x7b" + struct.pack(">d", value)
        case list():
            return b"\x75" + _var_uint(len(value)) + b"".join(map(_any, value))
        case dict():
            return b"\x76" + _var_uint(len(value)) + b"".join(_bytes(k) + _any(each) for k, each in value.items())
    raise TypeError(type(value).__name__)


def _bytes(text: str) -> bytes:
    encoded = text.encode()
    return _var_uint(len(encoded)) + encoded


def _var_uint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    return bytes([*out, value])


def _var_int(value: int) -> bytes:
    rest = abs(value)
    out = bytearray([(0x80 if rest > 0x3F else 0) | (0x40 if value < 0 else 0) | (rest & 0x3F)])
    rest >>= 6
    while rest:
        out.append((0x80 if rest > 0x7F else 0) | (rest & 0x7F))
        rest >>= 7
    return bytes(out)
