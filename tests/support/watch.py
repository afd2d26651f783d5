"""`roomful-watch` as a process."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.support.api import Json, Person, Project
from tests.support.processes import dies_with_parent
from tests.support.server import Server, roomful_environment

LINE_SECONDS = 60.0


class Watch:
    """`python -m roomful_watch`, read line by line; killed when the block is left if it has not ended by then.

    `output` is where its standard output goes instead, such as a terminal.
    """

    def __init__(
        self, *arguments: str, token: str | None = None, environment: Mapping[str, str] | None = None, output: int = -1
    ) -> None:
        self._arguments = arguments
        variables = dict(environment or {}) if token is None else {"ROOMFUL_TOKEN": token, **(environment or {})}
        self._environment = roomful_environment(variables)
        self._output = output

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "roomful_watch",
            *self._arguments,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if self._output < 0 else self._output,
            stderr=asyncio.subprocess.PIPE,
            limit=2**22,
            preexec_fn=dies_with_parent(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def line(self) -> str:
        """The next line of standard output."""
        assert self._process.stdout is not None
        return await self._read(self._process.stdout)

    async def event(self) -> Json:
        event: Json = json.loads(await self.line())
        return event

    async def notice(self, containing: str) -> str:
        """The next line of standard error that contains this. Skips those before it."""
        assert self._process.stderr is not None
        while containing not in (line := await self._read(self._process.stderr)):
            pass
        return line

    async def connected(self) -> None:
        """Wait until it follows the project: it must show later events."""
        await self.notice("connected at offset")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def stop_listening(self) -> None:
        """Close its standard output from our side, as `head` does."""
        transport = self._process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]  # no public way
        assert transport is not None
        transport.close()

    async def ended(self) -> tuple[int, str, str]:
        """Wait for its end. Returns the exit code, and the unread rest of each output."""
        async with asyncio.timeout(LINE_SECONDS):
            output, errors = await self._process.communicate()
        code = self._process.returncode
        assert code is not None
        return code, (output or b"").decode(), errors.decode()

    async def _read(self, stream: asyncio.StreamReader) -> str:
        async with asyncio.timeout(LINE_SECONDS):
            line = await stream.readline()
        if not line:
            raise AssertionError(f"roomful-watch ended: {await self.ended()}")
        return line.decode().rstrip("\n")


def watching(server: Server, person: Person, project: Project, *options: str) -> Watch:
    """A person's view of a project, by the person's token."""
    return Watch(project.id, "--url", server.url, *options, token=person.token)


def read_terminal(descriptor: int, until: bytes) -> bytes:
    """A program's output on this terminal, up to this text. Blocks the thread."""
    received = b""
    while until not in received:
        received += os.read(descriptor, 4096)
    return received
