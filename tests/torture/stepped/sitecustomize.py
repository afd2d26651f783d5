"""Sets the wall clock of a process apart from the system's: Python runs this first where it is on its path.

By how many seconds stands in the file that TORTURE_CLOCK names, and may change while the process runs. Monotonic
clocks, those of other processes (PostgreSQL, Valkey) and the time in UUIDs stay right.
"""

import mmap
import os
import struct
import sys
import time
from collections.abc import Sequence
from datetime import datetime, tzinfo
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Self

ASKING = {"roomful.db.base", "jwt.api_jwt"}
"""Modules that use `datetime`, which can't be patched itself."""


class SteppedDatetime(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return datetime.fromtimestamp(time.time(), tz)  # type: ignore[return-value]  # encoders take no subclass


class _Stepped(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.datetime = SteppedDatetime  # type: ignore[attr-defined]  # it has imported that name


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in ASKING:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Stepped(fullname, spec.origin)
        return spec


def step_by(file: Path) -> None:
    with file.open("rb") as opened:
        offset = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)
    right = time.time
    time.time = lambda: right() + struct.unpack("d", offset[:8])[0]
    sys.meta_path.insert(0, _Finder())


if "TORTURE_CLOCK" in os.environ:
    step_by(Path(os.environ["TORTURE_CLOCK"]))
