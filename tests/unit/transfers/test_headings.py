"""Which columns of a file an import knows."""

from roomful.transfers.headings import headings_of, values_of
from roomful.transfers.schemas import Heading


def fields(*headings: str) -> list[str | None]:
    return [heading.field for heading in headings_of(headings)]


def test_our_own_headings() -> None:
    ours = ["number", "title", "description", "column", "status", "labels", "assignee", "due_on", "assignee_id", "id"]
    known = ["title", "description", "column", "status", "labels", "assignee", "due_on", "assignee_id"]
    assert fields(*ours) == [None, *known, None]


def test_those_of_trello_and_jira() -> None:
    assert fields("Card ID", "Card Name", "Card Description", "Labels", "Members", "Due Date", "List Name") == [
        *(None, "title", "description", "labels", "assignee", "due_on", "column")
    ]
    assert fields("Summary", "Issue key", "Status", "Assignee", "Assignee Id", "Labels", "Labels", "Due date") == [
        *("title", None, "status", "assignee", "assignee_id", "labels", "labels", "due_on")
    ]


def test_the_first_of_two_counts_but_labels_add_up() -> None:
    headings = headings_of(["Title", "Name", "Labels", "Labels", "Labels"])
    assert [heading.field for heading in headings] == ["title", None, "labels", "labels", "labels"]
    assert values_of(headings, ["Fly", "Land", "moon", "", "sea"]) == {"title": "Fly", "labels": "moon, sea"}
    assert values_of(headings, ["'=1"]) == {"title": "=1"}


def test_a_long_heading_is_shown_in_part() -> None:
    assert headings_of(["x" * 500]) == [Heading(text="x" * 100, field=None)]
