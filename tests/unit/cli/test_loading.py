"""Commands start fast: they load what they use."""

import subprocess
import sys

import pytest

FRAMEWORKS = {"alembic", "fastapi", "prometheus_client", "starlette", "structlog", "uvicorn"}


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        ("roomful.cli", {*FRAMEWORKS, "argon2", "jwt", "pydantic", "sqlalchemy"}),
        ("roomful.cli.database", {*FRAMEWORKS, "argon2", "jwt"}),
        ("roomful.cli.people", FRAMEWORKS),
    ],
    ids=["--help", "db", "user and token"],
)
def test_what_a_command_loads(module: str, unused: set[str]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert {name.partition(".")[0] for name in loaded} & unused == set()
