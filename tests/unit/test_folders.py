"""The size of folders."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_MODULES = 20


def test_no_folder_has_too_many_modules() -> None:
    folders = {
        path.parent for root in ("server/roomful", "client_demo/roomful_watch") for path in (ROOT / root).rglob("*.py")
    }
    counts = {folder: len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) for folder in folders}
    migrations = ROOT / "server" / "roomful" / "db" / "migrations" / "versions"
    assert {
        folder.as_posix(): count for folder, count in counts.items() if count > MAX_MODULES and folder != migrations
    } == {}
