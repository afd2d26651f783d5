"""Passwords that an attacker tries first (NIST SP 800-63B, 3.1.1.2)."""

import unicodedata
from pathlib import Path

# At import, like a module: later, reading it would block the loop.
COMMON_PASSWORDS = frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split())
"""The most common of eight characters or more, in lower case: from the list that zxcvbn (MIT licence) made of published
leaks, and a few with which installations begin."""


def check_uncommon(password: str) -> str:
    """The password itself. Raises ValueError for one of the most common."""
    if password.strip().casefold() in COMMON_PASSWORDS or not password.strip():
        raise ValueError("is one of the passwords that are tried first; choose another")
    return password


def check_not_own(password: str, *, email: str, name: str) -> None:
    """Raises ValueError for a password that is the person's own address or name."""
    if _folded(password) in {_folded(email), _folded(email.partition("@")[0]), _folded(name)}:
        raise ValueError("is your address or name; choose another")


def _folded(text: str) -> str:
    """A name without capitals and spaces, which hide nothing from an attacker."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())
