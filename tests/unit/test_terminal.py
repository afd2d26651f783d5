"""Other people's text can't control a reader's terminal."""

import json
import logging
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful import terminal as operator
from roomful.logs import configure_logging
from roomful_watch import terminal as reader

STEERING = {
    "C0": "a\x1b[2Jb",
    "window title": "\x1b]0;pwned\x07",
    "C1": "\x9b31m",
    "delete": "a\x7fb",
    "line breaks": "a\nb\rc\td\x85e",
    "separators": "a\u2028b\u2029c",
    "direction": "\u202egpj.exe\u2066\u2069\u200f",
    "invisible": "a\u200b\ufeffb\U000e0041",
    "lone surrogate": "a\ud83db",
}


def is_harmless(text: str) -> bool:
    return not any(
        character in text for nasty in STEERING.values() for character in nasty if not character.isprintable()
    )


@pytest.mark.parametrize("text", STEERING.values(), ids=STEERING)
def test_no_character_controls_a_terminal(text: str) -> None:
    assert is_harmless(reader.printable(text))
    assert is_harmless(operator.printable(text))


def test_escapes_show_the_original_character() -> None:
    assert operator.printable("a\x1b]0;x\x07\u202eb\x9b") == r"a\x1b]0;x\x07\u202eb\x9b"


@pytest.mark.parametrize("text", ["héllo 你好 עברית", "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}", "a b"])
def test_letters_of_every_script_stay(text: str) -> None:
    assert reader.printable(text) == operator.printable(text) == text


@pytest.mark.parametrize("text", STEERING.values(), ids=STEERING)
def test_json_keeps_its_value_and_controls_nothing(text: str) -> None:
    text = text.encode(errors="ignore").decode()
    body = json.dumps({"title": text, "more": [1, "é"]}, ensure_ascii=False, indent=1).encode()
    line = reader.json_line(body)
    assert is_harmless(line.decode())
    assert json.loads(line) == json.loads(body)


@given(st.text())
def test_no_text_controls_a_terminal_and_json_keeps_it(text: str) -> None:
    body = json.dumps([text, {text: 1}], ensure_ascii=False).encode()
    line = reader.json_line(body)
    assert json.loads(line) == json.loads(body)
    for shown in (line.decode(), reader.printable(text), operator.printable(text)):
        categories = {unicodedata.category(character) for character in shown if character != "\N{ZERO WIDTH JOINER}"}
        assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_plain_json_stays_to_the_byte() -> None:
    body = '{"title":"Zähl “3, 2, 1” 🚀"}'.encode()
    assert reader.json_line(body) == body


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_log_line_controls_nothing(log_format: str, capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging("json" if log_format == "json" else "console")
        try:
            raise ValueError("\x1b[2J")
        except ValueError:
            logging.getLogger("test").exception("refused \u202e", extra={"origin": "https://\x9b31m\x1b"})
        written = capfd.readouterr().err
    finally:
        root.handlers[:], root.level = handlers, level
    assert "refused" in written
    assert "ValueError" in written
    assert all(is_harmless(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", written).split("\n"))
