"""A project with a document, and windows of its people onto it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.conformance.providers import Kind, Providers, Window
from tests.support.api import Json, Person, Project
from tests.support.server import Server


@dataclass(slots=True)
class Desk:
    """`url` is where windows find the server: its own address, or that of a network before it."""

    server: Server
    providers: Providers
    owner: Person
    project: Project
    document: Json
    url: str = ""
    windows: list[Window] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.url = self.url or self.server.socket_url

    @property
    def document_id(self) -> str:
        found: str = self.document["id"]
        return found

    @property
    def path(self) -> str:
        return f"/documents/{self.document_id}"

    async def open(self, kind: Kind, person: Person | None = None, **options: object) -> Window:
        """A window onto the document that has not synced yet. `document` or `token` may name another."""
        given: dict[str, object] = {"document": self.document_id, "token": (person or self.owner).token, **options}
        window = await self.providers.open(kind, self.url, **given)  # type: ignore[arg-type]  # a test may give junk
        self.windows.append(window)
        return window

    async def synced(self, kind: Kind, person: Person | None = None, **options: object) -> Window:
        window = await self.open(kind, person, **options)
        await window.until_synced()
        return window

    async def member(self, name: str, role: str = "editor") -> Person:
        person = await self.server.api.register(name)
        await self.owner.add_member(self.project, person, role)
        return person

    async def text(self) -> str:
        """As the server has it."""
        answer = await self.owner.request("GET", f"{self.path}/content?format=text")
        assert answer.status_code == 200, answer.text
        return answer.text


@asynccontextmanager
async def open_desk(server: Server, providers: Providers) -> AsyncIterator[Desk]:
    """A project and a document of its own; its windows are closed when the block is left."""
    owner = await server.api.register("ada")
    project = await owner.create_project()
    desk = Desk(server, providers, owner, project, await make_document(owner, project))
    try:
        yield desk
    finally:
        for window in desk.windows:
            await window.destroy()


async def make_document(owner: Person, project: Project, title: str = "Notes") -> Json:
    made: Json = await owner.post(f"{project.path}/documents", {"title": title})
    return made
