"""Text that others wrote, made safe for the operator's terminal."""

import io
import sys
import unicodedata


def printable(text: str) -> str:
    r"""The text on one line, with everything that could steer a terminal or turn the line around as an escape (`\x1b`).

    Names, addresses and headers come from strangers; escapes show the operator what they sent.
    """
    if text.isprintable():
        return text
    return "".join(_escape(character) if _can_steer(character) else character for character in text)


def tolerate_narrow_output() -> None:
    """Print escapes for what the terminal's encoding lacks, such as an emoji in Latin-1, instead of giving up."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _can_steer(character: str) -> bool:
    # The joiner makes one emoji of several; every other invisible format character may reorder what is seen.
    return character != "\N{ZERO WIDTH JOINER}" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
