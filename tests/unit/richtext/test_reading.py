"""Texts that may take long to read: another process reads them, within limits."""

import subprocess
from collections.abc import Sequence

import pytest

from roomful.errors import Invalid
from roomful.richtext import reading
from roomful.richtext.fence import kept_nodes
from roomful.richtext.formats import write_markup
from roomful.richtext.nodes import Node, paragraph
from roomful.richtext.reading import (
    MAX_SECONDS_HERE,
    Markup,
    TooLong,
    names_nodes,
    read_description,
    read_text,
    seconds_at_most,
)

PROSE = (
    "## Plan\n\nRead [this](https://example.com), then **that**.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
)
_OPEN = "<p>" + "".join(f"<b a={n}>" for n in range(3_000)) + "</p>"

HOSTILE: Sequence[tuple[str, Markup, str]] = (
    ("formatting that is repeated in each paragraph", "html", _OPEN + "<p>x</p>" * 3_000),
    ("tags in tags", "html", "<div>" * 60_000),
    ("tags in tags, in capitals", "html", "<DIV\n>" * 60_000),
    ("attributes of one tag", "html", f"<p {' '.join(f'a{n}' for n in range(120_000))}>x"),
    ("attributes without blanks", "html", f"<p/{'/'.join(f'a{n}' for n in range(120_000))}>x"),
    ("pictures that never end", "markdown", "![" * 200_000),
    ("links in links", "markdown", "[" * 500_000 + "a" + "]" * 500_000),
    ("rows that are filled up", "markdown", ("|" + "a|" * 500 + "\n|" + "-|" * 500 + "\n" + "|\n" * 500 + "\n") * 60),
    (
        "such rows in a quote",
        "markdown",
        ("> |" + "a|" * 500 + "\n> |" + "-|" * 500 + "\n" + "> |\n" * 500 + "\n") * 60,
    ),
    ("marks in marks", "markdown", "[*a **b " * 60_000),
)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was given to another process."""
    given: list[bytes] = []
    run = subprocess.run

    def note_and_run(*arguments: object, **options: object) -> object:
        given.append(options["input"])  # type: ignore[arg-type]
        return run(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", note_and_run)
    return given


@pytest.mark.parametrize(("markup", "text"), [each[1:] for each in HOSTILE], ids=[each[0] for each in HOSTILE])
def test_a_hostile_text_is_read_elsewhere_and_ended(
    markup: Markup, text: str, elsewhere: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_CPU_SECONDS", 1)
    monkeypatch.setattr(reading, "MAX_MEMORY_BYTES", 400 * 1024 * 1024)
    with pytest.raises(TooLong):
        read_text(text, markup)
    assert len(elsewhere) == 1


@pytest.mark.parametrize("text", [text[:10_000] for _, markup, text in HOSTILE if markup == "markdown"][:4])
def test_a_hostile_description_is_not_read(text: str, elsewhere: list[bytes]) -> None:
    with pytest.raises(TooLong):
        read_description(text)
    assert not elsewhere


@pytest.mark.parametrize("markup", ["markdown", "html"])
def test_a_long_text_is_read_elsewhere_to_the_same_blocks(markup: Markup, elsewhere: list[bytes]) -> None:
    one = read_text(PROSE, "markdown")
    text = write_markup(one * 600, markup)
    assert seconds_at_most(text, markup) > MAX_SECONDS_HERE[markup]
    assert read_text(text, markup) == read_text(write_markup(one, markup), markup) * 600
    assert len(elsewhere) == 1


@pytest.mark.parametrize("markup", ["markdown", "html"])
def test_a_usual_text_is_read_here(markup: Markup, elsewhere: list[bytes]) -> None:
    text = write_markup(read_text(PROSE, "markdown") * 8, markup)
    assert read_text(text, markup)
    assert not elsewhere


def test_a_long_text_is_refused_for_its_reason(elsewhere: list[bytes]) -> None:
    with pytest.raises(Invalid) as refused:
        read_text("<div>" * 6_000, "html")
    assert refused.value.details == [
        {"field": "body", "message": "is nested deeper than 200 tags", "type": "value_error"}
    ]
    assert len(elsewhere) == 1


def test_a_long_text_names_nodes_of_its_document(elsewhere: list[bytes]) -> None:
    callout: Node = {"type": "callout", "attrs": {"tone": "calm"}, "content": [paragraph("a")]}
    [label] = [name for name, node in kept_nodes([callout]).items() if node == callout]
    text = "- word\n" * 8_000 + f"\n\n```roomful callout {label}\n```\n"
    assert names_nodes(text)
    assert read_text(text, "markdown", kept_nodes([callout]))[-1] == callout
    assert len(elsewhere) == 1


def test_a_bug_of_the_other_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_CPU_SECONDS", "many")
    with pytest.raises(RuntimeError, match="ValueError"):
        read_text("<div>" * 6_000, "html")
