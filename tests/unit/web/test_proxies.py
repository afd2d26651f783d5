"""Whose word counts for where a request came from."""

from ipaddress import ip_network
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from roomful.settings import Settings, SettingsError, load_settings
from roomful.web.proxies import ProxyHeaders

TRUSTED = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


async def seen(
    *forwarded: str, peer: str = "127.0.0.1", proto: str | None = None, kind: str = "http", trusted: Any = TRUSTED
) -> tuple[str, str]:
    """The client's address and scheme as the application sees them."""
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    if proto is not None:
        headers.append((b"x-forwarded-proto", proto.encode()))
    scope = {"type": kind, "client": (peer, 5), "scheme": "ws" if kind == "websocket" else "http", "headers": headers}
    found: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append((scope["client"][0], scope["scheme"]))

    await ProxyHeaders(app, trusted)(scope, _unused, _unused)
    return found[0]


async def _unused(*_: Any) -> Any:
    raise AssertionError


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["9.9.9.1, 203.0.113.9"], "203.0.113.9"),
        (["9.9.9.1", "203.0.113.9"], "203.0.113.9"),
        (["9.9.9.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        (["9.9.9.1,203.0.113.9 , 10.1.2.3", "10.9.9.9"], "203.0.113.9"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:4860::1]:443"], "2001:4860::1"),
        (["2001:4860::1, 2001:db8::5"], "2001:4860::1"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        (["9.9.9.1, unknown, 10.0.0.2"], "10.0.0.2"),
        (["nonsense"], "127.0.0.1"),
        (["\xe9,,"], "127.0.0.1"),
        ([], "127.0.0.1"),
    ],
)
async def test_the_right_most_untrusted_hop_is_the_client(forwarded: list[str], client: str) -> None:
    assert (await seen(*forwarded))[0] == client


async def test_nobody_else_is_believed() -> None:
    assert await seen("9.9.9.1", peer="203.0.113.9", proto="https") == ("203.0.113.9", "http")
    assert await seen("9.9.9.1", proto="https", trusted=()) == ("127.0.0.1", "http")


async def test_a_trusted_proxy_tells_the_scheme() -> None:
    assert (await seen(proto="https"))[1] == "https"
    assert (await seen(proto="HTTPS", kind="websocket"))[1] == "wss"
    assert (await seen(proto="http", kind="websocket"))[1] == "ws"
    assert (await seen(proto="javascript"))[1] == "http"


async def test_an_ipv4_peer_of_a_dual_socket_is_the_same_proxy() -> None:
    assert (await seen("203.0.113.9", peer="::ffff:127.0.0.1"))[0] == "203.0.113.9"


def test_the_setting_takes_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOMFUL_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8, 2001:db8::/32")
    assert Settings(_env_file=None).trusted_proxies == TRUSTED


@pytest.mark.parametrize("value", ["*", "proxy.example", "10.0.0.0/99"])
def test_the_setting_names_itself_when_it_is_wrong(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOMFUL_TRUSTED_PROXIES", value)
    with pytest.raises(SettingsError, match="ROOMFUL_TRUSTED_PROXIES"):
        load_settings(_env_file=None)


@pytest.mark.parametrize("value", ["app.example", "https://app.example/path", "https://", "null"])
def test_an_origin_that_no_browser_would_send_is_a_mistake(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOMFUL_ALLOWED_ORIGINS", value)
    with pytest.raises(SettingsError, match="ROOMFUL_ALLOWED_ORIGINS"):
        load_settings(_env_file=None)
