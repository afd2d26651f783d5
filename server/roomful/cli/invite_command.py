"""`roomful invite`."""

from typing import Annotated, Literal

import typer

from roomful.terminal import printable


def invite(
    project_id: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's id, as in its address.")],
    email: Annotated[
        str | None, typer.Argument(metavar="[EMAIL]", help="The only address that it serves; mailed if mail is set up.")
    ] = None,
    role: Annotated[Literal["editor", "viewer"], typer.Option(help="What they join as.")] = "editor",
    days: Annotated[int, typer.Option(min=1, max=90, help="How long it works.")] = 7,
    uses: Annotated[int, typer.Option(min=1, max=1_000, help="How many people it admits.")] = 1,
) -> None:
    """Print a link that lets people join a project, in the name of its owner. The link can't be shown again."""
    from roomful.cli import invitations
    from roomful.settings import load_settings

    invitation = invitations.invite(load_settings(), project_id, email, role=role, days=days, uses=uses)
    if invitation.url.startswith("/"):
        typer.echo("Put the address of the board before it: ROOMFUL_PUBLIC_URL is not set.", err=True)
    typer.echo(printable(invitation.url))
