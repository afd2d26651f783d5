"""What an operator can set, by environment variable (prefix `ROOMFUL_`) or `.env`."""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from roomful.environment import PREFIX, unknown_settings

MIN_SECRET_BYTES = 32
ENV_FILE = ".env"

Network = IPv4Network | IPv6Network

Seconds = Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]

_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s]+")


class SettingsError(Exception):
    """A setting is wrong: the message names it, in one line for the operator."""


class Settings(BaseSettings):
    """Validated once at start; immutable afterwards.

    Times are seconds, sizes are bytes. A rate limit is events per minute for one key; 0 turns it, or a quota, off.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_url: str = "sqlite:///roomful.db"
    database_pool_size: Annotated[int, Field(ge=1, le=1_000)] = 10
    database_pool_overflow: Annotated[int, Field(ge=0, le=1_000)] = 10
    database_pool_timeout: Seconds = 5.0
    database_statement_timeout: Seconds = 15.0
    redis_url: SecretStr | None = None
    secret_key: SecretStr | None = None
    environment: Literal["development", "production"] = "development"
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    registration: Literal["open", "invited", "closed"] = "open"
    demo: bool = False

    access_token_ttl: Annotated[int, Field(ge=5, le=86_400)] = 900
    refresh_token_ttl: Annotated[int, Field(ge=5, le=3_660 * 86_400)] = 30 * 86_400
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    jwks_url: str | None = None
    jwt_trust_email: bool = False

    max_message_bytes: Annotated[int, Field(ge=1024, le=1024**3)] = 1024 * 1024
    max_connections_per_user: Count = 100
    max_unauthenticated_per_address: Count = 1_000
    send_buffer_bytes: Annotated[int, Field(ge=16 * 1024, le=1024**3)] = 1024 * 1024
    batch_delay: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    deflate: bool = False
    ping_interval: Annotated[int, Field(ge=1, le=3_600)] = 25
    pong_timeout: Annotated[int, Field(ge=1, le=3_600)] = 8
    shutdown_grace: Seconds = 10.0
    rate_limit_sign_in: Count = 10
    rate_limit_registration: Count = 30
    rate_limit_writes: Count = 6_000
    rate_limit_reads: Count = 12_000
    rate_limit_renames: Count = 10
    rate_limit_commands: Count = 6_000

    max_projects_per_user: Count = 1_000
    max_memberships_per_user: Count = 2_000
    max_members_per_project: Count = 1_000
    max_tasks_per_project: Count = 20_000
    max_sign_ins_per_user: Count = 100
    max_idempotency_keys_per_user: Count = 10_000

    event_retention_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    recovery_limit: Annotated[int, Field(ge=1, le=10_000)] = 300
    metrics_token: SecretStr | None = None
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="before")
    @classmethod
    def _registration_by_environment(cls, given: dict[str, object]) -> dict[str, object]:
        """In production nobody registers unasked, unless the operator says so."""
        if given.get("environment") == "production":
            return {"registration": "invited"} | given
        return given

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """`a, b` and `["a", "b"]` are both lists of two."""
        if isinstance(value, str):
            return tuple(part.strip(" \"'").rstrip("/") for part in value.strip("[] ").split(",") if part.strip(" \"'"))
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        origins = tuple(origin.lower() for origin in value)
        if not all(_ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("must list origins such as https://app.example or http://localhost:5173, or be *")
        return origins

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        async_database_url(value)
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_broker(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_redis_url(value.get_secret_value())
        return value

    @field_validator("jwks_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("must be an http:// or https:// URL")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"must be at least {MIN_SECRET_BYTES} bytes long")
        return value

    @field_validator("jwks_url")
    @classmethod
    def _fetchable(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#]+[^\s#]*", value):
            raise ValueError("must be an http:// or https:// address")
        return value

    @model_validator(mode="after")
    def _identity_provider_is_complete(self) -> Self:
        named = {"JWKS_URL": self.jwks_url, "JWT_ISSUER": self.jwt_issuer, "JWT_AUDIENCE": self.jwt_audience}
        missing = [f"ROOMFUL_{name}" for name, value in named.items() if not value]
        if missing and len(missing) < len(named):
            raise ValueError(f"{' and '.join(missing)} must be set too, to accept an identity provider's tokens")
        return self

    @model_validator(mode="after")
    def _production_is_explicit(self) -> Self:
        if self.environment == "production":
            if self.demo:
                raise ValueError("ROOMFUL_DEMO adds people whose password everybody knows; not in production")
            if self.secret_key is None:
                raise ValueError("ROOMFUL_SECRET_KEY must be set when ROOMFUL_ENVIRONMENT=production")
            if not self.allowed_origins:
                raise ValueError("ROOMFUL_ALLOWED_ORIGINS must be set when ROOMFUL_ENVIRONMENT=production")
        return self


def load_settings(**overrides: object) -> Settings:
    """Read and validate the settings. Raises SettingsError, which names the setting that is wrong or does not exist."""
    try:
        unknown = unknown_settings([name.upper() for name in Settings.model_fields], Path(ENV_FILE))
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what the caller overrides
    except ValidationError as invalid:
        raise SettingsError("; ".join([*unknown, *_reasons(invalid)])) from invalid
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{ENV_FILE} can't be read: {error}") from error
    if unknown:
        raise SettingsError("; ".join(unknown))
    return settings


def _reasons(invalid: ValidationError) -> Iterator[str]:
    for error in invalid.errors(include_url=False, include_input=False):
        name = "_".join(str(part) for part in error["loc"][:1]).upper()
        message = error["msg"].removeprefix("Value error, ")
        yield f"{PREFIX}{name}: {message}" if name else message


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
    """Raises ValueError for what can't be the address of a Redis that Roomful can use."""
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


def postgresql_dsn(text: str) -> str:
    """A PostgreSQL URL as the driver takes it: no driver name, nothing that only libpq could do."""
    url = async_database_url(text).set(drivername="postgresql")
    # A time limit of our own holds; the channel is bound only with a library that can.
    return url.difference_update_query(["connect_timeout", "channel_binding"]).render_as_string(hide_password=False)


def signing_key(settings: Settings) -> str:
    """The key that signs tokens: the setting, or one made once and kept in a file beside the database.

    The file is created with mode 600, atomically, so that two processes that start at once agree.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    url = async_database_url(settings.database_url)
    beside = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else Path("roomful.db")
    path = beside.with_suffix(".key")
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"ROOMFUL_SECRET_KEY is not set, and no key can be kept in {path}: {error}") from error
    if len(key.encode()) < MIN_SECRET_BYTES:
        raise SettingsError(
            f"{path} holds a key shorter than {MIN_SECRET_BYTES} bytes; delete it to have a new one made"
        )
    return key


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


def without_password(url: str) -> str:
    """The same URL for a log line or an error message: no password, no secret query."""
    parts = urlsplit(url)
    if not parts.netloc:
        return url
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if "pass" not in name.lower()])
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=query).geturl()
