"""The server as an operating system sees it: a listening socket, signals, limits."""

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import NoReturn, cast

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from roomful.app import create_app
from roomful.gateway import error_response
from roomful.gateway.silent_connections import SilentConnections
from roomful.logs import configure_logging
from roomful.process.signals import leave, stopped_on_signal
from roomful.process.supervisor import CANT_START_EXIT_CODE, CantServe, Supervisor
from roomful.settings import Settings, load_settings
from roomful.transport.http_protocol import HttpProtocol
from roomful.transport.slow_answers import SlowAnswers
from roomful.transport.websocket import direct, tcp
from roomful.transport.websocket.options import SocketOptions
from roomful.transport.websocket.protocol import websocket_protocol

logger = logging.getLogger(__name__)

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Connections wait in its queue until the application is up. Raises CantServe."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CantServe(f"can't listen on {host}: {error.strerror}") from error
    try:
        # A restarted server takes over from connections that are still closing.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.set_options(listener, SocketOptions())
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CantServe(f"can't listen on {host}, port {port}: {error.strerror}") from error
    return listener


def listen_unix(path: Path) -> socket.socket:
    """A listening Unix socket; replaces a stale one. Raises CantServe.

    Only its owner and group may connect, as trusted proxies.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o117)
    try:
        if path.is_socket() and not _is_listened_on(path):
            path.unlink()
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CantServe(f"can't listen on {path}: {error.strerror or error}") from error
    finally:
        os.umask(umask)
    return listener


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(1.0)
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            return False
        except TimeoutError:  # a full queue has a listener
            return True
    return True


def address_of(listener: socket.socket) -> str:
    """The URL by which this machine reaches the listener; of a Unix socket, its path."""
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def serve(settings: Settings, listener: socket.socket, *, workers: int) -> NoReturn:
    """Serve until SIGTERM or Ctrl-C, finish requests within the grace time, and exit. Raises CantServe.

    Several workers read their settings from the environment, as this process did.
    """
    raise_open_files_limit()
    if not direct.IS_NATIVE and sys.platform != "win32":
        logger.info("broadcasts run in Python: there was no C compiler when this was installed")
    if workers == 1:
        leave(_run(settings, listener, is_watched=False))
    supervisor = Supervisor(
        partial(_serve_as_worker, listener), count=workers, grace_seconds=settings.shutdown_grace, listener=listener
    )
    supervisor.run()
    leave(0)


def _serve_as_worker(listener: socket.socket) -> NoReturn:
    """The main function of a process that the supervisor has started."""
    _end_with_supervisor()
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    try:
        leave(_run(settings, listener, is_watched=True))
    except CantServe as reason:
        logger.critical("the worker can't start", extra={"reason": str(reason)})
        leave(CANT_START_EXIT_CODE)


def _run(settings: Settings, listener: socket.socket, *, is_watched: bool) -> int:
    """Serve from this process to its end; the exit code. Raises CantServe."""
    app = create_app(settings)
    server = uvicorn.Server(uvicorn_config(app, settings, are_inherited=tcp.INHERITS))
    # uvicorn's own handlers would raise the signal once more when all is closed.
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]

    def stop() -> None:
        server.should_exit = True

    spare_long_lived_objects()
    try:
        with stopped_on_signal(stop, grace_seconds=settings.shutdown_grace * 0.9, heeds_second=not is_watched):
            server.run(sockets=[listener])
    except SystemExit as ending:
        if ending.code == STARTUP_FAILURE:
            raise CantServe("the application could not start; the log lines above say why") from None
        raise
    return 1 if app.state.runtime.loops.has_failed else 0


def spare_long_lived_objects() -> None:
    """Make full garbage collections rare, and exclude the objects that exist at the start.

    With ten thousand sockets a full collection blocks the loop for a tenth of a second. Reference counting frees all
    but cycles, which wait a little longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def uvicorn_config(app: FastAPI, settings: Settings, *, are_inherited: bool = False) -> uvicorn.Config:
    """How uvicorn runs the application, in production and in tests alike; on a socket of `listen`, or another one."""
    app.state.slow_answers = slow = SlowAnswers()
    most, proxies = settings.max_unauthenticated_per_address, settings.trusted_proxies
    app.state.silent_connections = silent = SilentConnections(most, proxies)
    options = SocketOptions(deflate=settings.deflate, are_inherited=are_inherited, render_error=error_response.render)
    http = partial(HttpProtocol, slow_answers=slow, silent_connections=silent, options=options)
    return uvicorn.Config(
        app,
        lifespan="on",
        loop="auto" if sys.platform == "win32" else "uvloop",
        # uvicorn types it as a class, as it does with the sockets'
        http=cast("type[asyncio.Protocol]", http),
        ws=websocket_protocol(options),
        ws_max_size=settings.max_message_bytes,
        ws_ping_interval=float(settings.ping_interval),
        ws_ping_timeout=float(settings.pong_timeout),
        backlog=_BACKLOG,
        # The rest of the grace time is for closing what the application stands on.
        timeout_graceful_shutdown=settings.shutdown_grace * 0.7,  # type: ignore[arg-type]  # it only waits this long
        # The application reads them itself (roomful.web.proxies).
        proxy_headers=False,
        server_header=False,
        # Its lines would hold the tokens that stand in addresses.
        access_log=False,
        log_config=None,
    )


def _end_with_supervisor() -> None:
    """Shut down when the supervisor has died: otherwise the port would stay taken for ever."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return

    def watch() -> None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervisor watch", daemon=True).start()


def raise_open_files_limit() -> None:
    """Raise the limit of open files to the hard limit: the usual soft one is 1,024."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        logger.warning("the limit of open files stays low", extra={"limit": soft, "wanted": hard, "reason": str(error)})
