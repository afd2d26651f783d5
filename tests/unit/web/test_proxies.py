"""Whose `X-Forwarded-…` headers are trusted."""

from collections.abc import Callable
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from roomful.environment import SettingsError
from roomful.settings import Settings, load_settings
from roomful.web.proxies import believe

TRUSTED = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


async def seen(
    *forwarded: str, peer: str = "127.0.0.1", proto: str | None = None, kind: str = "http", trusted: Any = TRUSTED
) -> tuple[str, str]:
    """The client's address and scheme as the application sees them."""
    return await seen_behind(believing(trusted), request(*forwarded, peer=peer, proto=proto, kind=kind))


def believing(trusted: Any = TRUSTED) -> Callable[[ASGIApp], ASGIApp]:
    def middleware(app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            believe(scope, trusted)
            await app(scope, receive, send)

        return serve

    return middleware


def request(*forwarded: str, peer: str | None = "127.0.0.1", proto: str | None = None, kind: str = "http") -> Scope:
    """One that a proxy has handed on; without a peer it came by a Unix socket."""
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    if proto is not None:
        headers.append((b"x-forwarded-proto", proto.encode()))
    return {
        "type": kind,
        "client": None if peer is None else (peer, 5),
        "server": ("/run/roomful.sock", None) if peer is None else ("127.0.0.1", 8000),
        "scheme": "ws" if kind == "websocket" else "http",
        "headers": headers,
    }


async def seen_behind(middleware: Callable[[ASGIApp], ASGIApp], scope: Scope) -> tuple[str, str]:
    found: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append((scope["client"][0] if scope["client"] else "", scope["scheme"]))

    await middleware(app)(dict(scope), _unused, _unused)
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


async def test_other_peers_are_not_trusted() -> None:
    assert await seen("9.9.9.1", peer="203.0.113.9", proto="https") == ("203.0.113.9", "http")
    assert await seen("9.9.9.1", proto="https", trusted=()) == ("127.0.0.1", "http")


async def test_a_trusted_proxy_tells_the_scheme() -> None:
    assert (await seen(proto="https"))[1] == "https"
    assert (await seen(proto="HTTPS", kind="websocket"))[1] == "wss"
    assert (await seen(proto="http", kind="websocket"))[1] == "ws"
    assert (await seen(proto="javascript"))[1] == "http"


async def test_an_ipv4_peer_of_a_dual_socket_is_the_same_proxy() -> None:
    assert (await seen("203.0.113.9", peer="::ffff:127.0.0.1"))[0] == "203.0.113.9"


@pytest.mark.parametrize(
    ("scope", "client", "scheme"),
    [
        (request("203.0.113.9", peer=None, proto="https"), "203.0.113.9", "https"),
        (request("203.0.113.9", peer="::ffff:127.0.0.1"), "203.0.113.9", "http"),
        (request("::ffff:203.0.113.9"), "203.0.113.9", "http"),
        (request("9.9.9.1, unknown, 10.0.0.2"), "10.0.0.2", "http"),
        (request("203.0.113.9", proto="https, https"), "203.0.113.9", "https"),
        (request("203.0.113.9", proto="HTTPS"), "203.0.113.9", "https"),
    ],
    ids=["a Unix socket", "a dual-stack socket", "IPv4 in IPv6", "no address", "a list of schemes", "upper case"],
)
async def test_uvicorns_middleware_would_say_otherwise(scope: Scope, client: str, scheme: str) -> None:
    """When this fails uvicorn has learned it: see docs/decisions/0027."""
    assert await seen_behind(believing(), scope) == (client, scheme)
    trusted = [str(network) for network in TRUSTED]
    theirs: Any = partial(ProxyHeadersMiddleware, trusted_hosts=trusted)  # it types ASGI in its own way
    assert await seen_behind(theirs, scope) != (client, scheme)


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
