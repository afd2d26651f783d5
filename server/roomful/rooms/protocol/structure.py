"""Checks the structure of updates before the library reads them: it trusts them, and some would end the process.

Two kinds do, found by mutating updates: operations that overlap others and build on something missing (the library
follows a wrong address), and values nested 50,000 deep, in 100 KB (it decodes them by recursion). So it gets only
updates that a client could have made, and none that builds on something missing.

In C if that could be compiled at installation, otherwise in Python: both do the same.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from roomful.rooms.protocol.lib0 import MAX_NUMBER, BadMessage, Reader
from roomful.rooms.protocol.state import StateVector

MAX_LEVELS = 16_000
"""A stack of 8 MiB, as threads and processes have it, holds more than 20,000 nested values."""

MAX_STRUCTS = 1_000_000
"""In one update. The library takes some 100 bytes for each, and the check in Python 2 microseconds."""

_OBJECT, _ARRAY = 118, 117
_STRING, _BINARY = 119, 116
_NUMBER = 125
_FIXED_BYTES = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}

_GC, _SKIP = 0, 10
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_PARENT_KEY = 0x80, 0x40, 0x20
_DELETED, _JSON, _BINARY_CONTENT, _TEXT, _EMBED, _FORMAT, _TYPE, _ANY, _DOCUMENT = range(1, 10)
_NAMED_TYPES = (3, 5)
_MAX_TYPE = 6

_Ranges = Mapping[int, tuple[int, int]]
"""For each client id the first of the update's operations, and the one after the last."""


def lacks_something(update: bytes, known: StateVector, *, max_levels: int = MAX_LEVELS) -> bool:
    """Whether an update builds on, or deletes, something that is neither known nor in it.

    Raises BadMessage for what no Yjs client makes.
    """
    lacks = look_through(update, dict(known), max_levels, MAX_STRUCTS)
    if lacks is None:
        raise BadMessage("no update that a Yjs client makes")
    return lacks


def look_through_in_python(update: bytes, known: dict[int, int], max_levels: int, max_structs: int, /) -> bool | None:
    """Whether an update lacks something; None for what no Yjs client makes."""
    try:
        return _lacks_something(update, known, max_levels, max_structs)
    except BadMessage:
        return None


if TYPE_CHECKING:
    IS_NATIVE: bool
    from roomful.rooms.protocol.native import look_through as look_through
else:
    try:
        from roomful.rooms.protocol.native import look_through

        IS_NATIVE = True
    except ImportError:
        IS_NATIVE = False
        look_through = look_through_in_python


def _lacks_something(update: bytes, known: StateVector, max_levels: int, max_structs: int) -> bool:
    reader = Reader(update)
    ranges: dict[int, tuple[int, int]] = {}
    needs: list[tuple[int, int, int, int]] = []
    has_gap = False
    left = max_structs
    for _ in range(reader.var_uint()):
        count, client, start = reader.var_uint(), reader.var_uint(), reader.var_uint()
        left -= count
        if client in ranges or not count or left < 0:
            raise BadMessage("a client is named twice, or with no operations, or with too many")
        clock = start
        for _ in range(count):
            info = reader.byte()
            if info in (_GC, _SKIP):
                length = reader.var_uint()
                has_gap = has_gap or info == _SKIP
            else:
                needs += [(client, clock, other, number) for other, number in _read_place(reader, info)]
                length = _read_content(reader, info & 0x1F, max_levels)
            clock += length
            if not length or clock > MAX_NUMBER:
                raise BadMessage("an operation is empty, or its number is too large")
        ranges[client] = (start, clock)
        has_gap = has_gap or start > known.get(client, 0)
    has_all = _knows_deletions(reader, known, ranges)
    if reader.has_more:
        raise BadMessage("something follows the update")
    return _needs_more(needs, known, ranges) or has_gap or not has_all


def _needs_more(needs: list[tuple[int, int, int, int]], known: StateVector, ranges: _Ranges) -> bool:
    """Each need is an operation and one that it stands beside or in, both by client id and number."""
    needs_more = False
    for client, clock, other, number in needs:
        if client == other and number >= clock:
            raise BadMessage("an operation builds on a later one")
        if number >= known.get(other, 0):
            start, end = ranges.get(other, (0, 0))
            needs_more = needs_more or not start <= number < end
    return needs_more


def _read_place(reader: Reader, info: int) -> Iterator[tuple[int, int]]:
    """The operations that this one stands beside or in."""
    for flag in (_HAS_ORIGIN, _HAS_RIGHT_ORIGIN):
        if info & flag:
            yield reader.var_uint(), reader.var_uint()
    if not info & (_HAS_ORIGIN | _HAS_RIGHT_ORIGIN):
        match reader.var_uint():
            case 0:
                yield reader.var_uint(), reader.var_uint()
            case 1:
                reader.var_string()  # the name of a root
            case _:
                raise BadMessage("no parent of Yjs")
        if info & _HAS_PARENT_KEY:
            reader.var_string()


def _read_content(reader: Reader, kind: int, max_levels: int) -> int:
    """Pass over a content; the number of operations that it counts for."""
    if kind == _TEXT:
        text = reader.var_string()
        return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    if kind == _DELETED:
        return reader.var_uint()
    if kind == _JSON:
        count = reader.var_uint()
        for _ in range(count):
            reader.var_string()
        return count
    if kind == _ANY:
        count = reader.var_uint()
        _check_values(reader, count, max_levels)
        return count
    if kind == _BINARY_CONTENT:
        reader.var_bytes()
    elif kind == _EMBED:
        reader.var_string()
    elif kind == _FORMAT:
        reader.var_string()
        reader.var_string()
    elif kind == _TYPE:
        type_ = reader.var_uint()
        if type_ > _MAX_TYPE:
            raise BadMessage("no type of Yjs")
        if type_ in _NAMED_TYPES:
            reader.var_string()
    elif kind == _DOCUMENT:
        reader.var_string()
        _check_values(reader, 1, max_levels)
    else:
        raise BadMessage("no content of Yjs")
    return 1


def _check_values(reader: Reader, count: int, max_levels: int) -> None:
    """Pass over so many consecutive values."""
    open_ = [(count, False)]
    """For each level, how many values are to come, and whether each has a key."""
    while open_:
        left, has_keys = open_.pop()
        if not left:
            continue
        open_.append((left - 1, has_keys))
        if has_keys:
            reader.var_string()
        tag = reader.byte()
        if tag in (_ARRAY, _OBJECT):
            open_.append((reader.var_uint(), tag == _OBJECT))
            if len(open_) > max_levels:
                raise BadMessage("values are nested too deep")
        elif tag == _STRING:
            reader.var_string()
        elif tag == _BINARY:
            reader.var_bytes()
        elif tag == _NUMBER:
            reader.skip_var_int()
        elif tag in _FIXED_BYTES:
            reader.skip(_FIXED_BYTES[tag])
        else:
            raise BadMessage("no value of lib0")


def _knows_deletions(reader: Reader, known: StateVector, ranges: _Ranges) -> bool:
    """Whether everything that the update deletes is known or in it."""
    knows_all = True
    for _ in range(reader.var_uint()):
        client = reader.var_uint()
        end = max(known.get(client, 0), ranges.get(client, (0, 0))[1])
        for _ in range(reader.var_uint()):
            knows_all = reader.var_uint() + reader.var_uint() <= end and knows_all
    return knows_all
