"""Values of `ROOMFUL_REDIS_URL`."""

import pytest

from roomful.environment import SettingsError
from roomful.link.redis_server import sentinel_address
from roomful.settings import Settings, load_settings


def settings(url: str) -> Settings:
    return load_settings(_env_file=None, redis_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost:6379/0",
        "redis://:secret@[::1]:6379",
        "rediss://user:secret@redis.example:6380/2?ssl_cert_reqs=required",
        "unix:///run/redis.sock?db=1",
        "redis+sentinel://a:26379,b:26379/roomful",
        "redis+sentinel://user:secret@a,[::1]:26380/roomful/1",
    ],
)
def test_accepted(url: str) -> None:
    assert settings(url).redis_url is not None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("localhost:6379", "must be a redis://"),
        ("http://localhost", "must be a redis://"),
        ("redis://localhost:port", "has a port that is not a number"),
        ("redis+sentinel://a:26379", "must name sentinels and service"),
        ("redis+sentinel://a:x/roomful", "has a port that is not a number"),
        ("redis+cluster://a:7000", "Redis Cluster, which is not supported"),
    ],
)
def test_refused_in_one_line(url: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(url)
    message = str(refused.value)
    assert message.startswith("ROOMFUL_REDIS_URL: ")
    assert reason in message
    assert "\n" not in message


def test_sentinel_address() -> None:
    sentinels, service, options = sentinel_address("redis+sentinel://user:secret@a,[::1]:26380/roomful/3")
    assert sentinels == [("a", 26379), ("::1", 26380)]
    assert service == "roomful"
    assert (options["username"], options["password"], options["db"]) == ("user", "secret", 3)
