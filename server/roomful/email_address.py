"""The one form of an e-mail address, by which a person is stored and found."""

import re
import unicodedata

import idna

# Imported now: idna would read this table from its file at the first address that needs it, on the event loop.
import idna.uts46data

from roomful.visible_text import INVISIBLE

MAX_LENGTH = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets

_DOMAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[a-z0-9.:-]+\]")
"""A name, or an address in brackets (RFC 5321, 4.1.3)."""

_NO_DOMAIN = "has a domain name that the DNS can't have"

_UNCLAIMED = re.compile(r"(.+) \([0-9]+\)", re.DOTALL)


def normal_email(text: str) -> str:
    """An address as it is stored and looked up: two spellings of one address give the same text.

    The local part is NFC with its ASCII letters lower-case. Other letters keep their case: a mail server may tell them
    apart, and lower-casing turns some of them into ASCII. The domain is lower-case ASCII (IDNA2008 after UTS #46).

    Raises ValueError. Only what can't be an address is refused: whether mail arrives is not for a pattern to say, and
    on a private network `ada@localhost` is a good one.
    """
    address = text.strip()
    if len(address) > 4 * MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH} characters long")
    local, _, domain = address.partition("@")
    if not local or not domain or "@" in domain or " " in address or not address.isprintable():
        raise ValueError("must be an e-mail address such as ada@example.org")
    address = f"{_normal_local_part(local)}@{_normal_domain(domain)}"
    if len(address) > MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH} characters long")
    return address


def known_email(text: str) -> str | None:
    """The text by which to look up an account when somebody types its address; None if it can be nobody's.

    Text that `normal_email` refuses may still name an account: one whose address was stored before these rules, or
    that lost its address to an older account (`unclaimed`).
    """
    try:
        return normal_email(text)
    except ValueError:
        address = text.strip().lower()
        return address if address.isprintable() and 0 < len(address) <= MAX_LENGTH else None


def unclaimed(address: str, number: int) -> str:
    """The text in place of an address that belongs to an older account: `ada@example.org (2)`.

    The space keeps it apart from every address, so that nobody can register it or be verified for it.
    """
    mark = f" ({number})"
    return address[: MAX_LENGTH - len(mark)] + mark


def contested(email: str) -> str | None:
    """The address that an `unclaimed` text stands in for; None for an address."""
    match = _UNCLAIMED.fullmatch(email)
    return match and match[1]


def _normal_local_part(text: str) -> str:
    # NFC makes ASCII of a few characters (the Kelvin sign is a K), which no mail server does: another's address.
    if any(not each.isascii() and unicodedata.normalize("NFC", each).isascii() for each in text):
        raise ValueError("has a character that only looks like one of ASCII")
    if INVISIBLE.search(text):
        raise ValueError("has an invisible character")
    return "".join(each.lower() if each.isascii() else each for each in unicodedata.normalize("NFC", text))


def _normal_domain(text: str) -> str:
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii")
        except UnicodeError:
            raise ValueError(_NO_DOMAIN) from None
    domain = text.lower().removesuffix(".")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(_NO_DOMAIN)
    return domain
