"""Names and titles: allowed characters, and hidden ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.visible_text import check_visible, has_visible, without_invisible

WRITTEN = [
    "Ada",
    "  Moon landing ",
    "a\tb\nc",
    "\u202fx",
    "\u05e9\u05dc\u05d5\u05dd, Ada",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a zero-width non-joiner
    "\u0915\u094d\u200d\u0937",  # Devanagari, with a joiner
    "\u0d28\u0d4d\u200d",  # a Malayalam letter as older keyboards end a word
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
    "\U0001f3f3\ufe0f\u200d\U0001f308",  # the rainbow flag
    "\U0001f3c3\U0001f3fd\u200d\u2640\ufe0f",  # a running woman
    "\u2764\ufe0f\u200d\U0001f525",
    "1\ufe0f\u20e3",
    "\u00a9\ufe0f 2026",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
    "\u845b\U000e0100",  # a kanji in the form that a person's name has
    "\U0001fae8",  # newer than this Python's tables
    "<img src=x onerror=alert(1)>",
    "=cmd",
    "x\u2028y",
]

HIDDEN = [
    "",
    "   ",
    "\u200b",
    "\u200d",
    "\u3164",
    "\u2800",
    "\u00a0\u00ad",
    "\u034f",
    "\ufe0f",
    "\u0001",
    "\U000e0041",
    "Ada\u202egnp.exe",
    "\u2066Ada\u2069",
    "Ada\u200e",
    "Ada\u200b Lovelace",
    "Ada\u200d",
    "ad\u200dmin",
    "ad\u200cmin",
    "Ada\ufeff",
    "Ada\u3164",
    "Ada\ufe0f",
    "soft\u00adhyphen",
    "Ada\U000e0041\U000e007f",
    "\U0001f3f4\U000e0067",
    "\u0915\u200d\u200d\u0915",
    "esc\u001b[31m",
    "csi\u009b31m",
]


@pytest.mark.parametrize("text", WRITTEN, ids=ascii)
def test_characters_that_scripts_need_are_kept(text: str) -> None:
    assert check_visible(text) == text


@pytest.mark.parametrize("text", HIDDEN, ids=ascii)
def test_hidden_characters_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        check_visible(text)


@given(st.text())
def test_text_passes_without_its_invisible_characters(text: str) -> None:
    shown = "".join(each for each in without_invisible(text) if each.isprintable())
    if has_visible(shown):
        assert check_visible(shown) == shown
