"""The conformance server's API for the suites of the JavaScript, Go and Java SDKs (docs/conformance.md)."""

from collections.abc import AsyncIterator, Iterator

import httpx
import jwt
import pytest
import pytest_asyncio

from tests.conformance.process import serving
from tests.conformance.server import SECRET
from tests.conformance.server_api import API_KEY
from tests.support.api import Json
from tests.support.processes import free_port
from tests.support.subscribers import CommandError, Subscriber

pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = free_port()
    with serving(port, "--insecure", "--no-presence"):
        yield port


@pytest_asyncio.fixture
async def api(port: int) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"X-API-Key": API_KEY}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api", headers=headers, trust_env=False) as client:
        yield client


async def call(api: httpx.AsyncClient, method: str, **fields: object) -> Json:
    answer = await api.post(f"/{method}", json=fields)
    assert answer.status_code == 200, answer.text
    result: Json = answer.json()["result"]
    return result


def subscriber(port: int, user: str | None = None) -> Subscriber:
    token = None if user is None else jwt.encode({"sub": user}, SECRET, algorithm="HS256")
    return Subscriber(f"ws://127.0.0.1:{port}", token=token)


async def test_a_published_event_is_in_the_history(port: int, api: httpx.AsyncClient) -> None:
    async with subscriber(port) as anybody:
        subscribed = await anybody.subscribe("delta:news", delta="fossil")
        assert subscribed["delta"] is True
        published = await call(api, "publish", channel="delta:news", data={"n": 1})
        assert (await anybody.expect_push("pub")).body["offset"] == published["offset"] == 1
    history = await call(api, "history", channel="delta:news", limit=10)
    assert [pub["data"] for pub in history["publications"]] == [{"n": 1}]
    assert (history["offset"], history["epoch"]) == (1, published["epoch"])
    assert (await call(api, "history", channel="delta:news"))["publications"] == []


async def test_a_token_is_checked_even_if_none_is_required(port: int, api: httpx.AsyncClient) -> None:
    async with subscriber(port, "42") as named, subscriber(port) as nobody:
        await named.subscribe("news")
        await nobody.subscribe("news")
        await call(api, "unsubscribe", user="42", channel="news")
        while (push := await named.next_push()).kind != "unsubscribe":
            pass
        assert push.body["code"] == 2000
        await call(api, "disconnect", user="42")
        await named.expect_close(3503)
        await call(api, "publish", channel="news", data={"n": 1})
        while (await nobody.next_push()).kind != "pub":
            pass


async def test_presence_can_be_switched_off(port: int) -> None:
    async with subscriber(port) as anybody:
        await anybody.subscribe("news")
        with pytest.raises(CommandError) as refused:
            await anybody.command("presence", channel="news")
        assert refused.value.code == 108


async def test_the_key_and_the_channel_are_checked(port: int, api: httpx.AsyncClient) -> None:
    assert (await api.post("/publish", json={}, headers={"X-API-Key": "other"})).status_code == 401
    assert (await api.post("/history", json={"channel": "none:x"})).json()["error"]["code"] == 102
