"""The `roomful` command.

At import, modules of commands load little more than Typer; each command imports what it needs when it runs. So
`roomful --help` starts at once.
"""

import sys
from typing import Annotated

import typer

from roomful import __version__
from roomful.cli import (
    database_commands,
    document_commands,
    invite_command,
    search_commands,
    serve_command,
    user_commands,
)
from roomful.cli.console import Failed
from roomful.environment import SettingsError
from roomful.errors import AppError
from roomful.terminal import printable, tolerate_narrow_output

_command = typer.Typer(
    name="roomful",
    help="Roomful, a real-time collaboration server.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"roomful {__version__}")
        raise typer.Exit


@_command.callback()
def _before(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


_command.command("serve")(serve_command.serve)
_command.command("invite")(invite_command.invite)
_command.command("token")(user_commands.token)
_command.add_typer(database_commands.commands, name="db")
_command.add_typer(document_commands.commands, name="doc")
_command.add_typer(search_commands.commands, name="search")
_command.add_typer(user_commands.commands, name="user")


def main() -> None:
    """Run one command and exit: 0 done, 1 failed (the reason in one line on standard error), 2 wrong usage."""
    tolerate_narrow_output()
    try:
        _command(prog_name="roomful")
    except (Failed, SettingsError, AppError) as failure:
        typer.echo(printable(f"roomful: {failure}"), err=True)
        sys.exit(1)
