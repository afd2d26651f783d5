"""Fixtures of the conformance tests: one test for every SDK."""

import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
import pytest_asyncio

from tests.conformance.providers import DOCUMENTS, Providers
from tests.conformance.sdks import JavaScriptSdk, MakeSdk, NeedsNode, PythonSdk, install_javascript
from tests.conftest import Backend, absent
from tests.support.wheel import Installation, install_wheel


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """An SDK that is stopped while it connects may leave its socket behind, which must not fail the next test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def backend() -> Backend:
    """SDKs see the same on either database."""
    return "sqlite"


@pytest.fixture(scope="session")
def javascript() -> type[JavaScriptSdk]:
    try:
        install_javascript()
    except NeedsNode as missing:
        absent(f"the JavaScript SDK: {missing}")
    return JavaScriptSdk


@pytest.fixture(scope="session")
def stock_providers() -> None:
    """The packages of the Yjs providers, installed."""
    try:
        install_javascript(DOCUMENTS)
    except NeedsNode as missing:
        absent(f"the providers of Yjs: {missing}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def providers(stock_providers: None) -> AsyncIterator[Providers]:
    """A Node process for the windows of a file's tests."""
    async with Providers() as providers:
        yield providers


@pytest.fixture(
    params=["python-json", "python-protobuf"]
    + [f"javascript-{way}" for way in ("json", "protobuf", "http_stream-json", "http_stream-protobuf", "sse-json")]
)
def sdk(request: pytest.FixtureRequest) -> MakeSdk:
    implementation, *carrier, wire = request.param.split("-")
    if implementation == "python":
        return partial(PythonSdk, wire=wire)
    javascript: type[JavaScriptSdk] = request.getfixturevalue("javascript")
    return partial(javascript, wire=wire, carrier=carrier[0] if carrier else "websocket")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install_wheel(tmp_path_factory.mktemp("wheel"))
