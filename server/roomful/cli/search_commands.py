"""`roomful search …`."""

import typer

commands = typer.Typer(help="The index of the search.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """So that a single command keeps its name."""


@commands.command("rebuild")
def rebuild() -> None:
    """Make the index anew from what is stored. Servers may run meanwhile; they find less until it is done."""
    from roomful.cli import search
    from roomful.settings import load_settings

    typer.echo(f"The index has {search.rebuild(load_settings()):,} entries.")
