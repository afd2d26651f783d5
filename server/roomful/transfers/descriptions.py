"""A description as people read it in a cell."""

import re

_FENCE = re.compile(r"[^`]*(`{3,})[^`]*$")
_LAST_REFERENCE = re.compile(r"&#(\d{1,5});\Z")
_REFERENCE_CHARS = 8


def with_plain_ends(markdown: str) -> str:
    """The Markdown of a document with the blanks that end its lines as they were typed.

    Markdown as such has them as `&#32;`, or they would mean nothing. In a cell nobody reads them so. What is in fenced
    code means what it says. Takes time in proportion to the text, whoever has written it.
    """
    if "&#" not in markdown:
        return markdown
    lines = markdown.split("\n")
    fence = ""
    for number, line in enumerate(lines):
        if not fence:
            opening = _FENCE.match(line)
            fence = opening[1] if opening else ""
            if not opening:
                lines[number] = _with_plain_end(line)
        elif _ends_fence(line, fence):
            fence = ""
    return "\n".join(lines)


def _ends_fence(line: str, fence: str) -> bool:
    rest = line.lstrip(" >")
    return rest.startswith(fence) and not rest.strip("`")


def _with_plain_end(line: str) -> str:
    references: list[re.Match[str]] = []  # the last one first
    start = len(line)
    while found := _LAST_REFERENCE.search(line, max(0, start - _REFERENCE_CHARS), start):
        references.append(found)
        start = found.start()
    if references and _is_escaped(line, start):
        start = references.pop().end()
    blanks = "".join(chr(int(each[1])) for each in reversed(references))
    return line[:start] + blanks if blanks.isspace() and not {"\n", "\r"} & set(blanks) else line


def _is_escaped(line: str, at: int) -> bool:
    before = line[:at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1
