"""The browser client, served from the files that `client_demo/web` was built into."""

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from roomful.web.compression import accepted
from roomful.web.dependencies import API
from roomful.web.page_policy import WORKER_POLICY, policy_of

SITE = Path(str(resources.files("roomful") / "board"))
"""Built into the package, in a checkout and before a wheel is made."""

START = "index.html"
WORKER = "sw.js"
DEEPEST = 50
"""Folders of an unknown address. Each makes the page that says so longer."""

_COMPRESSED = {".br": "br", ".gz": "gzip"}
_MEDIA_TYPES = {".webmanifest": "application/manifest+json", ".ico": "image/x-icon"}
"""Those that a machine may not know."""
_NAMED_BY_CONTENT = "assets/"
_PAGE_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file, as it is and compressed; `etag` is without its quotes."""

    content: bytes
    media_type: str
    compressed: Mapping[str, bytes]
    etag: str
    is_immutable: bool


def install(app: FastAPI, folder: Path = SITE, *, is_demo: bool = False, image_hosts: Sequence[str] = ()) -> None:
    """Serve the client at `/`, or, where it was not built, a page that says how to get it.

    The files are read now and once: nothing is read while requests are served, and an address that is not one of theirs
    is no file. `is_demo` lets the client fill in its form for signing in from the address: elsewhere that would let
    anybody's link sign others in to an account of the link's author (login CSRF). The client shows images from
    `image_hosts` at once: names such as `images.example` and `*.images.example`, by https.
    """
    site = read_site(folder)
    is_built = START in site
    if not is_built:
        site = {START: _file(_NOT_BUILT.encode(), "text/html", {}), "not-built.css": _file(_STYLE, "text/css", {})}
    attributes = " data-demo" if is_demo else ""
    if image_hosts:
        attributes += f' data-image-hosts="{" ".join(image_hosts)}"'
    if attributes:
        page = site[START].content.replace(b"<html", f"<html{attributes}".encode(), 1)
        site[START] = _file(page, "text/html", {})
    policy = policy_of(site[START].content, image_hosts)
    for name, file in site.items():
        _serve(app, "/" if name == START else f"/{name}", file, policy)
    if is_built:
        _serve_nowhere(app, site[START].content, policy)


def read_site(folder: Path) -> dict[str, SiteFile]:
    """The files below a folder by their paths in it; those that are another one compressed are part of that one."""
    if not folder.is_dir():
        return {}
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    site = {}
    for name, path in files.items():
        if path.suffix in _COMPRESSED and name.removesuffix(path.suffix) in files:
            continue
        compressed = {
            encoding: files[name + suffix].read_bytes()
            for suffix, encoding in _COMPRESSED.items()
            if name + suffix in files
        }
        media_type = _MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        site[name] = _file(path.read_bytes(), media_type, compressed, is_immutable=name.startswith(_NAMED_BY_CONTENT))
    return site


def _file(content: bytes, media_type: str, compressed: Mapping[str, bytes], *, is_immutable: bool = False) -> SiteFile:
    return SiteFile(content, media_type, compressed, hashlib.sha256(content).hexdigest()[:20], is_immutable)


def _serve(app: FastAPI, path: str, file: SiteFile, policy: str) -> None:
    kept = "public, max-age=31536000, immutable" if file.is_immutable else "no-cache"
    always = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    if file.media_type == "text/html":
        always |= {"Content-Security-Policy": policy, **_PAGE_HEADERS}
    elif path == f"/{WORKER}":
        always["Content-Security-Policy"] = WORKER_POLICY

    async def answer(request: Request) -> Response:
        allowed = accepted(request.headers.get("accept-encoding", ""))
        encoding = next((name for name in file.compressed if name in allowed), None)
        etag = f'"{file.etag}-{encoding}"' if encoding else f'"{file.etag}"'
        headers = {**always, "ETag": etag}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if encoding is None:
            return Response(file.content, media_type=file.media_type, headers=headers)
        headers["Content-Encoding"] = encoding
        return Response(file.compressed[encoding], media_type=file.media_type, headers=headers)

    app.router.add_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)


def _serve_nowhere(app: FastAPI, page: bytes, policy: str) -> None:
    """Answer a browser that goes to an unknown address with the client's page, which says so; programs get the error.

    The page names its files relative to itself, and it may be any number of folders down.
    """
    refuse = app.router.default
    headers = {"Cache-Control": "no-cache", "Vary": "Accept", "Content-Security-Policy": policy, **_PAGE_HEADERS}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        depth = _depth_below(scope)
        if depth is None:
            return await refuse(scope, receive, send)
        home = "../" * depth or "./"
        shown = page.replace(b'="./', b'="%b' % home.encode())
        shown = shown.replace(b"<html", b'<html data-nowhere="%b"' % home.encode(), 1)
        return await Response(shown, 404, headers, "text/html")(scope, receive, send)

    app.router.default = answer


def _depth_below(scope: Scope) -> int | None:
    """How many folders below the client's page the address of a browser's visit is; None for other requests."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    root_path: str = scope.get("root_path", "")
    if "text/html" not in Headers(scope=scope).get("accept", ""):
        return None
    if scope["path"].removeprefix(root_path).startswith(f"{API}/"):
        return None
    # As it was sent: an encoded slash is no folder to the browser.
    raw_path: bytes = scope["raw_path"]
    depth = raw_path.removeprefix(root_path.encode()).count(b"/") - 1
    return depth if depth <= DEEPEST else None


_NOT_BUILT = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Roomful is running</title>
    <link rel="stylesheet" href="not-built.css">
  </head>
  <body>
    <main>
      <h1>Roomful is running</h1>
      <p>The server is up. Only its board for browsers is not here: this copy was started without building it.</p>
      <h2>Get the board</h2>
      <p>Install <a href="https://nodejs.org/">Node.js</a> 20 or newer, then start again:</p>
      <pre><code>make run</code></pre>
      <h2>Or go on without it</h2>
      <p>Everything that the board can do, <a href="docs">the API</a> can. To see a project's events as they happen:</p>
      <pre><code>roomful-watch PROJECT_ID --token TOKEN</code></pre>
    </main>
  </body>
</html>
"""

_STYLE = b"""\
:root { color-scheme: light dark; }
body {
  margin: 0;
  background: light-dark(#f4f2ee, #131517);
  color: light-dark(#1d2023, #eceae5);
  font: 17px/1.55 system-ui, sans-serif;
}
main { max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 2rem; letter-spacing: -.02em; }
h2 { margin: 2.2rem 0 .4rem; font-size: 1.05rem; }
p { margin: .4rem 0; }
a { color: light-dark(#1d6b58, #6cc6ac); }
pre { padding: .8rem 1rem; border-radius: .6rem; background: light-dark(#eae7e1, #1f2327); overflow-x: auto; }
"""
