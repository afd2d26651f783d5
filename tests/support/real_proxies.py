"""The proxies of docs/proxies.md as processes, with the page's configurations."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.conftest import absent
from tests.support.processes import dies_with_parent, free_port
from tests.support.server import ROOT

PAGE = ROOT / "docs" / "proxies.md"
START_SECONDS = 20.0

_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
    fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    {snippet}
}}
"""
_HAPROXY = "global\n    maxconn 200\n\n{snippet}"
# Otherwise it would install a certificate authority of its own.
_CADDY = """
{{
    admin off
    auto_https off
    skip_install_trust
    storage file_system {folder}
}}
{snippet}
"""
_APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Mutex file:{folder}
ErrorLog /dev/stderr
ServerName roomful.test
Listen {port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
{snippet}
"""
_PROXIES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "nginx": ("nginx", _NGINX, ("-e", "stderr", "-c", "{file}")),
    "haproxy": ("haproxy", _HAPROXY, ("-db", "-f", "{file}")),
    "caddy": ("caddy", _CADDY, ("run", "--adapter", "caddyfile", "--config", "{file}")),
    "apache": ("apache2", _APACHE, ("-D", "FOREGROUND", "-f", "{file}")),
}
NAMES = tuple(_PROXIES)


def snippets(name: str) -> tuple[str, str]:
    """The page's two configurations for this proxy: at the root, and below the prefix /team."""
    root, below_prefix = re.findall(rf"```{name}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return root, below_prefix


@asynccontextmanager
async def proxy(name: str, snippet: str, folder: Path, *, upstream_port: int) -> AsyncIterator[str]:
    """Run a proxy with this configuration, and yield its address: `127.0.0.1:4711`."""
    program, frame, arguments = _PROXIES[name]
    executable = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if executable is None:
        absent(f"{program} is not installed (on Debian, `make proxies` as root)")
    port = free_port()
    snippet = snippet.replace("127.0.0.1:8000", f"127.0.0.1:{upstream_port}").replace("8080", str(port))
    file = folder / "proxy.conf"
    file.write_text(frame.format(folder=folder, port=port, snippet=snippet))
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(executable, *(argument.format(file=file) for argument in arguments)),
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
            stdout=output,
            stderr=output,
            preexec_fn=dies_with_parent(),
        )
    try:
        await _listening(port, process, log)
        yield f"127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listening(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            assert process.returncode is None, log.read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
