"""`roomful serve`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from roomful import __version__
from roomful.cli.console import Failed


def serve(
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
    from roomful.cli import database
    from roomful.logs import configure_logging
    from roomful.process.supervisor import CantServe
    from roomful.settings import load_settings
    from roomful.signing_key import signing_key

    settings = load_settings()
    is_demo = is_demo or settings.demo
    if uds is not None and (host is not None or port is not None or is_demo):
        raise typer.BadParameter("goes without --host, --port and --demo", param_hint="--uds")
    if workers > 1 and settings.redis_url is None:
        raise Failed(f"--workers {workers} needs ROOMFUL_REDIS_URL: the processes tell each other of events through it")
    if is_demo and settings.environment == "production":
        raise Failed("--demo adds people whose password everybody knows; not with ROOMFUL_ENVIRONMENT=production")
    if is_demo:
        os.environ["ROOMFUL_DEMO"] = "true"  # for the workers, which read their settings from there
        settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    signing_key(settings)  # made now, once, and not by several workers that start together
    database.warn_if_open_to_others(settings)
    from roomful import serve as server

    try:
        with (
            server.listen_unix(uds)
            if uds
            else server.listen(host or "127.0.0.1", 8000 if port is None else port) as listener
        ):
            database.upgrade(settings)
            url = server.address_of(listener)
            typer.echo(f"Roomful {__version__} on {url}")
            if is_demo:
                from roomful.cli import people

                typer.echo(people.demo_welcome(settings, url))
            server.serve(settings, listener, workers=workers)
    except CantServe as reason:
        raise Failed(str(reason)) from reason
