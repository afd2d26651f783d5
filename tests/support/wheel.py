"""An installation of the project from its wheel, apart from the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.support.server import ROOT

SECONDS = 240
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "server", "client_demo/roomful_watch")


@dataclass(frozen=True, slots=True)
class Installation:
    wheel: Path
    bin: Path
    """The folder of its commands, `python` among them."""

    @property
    def environment(self) -> dict[str, str]:
        """For its processes, without the checkout."""
        return {**os.environ, "PYTHONPATH": ""}


def install_wheel(directory: Path) -> Installation:
    """Build a wheel and install it into a virtual environment. The packages it needs are those of this interpreter."""
    source, venv = directory / "source", directory / "venv"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.so")
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            source.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    _run(*pip, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", directory, source)
    [wheel] = directory.glob("*.whl")

    _run(sys.executable, "-m", "venv", "--without-pip", venv)
    python = venv / "bin" / "python"
    [packages] = (venv / "lib").glob("*/site-packages")
    # Only this folder joins the path, not what its own .pth files add: the checkout is one of those.
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib"))
    _run(*pip, "--python", python, "install", "--no-index", "--no-deps", wheel)
    return Installation(wheel, python.parent)


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
