"""Text that somebody sent, read as blocks: here, or by `python -m roomful.richtext.reading` if that may take long.

Parsers take time and memory by the square of some texts, as their standards want it: HTML repeats all open formatting
in each paragraph, so that 13 KB can stand for 4 MB, and looks through all open tags at each new one; Markdown reads
on from each bracket to find its end, and fills a table's rows up to its columns.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Literal

import msgspec

from roomful.errors import Invalid, LimitReached
from roomful.richtext.fence import WORD, Kept
from roomful.richtext.html.reader import read_html
from roomful.richtext.markdown_reader import read_markdown
from roomful.richtext.nodes import Node

Markup = Literal["markdown", "html"]

MAX_SECONDS_HERE: Mapping[Markup, float] = {"markdown": 0.7, "html": 0.2}
"""Markdown's parser lets other threads work in between."""

MAX_CPU_SECONDS = 5
"""1 MiB of prose with links, lists and tables takes 1.5 s as Markdown, 0.8 s as HTML."""

MAX_MEMORY_BYTES = 768 * 1024 * 1024
MAX_SECONDS = 20.0

_FORMATTING = re.compile(r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s/\"']")
_MARKS = re.compile(r"[*_~`<&\\!:|>.)+-]")
_OF_DELIMITER_ROWS = " \t>*+.)|:-0123456789"
"""The characters of the line below a table's head. A quote or a list may hold the table, so their marks count too."""

_FINGERPRINT = re.compile(r"[0-9a-f]{12}")
_REFUSED, _NO_MEMORY = 3, 4
"""Exit codes of the other process."""


class TooLong(LimitReached):
    message = f"Reading the text takes more than {MAX_CPU_SECONDS} s or too much memory. Send it in parts, or as JSON."


def seconds_at_most(text: str, markup: Markup) -> float:
    """An upper estimate of what it takes to read a text, a hostile one too, on a processor of 2.8 GHz.

    That of usual HTML is far too high.
    """
    if markup == "markdown":
        lines = text.count("\n") + text.count("\r") + 1
        marks = len(_MARKS.findall(text))
        brackets, cells = text.count("["), _count_cells(text)
        return (2 * len(text) + 90 * lines + 30 * marks + 130 * brackets + 30 * cells) / 1e6
    tags, formatting = text.count("<"), len(_FORMATTING.findall(text))
    separators = len(_SEPARATORS.findall(text))  # of a tag's attributes, each of which is compared with those before it
    return (len(text) + 1.3 * formatting * tags + 0.006 * tags**2 + 0.0004 * separators**2) / 1e6


def _count_cells(text: str) -> int:
    """At least as many as the tables of a Markdown text have, with those that are filled up."""
    cells = columns = 0
    for line in text.replace("\r", "\n").split("\n"):
        if "|" in line and "-" in line and not line.strip(_OF_DELIMITER_ROWS):
            columns = line.count("|") + 1
        elif not line.strip():
            columns = 0
        cells += columns
    return cells


def names_nodes(text: str) -> bool:
    """Whether a text may name nodes of its document."""
    return WORD in text and _FINGERPRINT.search(text) is not None


def read_text(text: str, markup: Markup, kept: Kept | None = None) -> list[Node]:
    """The blocks of a text, as `read_markdown` and `read_html` read it. Raises Invalid, TooLong.

    Waits for another process if it may take longer than MAX_SECONDS_HERE: call it off the loop then.
    """
    if seconds_at_most(text, markup) <= MAX_SECONDS_HERE[markup]:
        return _read(text, markup, kept or {})
    named = {name: kept[name] for name in set(_FINGERPRINT.findall(text)) if name in kept} if kept else {}
    given = msgspec.msgpack.encode((text, markup, named))
    # -P: nothing is imported from the working directory.
    command = [sys.executable, "-P", "-m", "roomful.richtext.reading", str(MAX_CPU_SECONDS), str(MAX_MEMORY_BYTES)]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=MAX_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise TooLong from None
    if done.returncode == _REFUSED:
        message, details = msgspec.msgpack.decode(done.stdout)
        raise Invalid(message, details=details)
    if done.returncode < 0 or done.returncode == _NO_MEMORY:  # a signal: its CPU is used up, or it found no memory
        raise TooLong
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    return msgspec.msgpack.decode(done.stdout, type=list[Node])


def read_description(text: str, kept: Kept | None = None) -> list[Node]:
    """The blocks of a task's description: Markdown in which every line break stays.

    It is read while others wait for the project, so one that may take longer than MAX_SECONDS_HERE is not read at all.
    Nobody writes such a description: its 10,000 characters are mostly brackets, or cells that a wide table lacks.
    Raises Invalid, TooLong.
    """
    if seconds_at_most(text, "markdown") > MAX_SECONDS_HERE["markdown"]:
        raise TooLong("Reading the description takes too long: it has too many brackets, or too wide a table.")
    return read_markdown(text, kept, keep_lines=True)


def _read(text: str, markup: Markup, kept: Kept) -> list[Node]:
    return read_markdown(text, kept) if markup == "markdown" else read_html(text, kept)


def main() -> None:
    """Read `[text, markup, kept]` as MessagePack from standard input, and write the blocks."""
    _limit(int(sys.argv[1]), int(sys.argv[2]))
    given = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=tuple[str, Markup, dict[str, Node]])
    try:
        answer, code = msgspec.msgpack.encode(_read(*given)), 0
    except Invalid as refusal:
        answer, code = msgspec.msgpack.encode((refusal.message, refusal.details)), _REFUSED
    except MemoryError:
        answer, code = b"", _NO_MEMORY
    sys.stdout.buffer.write(answer)
    sys.exit(code)


def _limit(cpu_seconds: int, memory_bytes: int) -> None:
    if sys.platform == "win32":
        return  # has no such limits; MAX_SECONDS holds
    import os
    import resource

    os.nice(10)  # the server comes first
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
