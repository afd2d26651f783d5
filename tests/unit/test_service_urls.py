"""Addresses of services, as drivers take them and as logs may show them."""

import pytest

from roomful.service_urls import async_database_url, without_password


@pytest.mark.parametrize(
    ("url", "with_driver"),
    [
        ("sqlite:///roomful.db", "sqlite+aiosqlite:///roomful.db"),
        ("sqlite+pysqlite:////srv/roomful.db", "sqlite+aiosqlite:////srv/roomful.db"),
        ("postgresql://ada:pw@db/roomful", "postgresql+asyncpg://ada:pw@db/roomful"),
        ("postgresql+psycopg2://ada:pw@db/roomful", "postgresql+asyncpg://ada:pw@db/roomful"),
        ("postgres://ada:pw@db/roomful", "postgresql+asyncpg://ada:pw@db/roomful"),
    ],
)
def test_driver_name_in_the_url_is_replaced(url: str, with_driver: str) -> None:
    assert async_database_url(url).render_as_string(hide_password=False) == with_driver


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:p%40ss@db:5432/roomful", "postgresql://db:5432/roomful"),
        ("postgresql://db/roomful?user=ada&password=pw", "postgresql://db/roomful?user=ada"),
        ("redis://:pw@cache:6379/0", "redis://cache:6379/0"),
        ("sqlite:////srv/roomful.db", "sqlite:////srv/roomful.db"),
    ],
)
def test_password_is_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
