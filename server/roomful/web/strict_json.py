"""JSON as the API takes it: what every database, event and browser can hold, and nothing else."""

from typing import Any

import msgspec

from roomful.errors import Invalid

MAX_DEPTH = 32
MAX_VALUES = 10_000
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1


def decode(raw: bytes) -> Any:
    """The value of a JSON text.

    Raises Invalid for text that is not JSON (NaN and lone surrogates included), and for values that PostgreSQL, an
    event or a browser would change: NUL in a string, integers beyond 64 bits, nesting deeper than 32.
    """
    try:
        value = msgspec.json.decode(raw)
    except RecursionError:
        raise _invalid(f"is nested deeper than {MAX_DEPTH}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise _invalid("is not valid JSON") from None
    _check(value)
    return value


def _check(value: Any) -> None:
    """Level by level: depth is a count and not a recursion."""
    level, seen, depth = [value], 0, 0
    while level:
        depth += 1
        seen += len(level)
        if seen > MAX_VALUES:
            raise _invalid(f"holds more than {MAX_VALUES:,} values")
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if "\x00" in item:
                    raise _invalid("holds a NUL character")
            elif isinstance(item, dict | list):
                if depth > MAX_DEPTH:
                    raise _invalid(f"is nested deeper than {MAX_DEPTH}")
                below += item
                if isinstance(item, dict):
                    below += item.values()
            elif isinstance(item, int | float) and not MIN_INTEGER <= item <= MAX_INTEGER:
                # A whole number with an exponent or a fraction is a float by now; it has no better claim.
                raise _invalid("holds a number beyond 64 bits")
        level = below


def _invalid(reason: str) -> Invalid:
    return Invalid(
        f"The body {reason}.", details=[{"field": "body", "message": f"The body {reason}.", "type": "json_invalid"}]
    )
