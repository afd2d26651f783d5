"""`roomful user …` and `roomful token`."""

from typing import Annotated

import typer

from roomful.cli.console import read_password
from roomful.terminal import printable

commands = typer.Typer(help="People.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="As `roomful user list` shows it.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@commands.command("create")
def create(
    email: Email,
    name: Annotated[str | None, typer.Option(help="What others see; by default the address up to its @.")] = None,
    is_admin: Annotated[bool, typer.Option("--admin", help="Make an administrator.")] = False,
    is_piped: PasswordStdin = False,
) -> None:
    """Register a person, whether or not registration is open. Asks for the password."""
    from roomful.cli import people
    from roomful.settings import load_settings

    settings = load_settings()  # before the password: a wrong one should be told of first
    password = read_password(is_piped=is_piped)
    address = people.create(settings, email=email, name=name, password=password, is_admin=is_admin)
    typer.echo(printable(f"{address} can sign in now{', as an administrator' if is_admin else ''}."))


@commands.command("list")
def list_everybody(
    conflicts: Annotated[
        bool, typer.Option("--conflicts", help="Only accounts whose address belongs to an older account.")
    ] = False,
) -> None:
    """Show everybody: address, name, role and state, parted by tabs."""
    from roomful.cli import people
    from roomful.settings import load_settings

    for fields in people.everybody(load_settings(), conflicts=conflicts):
        typer.echo("\t".join(map(printable, fields)))


@commands.command("address")
def address(email: Email, new: Annotated[str, typer.Argument(metavar="NEW")]) -> None:
    """Give a person another address to sign in with."""
    from roomful.cli import people
    from roomful.settings import load_settings

    changed = people.change_address(load_settings(), email, new)
    typer.echo(f"{printable(changed)} is the address now.")


@commands.command("deactivate")
def deactivate(email: Email) -> None:
    """Lock a person out: they can't sign in, and whatever they have open ends within a second."""
    from roomful.cli import people
    from roomful.settings import load_settings

    changed = people.deactivate(load_settings(), email)
    typer.echo(f"{printable(changed)} is deactivated, and signed out everywhere.")


@commands.command("activate")
def activate(email: Email) -> None:
    """Let a person in again who was deactivated. They have to sign in again."""
    from roomful.cli import people
    from roomful.settings import load_settings

    changed = people.activate(load_settings(), email)
    typer.echo(f"{printable(changed)} can sign in again.")


@commands.command("sign-out")
def sign_out(email: Email) -> None:
    """End every sign-in of a person, and whatever they have open, within a second. They may sign in again."""
    from roomful.cli import people
    from roomful.settings import load_settings

    changed = people.sign_out(load_settings(), email)
    typer.echo(f"{printable(changed)} is signed out everywhere.")


@commands.command("password")
def password(email: Email, is_piped: PasswordStdin = False) -> None:
    """Give a person another password, and end every sign-in of theirs. Asks for the password."""
    from roomful.cli import people
    from roomful.settings import load_settings

    settings = load_settings()
    changed = people.set_password(settings, email, read_password(is_piped=is_piped))
    typer.echo(f"{printable(changed)} has another password, and is signed out everywhere.")


def token(
    email: Email,
    ttl: Annotated[
        int | None, typer.Option(min=1, help="Seconds that it is good for; by default ROOMFUL_ACCESS_TOKEN_TTL.")
    ] = None,
) -> None:
    """Print an access token for a person, who can end its session like any other."""
    from roomful.cli import people
    from roomful.settings import load_settings

    typer.echo(people.issue_token(load_settings(), email, ttl_seconds=ttl))
