"""Projects that are too large to make by requests."""

import random
from collections.abc import Sequence

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.ids import new_id
from roomful.projects.columns import list_columns
from roomful.projects.models import PROJECT
from roomful.tasks.models import TASK
from tests.support.api import Person, Project


async def fill(
    session: AsyncSession,
    project: Project,
    author: Person,
    *,
    tasks: int,
    characters: int,
    assignees: Sequence[str | None] = (None,),
) -> None:
    """Add tasks with descriptions of this length to a project, without events. The caller commits.

    They are assigned to these people in turn.
    """
    words = ["".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=random.randint(2, 9))) for _ in range(500)]
    texts = [" ".join(random.choices(words, k=characters // 3))[:characters] for _ in range(20)]
    columns = (await list_columns(session, project.id))[:3]
    last: int = (await session.scalar(select(func.max(TASK.c.number)).where(TASK.c.project_id == project.id))) or 0
    for start in range(0, tasks, 500):
        rows = [
            {
                "id": new_id(),
                "project_id": project.id,
                "title": f"Task {number}",
                "description": texts[number % len(texts)],
                "status": columns[number % 3].category,
                "column_id": columns[number % 3].id,
                "number": last + number + 1,
                "position": f"b{number:08}1",
                "created_by": author.id,
                "assignee_id": assignees[number % len(assignees)],
            }
            for number in range(start, min(start + 500, tasks))
        ]
        await session.execute(insert(TASK), rows)
    count = (
        update(PROJECT)
        .where(PROJECT.c.id == project.id)
        .values(task_count=PROJECT.c.task_count + tasks, task_number=last + tasks)
    )
    await session.execute(count)
