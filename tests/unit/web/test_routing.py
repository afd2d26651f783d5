"""The cost of a route's dependencies."""

from typing import Annotated

import httpx
from fastapi import APIRouter, Depends, FastAPI, Header
from fastapi.dependencies.models import Dependant

from roomful.web import errors, idempotency
from roomful.web.routing import Route, walked_once
from tests.support.app import client_of

calls: list[str] = []


async def token() -> str:
    calls.append("token")
    return "t"


async def person(token: Annotated[str, Depends(token)]) -> str:
    calls.append("person")
    return f"ada by {token}"


async def page(size: Annotated[int, Header()]) -> int:
    return size


async def member(person: Annotated[str, Depends(person)], page: Annotated[int, Depends(page)]) -> str:
    return f"{person}, {page}"


router = APIRouter(route_class=Route)


@router.get("/")
async def show(
    member: Annotated[str, Depends(member)],
    person: Annotated[str, Depends(person)],
    page: Annotated[int, Depends(page)],
    again: Annotated[str, Depends(token, use_cache=False)],
) -> list[str | int]:
    return [member, person, page]


async def sees_nothing(session: object, *, user_id: str, project_id: str) -> bool:
    return False


@router.post("/", dependencies=[idempotency.once(sees_nothing)])
async def make() -> str:
    return "made"


async def get(**headers: str) -> httpx.Response:
    app = FastAPI()
    app.router.routes.extend(router.routes)
    async with client_of(app) as client:
        return await client.get("/", headers=headers)


async def test_a_shared_dependency_is_called_once_and_given_everywhere() -> None:
    calls.clear()
    assert (await get(size="7")).json() == ["ada by t, 7", "ada by t", 7]
    assert calls == ["token", "person", "token"]


async def test_one_that_reads_parameters_is_refused_at_each_place() -> None:
    assert (await get(size="much")).status_code == 422


def test_what_is_below_a_shared_dependency_is_walked_once() -> None:
    route = router.routes[0]
    assert isinstance(route, Route)
    lean = walked_once(route.dependant)
    assert [walked(child) for child in lean.dependencies] == [["person", "token", "page"], [], [], []]


async def test_only_a_request_with_a_key_claims_it() -> None:
    app = FastAPI()
    app.router.routes.extend(router.routes)
    errors.install(app)
    async with client_of(app) as client:
        assert (await client.post("/")).json() == "made"
        for key in ("k", ""):  # an empty one is a bad one, not none
            assert (await client.post("/", headers={"Idempotency-Key": key})).status_code == 401


def test_parameters_are_documented() -> None:
    app = FastAPI()
    app.router.routes.extend(router.routes)
    operations = app.openapi()["paths"]["/"]
    assert [each["name"] for each in operations["get"]["parameters"]] == ["size"]
    assert [each["name"] for each in operations["post"]["parameters"]] == ["Idempotency-Key"]


def walked(dependant: Dependant) -> list[str]:
    """The names below a dependency, as FastAPI walks them."""
    names: list[str] = []
    for child in dependant.dependencies:
        names += [getattr(child.call, "__name__", ""), *walked(child)]
    return names
