"""The headings that an import knows: ours, and those of Trello's and Jira's exports."""

from collections.abc import Mapping, Sequence

from roomful.transfers.cells import unguarded
from roomful.transfers.schemas import Field, Heading

MAX_HEADINGS = 500
MAX_HEADING_CHARS = 100

_NAMES: Mapping[Field, Sequence[str]] = {
    "title": ("title", "name", "summary", "task", "task name", "card name", "subject"),
    "description": ("description", "card description"),
    "column": ("column", "list", "list name"),
    "status": ("status", "state"),
    "labels": ("labels", "label", "tags"),
    "assignee": ("assignee", "assignee name", "assignee e mail", "assignee email", "assigned to", "members"),
    "assignee_id": ("assignee id",),
    "due_on": ("due on", "due", "due date"),
}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names}


def headings_of(cells: Sequence[str]) -> list[Heading]:
    """The field that each column of a file fills. Of two columns for one field the first counts, but labels add up."""
    found: list[Heading] = []
    taken: set[Field] = set()
    for cell in cells:
        field = _FIELDS.get(_plain(unguarded(cell)))
        if field in taken and field != "labels":
            field = None
        if field is not None:
            taken.add(field)
        found.append(Heading(text=cell[:MAX_HEADING_CHARS], field=field))
    return found


def values_of(headings: Sequence[Heading], cells: Sequence[str]) -> dict[Field, str]:
    """A row's cells by field, unguarded. Several columns of labels become one."""
    values: dict[Field, str] = {}
    for heading, cell in zip(headings, cells, strict=False):
        if heading.field is not None:
            text = unguarded(cell)
            both = values.get(heading.field) and text
            values[heading.field] = (
                f"{values[heading.field]}, {text}" if both else text or values.get(heading.field, "")
            )
    return values


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
