"""Words: how texts and queries are taken apart, so that both databases find the same.

Upper and lower case, accents and the width of letters make no difference. Languages written without spaces are taken
apart into pairs of neighbouring characters. An entry's words are tokens of letters and digits alone, which begin with
a letter that says what they are; so nothing in a query can be syntax of a database.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_WORD_CHARS = 40
"""Longer words are cut, in entries and in queries alike."""
MAX_TERMS = 12
"""Of a query. Further words are ignored."""
MAX_TOKENS_BYTES = 400_000
"""Of one entry. PostgreSQL takes up to 1 MiB."""
SHORT_CHARS = 3
"""Beginnings of words up to this length are tokens themselves: a range of so many words would be slow to read."""

_IN_TITLE, _ANYWHERE = "t", "w"
_SHORT = {_IN_TITLE: "s", _ANYWHERE: "v"}
"""First letters of the tokens: of a word, and of a short beginning of one. Marks begin with other letters."""

_WITHOUT_SPACES = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff"  # kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Chinese characters
)
_RUN = re.compile(f"([{_WITHOUT_SPACES}]+)|[^{_WITHOUT_SPACES}]+")
_STRIPPED = (
    "\u00ad\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f"  # invisible
    "\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"  # accents
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"  # vowel points
)
_ACCENTS = re.compile(f"[{_STRIPPED}]+")
# Vowel signs of Indian and South-East Asian scripts belong to words, though Python's \w leaves them out.
_SIGNS = (
    "\u0900-\u0963\u0966-\u0dff\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ece"
    "\u0f18-\u0fbc\u102b-\u103e\u17b4-\u17d3\u3099\u309a"
)
_WORD = re.compile(f"(?:[^\\W_]|[{_SIGNS}])+")
_WORD_AS_WRITTEN = re.compile(f"(?:[^\\W_]|[{_SIGNS}{_STRIPPED}])+")
# Letters that Unicode takes for letters of their own, and people leave out on other keyboards.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


class Term(NamedTuple):
    """One word of a query; with `is_beginning`, all words that begin with it."""

    text: str
    is_beginning: bool


class Token(NamedTuple):
    """One token to find in an index; with `is_beginning`, all tokens that begin with it."""

    text: str
    is_beginning: bool = False


def fold(text: str) -> str:
    """The text without accents, case and the like. Its length may change."""
    if text.isascii():
        return text.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", plain).translate(_PLAIN)


def words_of(text: str) -> Iterator[str]:
    """The words of a text that is indexed, in its order."""
    for match in _WORD.finditer(fold(text)):
        for run, is_spaceless in _runs(match[0]):
            if not is_spaceless:
                yield run[:MAX_WORD_CHARS]
                continue
            # The last character by itself, so that the beginning of a pair finds it.
            yield from (run[start : start + 2] for start in range(len(run)))


def terms_of(query: str) -> list[Term]:
    """The words of a query, at most MAX_TERMS. The last one may be unfinished."""
    terms: dict[Term, None] = {}
    for match in _WORD.finditer(fold(query)):
        for run, is_spaceless in _runs(match[0]):
            if is_spaceless:
                pairs = [run[start : start + 2] for start in range(max(1, len(run) - 1))]
                terms.update((Term(pair, len(pair) == 1), None) for pair in pairs)
            else:
                terms[Term(run[:MAX_WORD_CHARS], False)] = None
    found = list(terms)
    if found:
        found[-1] = Term(found[-1].text, True)
    return found[:MAX_TERMS]


def tokens_of(title: str, text: str, marks: Iterable[str]) -> str:
    """The tokens of an entry, each once: its marks, the words of its title, and those of both."""
    tokens: dict[str, None] = dict.fromkeys(marks)
    bytes_left = MAX_TOKENS_BYTES - sum(len(mark) + 1 for mark in tokens)
    for source, kinds in ((title, (_IN_TITLE, _ANYWHERE)), (text, (_ANYWHERE,))):
        for word in words_of(source):
            for kind in kinds:
                if kind + word in tokens:
                    continue
                fresh = [token for token in _forms(kind, word) if token not in tokens]
                bytes_left -= sum(len(token.encode()) + 1 for token in fresh)
                if bytes_left < 0:
                    return " ".join(tokens)
                tokens.update(dict.fromkeys(fresh))
    return " ".join(tokens)


def token_of(term: Term, *, in_title: bool) -> Token:
    """The token by which an index finds a term."""
    kind = _IN_TITLE if in_title else _ANYWHERE
    if not term.is_beginning:
        return Token(kind + term.text)
    if len(term.text) <= SHORT_CHARS:
        return Token(_SHORT[kind] + term.text)
    return Token(kind + term.text, is_beginning=True)


def first_place(text: str, terms: Iterable[Term]) -> int | None:
    """Where one of the terms is in a text, as it is written."""
    whole = {term.text for term in terms if not term.is_beginning}
    beginnings = tuple(term.text for term in terms if term.is_beginning)
    for match in _WORD_AS_WRITTEN.finditer(text):
        word = fold(match[0])
        if word[:MAX_WORD_CHARS] in whole or word.startswith(beginnings):
            return match.start()
        if not word.isascii() and any(term in word for term in (*whole, *beginnings) if not term.isascii()):
            places = (match[0].find(term) for term in (*whole, *beginnings))
            return match.start() + min((place for place in places if place >= 0), default=0)
    return None


def _forms(kind: str, word: str) -> Iterator[str]:
    yield kind + word
    for chars in range(1, min(len(word), SHORT_CHARS) + 1):
        yield _SHORT[kind] + word[:chars]


def _runs(word: str) -> Iterator[tuple[str, bool]]:
    """The parts of a word in scripts with and without spaces; True for those without."""
    if word.isascii():
        yield word, False
    else:
        yield from ((run[0], run[1] is not None) for run in _RUN.finditer(word))
