"""Files that others on the machine could read."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from roomful.cli.database import warn_if_open_to_others
from roomful.settings import Settings


@pytest.mark.parametrize(
    ("database", "key", "warned"), [(0o600, 0o600, []), (0o644, 0o600, ["roomful.db*"]), (0o600, 0o640, []),
                                    (0o600, 0o644, ["roomful.key"]), (0o666, 0o604, ["roomful.db*", "roomful.key"])]
)  # fmt: skip
def test_the_operator_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, database: int, key: int, warned: list[str]
) -> None:
    for name, mode in (("roomful.db", database), ("roomful.key", key)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path}/roomful.db")
    warn_if_open_to_others(settings)
    assert [record.getMessage().rpartition("/")[2] for record in caplog.records] == warned
    caplog.clear()
    warn_if_open_to_others(settings.model_copy(update={"secret_key": SecretStr("k" * 32)}))
    assert "key" not in caplog.text


def test_a_database_that_does_not_exist_yet_is_no_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    warn_if_open_to_others(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path}/roomful.db"))
    assert not caplog.records
