"""Dependencies of routes: the database session and the signed-in person."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import OAuth2PasswordBearer
from pydantic import AfterValidator
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from roomful.errors import BadRequest, Unauthenticated
from roomful.identity.people import Person, identify
from roomful.identity.tokens import AccessClaims, TokenInvalid
from roomful.runtime import Runtime
from roomful.web.limits import RateLimits

API = "/api/v1"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def runtime_of(connection: HTTPConnection) -> Runtime:
    runtime: Runtime = connection.app.state.runtime
    return runtime


async def get_runtime(connection: HTTPConnection) -> Runtime:
    return runtime_of(connection)


Live = Annotated[Runtime, Depends(get_runtime)]
"""The live objects of this process."""


# Dependencies of every request look the runtime up themselves: FastAPI walks through each one below another.
async def write_session(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction for one request: committed when the route has returned, before the answer is sent."""
    async with runtime_of(request).transaction() as session:
        yield session


async def read_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session that sees one consistent state and can't change it."""
    async with runtime_of(request).database.read() as session:
        yield session


# scope="function": FastAPI would otherwise run the commit after the answer has been sent.
DB = Annotated[AsyncSession, Depends(write_session, scope="function")]
ReadDB = Annotated[AsyncSession, Depends(read_session, scope="function")]

_bearer = OAuth2PasswordBearer(tokenUrl=f"{API}/auth/token".removeprefix("/"), auto_error=False)


async def access_claims(request: Request, token: Annotated[str | None, Depends(_bearer)]) -> AccessClaims:
    """The claims of the request's access token, whether or not its sign-in still stands. Raises Unauthenticated."""
    if token is None:
        raise Unauthenticated
    try:
        return await runtime_of(request).verifier.verify(token)
    except TokenInvalid:
        raise Unauthenticated from None


Claims = Annotated[AccessClaims, Depends(access_claims)]


async def current_user(request: Request, limits: RateLimits, claims: Claims) -> Person:
    """The active person of the request's access token. The request counts against their rate of reads or writes.

    Raises Unauthenticated, RateLimited.
    """
    is_read = request.method in SAFE_METHODS
    if is_read:
        limits.count_read(claims.user_id)
    async with runtime_of(request).database.ask() as session:
        person = await identify(session, claims)
    if not is_read:
        limits.count_write(person.id)
    return person


CurrentUser = Annotated[Person, Depends(current_user)]


_MUTATION_ID = re.compile(r"[\x20-\x7e]{1,64}")


def _possible_mutation_id(text: str | None) -> str | None:
    if text is not None and not _MUTATION_ID.fullmatch(text):
        raise BadRequest("X-Client-Mutation-ID must be 1 to 64 printable ASCII characters.")
    return text


MutationId = Annotated[
    str | None,
    AfterValidator(_possible_mutation_id),
    Header(
        alias="X-Client-Mutation-ID",
        description="Comes back as `mutation_id` in the event, so that a client knows its own.",
    ),
]
