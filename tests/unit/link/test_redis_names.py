"""Names in Redis: per installation, and revealing nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomful.link.redis_names import TOKEN_LENGTH, RedisNames
from roomful.link.redis_server import RedisServer

KEY = b"a key that only this test makes names with"


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("redis://localhost", 0),
        ("redis://localhost/3", 3),
        ("redis://localhost?db=4", 4),
        ("unix:///run/redis.sock?db=2", 2),
        ("redis+sentinel://a,b/roomful", 0),
        ("redis+sentinel://a,b/roomful/5", 5),
    ],
)
def test_database_number_is_read_from_every_kind_of_url(url: str, database: int) -> None:
    assert RedisServer(url).database == database


def test_installations_share_no_name() -> None:
    installations = [
        RedisNames(KEY),
        RedisNames(KEY, database=1),
        RedisNames(KEY, installation=b"a copy"),
        RedisNames(b"another key"),
    ]
    assert len({names.of("channel", "project:1") for names in installations}) == len(installations)
    assert len({names.prefix for names in installations}) == len(installations)
    assert len({names.token("project:1") for names in installations}) == len(installations)


@given(st.text())
def test_a_name_reveals_nothing(name: str) -> None:
    names = RedisNames(KEY)
    made = names.of("channel", name)
    assert made == names.of("channel", name)
    assert made != names.of("other", name)
    assert len(made) == len(names.prefix) + len("channel:") + TOKEN_LENGTH
    assert made.isascii()
    assert names.kind_of(made) == b"channel"
