"""Passwords that an attacker tries first (NIST SP 800-63B, 3.1.1.2)."""

import unicodedata

from roomful.identity.common_passwords import COMMON_PASSWORDS


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
    """What an attacker makes of a name in one go: capitals and spaces are no secrets."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())
