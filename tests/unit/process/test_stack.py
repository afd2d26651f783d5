"""A document with elements in elements, as deep as its limit of bytes lets them be."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, sys
from roomful.process.stack import restart_with_room, run_with_room
restart_with_room()
from pycrdt import Doc
from roomful.rooms.protocol.lib0 import var_uint

def delete_all(levels):
    nested = b"".join(b"\\x07\\x00\\x03" + var_uint(parent) + b"\\x03\\x01b" for parent in range(levels - 1))
    root = b"\\x07\\x01\\x07default\\x03\\x01b"
    update = b"\\x01" + var_uint(levels) + b"\\x03\\x00" + root + nested + b"\\x00"
    doc = Doc()
    doc.apply_update(update)
    doc.apply_update(b"\\x00\\x01\\x03\\x01\\x00\\x01")
    return len(update)

print(delete_all(2_310_000) > 20 * 2**20, run_with_room(lambda: delete_all(300_000)) > 0, sys.argv[1:])
"""


def test_deep_document_is_deleted_on_the_main_thread_and_on_another(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run([sys.executable, str(program), "an argument"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True True ['an argument']\n"), done.stderr


def test_what_fails_fails_for_the_caller() -> None:
    program = "from roomful.process.stack import run_with_room\nrun_with_room(lambda: 1 // 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("ZeroDivisionError")
