"""The HTTP API for tests."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

API = "/api/v1"
PASSWORD = "correct horse battery staple"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Project:
    id: str

    @property
    def path(self) -> str:
        return f"/projects/{self.id}"

    @property
    def channel(self) -> str:
        return f"project:{self.id}"


def next_page(answer: httpx.Response) -> str | None:
    """The page after this one, as its `Link` says: a path from the API's base, or from the server's where it is not of
    the API.
    """
    if "next" not in answer.links:
        return None
    return answer.url.join(answer.links["next"]["url"]).raw_path.decode().removeprefix("/api/v1")


@dataclass(slots=True)
class Person:
    """A signed-in person. Paths are relative to the API's base; an unexpected status fails the test."""

    http: httpx.AsyncClient = field(repr=False)
    id: str
    email: str
    name: str
    token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    async def request(
        self, method: str, path: str, *, json: object = None, content: bytes | str | None = None, **headers: str
    ) -> httpx.Response:
        """Any request, any answer. Header names are written with `_` for `-`."""
        return await self.http.request(
            method,
            API + path,
            json=json,
            content=content,
            headers={"Authorization": f"Bearer {self.token}"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def get(self, path: str, *, expect: int = 200, **headers: str) -> Any:
        return _answer(await self.request("GET", path, **headers), expect)

    async def post(self, path: str, json: object = None, *, expect: int = 201, **headers: str) -> Any:
        return _answer(await self.request("POST", path, json=json, **headers), expect)

    async def patch(self, path: str, json: object, *, expect: int = 200, **headers: str) -> Any:
        return _answer(await self.request("PATCH", path, json=json, **headers), expect)

    async def put(self, path: str, *, expect: int = 200, **headers: str) -> Any:
        return _answer(await self.request("PUT", path, **headers), expect)

    async def delete(self, path: str, *, expect: int = 204, **headers: str) -> None:
        _answer(await self.request("DELETE", path, **headers), expect)

    async def create_project(self, name: str = "Apollo", description: str | None = None) -> Project:
        created = await self.post("/projects", {"name": name, "description": description})
        return Project(created["id"])

    async def add_member(self, project: Project, person: "Person", role: str = "editor") -> Json:
        added: Json = await self.post(f"{project.path}/members", {"user_id": person.id, "role": role})
        return added

    async def remove_member(self, project: Project, person: "Person") -> None:
        await self.delete(f"{project.path}/members/{person.id}")

    async def create_task(self, project: Project, title: str = "Fly", **fields: object) -> Json:
        created: Json = await self.post(f"{project.path}/tasks", {"title": title, **fields})
        return created

    async def change_task(self, project: Project, task: Json, **fields: object) -> Json:
        changed: Json = await self.patch(f"{project.path}/tasks/{task['id']}", fields)
        return changed

    async def comment(self, project: Project, task: Json, body: str = "Well?", **fields: object) -> Json:
        added: Json = await self.post(f"{project.path}/tasks/{task['id']}/comments", {"body": body, **fields})
        return added

    async def events(self, project: Project, *, after: int = 0, limit: int = 200) -> list[Json]:
        """One page of the project's events."""
        found: list[Json] = await self.get(f"{project.path}/events?after={after}&limit={limit}")
        return found

    async def all_events(self, project: Project, *, after: int = 0) -> list[Json]:
        """Every event after this offset, page by page."""
        found: list[Json] = []
        while page := await self.events(project, after=found[-1]["offset"] if found else after):
            found += page
        return found

    async def snapshot(self, project: Project) -> Json:
        taken: Json = await self.get(f"{project.path}/snapshot")
        return taken


class Api:
    """The API without a sign-in."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def register(self, name: str = "ada", surname: str = "") -> Person:
        """A new person with a new address, called `Ada` or `Ada Lovelace`."""
        email = f"{name}.{uuid4().hex[:8]}@example.test"
        body = {"email": email, "name": f"{name.capitalize()} {surname}".strip(), "password": PASSWORD}
        return self._person(_answer(await self.http.post(f"{API}/auth/register", json=body), 201))

    async def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        form = {"username": email, "password": password}
        return self._person(_answer(await self.http.post(f"{API}/auth/token", data=form), 200))

    def _person(self, answer: Json) -> Person:
        user = answer["user"]
        return Person(
            self.http, user["id"], user["email"], user["name"], answer["access_token"], answer["refresh_token"]
        )


def _answer(response: httpx.Response, expected_status: int) -> Any:
    request = response.request
    assert response.status_code == expected_status, f"{request.method} {request.url}: {response} {response.text}"
    body = response.json() if response.content else None
    if response.is_success and isinstance(body, dict) and "version" in body:
        assert "ETag" in response.headers, f"{request.method} {request.url} answers a version without its tag"
    return body
