"""The suite's C programs, compiled on demand."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent


class NoCompiler(Exception):
    """There is no C compiler here."""


@dataclass(frozen=True, slots=True)
class Programs:
    audience: Path
    floor: Path


@contextmanager
def programs() -> Iterator[Programs]:
    """The compiled programs, deleted at the end of the block. Raises NoCompiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoCompiler("no C compiler (cc) is installed")
    with tempfile.TemporaryDirectory(prefix="roomful-bench-native-") as name:
        directory = Path(name)
        for source in SOURCES.glob("*.c"):
            command = [compiler, "-O2", "-std=gnu11", str(source), "-o", str(directory / source.stem)]
            subprocess.run(command, check=True)
        yield Programs(directory / "audience", directory / "floor")
