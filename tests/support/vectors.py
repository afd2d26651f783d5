"""Cases of the fold that programs in other languages are tested with, in tests/vectors/fold.json.

    [{"name": "…", "snapshot": {…}, "event": {…}, "result": {…}}, …]

`WRITE_VECTORS=1 python -m pytest tests/integration/test_fold.py -k sqlite` writes them from what the server does.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "vectors" / "fold.json"

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def check(vector: dict[str, Any]) -> None:
    """The file has this case, but for ids, times, sizes and the epoch; or write it there when asked to."""
    vector = _without_chance(vector)
    stored = {case["name"]: case for case in json.loads(FILE.read_text())} if FILE.exists() else {}
    if os.environ.get("WRITE_VECTORS"):
        stored[vector["name"]] = vector
        FILE.write_text(json.dumps([stored[name] for name in sorted(stored)], indent=1) + "\n")
    assert stored[vector["name"]] == vector


def load() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads(FILE.read_text())
    return vectors


def _without_chance(vector: dict[str, Any]) -> dict[str, Any]:
    """The same case with ids and times numbered by first appearance. A document's size depends on random client ids."""
    seen: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"{len(seen) + 1:08x}-0000-7000-8000-000000000000")

    def tick(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"2026-07-16T13:32:{len(seen):02}Z")

    text = re.sub(r'"epoch": "[^"]*"', '"epoch": "e"', json.dumps(vector))
    text = re.sub(r'"bytes": [1-9]\d*', '"bytes": 1', text)
    numbered: dict[str, Any] = json.loads(_TIME.sub(tick, _ID.sub(number, text)))
    return numbered
