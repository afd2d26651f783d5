"""The addresses of the database, of Redis and of the mail server."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError


def async_database_url(text: str) -> URL:
    """The URL with its asynchronous driver; a driver name in it is replaced by ours.

    Raises ValueError for a database that is neither SQLite nor PostgreSQL.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("is not a database URL such as sqlite:///roomful.db or postgresql://user@host/name") from None
    match url.get_backend_name():
        case "sqlite":
            if url.database in (None, "", ":memory:"):
                raise ValueError("must name a file: a database in memory can't be shared by connections")
            return url.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+asyncpg")
    raise ValueError("must be a sqlite:// or postgresql:// URL")


def check_redis_url(text: str) -> None:
    """Raises ValueError unless this can be the address of a Redis that Roomful can use."""
    parts = urlsplit(text)
    match parts.scheme:
        case "redis" | "rediss" | "unix":
            hosts = [parts.netloc]
        case "redis+sentinel":
            hosts = parts.netloc.rpartition("@")[2].split(",")
            if not all(hosts) or not parts.path.strip("/"):
                raise ValueError(
                    "must name sentinels and service, as in redis+sentinel://host:26379,host:26379/service"
                )
        case "redis+cluster":
            raise ValueError("names a Redis Cluster, which is not supported: use one Redis, or redis+sentinel://")
        case _:
            raise ValueError("must be a redis://, rediss://, unix:// or redis+sentinel:// URL")
    for host in hosts:
        try:
            urlsplit(f"//{host}").port  # noqa: B018  # reading it is the check
        except ValueError:
            raise ValueError("has a port that is not a number from 0 to 65535") from None


def check_smtp_url(text: str) -> None:
    """Raises ValueError for what can't be the address of a mail server."""
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must be a URL such as smtp://user:password@mail.example:587 or smtps://mail.example")
    try:
        parts.port  # noqa: B018  # reading it is the check
    except ValueError:
        raise ValueError("has a port that is not a number from 0 to 65535") from None
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both a user and a password, or neither")


def postgresql_dsn(text: str) -> str:
    """A PostgreSQL URL as the driver takes it: no driver name, nothing that only libpq could do."""
    url = async_database_url(text).set(drivername="postgresql")
    # A time limit of our own holds; the channel is bound only with a library that can.
    return url.difference_update_query(["connect_timeout", "channel_binding"]).render_as_string(hide_password=False)


def without_password(url: str) -> str:
    """The same URL for a log line or an error message: no password, no secret query."""
    parts = urlsplit(url)
    if not parts.netloc:
        return url
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if "pass" not in name.lower()])
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=query).geturl()
