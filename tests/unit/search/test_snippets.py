"""Snippets: short, in one line, around what was looked for."""

from roomful.search.snippets import MAX_CHARS, snippet
from roomful.search.words import terms_of


def test_a_short_text_is_whole() -> None:
    assert snippet("Order\n\n  the <b>fuel</b>", terms_of("fuel")) == "Order the <b>fuel</b>"
    assert snippet("", terms_of("fuel")) == ""
    assert snippet("Order", terms_of("fuel")) == "Order"


def test_a_long_text_is_cut_around_the_first_word() -> None:
    text = f"{'lorem ' * 200}needle {'ipsum ' * 200}"
    cut = snippet(text, terms_of("needle"))
    assert cut.startswith("…lorem ")
    assert cut.endswith("…")
    assert cut.index("needle") < 60
    assert len(cut) <= MAX_CHARS + 2


def test_a_text_without_spaces() -> None:
    assert "会議" in snippet("あ" * 500 + "会議" + "い" * 500, terms_of("会議"))
