"""Words: what texts and queries are taken apart into."""

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roomful.search.matching import _fts5, _tsquery
from roomful.search.words import (
    MAX_TERMS,
    MAX_TOKENS_BYTES,
    Term,
    Token,
    first_place,
    terms_of,
    token_of,
    tokens_of,
    words_of,
)

slowly = settings(deadline=None, suppress_health_check=list(HealthCheck))
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Order the FUEL, now!", ["order", "the", "fuel", "now"]),
        ("don't MOON-12 snake_case", ["don", "t", "moon", "12", "snake", "case"]),
        ("Café cafe\u0301 ﬁne ①", ["cafe", "cafe", "fine", "1"]),
        ("会議室 3F", ["会議", "議室", "室", "3f"]),
        ("x" * 50, ["x" * 40]),
        ("soft\u00adly zero\u200bwidth", ["softly", "zerowidth"]),
        ("🚀 -- \u200b", []),
    ],
)
def test_words_of_texts(text: str, words: list[str]) -> None:
    assert list(words_of(text)) == words


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("order fu", [Term("order", False), Term("fu", True)]),
        ("会議室", [Term("会議", False), Term("議室", True)]),
        ("室 plan", [Term("室", True), Term("plan", True)]),
        ("?!", []),
    ],
)
def test_terms_of_queries(query: str, terms: list[Term]) -> None:
    assert terms_of(query) == terms
    assert len(terms_of(" ".join(f"w{number}" for number in range(100)))) == MAX_TERMS


@slowly
@given(ANY_TEXT, ANY_TEXT)
def test_a_text_is_found_by_each_of_its_parts(text: str, rest: str) -> None:
    """Whatever is written: the text's own words, and an unfinished last one, are among its tokens."""
    tokens = set(tokens_of("", f"{text} {rest}", []).split())
    for length in range(1, len(text) + 1, 7):
        cut = text[:length]
        if length < len(text) and (unicodedata.combining(text[length]) or unicodedata.category(text[length])[0] == "M"):
            continue  # half a character
        terms = terms_of(cut)
        for term in terms[:-1]:
            assert has(tokens, token_of(term, in_title=False)), (cut, term)


def has(tokens: set[str], token: Token) -> bool:
    return token.text in tokens or (token.is_beginning and any(each.startswith(token.text) for each in tokens))


@slowly
@given(ANY_TEXT)
def test_tokens_hold_nothing_of_any_syntax(text: str) -> None:
    for token in tokens_of(text, text, ["k1"]).split(" "):
        assert not re.search(r"[\x00-\x2f:-@\[-`{-\x7f\s]", token), token


@slowly
@given(ANY_TEXT)
def test_questions_hold_quoted_words_alone(text: str) -> None:
    groups = [[token_of(term, in_title=True)] for term in terms_of(text)]
    assert re.fullmatch(r'(?:\("[^"\x00]+"\*?\)(?: AND )?)*', _fts5(groups))
    assert re.fullmatch(r"(?:\('[^'\\\x00]+'(?::\*)?\)(?: & )?)*", _tsquery(groups))


def test_tokens_are_bounded() -> None:
    text = " ".join(f"{number:040}" for number in range(20_000))
    assert len(tokens_of("Title", text, []).encode()) <= MAX_TOKENS_BYTES


def test_the_place_of_a_word() -> None:
    assert first_place("Über die Straße", terms_of("strasse")) == 9
    assert first_place("今日の会議室です", terms_of("会議室")) == 3
    assert first_place("Order fuel", terms_of("zebra fu")) == 6
    assert first_place("Order fuel", terms_of("zebra")) is None
