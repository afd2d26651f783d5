"""The `roomful` command."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from server import __version__
from server.db import schema
from server.db.engine import Database
from server.logs import configure_logging
from server.process import CantServe, listen, serve
from server.settings import Settings, SettingsError, load_settings, without_password

Result = TypeVar("Result")

command = typer.Typer(
    name="roomful",
    help="Roomful, a real-time collaboration server.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
db_command = typer.Typer(help="The database's schema.", no_args_is_help=True)
command.add_typer(db_command, name="db")


class Failed(Exception):
    """The command can't do what was asked; the message is its one line to the operator."""


def main() -> None:
    """Run one command and exit: 0 done, 1 failed (the reason in one line on standard error), 2 wrong usage."""
    try:
        command(prog_name="roomful")
    except (Failed, SettingsError, CantServe) as failure:
        print(f"roomful: {failure}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


@command.command("serve")
def serve_command(
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one needs ROOMFUL_REDIS_URL.")] = 1,
) -> None:
    """Bring the database's schema up to date, then serve."""
    settings = load_settings()
    if workers > 1 and settings.redis_url is None:
        raise Failed(f"--workers {workers} needs ROOMFUL_REDIS_URL: the processes tell each other of events through it")
    configure_logging(settings.log_format, settings.log_level)
    with listen(host, port) as listener:
        _run(settings, _upgrade(settings))
        bound_host, bound_port = listener.getsockname()[:2]
        shown_host = f"[{bound_host}]" if ":" in bound_host else bound_host
        typer.echo(f"Roomful {__version__} on http://{shown_host}:{bound_port}")
        serve(settings, listener, workers=workers)


@db_command.command("upgrade")
def db_upgrade() -> None:
    """Apply the migrations that are missing."""
    settings = load_settings()
    _run(settings, _upgrade(settings))


@db_command.command("current")
def db_current() -> None:
    """Show the newest applied migration."""
    settings = load_settings()
    typer.echo(_run(settings, _current(settings)) or "empty")


async def _upgrade(settings: Settings) -> None:
    database = Database(settings)
    try:
        await schema.upgrade(database.engine)
    finally:
        await database.close()


async def _current(settings: Settings) -> str | None:
    database = Database(settings)
    try:
        return await schema.current(database.engine)
    finally:
        await database.close()


def _run(settings: Settings, work: Coroutine[Any, Any, Result]) -> Result:
    """Run work on the database. Raises Failed when the database is out of reach or not usable."""
    try:
        return asyncio.run(work)
    except (DBAPIError, OSError, CommandError) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).partition("\n")[0]
        raise Failed(f"the database {without_password(settings.database_url)} can't be used: {reason}") from error
