"""The addresses of sign-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Header, Response, status

from roomful.accounts import service
from roomful.accounts.schemas import (
    ProfileChanges,
    RefreshRequest,
    Registration,
    SessionAnswer,
    SignInForm,
    TicketAnswer,
    TokenAnswer,
    UserAnswer,
)
from roomful.errors import Conflict, Forbidden, Gone, RateLimited, Unauthenticated, Unavailable
from roomful.identity.models import User
from roomful.identity.revocations import revoke
from roomful.identity.tickets import TICKET_TTL_SECONDS, issue_ticket
from roomful.web.dependencies import API, DB, Claims, CurrentUser, Live, ReadDB
from roomful.web.limits import ClientAddress, Limits, RateLimits, network_of
from roomful.web.openapi import errors
from roomful.web.pagination import Page
from roomful.web.routing import Route

router = APIRouter(prefix=f"{API}/auth", tags=["sign-in"], route_class=Route)

UserAgent = Annotated[str, Header(include_in_schema=False)]


@asynccontextmanager
async def counted(limits: Limits, address: str, email: str) -> AsyncIterator[None]:
    """An attempt at a password. Only one that was found wrong counts in the end. Raises RateLimited."""
    await limits.begin_sign_in(address, email)
    try:
        yield
    except Unavailable:
        await limits.forget_sign_in(address, email)
        raise
    await limits.forget_sign_in(address, email)
    await limits.remember_sign_in(address, email)


async def never_stored(response: Response) -> None:
    """RFC 6749, 5.1: an answer that holds a token stays in no cache."""
    response.headers["Cache-Control"] = "no-store"


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(never_stored)],
    responses=errors(Forbidden, Conflict, Gone, RateLimited, Unavailable),
)
async def register(
    body: Registration, runtime: Live, limits: RateLimits, address: ClientAddress, user_agent: UserAgent = ""
) -> TokenAnswer:
    """Register, and be signed in. With an invitation one has joined its project too, or else has no account."""
    await limits.count_registration(address)
    try:
        return await service.register(runtime, body, address=network_of(address), user_agent=user_agent)
    except Unavailable:
        await limits.forget_registration(address)
        raise


@router.post(
    "/token", dependencies=[Depends(never_stored)], responses=errors(Unauthenticated, RateLimited, Unavailable)
)
async def sign_in(
    form: Annotated[SignInForm, Form()],
    runtime: Live,
    limits: RateLimits,
    address: ClientAddress,
    user_agent: UserAgent = "",
) -> TokenAnswer:
    """Sign in with the e-mail address as `username`."""
    # All malformed addresses share one key, so that a client can't fill the memory with them.
    async with counted(limits, address, service.address_of(form.username) or ""):
        network = network_of(address)
        return await service.sign_in(runtime, form.username, form.password, address=network, user_agent=user_agent)


@router.post("/refresh", dependencies=[Depends(never_stored)], responses=errors(Unauthenticated))
async def refresh(body: RefreshRequest, runtime: Live, limits: RateLimits) -> TokenAnswer:
    """Exchange a refresh token for a new pair of tokens.

    Asking again with the same token within a minute gives the same refresh token. Using an old one later ends the
    session: somebody else may hold a copy.
    """
    limits.count_write(service.signed_in_by(runtime, body.refresh_token))
    return await service.refresh(runtime, body.refresh_token)


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
async def logout(claims: Claims, limits: RateLimits, db: DB) -> None:
    """End the session that asks, and close its sockets. Doing it again changes nothing."""
    limits.count_write(claims.user_id)
    await revoke(db, claims.session_id)


@router.get("/me", response_model=UserAnswer)
async def get_me(person: CurrentUser, db: ReadDB) -> User:
    return await service.get_user(db, person)


@router.patch("/me", response_model=UserAnswer, responses=errors(Conflict))
async def change_me(
    body: ProfileChanges, person: CurrentUser, runtime: Live, limits: RateLimits, address: ClientAddress
) -> User:
    """Change one's name or password. A new password ends one's other sessions."""
    if body.name and body.name != person.name:
        await limits.count_rename(person.id)
    # The thief of an access token must not find out the password here.
    async with counted(limits, address, person.email) if body.password else nullcontext():
        return await service.change_profile(runtime, person, body)


@router.get("/sessions")
async def list_sessions(person: CurrentUser, db: ReadDB, page: Page) -> list[SessionAnswer]:
    """One's sessions, newest first."""
    return await service.list_sessions(db, person, page)


@router.delete("/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT)
async def end_session(session_id: str, person: CurrentUser, db: DB) -> None:
    """End one of one's sessions, and close its sockets."""
    await service.end_session(db, person, session_id)


@router.post("/ticket", dependencies=[Depends(never_stored)])
async def create_ticket(person: CurrentUser, claims: Claims, db: DB) -> TicketAnswer:
    """A ticket for the address of a WebSocket or event stream (`?ticket=`), which works once."""
    return TicketAnswer(ticket=await issue_ticket(db, claims), expires_in=TICKET_TTL_SECONDS)
