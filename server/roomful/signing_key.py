"""The key that signs tokens."""

import contextlib
import hmac
import os
import secrets
from pathlib import Path

from roomful.environment import SettingsError
from roomful.service_urls import async_database_url
from roomful.settings import MIN_SECRET_BYTES, Settings

INVITATION_PURPOSE = "invitation"


def signing_key(settings: Settings) -> str:
    """The key that signs tokens: the setting, or one made once and kept in a file beside the database.

    The file is created with mode 600, atomically, so that two processes that start at once agree.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = key_file(settings)
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        message = (
            f"ROOMFUL_SECRET_KEY is not set, and no key can be kept in {path}, beside ROOMFUL_DATABASE_URL: {error}"
        )
        raise SettingsError(message) from error
    if len(key.encode()) < MIN_SECRET_BYTES:
        raise SettingsError(
            f"{path} holds a key shorter than {MIN_SECRET_BYTES} bytes; delete it to have a new one made"
        )
    return key


def key_file(settings: Settings) -> Path:
    """Where the key is kept that no setting gives."""
    url = async_database_url(settings.database_url)
    beside = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else Path("roomful.db")
    return beside.with_suffix(".key")


def derived_key(key: str, purpose: str) -> bytes:
    """A key of its own for one purpose: nothing that is signed for another one can pass for it."""
    return hmac.digest(key.encode(), f"roomful {purpose}, version 1".encode(), "sha256")


def _make_key(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # another process was first: its key is the key
            os.link(draft, path)
    finally:
        draft.unlink()
