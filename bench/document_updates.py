"""Yjs updates, made before anything is measured."""

import random
from collections.abc import Sequence

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

TOKEN_BYTES = 7
PARAGRAPH_EDITS = 1_000
CLIENT_ID = 1_000
"""The server itself writes under a small one."""


def token(number: int) -> str:
    """Stands in one keystroke's update, and is found in whatever a server makes of it."""
    return f"~{number:0{TOKEN_BYTES - 1}}"


def typing(client_id: int, numbers: Sequence[int]) -> list[bytes]:
    """What a client sends that adds a paragraph of its own and types a token for each number at its end.

    The first update is the paragraph.
    """
    updates: list[bytes] = []
    doc: Doc[XmlFragment] = Doc(client_id=client_id)
    subscription = doc.observe(lambda event: updates.append(event.update))
    fragment = doc.get("default", type=XmlFragment)
    text = XmlText()
    with doc.transaction():
        paragraph = XmlElement("paragraph")
        fragment.children.append(paragraph)
        paragraph.children.append(text)
    for number in numbers:
        text += token(number)
    doc.unobserve(subscription)
    return updates


def written(characters: int, *, run: int, seed: int = 1) -> bytes:
    """A document of so many characters, typed in runs of this length, each at a place of its own."""
    rng = random.Random(seed)
    doc: Doc[XmlFragment] = Doc(client_id=CLIENT_ID)
    text = _paragraph(doc)
    for length in range(0, characters, run):
        place = rng.randrange(length + 1)
        for typed in range(run):
            text.insert(place + typed, rng.choice("abcdefghij "))
    return doc.get_update()


def edited(edits: int, *, seed: int = 2) -> bytes:
    """A document with a history: paragraphs of a thousand edits each, by a cursor that types, deletes and jumps."""
    rng = random.Random(seed)
    doc: Doc[XmlFragment] = Doc(client_id=CLIENT_ID)
    for _ in range(0, edits, PARAGRAPH_EDITS):
        _edit(_paragraph(doc), rng)
    return doc.get_update()


def _edit(text: XmlText, rng: random.Random) -> None:
    length = place = 0
    for _ in range(PARAGRAPH_EDITS):
        if rng.random() < 0.1:
            place = rng.randrange(length + 1)
        if place and rng.random() < 0.2:
            place -= 1
            length -= 1
            del text[place]
        else:
            text.insert(place, rng.choice("abcdefghij "))
            place += 1
            length += 1


def _paragraph(doc: "Doc[XmlFragment]") -> XmlText:
    fragment = doc.get("default", type=XmlFragment)
    text = XmlText()
    paragraph = XmlElement("paragraph")
    fragment.children.append(paragraph)
    paragraph.children.append(text)
    return text
