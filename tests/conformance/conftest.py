"""Fixtures of the conformance tests: one test for every SDK."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from tests.conformance.sdks import JavaScriptSdk, NeedsNode, PythonSdk, Sdk, install_javascript
from tests.conftest import Backend, absent


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


@pytest.fixture(params=["python", "javascript"])
def implementation(request: pytest.FixtureRequest) -> type[PythonSdk] | type[JavaScriptSdk]:
    if request.param == "python":
        return PythonSdk
    javascript: type[JavaScriptSdk] = request.getfixturevalue("javascript")
    return javascript


@pytest.fixture(params=["json", "protobuf"])
def sdk(
    request: pytest.FixtureRequest, implementation: type[PythonSdk] | type[JavaScriptSdk]
) -> Callable[[str, str, Sequence[str]], Sdk]:
    return partial(implementation, wire=request.param)
