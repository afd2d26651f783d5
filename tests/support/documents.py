"""Documents as tests make them."""

from tests.support.api import Person, Project


async def create_document(person: Person, project: Project, title: str = "Plan") -> str:
    created = await person.post(f"{project.path}/documents", {"title": title})
    return str(created["id"])
