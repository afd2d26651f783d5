"""The official JavaScript SDK through the whole protocol, over its every transport and format."""

from collections.abc import Iterator

import pytest

from tests.conformance.javascript import GROUPS, SETTINGS, Setting, run_checks
from tests.conformance.process import serving
from tests.conformance.sdks import JavaScriptSdk
from tests.support.processes import free_port


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = free_port()
    with serving(port, "--short-timeouts"):
        yield port


@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("setting", SETTINGS, ids="-".join)
def test_javascript(port: int, javascript: type[JavaScriptSdk], setting: Setting, group: str) -> None:
    checks = run_checks(port, setting, group)
    assert checks
    failed = [f"{check.name}: {check.failure}" for check in checks if check.failure is not None]
    assert not failed, "\n\n".join(failed)
