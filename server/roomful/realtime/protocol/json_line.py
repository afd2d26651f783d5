"""JSON from outside, as it may stand in the midst of a message."""

import msgspec


def one_line(data: bytes) -> bytes:
    """The JSON in these bytes on one line: to the byte where it is so already. Raises ValueError for no JSON.

    A line break would end a message of the protocol, or a field of server-sent events, in the middle of it, and what is
    no JSON breaks the message for every client that reads it.
    """
    try:
        msgspec.json.decode(data)
        return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("what goes into a message must be JSON") from error
