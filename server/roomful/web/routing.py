"""Routes that read their bodies strictly, and handle a request again where that is safe."""

from collections.abc import Callable, Coroutine
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


class Route(APIRoute):
    """The class of every route: `APIRouter(route_class=Route)`.

    The body is read before FastAPI would, which reports its own error in place of ours.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await handle_again(super().handle, scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        _walk_once(self.dependant, set())
        handle = super().get_route_handler()
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
            return await idempotency.answer_once(strict, handle)

        return handle_strictly


def _walk_once(dependant: Dependant, walked: set[tuple[object, str | None]]) -> None:
    """Resolve what a shared dependency needs, such as the token of CurrentUser, only where it is first used.

    FastAPI calls a dependency once for a request, but walks through what is below it again at every place, which is a
    third of what it costs to answer. One that reads parameters keeps what it needs: if they are not valid, it is never
    called in its first place.
    """
    for child in dependant.dependencies:
        place = (child.call, child.scope)
        if place in walked and child.use_cache and not _reads_parameters(child):
            child.dependencies = []
        walked.add(place)
        _walk_once(child, walked)


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
