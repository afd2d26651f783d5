"""One row of an import, read: the new task, and the cells that were left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from pydantic import ValidationError

from roomful.projects.schemas import Column
from roomful.tasks.models import TaskStatus
from roomful.tasks.schemas import NewTask
from roomful.transfers import cells
from roomful.transfers.assignees import Assignees
from roomful.transfers.days import day_of
from roomful.transfers.schemas import Field

_STATUSES: Mapping[str, TaskStatus] = {
    "todo": "todo",
    "open": "todo",
    "inprogress": "in_progress",
    "doing": "in_progress",
    "done": "done",
    "closed": "done",
}


class Unfit(Exception):
    """The row makes no task; the text says why."""


class Question(NamedTuple):
    """A cell that its task is made without."""

    field: Field
    value: str
    reason: str


class Wanted(NamedTuple):
    new: NewTask
    questions: list[Question]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows for one project."""

    columns: Sequence[Column]
    people: Assignees

    def read(self, values: Mapping[Field, str]) -> Wanted:
        """Raises Unfit."""
        if any("\x00" in text for text in values.values()):
            raise Unfit("It holds a NUL character.")
        if not values.get("title", "").strip():
            raise Unfit("It has no title.")
        questions: list[Question] = []
        body = {
            "title": values["title"],
            "description": values.get("description") or None,
            "labels": cells.split(values.get("labels", "")),
            "assignee_id": self._assignee(values, questions),
            "due_on": _due_on(values, questions),
            **self._place(values, questions),
        }
        try:
            return Wanted(NewTask.model_validate(body), questions)
        except ValidationError as error:
            raise Unfit(_reason(error)) from None

    def _place(self, values: Mapping[Field, str], questions: list[Question]) -> dict[str, object]:
        """A column by its name; otherwise the first one of a status. Without both, it is one of those to do."""
        fields: tuple[Field, ...] = ("column", "status")
        for field in fields:
            if (column := self._column(values.get(field, ""))) is not None:
                return {"column_id": column.id}
        for field in fields:
            if (status := _status(values.get(field, ""))) is not None:
                return {"status": status}
        for field in fields:
            if text := values.get(field, "").strip():
                questions.append(Question(field, text, "There is no such column here."))
        return {}

    def _column(self, name: str) -> Column | None:
        """The first one with this name: as it is written, or else without regard to case."""
        by_name = [column for column in self.columns if column.name == name]
        wanted = name.strip().casefold()
        return next(iter([*by_name, *(each for each in self.columns if each.name.casefold() == wanted)]), None)

    def _assignee(self, values: Mapping[Field, str], questions: list[Question]) -> str | None:
        name, user_id = values.get("assignee", ""), values.get("assignee_id", "")
        found = self.people.with_id(user_id) or self.people.named(name)
        if found is None and (name + user_id).strip():
            questions.append(Question("assignee", name or user_id, "No member here is called that, or several are."))
        return found


def _due_on(values: Mapping[Field, str], questions: list[Question]) -> date | None:
    text = values.get("due_on", "")
    day = day_of(text)
    if day is None and text.strip():
        questions.append(Question("due_on", text, "Write days as 2026-07-16."))
    return day


def _status(text: str) -> TaskStatus | None:
    return _STATUSES.get("".join(letter for letter in text.casefold() if letter.isalpha()))


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{first['loc'][0]}: {first['msg']}"
