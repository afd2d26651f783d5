"""People and their tokens, as commands make and change them."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.accounts import operator
from roomful.cli.console import Failed
from roomful.cli.database import open_database, ready_database, run
from roomful.identity import revocations
from roomful.identity.models import User
from roomful.identity.passwords import Passwords
from roomful.identity.tokens import Tokens
from roomful.settings import Settings
from roomful.signing_key import signing_key


def create(settings: Settings, *, email: str, name: str | None, password: str, is_admin: bool) -> str:
    """The address that the new person signs in with."""

    async def work() -> str:
        async with ready_database(settings) as database, Passwords() as passwords:
            user = await operator.create_user(
                database, passwords, email=email, name=name, password=password, is_admin=is_admin
            )
            return user.email

    return run(settings, work)


def everybody(settings: Settings, *, conflicts: bool) -> list[tuple[str, ...]]:
    """Address, name, role and state of each."""

    async def work() -> list[tuple[str, ...]]:
        async with ready_database(settings) as database, database.read() as session:
            return [
                (user.email, user.name, user.role, "active" if user.is_active else "inactive")
                async for user in operator.list_users(session, conflicts=conflicts)
            ]

    return run(settings, work)


def change_address(settings: Settings, email: str, new: str) -> str:
    return _change(settings, email, lambda session, user: operator.change_address(session, user, new))


def deactivate(settings: Settings, email: str) -> str:
    return _change(settings, email, lambda session, user: revocations.deactivate(session, user.id))


def activate(settings: Settings, email: str) -> str:
    return _change(settings, email, lambda session, user: revocations.activate(session, user.id))


def sign_out(settings: Settings, email: str) -> str:
    return _change(settings, email, lambda session, user: revocations.sign_out(session, user.id))


def set_password(settings: Settings, email: str, password: str) -> str:
    password = operator.check_password(password)

    async def hash_password() -> str:
        async with Passwords() as passwords:
            return await passwords.hash(password)

    password_hash = run(settings, hash_password)
    return _change(settings, email, lambda session, user: operator.set_password(session, user, password, password_hash))


def issue_token(settings: Settings, email: str, *, ttl_seconds: int | None) -> str:
    tokens = _tokens(settings)

    async def work() -> str:
        async with ready_database(settings) as database, database.write() as session:
            user = await operator.find_user(session, email)
            if not user.is_active:
                raise Failed(f"{email} is deactivated")
            token = await operator.issue_token(session, tokens, user, ttl_seconds=ttl_seconds)
            await session.commit()
            return token

    return run(settings, work)


def demo_welcome(settings: Settings, url: str) -> str:
    """Add the demo's people and project, once; the text on how to begin."""
    from roomful import demo  # it brings the features, and so FastAPI

    async def work() -> str:
        async with open_database(settings) as database, Passwords() as passwords:
            return demo.welcome(await demo.seed(database, passwords, _tokens(settings)), url)

    return run(settings, work)


def _change(settings: Settings, email: str, change: Callable[[AsyncSession, User], Awaitable[None]]) -> str:
    """Find a person, change them and commit; the address they have then. Running servers notice by themselves."""

    async def work() -> str:
        async with ready_database(settings) as database, database.write() as session:
            user = await operator.find_user(session, email)
            await change(session, user)
            await session.commit()
            return user.email

    return run(settings, work)


def _tokens(settings: Settings) -> Tokens:
    return Tokens(signing_key(settings), access_ttl_seconds=settings.access_token_ttl)
