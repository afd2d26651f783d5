"""Text that others wrote, made safe for a terminal."""

import io
import sys
import unicodedata


def printable(text: str) -> str:
    """The text without what would move the cursor, colour the terminal or turn the line around: others wrote it."""
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if _can_steer(character) else character for character in text)


def json_line(body: bytes) -> bytes:
    r"""The same JSON value on one line, in which every character that could steer a terminal is an escape (`\u202e`).

    A program reads what was there before, a person who looks on is not fooled.
    """
    text = body.decode(errors="replace")
    if text.isprintable():
        return body
    return "".join(_json_escape(character) if _can_steer(character) else character for character in text).encode()


def tolerate_narrow_output() -> None:
    """Print `?` for what the terminal's encoding lacks, such as an emoji in Latin-1, instead of giving up."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _can_steer(character: str) -> bool:
    # The joiner makes one emoji of several; every other invisible format character may reorder what is seen.
    return character != "\N{ZERO WIDTH JOINER}" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _json_escape(character: str) -> str:
    if character in "\n\r\t":
        return " "  # between values, since JSON allows none of them inside a string
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
