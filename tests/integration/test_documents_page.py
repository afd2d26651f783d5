"""The examples of docs/documents.md run as they stand."""

import asyncio
import os
import re
import shutil
from pathlib import Path

from tests.conftest import absent
from tests.support.app import Live
from tests.support.documents import create_document

PAGE = Path(__file__).parents[2] / "docs" / "documents.md"


async def test_its_examples(live: Live, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        absent("curl is not installed")
    ada = await live.api.register("ada")
    project = await ada.create_project()
    task = await ada.create_task(project, description="Two tanks, **full**.")
    given = {"ID": await create_document(ada, project), "TOKEN": ada.token, "PROJECT": project.id, "TASK": task["id"]}
    lines = "".join(re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL)).splitlines()
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    expected = [line for line in lines if not line.startswith("$ ")]
    script = "\n".join(["set -e", *commands]).replace("http://127.0.0.1:8000", live.url)
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script, cwd=tmp_path, env={**os.environ, **given},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    # Plain text has no line end, so that the next output follows on its last line.
    assert (process.returncode, "".join(output.decode().split())) == (0, "".join("".join(expected).split()))
