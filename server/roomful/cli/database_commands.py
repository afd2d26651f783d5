"""`roomful db …`."""

import typer

commands = typer.Typer(help="The database's schema.", no_args_is_help=True)


@commands.command("upgrade")
def upgrade() -> None:
    """Apply the migrations that are missing."""
    from roomful.cli import database

    database.upgrade(database.load_settings())


@commands.command("current")
def current() -> None:
    """Show the newest applied migration."""
    from roomful.cli import database

    typer.echo(database.current(database.load_settings()) or "empty")


@commands.command("restored")
def restored() -> None:
    """Say that the database was restored from a backup: no reader and no invitation may go on from what was lost."""
    from roomful.cli import database

    renewed = database.renew(database.load_settings())
    typer.echo(f"{renewed.channels} channels have a new epoch: their readers load the snapshot again.")
    typer.echo(f"{renewed.documents} documents have a new generation: their editors load the document again.")
    typer.echo(
        f"{renewed.invitations} open invitations are withdrawn: who has used them since is not known. Invite again."
    )
