"""The client's own tests, which share the server's vectors of the fold."""

import subprocess

from tests.support.browsers import WEB


def test_the_client_s_own_tests_pass() -> None:
    tested = subprocess.run(
        ["npm", "run", "--silent", "test"], cwd=WEB, capture_output=True, text=True, timeout=120, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
