"""The server as an operating system sees it: a listening socket, one process or several, signals, limits."""

import logging
import math
import multiprocessing
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import NoReturn

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from server.app import create_app
from server.gateway.http_protocol import HttpProtocol
from server.gateway.websocket.options import SocketOptions
from server.gateway.websocket.protocol import websocket_protocol
from server.logs import configure_logging
from server.settings import Settings, load_settings
from server.stopping import end_at_second_signal

logger = logging.getLogger(__name__)

_BACKLOG = 2048
_WORKER_APP = f"{__name__}:worker_app"


class CantServe(Exception):
    """The server can't start or go on; the message says why, in one line for the operator."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Who connects before the application is up waits in its queue. Raises CantServe."""
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
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CantServe(f"can't listen on {host}, port {port}: {error.strerror}") from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL by which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def serve(settings: Settings, listener: socket.socket, *, workers: int) -> None:
    """Serve until SIGTERM or Ctrl-C, then let what runs end within the grace time. Raises CantServe.

    Several workers read their settings from the environment, as this process did.
    """
    raise_open_files_limit()
    if workers > 1:
        supervisor = Multiprocess(uvicorn_config(_WORKER_APP, settings, workers=workers), sockets=[listener])
        end_at_second_signal(lambda: _kill_workers(supervisor))
        supervisor.run()
        if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
            raise CantServe("a worker could not start; its log lines say why")
        return
    server = uvicorn.Server(uvicorn_config(create_app(settings), settings))
    # uvicorn raises the signal that stopped it once more when all is closed: an orderly end is exit code 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        server.run(sockets=[listener])
    except SystemExit as ending:
        if ending.code == STARTUP_FAILURE:
            raise CantServe("the application could not start; the log lines above say why") from None
        raise


def _kill_workers(supervisor: Multiprocess) -> None:
    for worker in supervisor.processes:
        worker.process.kill()


def uvicorn_config(app: FastAPI | str, settings: Settings, *, workers: int = 1) -> uvicorn.Config:
    """How uvicorn runs the application, in production and in tests alike."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=workers,
        lifespan="on",
        loop="auto" if sys.platform == "win32" else "uvloop",
        http=HttpProtocol,
        ws=websocket_protocol(SocketOptions(deflate=settings.deflate)),
        ws_max_size=settings.max_message_bytes,
        ws_ping_interval=float(settings.ping_interval),
        ws_ping_timeout=float(settings.pong_timeout),
        backlog=_BACKLOG,
        # A worker that is still importing the application does not answer yet.
        timeout_worker_healthcheck=30,
        # The rest of the grace time is for closing what the application stands on.
        timeout_graceful_shutdown=max(1, math.floor(settings.shutdown_grace * 0.7)),
        # The application reads them itself (server.web.proxies).
        proxy_headers=False,
        server_header=False,
        # Its lines would hold the tokens that stand in addresses.
        access_log=False,
        log_config=None,
    )


def worker_app() -> FastAPI:
    """The application of one worker among several, in a process that uvicorn has just started."""
    _end_with_supervisor()
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    return create_app(settings)


def _end_with_supervisor() -> None:
    """Stop in good order when the process that started this one has died: its port would stay taken for ever."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return

    def watch() -> None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervisor watch", daemon=True).start()


def raise_open_files_limit() -> None:
    """Let this process have as many open sockets as the system allows it: the usual soft limit is 1,024."""
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


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)
