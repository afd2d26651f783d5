"""Imports of tasks: each row of a CSV file becomes one, with its own event, all in one transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.errors import Invalid, LimitReached
from roomful.projects.access import Access
from roomful.projects.columns import list_columns
from roomful.projects.schemas import Column
from roomful.tasks import service
from roomful.tasks.schemas import NewTask
from roomful.transfers.assignees import find_assignees
from roomful.transfers.headings import MAX_HEADINGS, headings_of, values_of
from roomful.transfers.rows import Reader, Unfit
from roomful.transfers.schemas import Doubt, Draft, Field, Heading, Import, LeftOut
from roomful.transfers.table import records

MAX_ROWS = 100
"""In one transaction, during which nobody else changes the project."""

MAX_SHOWN_CHARS = 100


async def import_tasks(session: AsyncSession, access: Access, body: bytes, *, is_dry: bool) -> Import:
    """Make a task of each row, in their order, at the end of its column; a dry run only says what would become of them.

    A row that makes no valid task is left out. A cell that names no day, member or column is left out of its task.
    Nobody is notified.

    Raises Conflict in an archived project, Invalid for a file without titles, LimitReached for too many rows.
    """
    access.require_active()
    headings, rows = await asyncio.to_thread(_read, body)
    columns = await list_columns(session, access.project.id)
    people = await find_assignees(session, access, [row.values.get("assignee", "") for row in rows])
    reader = Reader(columns, people)
    done = Import(made=0, headings=headings, left_out=[], doubts=[], drafts=[])
    for row in rows:
        try:
            if row.flaw:
                raise Unfit(row.flaw)
            wanted = reader.read(row.values)
            counted = access.project.model_copy(update={"task_count": access.project.task_count + done.made})
            if is_dry:
                access.quotas.require_task(counted.task_count)
                done.drafts.append(_draft(row, wanted.new, columns))
            else:
                await service.create_task(session, replace(access, project=counted), wanted.new, notifies=False)
        except Unfit as unfit:
            done.left_out.append(LeftOut(row=row.number, line=row.line, reason=str(unfit)))
        except LimitReached as limit:
            done.left_out.append(LeftOut(row=row.number, line=row.line, reason=limit.message))
        else:
            done.made += 1
            done.doubts += [
                Doubt(row=row.number, line=row.line, field=field, value=value[:MAX_SHOWN_CHARS], reason=reason)
                for field, value, reason in wanted.questions
            ]
    return done


class _Row(NamedTuple):
    """A row of a file. `flaw` says why it can't be imported, and is empty if it can."""

    number: int
    line: int
    values: Mapping[Field, str]
    flaw: str


def _read(body: bytes) -> tuple[list[Heading], list[_Row]]:
    """Raises Invalid, LimitReached."""
    found = records(body)
    first = next(found, None)
    if first is None:
        raise _invalid("The file is empty.")
    if first.is_open or len(first.cells) > MAX_HEADINGS:
        raise _invalid("The first row holds no headings.")
    headings = headings_of(first.cells)
    if all(heading.field != "title" for heading in headings):
        raise _invalid("No column holds titles: give one the heading “title”.")
    rows: list[_Row] = []
    for record in found:
        if len(rows) == MAX_ROWS:
            raise LimitReached(f"An import takes {MAX_ROWS} rows at a time.")
        flaw = ""
        if record.is_open:
            flaw = "A quote is opened in it and never closed: everything after that belongs to it."
        elif any(cell.strip() for cell in record.cells[len(headings) :]):
            flaw = "It has more cells than there are headings."
        rows.append(_Row(len(rows) + 1, record.line, values_of(headings, record.cells), flaw))
    return headings, rows


def _draft(row: _Row, new: NewTask, columns: Sequence[Column]) -> Draft:
    column = next(
        column
        for column in columns
        if column.id == new.column_id or (not new.column_id and column.category == new.status)
    )
    return Draft(
        row=row.number,
        line=row.line,
        title=new.title,
        description=new.description,
        column_id=column.id,
        status=column.category,
        labels=new.labels,
        assignee_id=new.assignee_id,
        due_on=new.due_on,
    )


def _invalid(message: str) -> Invalid:
    return Invalid(message, details=[{"field": "body", "message": message, "type": "value_error"}])
