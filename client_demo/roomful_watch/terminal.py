"""Makes other people's text safe for a terminal."""

import io
import sys
import unicodedata


def printable(text: str) -> str:
    """The text without characters that move the cursor, set colours or reverse the line."""
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if _can_steer(character) else character for character in text)


def json_line(body: bytes) -> bytes:
    r"""The same JSON value on one line, with every character that could control a terminal escaped (`\u202e`).

    Programs read the same value, and people who look on are not deceived.
    """
    text = body.decode(errors="replace")
    if text.isprintable():
        return body
    return "".join(_json_escape(character) if _can_steer(character) else character for character in text).encode()


def tolerate_narrow_output() -> None:
    """Print `?` for characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _can_steer(character: str) -> bool:
    # The joiner combines emoji; any other invisible format character may reorder the text.
    return character != "\N{ZERO WIDTH JOINER}" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _json_escape(character: str) -> str:
    if character in "\n\r\t":
        return " "  # between values, since JSON allows none of them inside a string
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
