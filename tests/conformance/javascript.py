"""The checks of the official JavaScript SDK, which Node runs: js/suite.mjs against the conformance server."""

import json
import subprocess

import msgspec

from tests.conformance.sdks import JAVASCRIPT, Carrier, Wire
from tests.support.processes import dies_with_parent

Setting = tuple[Carrier, Wire]

SETTINGS: list[Setting] = [
    ("websocket", "json"),
    ("websocket", "protobuf"),
    ("http_stream", "json"),
    ("http_stream", "protobuf"),
    ("sse", "json"),  # which carries nothing else
]
GROUPS = ("commands", "recovery", "tokens", "closing", "subscribing", "stream")
SECONDS = 300


class Check(msgspec.Struct, frozen=True):
    """One checked property; `failure` describes a violation."""

    group: str
    name: str
    failure: str | None


class NodeFailed(Exception):
    """The checks did not run to their end."""


def run_checks(port: int, setting: Setting, *groups: str) -> list[Check]:
    """The checks of these groups, in order, over one transport and in one format. Raises NodeFailed."""
    carrier, wire = setting
    command = ["node", "suite.mjs", json.dumps({"port": port, "transport": carrier, "wire": wire}), *groups]
    done = subprocess.run(
        command, cwd=JAVASCRIPT, capture_output=True, text=True, timeout=SECONDS, preexec_fn=dies_with_parent()
    )
    if done.stderr:
        raise NodeFailed(done.stderr)
    return [msgspec.json.decode(line, type=Check) for line in done.stdout.splitlines()]
