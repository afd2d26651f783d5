"""The people and the project of most tests here; one that needs others says so itself."""

import pytest

from roomful.documents import digest
from roomful.link.rates import Rates
from tests.support.api import Api, Person, Project


@pytest.fixture
def no_refills(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still for rate limits: on a slow machine more would pass while a test counts."""
    monkeypatch.setattr(Rates.__init__, "__kwdefaults__", {"clock": lambda: 0.0})


@pytest.fixture
def no_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test tells of documents: in one that lasts five seconds, the server's own round may come first."""
    monkeypatch.setattr(digest, "ROUND_SECONDS", 3600.0)


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("ada")


@pytest.fixture
async def bob(api: Api) -> Person:
    return await api.register("bob")


@pytest.fixture
async def project(ada: Person) -> Project:
    """Ada's, and nobody else is in it."""
    return await ada.create_project()
