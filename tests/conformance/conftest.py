"""Fixtures of the conformance tests: one test for every SDK."""

import gc
import warnings
from collections.abc import Iterator
from functools import partial

import pytest

from tests.conformance.sdks import JavaScriptSdk, MakeSdk, NeedsNode, PythonSdk, install_javascript
from tests.conftest import Backend, absent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """An SDK that is stopped while it connects may leave its socket behind: no fault of the test that comes next."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def backend() -> Backend:
    """What the SDKs see is the same whatever the server keeps its rows in."""
    return "sqlite"


@pytest.fixture(scope="session")
def javascript() -> type[JavaScriptSdk]:
    try:
        install_javascript()
    except NeedsNode as missing:
        absent(f"the JavaScript SDK: {missing}")
    return JavaScriptSdk


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
