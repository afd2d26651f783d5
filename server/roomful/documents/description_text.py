"""A task's description as Markdown, and the document that is made of it."""

from collections.abc import Sequence

from pycrdt import Doc

from roomful.documents.copies import Changed, merge_change, new_client_id
from roomful.errors import Conflict, Invalid
from roomful.richtext.formats import markdown_goal_since, write_beginning
from roomful.richtext.merge import merge_blocks
from roomful.richtext.nodes import Node
from roomful.richtext.plain import paragraphs
from roomful.richtext.reading import TooLong, read_description
from roomful.richtext.schema import require_valid
from roomful.richtext.tree import blocks_of, empty_document, is_plain, json_of, loaded
from roomful.tasks.schemas import MAX_DESCRIPTION_CHARS

CUT = "…"
"""Ends a description whose document is longer."""


def document_of(description: str) -> bytes:
    """The update that makes a document of a description."""
    new = [empty_document()]
    goal = _blocks(description)
    changed = merge_change(new, new, lambda doc: merge_blocks(doc, blocks_of(doc), goal))
    return loaded([*new, changed.update], new_client_id()).get_update()


def description_of(updates: Sequence[bytes]) -> str | None:
    """The description of a task, from its document; None if that is empty."""
    text = _beginning(json_of(loaded(updates, 0))["content"])
    if not text:
        return None
    return text if len(text) <= MAX_DESCRIPTION_CHARS else text[: MAX_DESCRIPTION_CHARS - len(CUT)] + CUT


def is_cut(description: object) -> bool:
    """Whether a task's description is only the beginning of its document."""
    return isinstance(description, str) and len(description) == MAX_DESCRIPTION_CHARS and description.endswith(CUT)


def rewritten(updates: Sequence[bytes], read: str, text: str, *, is_certain: bool) -> Changed:
    """Merge a person's change of a description, from `read` to `text`, into its document.

    `is_certain` says that they named what they had read; otherwise `read` is a guess.
    Raises Invalid, TooLong; Conflict for a document that its description does not hold in full.
    """

    def rewrite(doc: Doc) -> None:  # type: ignore[type-arg]
        if is_plain(doc):
            raise Conflict("The description is plain text: change the content of its document.")
        present = blocks_of(doc)
        if len(_beginning(present)) > MAX_DESCRIPTION_CHARS:
            raise Conflict(
                f"The description has more than {MAX_DESCRIPTION_CHARS:,} characters: change its document's content."
            )
        goal = markdown_goal_since(present, read, text, is_certain=is_certain)
        require_valid(goal, present)
        merge_blocks(doc, present, goal)

    return merge_change(updates, updates, rewrite)


def _beginning(blocks: Sequence[Node]) -> str:
    # No database takes a NUL in a text.
    return write_beginning(blocks, MAX_DESCRIPTION_CHARS + 1).replace("\x00", "\ufffd")


def _blocks(description: str) -> Sequence[Node]:
    try:
        goal = read_description(description)
        require_valid(goal, [])
    except (Invalid, TooLong):  # what no editor could show
        return paragraphs(description)
    return goal
