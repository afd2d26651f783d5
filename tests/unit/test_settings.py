"""Settings are validated, and an error names the setting."""

from pathlib import Path

import pytest

from roomful.environment import SettingsError
from roomful.settings import Settings, load_settings

KEY = "k" * 32


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"ROOMFUL_{name}", value)
    return load_settings()


def test_defaults_serve_out_of_the_box() -> None:
    settings = load_settings()
    assert settings.database_url == "sqlite:///roomful.db"
    assert settings.redis_url is None
    assert settings.secret_key is None
    assert settings.environment == "development"
    assert (settings.access_token_ttl, settings.ping_interval, settings.pong_timeout) == (900, 25, 8)
    assert settings.max_message_bytes == settings.send_buffer_bytes == 1024 * 1024
    assert (settings.event_retention_days, settings.recovery_limit) == (30, 300)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://root@localhost/roomful"),
        ("DATABASE_URL", "roomful.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_POOL_OVERFLOW", "-1"),
        ("DATABASE_POOL_TIMEOUT", "nan"),
        ("DATABASE_STATEMENT_TIMEOUT", "inf"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "http://localhost:6379"),
        ("SECRET_KEY", "k" * 31),
        ("ENVIRONMENT", "staging"),
        ("ALLOWED_ORIGINS", "app.example"),
        ("ALLOWED_ORIGINS", "https://app.example/path"),
        ("TRUSTED_PROXIES", "everybody"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("REGISTRATION", "maybe"),
        ("ACCESS_TOKEN_TTL", "0"),
        ("ACCESS_TOKEN_TTL", "15m"),
        ("REFRESH_TOKEN_TTL", "99999999999"),
        ("JWKS_URL", "file:///etc/passwd"),
        ("MAX_MESSAGE_BYTES", "10"),
        ("MAX_CONNECTIONS_PER_USER", "-1"),
        ("SEND_BUFFER_BYTES", "1"),
        ("PING_INTERVAL", "0"),
        ("PONG_TIMEOUT", "1.5"),
        ("SHUTDOWN_GRACE", "inf"),
        ("RATE_LIMIT_SIGN_IN", "-1"),
        ("RATE_LIMIT_WRITES", "many"),
        ("RATE_LIMIT_COMMANDS", "1e999"),
        ("EVENT_RETENTION_DAYS", "1" * 30),
        ("RECOVERY_LIMIT", "0"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_bad_value_names_itself_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **{name: value})
    assert str(caught.value).startswith(f"ROOMFUL_{name}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ROOMFUL_REGISTRATON", "ROOMFUL_REGISTRATON is not a setting; did you mean ROOMFUL_REGISTRATION?"),
        ("roomful_registraton", "ROOMFUL_REGISTRATON is not a setting; did you mean ROOMFUL_REGISTRATION?"),
        ("ROOMFUL_ALOWED_ORIGIN", "ROOMFUL_ALOWED_ORIGIN is not a setting; did you mean ROOMFUL_ALLOWED_ORIGINS?"),
        ("ROOMFUL_XYZZY", "ROOMFUL_XYZZY is not a setting"),
        ("ROOMFUL_PORT", "ROOMFUL_PORT is not a setting"),
    ],
)
@pytest.mark.parametrize("is_in_file", [False, True])
def test_unknown_name_is_refused_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, reason: str, is_in_file: bool
) -> None:
    if is_in_file:
        (tmp_path / ".env").write_text(f"{name}=closed\n")
    else:
        monkeypatch.setenv(name, "closed")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == reason


def test_unknown_names_and_bad_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, REGISTRATON="closed", ZYX="1", PING_INTERVAL="soon")
    assert [reason.partition(" ")[0] for reason in str(caught.value).split("; ") if "did you" not in reason] == [
        "ROOMFUL_REGISTRATON",
        "ROOMFUL_ZYX",
        "ROOMFUL_PING_INTERVAL:",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN", "eyJ"),
        ("URL", "https://board.example"),
        ("PORT", "tcp://10.0.0.1:8000"),
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT_HTTP", "8000"),
        ("PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("REDIS_PORT", "tcp://10.0.0.2:6379"),
        ("REDIS_SERVICE_HOST", "10.0.0.2"),
        ("REDIS_PORT_6379_TCP_PROTO", "tcp"),
    ],
)
def test_names_of_clients_and_orchestrators_are_ignored(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    load(monkeypatch, **{name: value})


def test_empty_counts_as_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ROOMFUL_PONG_TIMEOUT=3\nROOMFUL_RECOVERY_LIMIT=\nROOMFUL_RETIRED=\nROOMFUL_OLD\n")
    settings = load(monkeypatch, SECRET_KEY="", DATABASE_URL="", PING_INTERVAL="", PONG_TIMEOUT="", GONE="")
    assert (settings.secret_key, settings.database_url) == (None, "sqlite:///roomful.db")
    assert (settings.ping_interval, settings.pong_timeout, settings.recovery_limit) == (25, 3, 300)


def test_in_production_an_empty_secret_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="ROOMFUL_SECRET_KEY must be set"):
        load(monkeypatch, ENVIRONMENT="production", SECRET_KEY="", ALLOWED_ORIGINS="https://app.example")


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"ROOMFUL_PING_INTERVAL: .*ROOMFUL_RECOVERY_LIMIT: "):
        load(monkeypatch, PING_INTERVAL="x", RECOVERY_LIMIT="y")


def test_message_does_not_repeat_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, SECRET_KEY="too-short-a-secret", DATABASE_URL="mysql://root:hunter2@localhost/x")
    assert "too-short-a-secret" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_settings_do_not_show_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, SECRET_KEY=KEY, REDIS_URL="redis://:hunter2@localhost", METRICS_TOKEN="m-token")
    assert not {KEY, "hunter2", "m-token"} & set(repr(settings).replace("'", " ").split())


@pytest.mark.parametrize("text", ["https://a.example,https://b.example", '["https://a.example", "https://B.example/"]'])
def test_list_of_origins(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert load(monkeypatch, ALLOWED_ORIGINS=text).allowed_origins == ("https://a.example", "https://b.example")


def test_list_of_image_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = load(monkeypatch, IMAGE_HOSTS="Images.example, *.cdn.example:8443").image_hosts
    assert hosts == ("images.example", "*.cdn.example:8443")


@pytest.mark.parametrize("text", ["*", "https://images.example", "a.example/x", "a.example; script-src *", "a b"])
def test_what_is_no_image_host_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(SettingsError, match="ROOMFUL_IMAGE_HOSTS: must list hosts"):
        load(monkeypatch, IMAGE_HOSTS=text)


def test_zero_turns_a_limit_off(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, RATE_LIMIT_SIGN_IN="0", RATE_LIMIT_WRITES="0", RATE_LIMIT_COMMANDS="0")
    assert (settings.rate_limit_sign_in, settings.rate_limit_writes, settings.rate_limit_commands) == (0, 0, 0)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "ROOMFUL_SECRET_KEY"),
        ({"ALLOWED_ORIGINS": "https://app.example"}, "ROOMFUL_SECRET_KEY"),
        ({"SECRET_KEY": KEY}, "ROOMFUL_ALLOWED_ORIGINS"),
    ],
)
def test_production_requires_explicit_settings(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str
) -> None:
    with pytest.raises(SettingsError, match=missing):
        load(monkeypatch, ENVIRONMENT="production", **given)


def test_production_refuses_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="ROOMFUL_DEMO"):
        load(monkeypatch, ENVIRONMENT="production", SECRET_KEY=KEY, ALLOWED_ORIGINS="https://app.example", DEMO="true")


def test_production_with_explicit_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, ENVIRONMENT="production", SECRET_KEY=KEY, ALLOWED_ORIGINS="https://app.example")
    assert settings.secret_key is not None
    assert settings.secret_key.get_secret_value() == KEY


@pytest.mark.parametrize(
    ("given", "registration"),
    [
        ({"ENVIRONMENT": "production"}, "invited"),
        ({"ENVIRONMENT": "production", "REGISTRATION": ""}, "invited"),
        ({"ENVIRONMENT": "production", "REGISTRATION": "open"}, "open"),
        ({"ENVIRONMENT": "production", "REGISTRATION": "closed"}, "closed"),
        ({}, "open"),
        ({"REGISTRATION": "invited"}, "invited"),
    ],
    ids=str,
)
def test_registration_is_by_invitation_in_production(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], registration: str
) -> None:
    settings = load(monkeypatch, SECRET_KEY=KEY, ALLOWED_ORIGINS="https://app.example", **given)
    assert settings.registration == registration


def test_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ROOMFUL_PING_INTERVAL=7\nROOMFUL_PONG_TIMEOUT=3\nPATH_OF_ANOTHER_PROGRAM=x\n")
    settings = load(monkeypatch, PONG_TIMEOUT="4")
    assert (settings.ping_interval, settings.pong_timeout) == (7, 4)


def test_bad_value_in_the_env_file_names_itself(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ROOMFUL_PING_INTERVAL=soon\n")
    with pytest.raises(SettingsError, match="ROOMFUL_PING_INTERVAL"):
        load_settings()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("ROOMFUL_REGISTRATION closed", "line 2 of .env, ROOMFUL_REGISTRATION, can't be read"),
        ("ROOMFUL_REGISTRATION: closed", "line 2 of .env, ROOMFUL_REGISTRATION, can't be read"),
        ('ROOMFUL_SECRET_KEY="not closed', "line 2 of .env, ROOMFUL_SECRET_KEY, can't be read"),
        ("not a line", "line 2 of .env can't be read"),
    ],
)
def test_a_line_of_the_env_file_that_can_not_be_read_stops_the_start(tmp_path: Path, line: str, named: str) -> None:
    (tmp_path / ".env").write_text(f"# settings\n{line}\n")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert str(error.value).startswith(named)
    assert "not closed" not in str(error.value)


def test_env_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"ROOMFUL_JWT_ISSUER=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env"):
        load_settings()
