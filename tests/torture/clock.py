"""The wall clock of one node."""

import os
import struct
from pathlib import Path

from tests.support.server import SOURCES

STEPPED = Path(__file__).parent / "stepped"


class Clock:
    """Starts right. Every process in its environment follows each step at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.write_bytes(struct.pack("d", 0.0))
        self.environment = {"TORTURE_CLOCK": str(file), "PYTHONPATH": os.pathsep.join((str(STEPPED), *SOURCES))}

    def step(self, seconds: float) -> None:
        """Set it ahead of the system's clock by this much, or behind; 0 sets it right."""
        # In place, since the processes have the file mapped.
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", seconds))
