"""The machine that the figures belong to."""

import contextlib
import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

SERVER_CORE = 0
CLIENT_CORE = 1
PACKAGES = ("fastapi", "starlette", "uvicorn", "uvloop", "sqlalchemy", "aiosqlite", "asyncpg", "pydantic")


def pin(process_id: int, core: int) -> None:
    """Keep all threads of a process on one core, so that a server and its load don't take turns on one."""
    if not hasattr(os, "sched_setaffinity") or core not in os.sched_getaffinity(1):
        return
    for thread in Path(f"/proc/{process_id}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


def prefer(process_id: int) -> None:
    """Give a process priority on its core, if this user may."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(PermissionError):  # without the right it runs as before, with worse figures
            os.setpriority(os.PRIO_PROCESS, process_id, -10)


def cpu_seconds(process_id: int) -> float:
    """What all threads of a process have used, those that have ended too, to the nanosecond."""
    return time.clock_gettime((~process_id << 3) | 2)  # Linux: what clock_getcpuclockid(3) makes of an id


def describe() -> list[str]:
    """The machine and its software, a line each."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB; {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}; {packages}",
        f"{datetime.now(UTC):%d %B %Y}",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2**30
