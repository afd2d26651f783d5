"""Documents as Markdown and HTML, and changes of these read back."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from roomful.errors import Invalid
from roomful.richtext.carry import carried, same_shape
from roomful.richtext.fence import kept_nodes
from roomful.richtext.html.reader import read_html
from roomful.richtext.html.writer import preformatted, write_html
from roomful.richtext.markdown_inline import Inexpressible
from roomful.richtext.markdown_reader import read_markdown
from roomful.richtext.markdown_writer import fenced, is_repeated, write_block
from roomful.richtext.nodes import Node, key, paragraph, words_of
from roomful.richtext.plain import paragraphs
from roomful.richtext.reading import Markup, TooLong, read_description, read_text
from roomful.richtext.three_way import merged_blocks

_EMPTY: list[Node] = [{"type": "paragraph"}]


class Form(NamedTuple):
    """A block as markup, and the node that is read from it."""

    text: str
    shown: Node


def write_markup(blocks: Sequence[Node], markup: Markup) -> str:
    """Some blocks as Markdown or HTML."""
    return _joined(_forms(blocks, markup), blocks, markup)


def read_markup(text: str, markup: Markup) -> list[Node]:
    """The blocks of a text. Raises Invalid, TooLong."""
    return read_text(text, markup)


def markup_goal(base: Sequence[Node], text: str, markup: Markup, read: Sequence[Node] | None = None) -> list[Node]:
    """The blocks that say this text, with everything of `base` that the markup can't express.

    `read` are the text's own blocks, if they are known. A document's own text gives its own blocks.
    Raises Invalid, TooLong.
    """
    forms = _forms(base, markup)
    if text == _joined(forms, base, markup):
        return list(base)
    goal = read_text(text, markup, kept_nodes(base)) if read is None else read
    return carried(base, [form.shown for form in forms], goal)


def write_beginning(blocks: Sequence[Node], least: int) -> str:
    """The Markdown of the first blocks that have at least so many characters together, or of all blocks."""
    if list(blocks) == _EMPTY:
        return ""
    texts: list[str] = []
    count = 0
    for form in _markdown_forms(blocks):
        texts.append(form.text)
        count += len(form.text)
        if count >= least:
            break
    return "\n\n".join(texts)


def markdown_goal_since(present: Sequence[Node], read: str, text: str, *, is_certain: bool = True) -> list[Node]:
    """The blocks after somebody has read `read` and made it `text`, while the document became `present`.

    Unless it `is_certain` that they have read that, they are taken to have seen what is present where `text` is more
    like it. Line breaks in a paragraph stay. Raises Invalid, TooLong.
    """
    present = present or _EMPTY
    kept = kept_nodes(present)
    goal = read_description(text, kept)
    try:
        base: Sequence[Node] = read_description(read, kept)
    except (Invalid, TooLong):  # what was taken as plain text
        base = paragraphs(read)
    shown = [form.shown for form in _markdown_forms(present)]
    if not is_certain and _distance(goal, shown) < _distance(goal, base):
        base = shown
    if key(shown) != key(base):
        goal = merged_blocks(base, shown, goal) or [paragraph()]
    return carried(present, shown, goal)


def _distance(blocks: Sequence[Node], others: Sequence[Node]) -> int:
    """How many words are in one of the two only."""
    has, wants = (words_of({"type": "doc", "content": list(each)}) for each in (blocks, others))
    return (has - wants).total() + (wants - has).total()


def _forms(blocks: Sequence[Node], markup: Markup) -> list[Form]:
    return [_html_form(block) for block in blocks] if markup == "html" else list(_markdown_forms(blocks))


def _markdown_forms(blocks: Sequence[Node]) -> Iterator[Form]:
    is_other = False
    for number, block in enumerate(blocks):
        is_other = is_repeated(blocks, number, is_other=is_other)
        yield _markdown_form(block, is_other)


def _joined(forms: Sequence[Form], blocks: Sequence[Node], markup: Markup) -> str:
    if list(blocks) == _EMPTY or not blocks:
        return ""
    return ("\n\n" if markup == "markdown" else "\n").join(form.text for form in forms) + "\n"


def _markdown_form(block: Node, is_other: bool) -> Form:
    for with_marks in (True, False):
        write = partial(write_block, block, with_marks=with_marks, is_other=is_other)
        if (form := _tried(block, write, read_markdown)) is not None:
            return form
    return Form(fenced(block), block)


def _html_form(block: Node) -> Form:
    return _tried(block, lambda: write_html(block), read_html) or Form(preformatted(block), block)


def _tried(block: Node, write: Callable[[], str], read: Callable[[str], list[Node]]) -> Form | None:
    """The form, if it is read back in the same shape: no text may be lost or changed."""
    try:
        text = write()
        shown = read(text)
    except (Inexpressible, Invalid, RecursionError, ValueError, TypeError, AttributeError, KeyError):
        return None
    return Form(text, shown[0]) if len(shown) == 1 and same_shape(shown[0], block) else None
