"""Routes that read their bodies strictly, and handle a request again where that is safe."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from fastapi import Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.types import Receive, Scope, Send

from roomful.errors import Invalid
from roomful.web import idempotency, strict_json
from roomful.web.dependencies import SAFE_METHODS
from roomful.web.retries import handle_again

MAX_FORM_FIELDS = 100

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Route(APIRoute):
    """The class of every route: `APIRouter(route_class=Route)`.

    The body is read before FastAPI would, which reports its own error in place of ours. A request without an
    Idempotency-Key leaves out the dependency that would claim it: FastAPI takes longer to find that out.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await handle_again(super().handle, scope, receive, send)

    def get_route_handler(self) -> _Handler:
        whole = self.dependant
        handle = self._handler_with(walked_once(whole))
        unkeyed = [child for child in whole.dependencies if not isinstance(child.call, idempotency.ClaimKey)]
        handle_unkeyed = handle
        if len(unkeyed) < len(whole.dependencies):
            handle_unkeyed = self._handler_with(walked_once(replace(whole, dependencies=unkeyed)))
        body = self.body_field
        takes_form = body is not None and isinstance(body.field_info, params.Form)

        async def handle_strictly(request: Request) -> Response:
            strict = _StrictRequest(request.scope, request.receive)
            if takes_form:
                _check_form(await strict.form(max_fields=MAX_FORM_FIELDS, max_files=0))
            elif body is not None:
                await strict.read_json()
            elif request.method not in SAFE_METHODS:
                await strict.body()  # before the route locks anything, for which a slow sender would make others wait
            if idempotency.HEADER not in request.headers:
                return await handle_unkeyed(strict)
            return await idempotency.answer_once(strict, handle)

        return handle_strictly

    def _handler_with(self, dependant: Dependant) -> _Handler:
        """FastAPI's handler, but with these dependencies; the documents tell of all."""
        whole, self.dependant = self.dependant, dependant
        try:
            return super().get_route_handler()
        finally:
            self.dependant = whole


def walked_once(dependant: Dependant) -> Dependant:
    """The same, but that a shared dependency resolves what it needs, such as a token, only where it is first used.

    FastAPI calls a dependency once for a request, but walks through what is below it again at every place, which is a
    third of what it costs to answer. One that reads parameters keeps what it needs: if they are not valid, it is never
    called in its first place.
    """
    walked: set[tuple[object, str | None]] = set()

    def walk(dependant: Dependant) -> Dependant:
        children = []
        for child in dependant.dependencies:
            place = (child.call, child.scope)
            is_repeated = place in walked and child.use_cache and not _reads_parameters(child)
            walked.add(place)
            children.append(replace(child, dependencies=[]) if is_repeated else walk(child))
        return replace(dependant, dependencies=children)

    return walk(dependant)


def _reads_parameters(dependant: Dependant) -> bool:
    own = (dependant.path_params, dependant.query_params, dependant.header_params, dependant.cookie_params)
    return (
        any(own)
        or bool(dependant.body_params or dependant.own_oauth_scopes or dependant.parent_oauth_scopes)
        or any(_reads_parameters(child) for child in dependant.dependencies)
    )


class _StrictRequest(Request):
    """A request whose JSON has been read by `strict_json`."""

    _value: Any = None

    async def read_json(self) -> None:
        """Raises Invalid for a body that is not JSON, or not the JSON that we take."""
        body = await self.body()
        if not body:
            return  # the route says whether it can do without
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise Invalid("The body must be JSON, sent with Content-Type: application/json.")
        self._value = strict_json.decode(body)

    async def json(self) -> Any:
        return self._value


def _check_form(form: FormData) -> None:
    for name, value in form.multi_items():
        if "\x00" in name or not isinstance(value, str) or "\x00" in value:
            raise Invalid("A form field holds a NUL character.")
