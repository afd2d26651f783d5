"""JSON from outside, made safe to splice into a message."""

import msgspec


def one_line(data: bytes) -> bytes:
    """This JSON on one line, unchanged if it is on one already. Raises ValueError for invalid JSON.

    A line break would end a message of the protocol, or a field of server-sent events. Invalid JSON would break the
    message for every client that reads it.
    """
    try:
        msgspec.json.decode(data)
        return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("what goes into a message must be JSON") from error
