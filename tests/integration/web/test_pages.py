"""The browser client's files, and the page in their place."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from roomful.web import errors, pages

PAGE = "<!doctype html><html lang=en><title>Board</title>"
SCRIPT = "export const answer = 42;"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A client as the build leaves it."""
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text(PAGE)
    (assets / "index-abc.js").write_text(SCRIPT)
    (assets / "index-abc.js.br").write_bytes(b"as brotli")
    (assets / "index-abc.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    return tmp_path / "dist"


@pytest.fixture
async def browser(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of_site(folder) as client:
        yield client


def client_of_site(folder: Path) -> httpx.AsyncClient:
    app = FastAPI()
    errors.install(app)
    pages.install(app, folder)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_the_page_allows_nothing_but_files_of_its_own(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    assert page.text == PAGE
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy


async def test_the_page_is_asked_for_anew_and_what_is_named_by_content_never(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/")).headers["cache-control"] == "no-cache"
    assert "immutable" in (await browser.get("/assets/index-abc.js")).headers["cache-control"]


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("br;q=0.0", None),
        ("", None),
    ],
)
async def test_a_file_is_sent_as_the_browser_takes_it(
    browser: httpx.AsyncClient, header: str, encoding: str | None
) -> None:
    async with browser.stream("GET", "/assets/index-abc.js", headers={"Accept-Encoding": header}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    sent = {"br": b"as brotli", "gzip": gzip.compress(SCRIPT.encode()), None: SCRIPT.encode()}
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert re.match(r"(text|application)/javascript", answer.headers["content-type"])
    assert gzip.decompress(raw) == SCRIPT.encode() if encoding == "gzip" else raw == sent[encoding]


async def test_what_the_browser_has_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    etag = (await browser.get("/")).headers["etag"]
    again = await browser.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await browser.get("/", headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("path", ["/assets/index-abc.js.gz", "/assets/../../pyproject.toml", "/assets/", "/index.html"])
async def test_only_the_site_s_own_addresses_lead_to_files(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"


async def test_without_the_client_the_page_says_how_to_get_it(tmp_path: Path) -> None:
    async with client_of_site(tmp_path / "none") as browser:
        page = await browser.get("/")
        assert page.status_code == 200
        assert "make run" in page.text
        assert "unsafe" not in page.headers["content-security-policy"]
        (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
        assert (await browser.get(f"/{style}")).headers["content-type"].startswith("text/css")


async def test_only_a_demo_tells_the_client_to_fill_in_its_form(folder: Path) -> None:
    for is_demo in (False, True):
        app = FastAPI()
        pages.install(app, folder, is_demo=is_demo)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as browser:
            page = await browser.get("/", headers={"Accept-Encoding": "gzip, br"})
        assert ("<html data-demo" in page.text) is is_demo
        assert page.text.replace(" data-demo", "") == PAGE


async def test_the_server_has_a_front_page(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert page.headers["x-content-type-options"] == "nosniff"
    assert (await client.head("/")).status_code == 200
    assert (await client.post("/")).status_code == 405
