"""The `roomful` command."""

import asyncio
import logging
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful import __version__
from roomful.accounts import operator
from roomful.db import schema
from roomful.db.engine import Database
from roomful.db.sqlite import create_private, is_open_to_others
from roomful.errors import AppError
from roomful.eventlog import epochs
from roomful.identity import revocations
from roomful.identity.models import User
from roomful.identity.passwords import Passwords
from roomful.identity.tokens import Tokens
from roomful.logs import configure_logging
from roomful.process.supervisor import CantServe
from roomful.settings import Settings, SettingsError, async_database_url, load_settings, signing_key, without_password
from roomful.terminal import printable, tolerate_narrow_output

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

command = typer.Typer(
    name="roomful",
    help="Roomful, a real-time collaboration server.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
db_command = typer.Typer(help="The database's schema.", no_args_is_help=True)
user_command = typer.Typer(help="People.", no_args_is_help=True)
command.add_typer(db_command, name="db")
command.add_typer(user_command, name="user")


Email = Annotated[str, typer.Argument(metavar="EMAIL", help="As `roomful user list` shows it.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


class Failed(Exception):
    """The command can't do what was asked; the message is its one line to the operator."""


def main() -> None:
    """Run one command and exit: 0 done, 1 failed (the reason in one line on standard error), 2 wrong usage."""
    tolerate_narrow_output()
    try:
        command(prog_name="roomful")
    except (Failed, SettingsError, AppError) as failure:
        typer.echo(printable(f"roomful: {failure}"), err=True)
        sys.exit(1)


@command.command("serve")
def serve_command(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; 0.0.0.0 for every network.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="0 takes any free one.", show_default="8000")
    ] = None,
    uds: Annotated[
        Path | None,
        typer.Option(help="Listen on a Unix socket at this path instead; who connects there is a trusted proxy."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one needs ROOMFUL_REDIS_URL.")] = 1,
    is_demo: Annotated[
        bool, typer.Option("--demo", help="Add demo people and a project, once, and show how to begin.")
    ] = False,
) -> None:
    """Bring the database's schema up to date, then serve."""
    settings = load_settings()
    is_demo = is_demo or settings.demo
    if uds is not None and (host is not None or port is not None or is_demo):
        raise typer.BadParameter("goes without --host, --port and --demo", param_hint="--uds")
    if workers > 1 and settings.redis_url is None:
        raise Failed(f"--workers {workers} needs ROOMFUL_REDIS_URL: the processes tell each other of events through it")
    if is_demo and settings.environment == "production":
        raise Failed("--demo adds people whose password everybody knows; not with ROOMFUL_ENVIRONMENT=production")
    if is_demo:
        os.environ["ROOMFUL_DEMO"] = "true"  # for the workers, who read their settings from there
        settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    signing_key(settings)  # made now, once, and not by several workers that start together
    _warn_of_open_database(settings)
    # Here, since the other commands need not wait until the whole application has been imported.
    from roomful import serve

    try:
        with (
            serve.listen_unix(uds)
            if uds
            else serve.listen(host or "127.0.0.1", 8000 if port is None else port) as listener
        ):
            _run(settings, partial(_upgrade, settings))
            url = serve.address_of(listener)
            typer.echo(f"Roomful {__version__} on {url}")
            if is_demo:
                typer.echo(_run(settings, partial(_welcome, settings, url)))
            serve.serve(settings, listener, workers=workers)
    except CantServe as reason:
        raise Failed(str(reason)) from reason


@db_command.command("upgrade")
def db_upgrade() -> None:
    """Apply the migrations that are missing."""
    settings = load_settings()
    _run(settings, partial(_upgrade, settings))


@db_command.command("current")
def db_current() -> None:
    """Show the newest applied migration."""
    settings = load_settings()
    typer.echo(_run(settings, partial(_current, settings)) or "empty")


@db_command.command("restored")
def db_restored() -> None:
    """Say that the database was restored from a backup: no reader may go on from what was lost."""
    settings = load_settings()

    async def renew() -> int:
        async with _ready_database(settings) as database:
            return await epochs.renew_all(database)

    renewed = _run(settings, renew)
    typer.echo(f"{renewed} channels have begun a new epoch: their readers load everything anew.")


@user_command.command("create")
def user_create(
    email: Email,
    name: Annotated[str | None, typer.Option(help="What others see; by default the address up to its @.")] = None,
    is_admin: Annotated[bool, typer.Option("--admin", help="Make an administrator.")] = False,
    is_piped: PasswordStdin = False,
) -> None:
    """Register a person, whether or not registration is open. Asks for the password."""
    settings = load_settings()
    password = _piped_password() if is_piped else _asked_password()

    async def create() -> str:
        async with _ready_database(settings) as database, Passwords() as passwords:
            user = await operator.create_user(
                database, passwords, email=email, name=name, password=password, is_admin=is_admin
            )
            return user.email

    address = _run(settings, create)
    typer.echo(printable(f"{address} can sign in now{', as an administrator' if is_admin else ''}."))


@user_command.command("list")
def user_list(
    conflicts: Annotated[
        bool, typer.Option("--conflicts", help="Only accounts whose address belongs to an older account.")
    ] = False,
) -> None:
    """Show everybody: address, name, role and state, parted by tabs."""
    settings = load_settings()

    async def everybody() -> list[list[str]]:
        async with _ready_database(settings) as database, database.read() as session:
            return [
                [user.email, user.name, user.role, "active" if user.is_active else "inactive"]
                async for user in operator.list_users(session, conflicts=conflicts)
            ]

    for fields in _run(settings, everybody):
        typer.echo("\t".join(map(printable, fields)))


@user_command.command("address")
def user_address(email: Email, new: Annotated[str, typer.Argument(metavar="NEW")]) -> None:
    """Give a person another address to sign in with."""
    address = _change_user(email, lambda session, user: operator.change_address(session, user, new))
    typer.echo(f"{address} is the address now.")


@user_command.command("deactivate")
def user_deactivate(email: Email) -> None:
    """Lock a person out: they can't sign in, and whatever they have open ends within a second."""
    address = _change_user(email, lambda session, user: revocations.deactivate(session, user.id))
    typer.echo(f"{address} is deactivated, and signed out everywhere.")


@user_command.command("activate")
def user_activate(email: Email) -> None:
    """Let a person in again who was deactivated. They have to sign in anew."""
    address = _change_user(email, lambda session, user: revocations.activate(session, user.id))
    typer.echo(f"{address} can sign in again.")


@user_command.command("sign-out")
def user_sign_out(email: Email) -> None:
    """End every sign-in of a person, and whatever they have open, within a second. They may sign in again."""
    address = _change_user(email, lambda session, user: revocations.sign_out(session, user.id))
    typer.echo(f"{address} is signed out everywhere.")


@user_command.command("password")
def user_password(email: Email, is_piped: PasswordStdin = False) -> None:
    """Give a person another password, and end every sign-in of theirs. Asks for the password."""
    settings = load_settings()
    password = operator.check_password(_piped_password() if is_piped else _asked_password())

    async def hash_password() -> str:
        async with Passwords() as passwords:
            return await passwords.hash(password)

    password_hash = _run(settings, hash_password)
    address = _change_user(email, lambda session, user: operator.set_password(session, user, password, password_hash))
    typer.echo(f"{address} has another password, and is signed out everywhere.")


@command.command("token")
def token_command(
    email: Email,
    ttl: Annotated[
        int | None, typer.Option(min=1, help="Seconds that it is good for; by default ROOMFUL_ACCESS_TOKEN_TTL.")
    ] = None,
) -> None:
    """Print an access token for a person, who can end its session like any other."""
    settings = load_settings()
    tokens = _tokens(settings)

    async def issue() -> str:
        async with _ready_database(settings) as database, database.write() as session:
            user = await operator.find_user(session, email)
            if not user.is_active:
                raise Failed(f"{email} is deactivated")
            token = await operator.issue_token(session, tokens, user, ttl_seconds=ttl)
            await session.commit()
            return token

    typer.echo(_run(settings, issue))


def _change_user(email: str, change: Callable[[AsyncSession, User], Awaitable[None]]) -> str:
    """Find a person, change them and commit; their address as a terminal may show it. Servers see it by themselves."""
    settings = load_settings()

    async def find_and_change() -> str:
        async with _ready_database(settings) as database, database.write() as session:
            user = await operator.find_user(session, email)
            await change(session, user)
            await session.commit()
            return user.email

    return printable(_run(settings, find_and_change))


def _asked_password() -> str:
    if not sys.stdin.isatty():
        raise Failed("there is no terminal to ask for the password: give --password-stdin and pipe it in")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _piped_password() -> str:
    """All of standard input but the line end that `echo` adds."""
    try:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Failed("the password on standard input is not text") from None


def _tokens(settings: Settings) -> Tokens:
    return Tokens(signing_key(settings), access_ttl_seconds=settings.access_token_ttl)


async def _upgrade(settings: Settings) -> None:
    async with _open_database(settings) as database:
        await schema.upgrade(database.engine)


async def _current(settings: Settings) -> str | None:
    async with _open_database(settings) as database:
        return await schema.current(database.engine)


async def _welcome(settings: Settings, url: str) -> str:
    from roomful import demo

    async with _open_database(settings) as database, Passwords() as passwords:
        return demo.welcome(await demo.seed(database, passwords, _tokens(settings)), url)


@asynccontextmanager
async def _open_database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _ready_database(settings: Settings) -> AsyncIterator[Database]:
    """The database with tables in it: an empty one gets its schema, since people are often made before the first start.

    One that is only behind is left alone: to migrate it is the operator's decision.
    """
    async with _open_database(settings) as database:
        if await schema.current(database.engine) is None:
            await schema.upgrade(database.engine)
        yield database


def _run(settings: Settings, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run work on the database. Raises Failed when the database is out of reach or not usable."""
    try:
        _try_sqlite_file(settings)
        return asyncio.run(work())
    except (DBAPIError, sqlite3.Error, OSError, schema.CantMigrate) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).partition("\n")[0]
        raise Failed(f"the database {without_password(settings.database_url)} can't be used: {reason}") from error


def _warn_of_open_database(settings: Settings) -> None:
    """A file from before databases were made private; its mode may be meant so, and is the operator's to change."""
    url = async_database_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and is_open_to_others(str(url.database)):
        logger.warning("every user of this machine can read the database: chmod 600 %s*", url.database)


def _try_sqlite_file(settings: Settings) -> None:
    """Open the file for writing, before there is an event loop: the driver's threads tell a loop that has gone of a
    connection that failed, with a traceback.
    """
    url = async_database_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        create_private(str(url.database))
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
