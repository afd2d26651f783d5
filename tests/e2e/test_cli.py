"""The `roomful` command as an operator types it: real processes, real exit codes."""

import asyncio
import io
import os
import pty
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
import pytest
from pycrdt import XmlFragment

from roomful import __version__
from roomful.cli import main
from tests.conftest import Backend, absent
from tests.support.api import PASSWORD, Project
from tests.support.document_clients import DocumentClient
from tests.support.processes import dies_with_parent, wait_until
from tests.support.server import Outcome, Server, roomful_environment, run_command
from tests.support.valkey import Valkey


@pytest.fixture
def backend() -> Backend:
    return "sqlite"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


class Roomful:
    """The command in the test's own process, which starts at once: for commands that neither serve nor log."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "") -> Outcome:
        self._monkeypatch.setattr(sys, "argv", ["roomful", *arguments])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ending:
            main()
        output, errors = self._capsys.readouterr()
        code = ending.value.code
        assert code is None or isinstance(code, int)
        return Outcome(code or 0, output, errors)


@pytest.fixture
def roomful(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: dict[str, str], tmp_path: Path
) -> Roomful:
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Roomful(monkeypatch, capsys)


ANOTHER_PASSWORD = "a wholly different passphrase"


def assert_refused(outcome: Outcome, *words: str) -> None:
    assert outcome.exit_code == 1, outcome
    assert outcome.errors.startswith("roomful: "), outcome
    assert outcome.errors.count("\n") == 1, outcome
    for word in words:
        assert word in outcome.errors


@pytest.mark.parametrize(
    ("variables", "arguments", "word"),
    [
        ({"ROOMFUL_SECRET_KEY": "changeme"}, [], "ROOMFUL_SECRET_KEY"),
        ({"ROOMFUL_REGISTRATON": "closed"}, [], "ROOMFUL_REGISTRATION"),
        ({"ROOMFUL_ENVIRONMENT": "production"}, [], "ROOMFUL_ALLOWED_ORIGINS"),
        ({}, ["--workers", "2"], "ROOMFUL_REDIS_URL"),
        ({"ROOMFUL_ENVIRONMENT": "production", "ROOMFUL_ALLOWED_ORIGINS": "https://a.example"}, ["--demo"], "--demo"),
    ],
)
def test_serve_refuses_settings_that_cannot_work(
    roomful: Roomful, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], arguments: list[str], word: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert_refused(roomful("serve", "--port", "0", *arguments), word)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:hunter2@127.0.0.1:1/roomful", "postgresql://127.0.0.1:1/roomful"),
        ("sqlite:////nowhere/roomful.db", "sqlite:////nowhere/roomful.db"),
        (f"sqlite:///{__file__}", "file is not a database"),
    ],
)
def test_unreachable_database_is_named_without_its_password(
    roomful: Roomful, monkeypatch: pytest.MonkeyPatch, url: str, shown: str
) -> None:
    monkeypatch.setenv("ROOMFUL_DATABASE_URL", url)
    outcome = roomful("db", "upgrade")
    assert_refused(outcome, shown)
    assert "hunter2" not in outcome.errors


async def test_both_commands_say_their_version(tmp_path: Path) -> None:
    for module, name in (("roomful", "roomful"), ("roomful_watch", "roomful-watch")):
        told = await run_command(["--version"], tmp_path, {}, module=module)
        assert (told.exit_code, told.output, told.errors) == (0, f"{name} {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "eighty"],
        ["serve", "--workers", "0"],
        ["fly"],
        ["user", "create"],
        ["token", "a@b", "--ttl", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(roomful: Roomful, arguments: list[str]) -> None:
    outcome = roomful(*arguments)
    assert outcome.exit_code == 2
    assert "Usage: roomful" in outcome.errors


async def test_serve_names_the_port_that_is_taken(tmp_path: Path, environment: dict[str, str], taken_port: int) -> None:
    assert_refused(await run_command(["serve", "--port", str(taken_port)], tmp_path, environment), str(taken_port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_regular_end_is_exit_code_0(server: Server, number: signal.Signals) -> None:
    assert await server.end(number) == 0


async def test_workers_share_the_port_and_end_together(
    tmp_path: Path, environment: dict[str, str], valkey: Valkey
) -> None:
    environment["ROOMFUL_REDIS_URL"] = valkey.url
    async with Server(tmp_path, environment, arguments=["--workers", "2"]) as server:
        ada = await server.api.register("ada")
        assert (await ada.get("/auth/me"))["id"] == ada.id
        assert await server.terminate() == 0


@pytest.mark.parametrize(
    "arguments", [["db", "upgrade"], ["db", "current"], ["user", "list"], ["token", "a@b.example"]]
)
def test_every_command_refuses_a_misspelt_setting(
    roomful: Roomful, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("ROOMFUL_DATABASE_ULR", "postgresql://db/roomful")
    assert_refused(roomful(*arguments), "ROOMFUL_DATABASE_ULR is not a setting", "ROOMFUL_DATABASE_URL")


def test_schema_from_empty(roomful: Roomful, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROOMFUL_DATABASE_URL", f"sqlite:///{tmp_path}/fresh.db")
    assert roomful("db", "current").output == "empty\n"
    # Where nothing was restored, nothing is renewed: a misspelt address would pass for the right one.
    assert_refused(roomful("db", "restored"), "fresh.db is empty")
    assert not list(tmp_path.glob("fresh.db*"))
    assert roomful("db", "upgrade").exit_code == 0
    assert roomful("db", "current").output.strip().isdigit()
    assert roomful("db", "restored").exit_code == 0


def test_an_empty_file_was_not_restored(roomful: Roomful, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROOMFUL_DATABASE_URL", f"sqlite:///{tmp_path}/fresh.db")
    (tmp_path / "fresh.db").touch()
    assert_refused(roomful("db", "restored"), "fresh.db is empty")
    assert roomful("db", "current").output == "empty\n"


def test_a_backup_of_an_older_version_is_upgraded_first(
    roomful: Roomful, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROOMFUL_DATABASE_URL", f"sqlite:///{tmp_path}/old.db")
    assert roomful("db", "upgrade").exit_code == 0
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert_refused(roomful("db", "restored"), "roomful db upgrade")


def test_new_database_is_its_owners_alone(roomful: Roomful, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROOMFUL_DATABASE_URL", f"sqlite:///{tmp_path}/fresh.db")
    before = os.umask(0)
    try:
        assert roomful("db", "upgrade").exit_code == 0
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("fresh.db*")} == {0o600}


def test_accounts_can_be_made_before_the_first_start(
    roomful: Roomful, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROOMFUL_DATABASE_URL", f"sqlite:///{tmp_path}/fresh.db")
    create = ["user", "create", "Ada@Example.test", "--name", "Ada", "--admin", "--password-stdin"]
    assert roomful(*create, stdin=f"{PASSWORD}\n").output == "ada@example.test can sign in now, as an administrator.\n"
    assert_refused(roomful(*create, stdin=f"{PASSWORD}\n"))
    assert_refused(roomful("user", "create", "bob@example.test", "--password-stdin", stdin="short"), "password")
    assert_refused(roomful("user", "create", "bob@example.test", "--password-stdin", stdin="long \x00 enough"), "NUL")
    assert_refused(roomful("user", "create", "bob@example.test"), "--password-stdin")
    assert_refused(roomful("token", "bob@example.test"), "bob@example.test")
    assert roomful("user", "list").output == "ada@example.test\tAda\tadmin\tactive\n"


async def test_documents_are_read_and_written_beside_a_server(
    server: Server, tmp_path: Path, environment: dict[str, str]
) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    document = await ada.post(f"{project.path}/documents", {"title": "Plan"})
    path, one = f"/documents/{document['id']}/content", document["id"]
    (tmp_path / "plan.json").write_bytes(
        msgspec.json.encode(
            {"type": "doc", "content": [{"type": "heading", "content": [{"type": "text", "text": "Größe"}]}]}
        )
    )
    async with DocumentClient(server.socket_url, one, token=ada.token) as editor:
        put = await run_command(["doc", "put", one, "plan.json"], tmp_path, environment)
        assert (put.exit_code, put.output) == (0, "The document was changed.\n")
        assert (await run_command(["doc", "put", one, "plan.json"], tmp_path, environment)).output == (
            "The document already has this content.\n"
        )
        assert (await ada.request("GET", path)).text == "Größe"
        await editor.becomes(lambda: "Größe" in str(editor.doc.get("default", type=XmlFragment)), seconds=30)
    assert (await run_command(["doc", "cat", one], tmp_path, environment)).output == "Größe"
    piped = await run_command(["doc", "put", one, "-"], tmp_path, environment, stdin="two\nlines")
    assert piped.exit_code == 0
    as_json = await run_command(["doc", "cat", one, "--format", "json"], tmp_path, environment)
    assert len(msgspec.json.decode(as_json.output)["content"]) == 2


def test_a_document_that_is_not_there(roomful: Roomful, tmp_path: Path) -> None:
    assert_refused(roomful("doc", "cat", "nothing"), "nothing")
    (tmp_path / "plan.txt").write_text("x")
    assert_refused(roomful("doc", "put", "nothing", "plan.txt"), "nothing")
    assert roomful("doc", "put", "nothing", "nowhere.txt").exit_code == 2
    assert roomful("doc", "cat", "nothing", "--format", "pdf").exit_code == 2


def test_the_index_of_the_search_is_made_anew(roomful: Roomful) -> None:
    for _ in range(2):
        assert roomful("search", "rebuild").output == "The index has 0 entries.\n"


async def test_names_cannot_control_the_operators_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    create = ["user", "create", "ada@example.test", "--password-stdin"]
    assert (await run_command(create, tmp_path, environment, stdin=f"{PASSWORD}\n")).exit_code == 0
    with closing(sqlite3.connect(tmp_path / "roomful.db")) as connection, connection:
        # Such a name can't be taken now, but an older one may exist.
        connection.execute("UPDATE user SET name = ?", ("Ada\u202enimda \N{ROCKET}",))
    listed = await run_command(["user", "list"], tmp_path, environment)
    assert listed.output == "ada@example.test\tAda\\u202enimda \N{ROCKET}\tuser\tactive\n"
    narrow = await run_command(["user", "list"], tmp_path, {**environment, "PYTHONIOENCODING": "latin-1"})
    assert narrow.output == "ada@example.test\tAda\\u202enimda \\U0001f680\tuser\tactive\n"


def test_a_reason_cannot_control_the_operators_terminal(roomful: Roomful) -> None:
    assert_refused(roomful("token", "a\x1b]0;pwned\x07@example.test"), "\\x1b]0;pwned\\x07")


def test_operator_changes_people(roomful: Roomful, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROOMFUL_DATABASE_URL", f"sqlite:///{tmp_path}/fresh.db")
    roomful("user", "create", "ada@example.test", "--name", "Ada", "--password-stdin", stdin=PASSWORD)

    for _ in range(2):
        assert "ada@example.test is deactivated" in roomful("user", "deactivate", "Ada@Example.test").output
        assert roomful("user", "list").output == "ada@example.test\tAda\tuser\tinactive\n"
    assert_refused(roomful("token", "ada@example.test"), "deactivated")
    for _ in range(2):
        assert "ada@example.test can sign in again" in roomful("user", "activate", "ada@example.test").output
        assert roomful("user", "list").output == "ada@example.test\tAda\tuser\tactive\n"
    assert roomful("user", "sign-out", "ada@example.test").exit_code == 0
    assert_refused(roomful("user", "password", "ada@example.test", "--password-stdin", stdin="short"), "8 characters")
    assert_refused(roomful("user", "password", "ada@example.test"), "--password-stdin")
    assert roomful("user", "password", "ada@example.test", "--password-stdin", stdin=ANOTHER_PASSWORD).exit_code == 0
    assert "ada.l@example.test" in roomful("user", "address", "ada@example.test", "Ada.L@example.test").output
    for command in ("deactivate", "activate", "sign-out"):
        assert_refused(roomful("user", command, "ada@example.test"), "ada@example.test")
    assert_refused(roomful("user", "address", "ada@example.test", "bob@example.test"), "ada@example.test")
    assert_refused(roomful("user", "address", "ada.l@example.test", "bob"), "must be an e-mail address")
    assert roomful("user", "list", "--conflicts").output == ""


async def test_token_and_password_of_the_command_line_work(
    server: Server, tmp_path: Path, environment: dict[str, str]
) -> None:
    create = ["user", "create", "ada@example.test", "--admin", "--password-stdin"]
    assert (await run_command(create, tmp_path, environment, stdin=f"{PASSWORD}\n")).exit_code == 0
    token = (await run_command(["token", "ada@example.test", "--ttl", "60"], tmp_path, environment)).output.strip()

    ada = await server.api.sign_in("ada@example.test")
    ada.token = token
    assert (await ada.get("/auth/me"))["role"] == "admin"


def test_password_is_asked_for_twice_and_not_shown(tmp_path: Path, environment: dict[str, str]) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "roomful", "user", "create", "ada@example.test"],
        cwd=tmp_path,
        env=roomful_environment(environment),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=dies_with_parent(),
    )
    os.close(slave)
    shown = ""
    try:
        for question in ("Password: ", "Repeat for confirmation: "):
            while not shown.endswith(question):
                shown += os.read(master, 1024).decode()
            os.write(master, f"{PASSWORD}\n".encode())
        wait_until(lambda: process.poll() is not None, seconds=20, what="the command ends")
        shown += os.read(master, 1024).decode()
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert process.returncode == 0, shown
    assert "ada@example.test can sign in now." in shown
    assert PASSWORD not in shown


async def test_demo_is_seeded_once_and_its_commands_work_when_pasted(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    async with Server(tmp_path, environment, arguments=["--demo"]) as server:
        await server.restart()  # seeds nothing a second time
        ada = await server.api.sign_in("ada@example.com")
        [listed] = await ada.get("/projects")
        project = Project(listed["id"])
        snapshot = await ada.snapshot(project)
        assert len(snapshot["tasks"]) == 8
        assert {task["status"] for task in snapshot["tasks"]} == {"todo", "in_progress", "done"}
        assert {member["name"] for member in snapshot["members"]} == {"Ada Lovelace", "Bob Kahn"}
        [document] = snapshot["documents"]
        written = await ada.request("GET", f"/documents/{document['id']}/content")
        assert written.text.startswith("Flight plan\nSeveral people write here at once")
        assert [event["offset"] for event in await ada.all_events(project)] == list(range(1, 17))
        assert (await server.api.sign_in("bob@example.com")).name == "Bob Kahn"

        watch, curl = pasted(server.log)
        async with pasted_process(f"{watch} --json --since 16", tmp_path) as watching:
            changed = await asyncio.create_subprocess_shell(curl, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            answer, _ = await changed.communicate()
            assert changed.returncode == 0
            assert watching.stdout is not None
            async with asyncio.timeout(20):
                seen = msgspec.json.decode(await watching.stdout.readline())
        assert seen["data"]["task"] == msgspec.json.decode(answer)


async def test_the_end_of_the_demos_words_fits_into_a_small_terminal(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """80 columns and 24 lines, with what the log adds at a start: the addresses and the password are in sight."""
    async with Server(tmp_path, environment, arguments=["--demo"]) as server:
        lines = [line[start : start + 80] for line in server.log.splitlines() for start in range(0, len(line) or 1, 80)]
    seen = "".join(lines[-24:])
    for needed in ("/#/sign-in?email=ada", "/#/sign-in?email=bob", PASSWORD):
        assert needed in seen


async def test_the_log_tells_of_migration_start_and_stop(tmp_path: Path) -> None:
    async with Server(tmp_path, {"ROOMFUL_DATABASE_URL": f"sqlite:///{tmp_path}/roomful.db"}) as server:
        await server.restart()
    words = ["migrating the database", "migrated the database", *["ready", "stopping", "stopped"] * 2]
    seen = [line for line in server.complaints if any(word in line for word in words)]
    assert len(seen) == len(words)
    for line, word in zip(seen, words, strict=True):
        assert word in line


def pasted(log: str) -> tuple[str, str]:
    """The watch and curl commands that `--demo` printed last."""
    if shutil.which("curl") is None:
        absent("curl is not installed")
    lines = log.splitlines()
    [*_, watch] = [line for line in lines if "--url" in line]
    [*_, curl] = [line for line in lines if line.startswith("curl ")]
    return watch, curl


@asynccontextmanager
async def pasted_process(command: str, directory: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_shell(
        f"exec {command}", cwd=directory, env=roomful_environment({}), stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_the_operator_invites_in_the_owners_name(
    server: Server, tmp_path: Path, environment: dict[str, str]
) -> None:
    ada, bob = await server.api.register("ada"), await server.api.register("bob")
    project = await ada.create_project()
    environment["ROOMFUL_PUBLIC_URL"] = "https://board.example"
    asked = ["invite", project.id, "--role", "viewer", "--uses", "2"]
    made = await run_command(asked, tmp_path, environment)
    assert (made.exit_code, made.errors) == (0, "")
    link = made.output.strip().removeprefix("https://board.example/#/join/")
    joined = await bob.post(f"/invitations/{link}/accept", expect=200)
    assert joined["role"] == "viewer"
    [listed] = await ada.get(f"{project.path}/invitations")
    assert (listed["created_by"], listed["uses"], listed["max_uses"]) == (ada.id, 1, 2)
    assert_refused(await run_command(["invite", bob.id], tmp_path, environment), "no project")
    assert_refused(await run_command(["invite", project.id, "nobody"], tmp_path, environment), "e-mail address")
