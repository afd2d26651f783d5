"""A small disk, quickly full."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    """A file system in memory, of a few megabytes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._filler = directory / "filler"

    def fill(self) -> None:
        """Fill it to the last byte."""
        with self._filler.open("wb", buffering=0) as filler:
            for size in (65_536, 4_096, 512, 1):
                try:
                    while filler.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        self._filler.unlink()


@contextmanager
def run_small_disk(*, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one that every account can use. Raises PermissionError if this process may not."""
    if os.geteuid() != 0:
        raise PermissionError("only root may mount a small disk")
    with tempfile.TemporaryDirectory(prefix="roomful-disk-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "roomful-test"]
        done = subprocess.run(["mount", *options, directory], capture_output=True, text=True, timeout=10)
        if done.returncode != 0:
            raise PermissionError(f"a small disk can't be mounted here: {done.stderr.strip()}")
        try:
            yield SmallDisk(directory)
        finally:
            subprocess.run(["umount", "--lazy", directory], check=True, timeout=10)
