"""The protobuf encoding of commands and replies (protobuf.dev, "Encoding"), from tables made of their definitions.

The type of a field decides its encoding: int and bool are varints, str and Raw are bytes, a Struct is a message, a list
is repeated, and a dict is a map. Its number is in `FIELD_NUMBERS`; fields without one are left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeVar, cast

from msgspec import Raw, Struct, inspect

from roomful.realtime.protocol.field_numbers import FIELD_NUMBERS

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
MAX_FIELD_NUMBER = 2**29 - 1

S = TypeVar("S", bound=Struct)
Value = int | bytes
"""A field as it is read: a varint's number, or delimited bytes."""


class NotProtobuf(Exception):
    """These bytes are not such a message."""


def encode(message: Struct) -> bytes:
    """Encode a message. Zero, empty and absent fields are left out, as in proto3."""
    out = bytearray()
    for field in _schema(type(message)).values():
        if value := getattr(message, field.name):
            field.write(out, value)
    return bytes(out)


def decode(kind: type[S], data: bytes) -> S:
    """Decode all of `data` as a message of this kind. Unknown fields are skipped.

    Raises NotProtobuf.
    """
    message = kind()
    _read(message, data)
    return message


def delimit(message: bytes) -> bytes:
    """Put a message behind its length, so that others can follow."""
    return varint(len(message)) + message


def split(data: bytes) -> Iterator[bytes]:
    """The delimited messages, one by one. Raises NotProtobuf when it reaches a truncated one."""
    at = 0
    while at < len(data):
        message, at = _read_delimited(data, at)
        yield message


def varint(value: int) -> bytes:
    """Encode seven bits a byte, lowest first. A negative number is its two's complement of 64 bits."""
    value &= _MAX
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_MAX = 2**64 - 1


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one value is written and read. `read` also gets the present value, since a message may come in pieces."""

    wire_type: int
    write: Callable[[Any], bytes]
    read: Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    wire_type: int
    write: Callable[[bytearray, Any], None]
    read: Callable[[Struct, Value], None]


@cache
def _schema(kind: type[Struct]) -> dict[int, _Field]:
    """The fields of a message by their numbers, in that order."""
    info = cast("inspect.StructType", inspect.type_info(kind))  # of a Struct it is one
    types = {field.name: field.type for field in info.fields}
    numbers = sorted((number, name) for name, number in FIELD_NUMBERS[kind].items())
    return {number: _field(name, number, types[name]) for number, name in numbers}


def _field(name: str, number: int, declared: inspect.Type) -> _Field:
    match declared:
        case inspect.ListType(item_type=item):
            return _list_field(name, number, _kind(name, item))
        case inspect.DictType(key_type=key, value_type=value):
            return _map_field(name, number, key, value)
    kind = _kind(name, declared)
    tag = varint(number << 3 | kind.wire_type)

    def write(out: bytearray, value: Any) -> None:
        out += tag + kind.write(value)

    def read(message: Struct, value: Value) -> None:
        setattr(message, name, kind.read(value, getattr(message, name)))

    return _Field(name, kind.wire_type, write, read)


def _list_field(name: str, number: int, kind: _Kind) -> _Field:
    tag = varint(number << 3 | kind.wire_type)

    def write(out: bytearray, values: list[Any]) -> None:
        for value in values:
            out += tag + kind.write(value)

    def read(message: Struct, value: Value) -> None:
        getattr(message, name).append(kind.read(value, None))

    return _Field(name, kind.wire_type, write, read)


def _map_field(name: str, number: int, key: inspect.Type, value: inspect.Type) -> _Field:
    """A map is a list of entries with two fields, either of which may be left out."""
    tag = varint(number << 3 | DELIMITED)
    schema = {1: _field("key", 1, key), 2: _field("value", 2, value)}
    empty = _empty(value)

    def write(out: bytearray, values: dict[str, Any]) -> None:
        for one, other in values.items():
            entry = bytearray()
            schema[1].write(entry, one)
            schema[2].write(entry, other)
            out += tag + delimit(bytes(entry))

    def read(message: Struct, value: Value) -> None:
        entry = _Entry()
        _read(entry, cast("bytes", value), schema)
        getattr(message, name)[entry.key] = entry.value or empty()

    return _Field(name, DELIMITED, write, read)


class _Entry(Struct):
    key: str = ""
    value: Any = None


def _empty(declared: inspect.Type) -> Callable[[], Any]:
    return declared.cls if isinstance(declared, inspect.StructType) else str


def _kind(name: str, declared: inspect.Type) -> _Kind:
    match declared:
        case inspect.UnionType(types=(one, inspect.NoneType())):
            return _kind(name, one)
        case inspect.IntType(ge=least, le=most):
            return _Kind(VARINT, varint, partial(_read_integer, name, least, most))
        case inspect.BoolType():
            return _Kind(VARINT, varint, lambda value, _: bool(value))
        case inspect.StrType():
            return _Kind(DELIMITED, lambda text: delimit(text.encode()), _read_text)
        case inspect.RawType():
            return _Kind(DELIMITED, lambda raw: delimit(bytes(raw)), lambda data, _: Raw(data))
        case inspect.StructType(cls=kind):
            return _Kind(DELIMITED, lambda message: delimit(encode(message)), partial(_read_message, kind))
    raise TypeError(f"{name}: protobuf has no {declared}")


def _read_integer(name: str, least: int | None, most: int | None, value: int, _so_far: object) -> int:
    if (least is None or least < 0) and value > _MAX >> 1:
        value -= _MAX + 1
    if (least is not None and value < least) or (most is not None and value > most):
        raise NotProtobuf(f"{name} is out of range")
    return value


def _read_text(data: bytes, _so_far: object) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotProtobuf("not UTF-8") from error


def _read_message(kind: type[Struct], data: bytes, so_far: Struct | None) -> Struct:
    message = so_far or kind()
    _read(message, data)
    return message


def _read(message: Struct, data: bytes, schema: dict[int, _Field] | None = None) -> None:
    fields = _schema(type(message)) if schema is None else schema
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number <= MAX_FIELD_NUMBER:
            raise NotProtobuf("no field has this number")
        value: Value
        if wire_type == VARINT:
            value, at = _read_varint(data, at)
        elif wire_type == DELIMITED:
            value, at = _read_delimited(data, at)
        else:
            at = _skip_fixed(wire_type, data, at)
            continue  # no field here has this wire type
        field = fields.get(number)
        if field is not None and field.wire_type == wire_type:
            field.read(message, value)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MAX, at
        shift += 7
    raise NotProtobuf("a varint that is cut short, or of more than ten bytes")


def _read_delimited(data: bytes, at: int) -> tuple[bytes, int]:
    length, start = _read_varint(data, at)
    end = start + length
    if end > len(data):
        raise NotProtobuf("cut short")
    return data[start:end], end


def _skip_fixed(wire_type: int, data: bytes, at: int) -> int:
    end = at + {FIXED64: 8, FIXED32: 4}.get(wire_type, len(data) + 1)
    if end > len(data):
        raise NotProtobuf("cut short, or of an unknown wire type")
    return end
