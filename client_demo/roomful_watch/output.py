"""Prints events to standard output, and the state of the connection to standard error."""

import contextlib
import sys
from typing import Protocol

import typer
from rich.console import Console

from roomful_watch.errors import ConnectionLost, Refused
from roomful_watch.names import Names
from roomful_watch.render import event_line, presence_line
from roomful_watch.server import HttpServer
from roomful_watch.stream import Connected, Disconnected, Event, Item, Joined, Left, Skipped
from roomful_watch.terminal import json_line, printable


class Output(Protocol):
    async def show(self, item: Item) -> None:
        """Print it at once. A slow reader of our output blocks us; then the server cuts us off, and we catch up."""
        ...


class JsonOutput:
    """For programs: one event per line, the same JSON value that the server sent."""

    async def show(self, item: Item) -> None:
        if isinstance(item, Event):
            sys.stdout.buffer.write(json_line(item.body) + b"\n")
            sys.stdout.buffer.flush()
        else:
            typer.echo(_notice(item, Names()), err=True)


class TerminalOutput:
    """For people: a sentence per event, in colour if the terminal can."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._names = Names()
        self._has_names = False
        self._events = Console(highlight=False, markup=False)
        self._notices = Console(highlight=False, markup=False, stderr=True)

    async def show(self, item: Item) -> None:
        match item:
            case Event(body=body):
                self._events.print(event_line(body, self._names), soft_wrap=True)
            case Joined(person):
                self._events.print(presence_line(person, "is here", self._names), soft_wrap=True)
            case Left(person):
                self._events.print(presence_line(person, "has left", self._names), soft_wrap=True)
            case _:
                if isinstance(item, Connected) and not self._has_names:
                    await self._learn_names()
                self._notices.print(_notice(item, self._names), style="dim", soft_wrap=True)

    async def _learn_names(self) -> None:
        # On failure, show ids until the next connection.
        with contextlib.suppress(ConnectionLost, Refused):
            self._names.learn(await self._server.snapshot())
            self._has_names = True


def _notice(item: Connected | Disconnected | Skipped | Joined | Left, names: Names) -> str:
    match item:
        case Connected(offset, present):
            here = ", ".join(names.present(person) for person in present) or "nobody else"
            return f"connected at offset {offset}; here: {here}"
        case Disconnected(reason, retry_seconds):
            return f"{printable(reason)}; trying again in {retry_seconds:.1f} s"
        case Skipped(reason, offset):
            return f"{printable(reason)}; continuing after offset {offset}"
        case Joined(person):
            return f"{names.present(person)} is here"
        case Left(person):
            return f"{names.present(person)} has left"
