"""The settings, which an operator makes by environment variable (prefix `ROOMFUL_`) or `.env`."""

import re
from collections.abc import Iterator
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from roomful.environment import PREFIX, SettingsError, unknown_settings
from roomful.service_urls import async_database_url, check_redis_url, check_smtp_url

MIN_SECRET_BYTES = 32
ENV_FILE = ".env"

Network = IPv4Network | IPv6Network

Seconds = Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]

_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s]+")
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


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
    image_hosts: Annotated[tuple[str, ...], NoDecode] = ()

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
    rate_limit_invitations: Count = 30

    max_projects_per_user: Count = 1_000
    max_memberships_per_user: Count = 2_000
    max_members_per_project: Count = 1_000
    max_invitations_per_project: Count = 200
    max_invitation_mails_per_user: Count = 100
    max_invitation_mails_per_address: Count = 10
    max_tasks_per_project: Count = 20_000
    max_columns_per_project: Annotated[int, Field(ge=3, le=200)] = 50
    max_labels_per_project: Annotated[int, Field(ge=1, le=1_000)] = 200
    max_comments_per_task: Count = 5_000
    max_reactions_per_comment: Count = 20
    max_documents_per_project: Count = 1_000
    max_connections_per_document: Count = 200
    max_document_bytes: Annotated[int, Field(ge=64 * 1024, le=256 * 1024**2)] = 20 * 1024**2
    max_versions_per_document: Count = 200
    max_sign_ins_per_user: Count = 100
    max_idempotency_keys_per_user: Count = 10_000

    event_retention_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    notification_retention_days: Annotated[int, Field(ge=1, le=36_500)] = 90
    recovery_limit: Annotated[int, Field(ge=1, le=10_000)] = 300
    public_url: str | None = None
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    mail_delay: Annotated[float, Field(gt=0, le=7 * 86_400, allow_inf_nan=False)] = 600.0
    mail_to_unverified: bool = False
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

    @field_validator("allowed_origins", "trusted_proxies", "image_hosts", mode="before")
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

    @field_validator("image_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        hosts = tuple(host.lower() for host in value)
        if not all(_HOST.fullmatch(host) for host in hosts):
            raise ValueError("must list hosts such as images.example or *.images.example, which are asked by https")
        return hosts

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

    @field_validator("public_url")
    @classmethod
    def _address_of_the_board(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#@]+(?:/[^\s?#]*)?", value):
            raise ValueError("must be the http:// or https:// address of the board, such as https://board.example")
        return value if value is None else value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_smtp_url(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(value)[1])):
            raise ValueError("must be an address such as board@example.org, or Board <board@example.org>")
        return value

    @model_validator(mode="after")
    def _mail_is_complete(self) -> Self:
        if self.smtp_url is not None:
            needed = {"MAIL_FROM": self.mail_from, "PUBLIC_URL": self.public_url}
            if missing := [f"ROOMFUL_{name}" for name, value in needed.items() if not value]:
                raise ValueError(f"{' and '.join(missing)} must be set too, to send mail")
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
