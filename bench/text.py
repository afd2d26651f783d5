"""The content of a long document, read and changed by programs: CPU, and how long others wait meanwhile."""

import random
import statistics
import sys
from dataclasses import dataclass, field

import msgspec

from bench import watched
from bench.figures import TARGET_MARKS, Table, median_and_spread
from bench.grounds import Ground, roomful
from bench.machine import cpu_seconds
from tests.support.api import Json, Person
from tests.support.documents import create_document

CHARACTERS = 100_000
CHANGED_WORDS = 40
MOST_READ_MS = 40.0
MOST_CHANGE_MS = 300.0
MOST_BLOCK_MS = 50.0

READ = f"read {CHARACTERS // 1000} kB to JSON"
CHANGE = f"merge Markdown in which {CHANGED_WORDS} words are others"

METHOD = f"""\
One document of {CHARACTERS:,} characters in headings, paragraphs and lists with bold words, on SQLite. *Read* is `GET
…/content?format=json`. *Merge* is `PATCH …/content?format=markdown` with the text of a `GET` before it and that one's
`ETag`, in which {CHANGED_WORDS} words all over it are others. *CPU* is that of all threads of the server until the
answer is here. *Block* is the longest time in which the loop did not come round, by the clock and by its own work,
during further requests to a server that watches its loop; its target is for the clock."""

_WORDS = "the wings of wax and feathers carry two over the sea to another island with some luck"


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds of each request: of CPU, and the longest block of the loop by the clock and by its own work."""

    cpu: list[float] = field(default_factory=list)
    walls: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)


async def measure(ground: Ground, *, rounds: int) -> Table:
    spent = {READ: Spent(), CHANGE: Spent()}
    async with roomful(ground) as server:
        ada = await server.api.register("ada")
        path = f"/documents/{await create_document(ada, await ada.create_project())}/content"
        await _write(ada, f"{path}?format=json", msgspec.json.encode(_content()))
        for number in range(rounds + 1):
            cpu = await _cpu(server.pid, ada, path, number)
            if number > 0:  # the first warms up
                for name, milliseconds in cpu.items():
                    spent[name].cpu.append(milliseconds)
    async with roomful(ground, program=(sys.executable, "-m", "bench.watched", "{port}")) as server:
        ada = await server.api.sign_in(ada.email)
        for number in range(rounds + 1):
            blocks = await _blocks(ada, path, number)
            if number > 0:
                for name, block in blocks.items():
                    spent[name].walls.append(block["wall_ms"])
                    spent[name].work.append(block["cpu_ms"])
    table = Table("The content of a long document", METHOD, ("figure", "target", "reached", ""))
    for name, most in ((READ, MOST_READ_MS), (CHANGE, MOST_CHANGE_MS)):
        table.rows.extend(_rows(name, spent[name], most))
    return table


async def _cpu(process_id: int, person: Person, path: str, number: int) -> dict[str, float]:
    """Milliseconds of CPU by the figure."""
    began = cpu_seconds(process_id)
    await _read(person, path, "json")
    read = cpu_seconds(process_id) - began
    text, tag = await _read(person, path, "markdown")
    began = cpu_seconds(process_id)
    await _write(person, f"{path}?format=markdown", _with_other_words(text, number), If_Match=tag)
    return {READ: read * 1000, CHANGE: (cpu_seconds(process_id) - began) * 1000}


async def _blocks(person: Person, path: str, number: int) -> dict[str, dict[str, float]]:
    """The longest blocks by the figure."""
    text, tag = await _read(person, path, "markdown")
    await person.http.get(watched.PATH)
    await _read(person, path, "json")
    read = (await person.http.get(watched.PATH)).json()
    await _write(person, f"{path}?format=markdown", _with_other_words(text, number), If_Match=tag)
    return {READ: read, CHANGE: (await person.http.get(watched.PATH)).json()}


async def _read(person: Person, path: str, format: str) -> tuple[str, str]:
    """The content and its ETag."""
    answer = await person.request("GET", f"{path}?format={format}")
    if answer.status_code != 200:
        raise RuntimeError(f"the content was not read: {answer.text}")
    return answer.text, answer.headers["etag"]


async def _write(person: Person, path: str, content: bytes, **headers: str) -> None:
    answer = await person.request("PATCH", path, content=content, **headers)
    if answer.status_code != 204:
        raise RuntimeError(f"the content was not changed: {answer.text}")


def _with_other_words(text: str, number: int) -> bytes:
    """The text with so many words replaced, by others for each number."""
    words = text.split(" ")
    plain = [place for place, word in enumerate(words) if word.isalpha()]
    for place in plain[:: len(plain) // CHANGED_WORDS][:CHANGED_WORDS]:
        words[place] = f"changed{chr(ord('a') + number % 26)}"
    return " ".join(words).encode()


def _rows(name: str, spent: Spent, most_ms: float) -> list[tuple[str, ...]]:
    return [
        (
            f"{name}: CPU",
            f"≤ {most_ms:.0f} ms",
            f"{median_and_spread(spent.cpu)} ms",
            TARGET_MARKS[statistics.median(spent.cpu) <= most_ms],
        ),
        (
            f"{name}: longest block of the loop",
            f"≤ {MOST_BLOCK_MS:.0f} ms",
            f"{median_and_spread(spent.walls)} ms, of which work {median_and_spread(spent.work)} ms",
            TARGET_MARKS[statistics.median(spent.walls) <= MOST_BLOCK_MS],
        ),
    ]


def _content() -> Json:
    """A document of CHARACTERS in ProseMirror's JSON, the same each time."""
    words = random.Random(3)
    blocks: list[Json] = []
    left = CHARACTERS
    while left > 0:
        block, size = _block(words, len(blocks) % 8)
        blocks.append(block)
        left -= size
    return {"type": "doc", "content": blocks}


def _block(words: random.Random, kind: int) -> tuple[Json, int]:
    """A block and its characters."""
    if kind == 0:
        return {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "A part of it"}]}, 12
    if kind == 3:
        items = [_paragraph(words, 14) for _ in range(4)]
        content = [{"type": "listItem", "content": [item]} for item, _ in items]
        return {"type": "bulletList", "content": content}, sum(size for _, size in items)
    return _paragraph(words, 58)


def _paragraph(words: random.Random, count: int) -> tuple[Json, int]:
    plain, bold = " ".join(words.choice(_WORDS.split()) for _ in range(count)), " and bold words"
    texts = [{"type": "text", "text": plain}, {"type": "text", "text": bold, "marks": [{"type": "bold"}]}]
    return {"type": "paragraph", "content": texts}, len(plain) + len(bold)
