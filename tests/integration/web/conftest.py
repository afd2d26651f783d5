from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from roomful.db.base import now
from roomful.identity.models import SignIn, User
from roomful.ids import new_id
from roomful.runtime import Runtime
from tests.integration.web import notes


@dataclass(frozen=True, slots=True)
class Served:
    """The application with the notes of these tests, and a client that calls it."""

    app: FastAPI
    client: httpx.AsyncClient

    @property
    def runtime(self) -> Runtime:
        runtime: Runtime = self.app.state.runtime
        return runtime

    async def sign_in(self, name: str = "ada") -> dict[str, str]:
        """A new person: the headers to ask with."""
        user = User(id=new_id(), email=f"{name}.{new_id()}@example.test", name=name, password_hash="-")
        sign_in = SignIn(id=new_id(), user_id=user.id, expires_at=now() + timedelta(days=1))
        async with self.runtime.database.write() as session:
            session.add(user)
            await session.flush()
            session.add(sign_in)
            await session.commit()
        return {"Authorization": f"Bearer {self.runtime.tokens.issue(user.id, sign_in.id)}"}


@pytest.fixture
def served(app: FastAPI, client: httpx.AsyncClient) -> Served:
    app.include_router(notes.router)
    return Served(app, client)
