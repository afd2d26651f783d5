"""Dependencies of all routes."""

import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from roomful.app import create_app
from roomful.settings import Settings


def dependencies(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from dependencies(dependency)


def test_no_route_or_dependency_waits_for_a_thread() -> None:
    """FastAPI runs every dependency that isn't `async def` in a thread of a pool of 40, with two switches each."""
    called: set[object] = set()
    for context in iter_route_contexts(create_app(Settings(_env_file=None)).routes):
        route = context.route
        if isinstance(route, APIRoute):
            called |= {route.endpoint, *dependencies(route.dependant)}
    assert called
    for call in called:
        function = call if inspect.isfunction(call) else type(call).__call__
        assert inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function), call
