"""People who register and sign in through the API."""

from dataclasses import dataclass

import httpx

from tests.support.api import PASSWORD


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed-in person, with the server's answer."""

    id: str
    email: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


async def register(client: httpx.AsyncClient, name: str) -> Signed:
    """Register `name@example.org` with PASSWORD."""
    body = {"email": f"{name}@example.org", "password": PASSWORD, "name": name.title()}
    return signed(await client.post("/api/v1/auth/register", json=body))


async def sign_in(
    client: httpx.AsyncClient, email: str, password: str = PASSWORD, *, user_agent: str = "tests"
) -> Signed:
    form = {"username": email, "password": password}
    return signed(await client.post("/api/v1/auth/token", data=form, headers={"User-Agent": user_agent}))


def signed(answer: httpx.Response) -> Signed:
    """The person in a token answer."""
    assert answer.is_success, answer.text
    body = answer.json()
    user = body["user"]
    return Signed(user["id"], user["email"], body["access_token"], body["refresh_token"])
