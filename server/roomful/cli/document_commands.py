"""`roomful doc …`."""

import sys
from pathlib import PurePath
from typing import Annotated, Literal

import typer

from roomful.cli.console import Failed
from roomful.terminal import printable

commands = typer.Typer(help="The content of documents.", no_args_is_help=True)

DocumentFormat = Literal["text", "json", "html", "markdown", "update"]

DocumentId = Annotated[str, typer.Argument(metavar="ID", help="The document's id, as in its address.")]

_BY_SUFFIX: dict[str, DocumentFormat] = {
    ".json": "json",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".yjs": "update",
    ".bin": "update",
}


@commands.command("cat")
def cat(
    document_id: DocumentId,
    format: Annotated[
        DocumentFormat, typer.Option(help="Plain text, ProseMirror's JSON, HTML, Markdown, or a Yjs update.")
    ] = "text",
) -> None:
    """Print the stored content of a document."""
    from roomful.cli import documents
    from roomful.settings import load_settings

    if format == "update" and sys.stdout.isatty():
        raise Failed("a Yjs update is binary: redirect it to a file")
    body = documents.read(load_settings(), document_id, format)
    if sys.stdout.isatty():
        # Document text must not control the terminal.
        typer.echo("\n".join(map(printable, body.decode().split("\n"))))
        return
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


@commands.command("put")
def put(
    document_id: DocumentId,
    file: Annotated[typer.FileBinaryRead, typer.Argument(metavar="FILE", help="- reads standard input.")],
    format: Annotated[
        DocumentFormat | None,
        typer.Option(
            help="By default told from the suffix (.md, .html, .json, .yjs, .bin), else text.", show_default=False
        ),
    ] = None,
) -> None:
    """Replace the content of a document and keep a version of the old one. An update is merged.

    Running servers show the change within seconds.
    """
    from roomful.cli import documents
    from roomful.settings import load_settings

    chosen = format or _BY_SUFFIX.get(PurePath(file.name).suffix.lower(), "text")
    is_changed = documents.write(load_settings(), document_id, file.read(), chosen)
    typer.echo("The document was changed." if is_changed else "The document already has this content.")
