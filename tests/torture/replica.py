"""A typist's own copy of the document."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from pycrdt import Doc, TransactionEvent, XmlElement, XmlFragment, XmlText, get_update

from tests.support import yjs


class Replica:
    """A Yjs document whose root `default` holds paragraphs, as editors make them. Used from one event loop."""

    def __init__(self, update: bytes = b"") -> None:
        self.doc: Doc[XmlFragment] = Doc()
        self._fragment = self.doc.get("default", type=XmlFragment)
        self._changes: list[bytes] = []
        self._subscription = self.doc.observe(self._note)
        if update:
            self.apply(update)

    def close(self) -> None:
        """A document that is still observed is never freed."""
        self.doc.unobserve(self._subscription)

    def apply(self, update: bytes) -> bool:
        """Whether it changed anything. Raises ValueError."""
        with self._noted() as changes:
            self.doc.apply_update(update)
        return bool(changes)

    def edit(self, word: str, rng: random.Random) -> list[bytes]:
        """Write a word somewhere, or take some characters out; the updates that tell others of it."""
        with self._noted() as changes:
            text = self._text(rng)
            length = len(str(text).encode())
            if length > 20 and rng.random() < 0.3:
                start = rng.randrange(length - 10)
                del text[start : start + rng.randrange(1, 10)]
            else:
                text.insert(rng.randrange(length + 1), word)
        return changes

    def holds(self, update: bytes) -> bool:
        """Whether everything in this update is here. Applies it where it is not."""
        # What is left of the update begins with how many clients' insertions are missing; deletions show by a change.
        lacks_insertions = get_update(update, self.doc.get_state())[0] != 0
        return not lacks_insertions and not self.apply(update)

    @property
    def text(self) -> str:
        return str(self._fragment)

    @property
    def clocks(self) -> dict[int, int]:
        """The state vector: how much of each client is here."""
        state = self.doc.get_state()
        count, position = yjs.read_var_uint(state, 0)
        clocks = {}
        for _ in range(count):
            client_id, position = yjs.read_var_uint(state, position)
            clocks[client_id], position = yjs.read_var_uint(state, position)
        return clocks

    def _text(self, rng: random.Random) -> XmlText:
        """One of those that are there; the first is made."""
        paragraphs = [each for each in self._fragment.children if isinstance(each, XmlElement)]
        if not paragraphs or rng.random() < 0.02:
            paragraph = XmlElement("paragraph")
            self._fragment.children.append(paragraph)
        else:
            paragraph = rng.choice(paragraphs)
        texts = [each for each in paragraph.children if isinstance(each, XmlText)]
        if texts:
            return rng.choice(texts)
        text = XmlText()
        paragraph.children.append(text)
        return text

    @contextmanager
    def _noted(self) -> Iterator[list[bytes]]:
        self._changes = []
        yield self._changes

    def _note(self, event: TransactionEvent) -> None:
        self._changes.append(event.update)
