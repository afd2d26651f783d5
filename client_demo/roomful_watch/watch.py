"""The `roomful-watch` command."""

import asyncio
import os
import sys
from contextlib import aclosing
from importlib.metadata import version as version_of
from typing import Annotated
from urllib.parse import urlsplit

import typer

from roomful_watch.errors import ConnectionLost, Refused
from roomful_watch.output import JsonOutput, Output, TerminalOutput
from roomful_watch.server import HttpServer
from roomful_watch.stream import Follower
from roomful_watch.terminal import printable, tolerate_narrow_output

_app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def main() -> None:
    tolerate_narrow_output()
    _app()


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return url
    except ValueError:  # unmatched brackets, a port that is not a number
        pass
    raise typer.BadParameter("give an address such as http://127.0.0.1:8000")


def _bearer(token: str) -> str:
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise typer.BadParameter("this is not an access token")
    return token


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"roomful-watch {version_of('roomful')}")
        raise typer.Exit


@_app.command()
def watch(
    project_id: Annotated[str, typer.Argument(metavar="PROJECT_ID", help="The project to follow.")],
    token: Annotated[
        str,
        typer.Option(envvar="ROOMFUL_TOKEN", help="A member's access token.", callback=_bearer, show_default=False),
    ],
    url: Annotated[str, typer.Option(help="The server's address.", callback=_web_address)] = "http://127.0.0.1:8000",
    since: Annotated[int | None, typer.Option(min=0, max=2**64 - 1, help="Start after this offset.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one event per line, as JSON.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Print a project's events live: each once, in order, also across lost connections."""
    try:
        asyncio.run(_follow(project_id, token=token, url=url, since=since, is_json=json))
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # The reader of our output is gone. Python flushes it again at exit, which must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _follow(project_id: str, *, token: str, url: str, since: int | None, is_json: bool) -> None:
    async with HttpServer(url, project_id=project_id, token=token) as server:
        follower = Follower(server, since=since)
        output: Output = JsonOutput() if is_json else TerminalOutput(server)
        try:
            async with aclosing(follower.items()) as items:
                async for item in items:
                    await output.show(item)
        except (Refused, ConnectionLost) as failed:
            offset = follower.position.offset
            resume = "" if offset is None else f"; continue later with --since {offset}"
            typer.echo(f"roomful-watch: {printable(str(failed))}{resume}", err=True)
            raise typer.Exit(1) from None
