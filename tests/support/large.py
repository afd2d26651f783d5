"""Projects larger than a test would make them request by request."""

import random

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.ids import new_id
from roomful.projects.models import PROJECT
from roomful.tasks.models import TASK
from tests.support.api import Person, Project


async def fill(session: AsyncSession, project: Project, author: Person, *, tasks: int, characters: int) -> None:
    """Put tasks with descriptions of this length into a project, past its events. The caller commits."""
    words = ["".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=random.randint(2, 9))) for _ in range(500)]
    texts = [" ".join(random.choices(words, k=characters // 3))[:characters] for _ in range(20)]
    for start in range(0, tasks, 500):
        rows = [
            {
                "id": new_id(),
                "project_id": project.id,
                "title": f"Task {number}",
                "description": texts[number % len(texts)],
                "status": ("todo", "in_progress", "done")[number % 3],
                "position": f"b{number:08}1",
                "created_by": author.id,
            }
            for number in range(start, min(start + 500, tasks))
        ]
        await session.execute(insert(TASK), rows)
    count = update(PROJECT).where(PROJECT.c.id == project.id).values(task_count=PROJECT.c.task_count + tasks)
    await session.execute(count)
