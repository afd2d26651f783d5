"""The one form of an e-mail address."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.email_address import MAX_LENGTH, contested, known_email, normal_email, unclaimed


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        ("\u212bsa@example.org", "\u00c5sa@example.org"),
        ("bob@b\u00fccher.example", "bob@xn--bcher-kva.example"),
        ("bob@BU\u0308CHER.example", "bob@xn--bcher-kva.example"),
        ("bob@XN--Bcher-KVA.Example", "bob@xn--bcher-kva.example"),
        ("bob@b\u00fccher\u3002example", "bob@xn--bcher-kva.example"),
        ("bob@fa\u00df.de", "bob@xn--fa-hia.de"),
        ("bob@\u212am.example", "bob@km.example"),
        ("bob@example.org.", "bob@example.org"),
        ("\u00c9lise@example.org", "\u00c9lise@example.org"),
        ("\u0130@example.org", "\u0130@example.org"),
        ("ada@my_host", "ada@my_host"),
    ],
    ids=ascii,
)
def test_one_address_has_one_form(written: str, stored: str) -> None:
    assert normal_email(written) == stored
    assert known_email(written) == stored


@pytest.mark.parametrize(
    "text",
    [
        "\u212aim@example.org",  # the Kelvin sign, which NFC and lower-casing make a k
        "a\u037eb@example.org",
        "ki\u200bm@example.org",
        "ki\u3164m@example.org",
        "kim\ufe0f@example.org",
        "kim@-\u00fc.example",
        "kim@\u00fc..example",
        "kim@a\u0000b",
        "kim@a..example",
        "kim@.example",
        "kim@a,b.example",
        "kim@[a.example",
        "<kim@a.example>",
        "kim@a/b.example",
        "kim@" + "\u00e9" * 250,
        "k" * 100_000 + "@example.org",
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_look_alike_characters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|has"):
        normal_email(text)


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_form_is_stable_and_ignores_composition(local: str, domain: str) -> None:
    try:
        form = normal_email(f"{local}@{domain}")
    except ValueError:
        return
    assert normal_email(form) == form
    assert len(form) <= MAX_LENGTH
    assert form.rpartition("@")[2].isascii()
    assert contested(form) is None
    assert normal_email(unicodedata.normalize("NFD", form)) == form


@given(st.text())
def test_look_up_keys_are_bounded_and_printable(text: str) -> None:
    looked_up = known_email(text)
    assert looked_up is None or (len(looked_up) <= MAX_LENGTH and looked_up.isprintable())


def test_lost_address_belongs_to_nobody() -> None:
    mark = unclaimed("x" * 300, 2)
    assert len(mark) == MAX_LENGTH
    for text in (mark, unclaimed("ada@example.org", 12)):
        with pytest.raises(ValueError, match="must be an e-mail address"):
            normal_email(text)
        assert known_email(text) == text
    assert contested("ada@example.org (12)") == "ada@example.org"
