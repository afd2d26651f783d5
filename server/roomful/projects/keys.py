"""Keys of projects: the letters before the numbers of their tasks."""

import re
import unicodedata

MAX_LETTERS = 6
SHORT_LETTERS = 4
WITHOUT_LETTERS = "TASK"


def key_from(name: str) -> str:
    """A project's key, made of its name: the initials of several words, a short word itself, a long one's beginning.

    `Moon` is MOON, `Moon landing` ML, `Roadmaps` ROAD. A name without two Latin letters gets TASK.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    words: list[str] = re.findall("[A-Z]+", plain.replace("'", ""))
    if len(words) > 1:
        return "".join(word[0] for word in words)[:MAX_LETTERS]
    word = "".join(words)
    if len(word) < 2:
        return WITHOUT_LETTERS
    return word if len(word) <= MAX_LETTERS else word[:SHORT_LETTERS]
