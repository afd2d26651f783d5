"""Questions to the operator, and failures of commands."""

import sys

import typer


class Failed(Exception):
    """The command can't do what was asked; the message is its one line to the operator."""


def read_password(*, is_piped: bool) -> str:
    """All of standard input but the line end that `echo` adds; or from the terminal, twice. Raises Failed."""
    if is_piped:
        try:
            return sys.stdin.read().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise Failed("the password on standard input is not text") from None
    if not sys.stdin.isatty():
        raise Failed("there is no terminal to ask for the password: give --password-stdin and pipe it in")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
