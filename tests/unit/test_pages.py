"""Every file, name and make target in the contributors' pages exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from roomful.rooms import codes as endings
from roomful.rooms.protocol.yjs import YjsWire, permission_denied
from roomful.transport.websocket.frames import INTERNAL_ERROR, INVALID_DATA, POLICY, PROTOCOL_ERROR, TOO_BIG
from roomful.transport.websocket.options import DEFAULTS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "server" / "roomful"
FOLDERS = (
    ROOT,
    PACKAGE,
    PACKAGE / "tasks",
    ROOT / "client_demo" / "web" / "src",
    ROOT / "client_demo" / "roomful_watch",
)
"""Where the pages' paths begin."""
PAGES = ("CONTRIBUTING.md", "docs/architecture.md")
FILE = re.compile(r"([\w./]+\.(?:c|lua|md|py|toml|ts|tsx))(?:: ([\w.]+))?")


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def section(page: str, title: str) -> str:
    return text_of(page).partition(f"# {title}\n")[2].partition("\n## ")[0].partition("\n### ")[0]


def quoted(text: str) -> list[str]:
    without_blocks = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", without_blocks)


def file_of(path: str) -> Path:
    found = [folder / path for folder in FOLDERS if (folder / path).is_file()]
    assert found, f"no file {path}"
    return found[0]


@cache
def names_in(file: Path) -> set[str]:
    """The names a Python module defines: classes, functions, methods (also as `Class.method`) and variables."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            names |= {f"{node.name}.{child.name}" for child in node.body if isinstance(child, ast.FunctionDef)}
            names |= {f"{node.name}.{child.name}" for child in node.body if isinstance(child, ast.AsyncFunctionDef)}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize(("page", "title"), [("CONTRIBUTING.md", "The map"), ("docs/architecture.md", "The packages")])
def test_the_map_shows_each_package(page: str, title: str) -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {name for name in packages if not re.search(rf"\b{name}/", section(page, title))} == set()


@pytest.mark.parametrize("page", PAGES)
def test_each_answer_to_where_is_names_what_exists(page: str) -> None:
    answers = re.findall(r"^\| [^|]+ \| ([^|]*`[^|]*) \|$", section(page, "Where is …?"), re.MULTILINE)
    assert len(answers) > 5
    for answer in answers:
        places = [(FILE.fullmatch(part), part) for part in quoted(answer)]
        files = [file_of(match[1]) for match, _ in places if match]
        assert files, f"no file in: {answer}"
        for match, part in places:
            if match is None:
                is_named = any(re.search(rf"\b{re.escape(part)}\b", file.read_text()) for file in files)
                assert is_named, f"{part} is in no file of: {answer}"
            elif match[2]:
                assert match[2] in names_in(file_of(match[1])), part


def test_the_clients_page_tells_how_many_frames_a_socket_may_send() -> None:
    codes = section("docs/clients.md", "Codes").partition("**Close codes**")[2].partition("<!--")[0]
    most = DEFAULTS.max_frames_per_second
    assert f"{POLICY} `too many frames` ends any socket that sends more than {most:,} frames within a second" in codes
    assert f"a message in more than {DEFAULTS.max_fragments:,} frames" in codes
    for code in (PROTOCOL_ERROR, INVALID_DATA, POLICY, TOO_BIG, INTERNAL_ERROR):
        assert str(code) in codes
    documents = section("docs/clients.md", "What holds for all of them")
    assert f"| {POLICY} | too many frames | More than {most:,} within a second" in documents


def test_the_clients_page_lists_the_codes_of_documents_with_their_reasons() -> None:
    documents = section("docs/clients.md", "What holds for all of them")
    for ending in (each for each in vars(endings).values() if isinstance(each, endings.Ending)):
        assert f"| {ending.code} | {ending.reason} |" in documents
    assert f"| {endings.TOO_BIG.code} | message too big |" in documents  # so the transport says it
    [refusal] = YjsWire().refused()
    [reason] = re.findall(r"permission-denied message with the reason `([^`]+)`", documents)
    assert refusal == permission_denied(reason)


@pytest.mark.parametrize("page", PAGES)
def test_each_file_exists(page: str) -> None:
    for part in quoted(text_of(page)):
        if (match := FILE.fullmatch(part)) and "NNNN" not in part:
            file_of(match[1])


@pytest.mark.parametrize("page", PAGES)
def test_each_class_exists(page: str) -> None:
    modules = [*PACKAGE.rglob("*.py"), *(ROOT / "tests" / "support").glob("*.py")]
    classes = {name for part in quoted(text_of(page)) for name in re.findall(r"^(?:[A-Z][a-z]+){2,}", part)}
    assert classes <= set().union(*map(names_in, modules))


def test_each_link_leads_to_a_file() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)[^)]*\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.relative_to(ROOT)}: {link}"


def test_the_example_of_a_resource_has_the_files_named_for_it() -> None:
    rows = re.findall(r"^\| (\d+) \| `([^`]+)` \|", section("CONTRIBUTING.md", "Add a resource"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    assert 10 < len(rows) <= 20
    for _, path in rows:
        if "NNNN" not in path:
            assert (ROOT / path.replace("…", "server/roomful")).is_file(), path


def test_each_make_target_exists() -> None:
    targets = {
        word for words in re.findall(r"^([a-z ]+):(?!=)", text_of("Makefile"), re.MULTILINE) for word in words.split()
    }
    for page in [
        "README.md",
        "SECURITY.md",
        ".ci/run",
        *PAGES,
        *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")),
    ]:
        for words in re.findall(r"(?:`|^\$ |^)make ((?:[a-z]+ ?)+)", text_of(page), re.MULTILINE):
            assert set(words.split()) <= targets, f"{page}: make {words}"
