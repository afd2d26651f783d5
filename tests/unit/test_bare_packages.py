"""The engine and its transports load no framework and no database."""

import subprocess
import sys

import pytest

LOAD = """\
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)
print(*sys.modules)
"""
FRAMEWORKS = {"alembic", "fastapi", "pydantic", "pydantic_settings", "sqlalchemy", "structlog"}


@pytest.mark.parametrize(
    ("packages", "frameworks", "parts"),
    [
        (["roomful.realtime"], {*FRAMEWORKS, "starlette", "uvicorn"}, {"concurrency", "link", "realtime"}),
        (["roomful.rooms"], {*FRAMEWORKS, "starlette", "uvicorn"}, {"concurrency", "link", "process", "rooms"}),
        (["roomful.transport"], FRAMEWORKS, {"concurrency", "errors", "link", "realtime", "transport"}),
    ],
)
def test_packages_load_no_framework(packages: list[str], frameworks: set[str], parts: set[str]) -> None:
    loaded = subprocess.check_output([sys.executable, "-c", LOAD, *packages], text=True).split()
    assert {name.partition(".")[0] for name in loaded} & frameworks == set()
    assert {name.split(".")[1] for name in loaded if name.startswith("roomful.")} <= parts
