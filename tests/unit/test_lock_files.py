"""The lock files hold what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUN = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["build"]


def pins(file: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ \\]+)", (ROOT / file).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.lock", RUN),
        ("requirements-test.lock", RUN + PROJECT["optional-dependencies"]["test"]),
    ],
)
def test_lock_file_is_up_to_date(file: str, wanted: list[str]) -> None:
    locked = pins(file)
    for requirement in map(Requirement, wanted):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {file}: make lock"
        assert requirement.specifier.contains(version), f"{file} has {version}, not {requirement}: make lock"


def test_tests_use_the_servers_packages() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-test.lock").items()


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-test.lock"])
def test_lock_file_names_no_index(file: str) -> None:
    assert "://" not in (ROOT / file).read_text()
