"""The browser client's files, and the page without them."""

import base64
import gzip
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from roomful.web import errors, pages

PAGE = '<!doctype html><html lang=en><title>Board</title><link href="./assets/index-abc.css">'
INLINE = "<!doctype html><html><style>i { color: red }</style><script>go()</script><script src='./x.js'></script>"
SCRIPT = "export const answer = 42;"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built client."""
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


async def test_the_page_allows_only_its_own_files(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    assert page.text == PAGE
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    # Only the editor turns strings into nodes, when somebody pastes; and no second policy can take its name. The other
    # name starts the service worker.
    assert "trusted-types ProseMirrorClipboard roomful-worker" in policy.split("; ")
    assert {"manifest-src 'self'", "worker-src 'self'"} <= set(policy.split("; "))


async def test_the_service_worker_is_asked_for_again_and_may_fetch_the_files(folder: Path) -> None:
    """Other files get a policy that allows nothing, which would bind the worker, too."""
    (folder / "sw.js").write_text("self.skipWaiting();")
    async with client_of_site(folder) as browser:
        worker = await browser.get("/sw.js")
    assert worker.headers["cache-control"] == "no-cache"
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "connect-src 'self'" in worker.headers["content-security-policy"].split("; ")


async def test_the_page_is_revalidated_and_hashed_files_never(browser: httpx.AsyncClient) -> None:
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
async def test_a_file_is_sent_in_an_encoding_the_browser_accepts(
    browser: httpx.AsyncClient, header: str, encoding: str | None
) -> None:
    async with browser.stream("GET", "/assets/index-abc.js", headers={"Accept-Encoding": header}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    sent = {"br": b"as brotli", "gzip": gzip.compress(SCRIPT.encode()), None: SCRIPT.encode()}
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert re.match(r"(text|application)/javascript", answer.headers["content-type"])
    assert gzip.decompress(raw) == SCRIPT.encode() if encoding == "gzip" else raw == sent[encoding]


async def test_an_unchanged_file_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    etag = (await browser.get("/")).headers["etag"]
    again = await browser.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert (await browser.get("/", headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("path", ["/assets/index-abc.js.gz", "/assets/../../pyproject.toml", "/assets/", "/index.html"])
async def test_only_the_sites_own_addresses_lead_to_files(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"


async def test_what_is_inline_in_the_page_is_allowed_by_its_hash_alone(folder: Path) -> None:
    (folder / "index.html").write_text(INLINE)
    async with client_of_site(folder) as browser:
        policy = (await browser.get("/")).headers["content-security-policy"].split("; ")
    assert f"style-src 'self' {source('i { color: red }')}" in policy
    assert f"script-src 'self' {source('go()')}" in policy


def source(text: str) -> str:
    """As policies name an inline part (CSP level 3, 8.3)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize(
    ("path", "home"),
    [("/nothing", "./"), ("/a/b/nothing", "../../"), ("/a//b", "../../"), ("/a%2Fb", "./"), ("/assets/old.js", "../")],
)
async def test_a_browser_at_an_unknown_address_gets_the_clients_page(
    browser: httpx.AsyncClient, path: str, home: str
) -> None:
    page = await browser.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f'<html data-nowhere="{home}"' in page.text
    assert f'href="{home}assets/index-abc.css"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["vary"] == "Accept"
    assert (await browser.get(path)).json()["code"] == "NOT_FOUND"  # programs don't ask for a page


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/" + "a/" * 60])
async def test_the_apis_errors_and_absurd_addresses_are_no_pages(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "NOT_FOUND"
    assert (await browser.post("/nothing", headers={"Accept": "text/html"})).json()["code"] == "NOT_FOUND"


async def test_below_a_root_path_depth_counts_from_it(folder: Path) -> None:
    app = FastAPI()
    pages.install(app, folder)
    transport = httpx.ASGITransport(app, root_path="/boards/main")
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        page = await browser.get("/boards/main/a/nothing", headers={"Accept": "text/html"})
    assert '<html data-nowhere="../"' in page.text


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


async def test_images_come_only_from_the_hosts_that_the_operator_names(
    browser: httpx.AsyncClient, folder: Path
) -> None:
    assert "img-src 'self'" in (await browser.get("/")).headers["content-security-policy"].split("; ")
    app = FastAPI()
    pages.install(app, folder, image_hosts=("images.example", "*.cdn.example"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as other:
        page = await other.get("/", headers={"Accept-Encoding": "gzip, br"})
    policy = page.headers["content-security-policy"].split("; ")
    assert "img-src 'self' https://images.example https://*.cdn.example" in policy
    assert '<html data-image-hosts="images.example *.cdn.example"' in page.text


async def test_the_server_has_a_front_page(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert page.headers["x-content-type-options"] == "nosniff"
    assert (await client.head("/")).status_code == 200
    assert (await client.post("/")).status_code == 405
