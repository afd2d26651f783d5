"""The process's socket and limits."""

import resource
import socket

import pytest

from roomful.process.supervisor import CantServe
from roomful.serve import address_of, listen, raise_open_files_limit
from roomful.transport.websocket import tcp
from roomful.transport.websocket.options import SocketOptions


def test_listening_on_any_free_port() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener) == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


@pytest.mark.skipif(not tcp.INHERITS, reason="only Linux is known to hand them on")
def test_accepted_sockets_have_the_options_of_the_listening_one() -> None:
    options = SocketOptions()
    with listen("127.0.0.1", 0) as listener:
        with socket.create_connection(listener.getsockname(), timeout=5), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            # The kernel doubles it for its overhead.
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * options.kernel_send_bytes
            user_timeout = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert user_timeout == options.unacknowledged_seconds * 1000


def test_wildcard_address_is_shown_as_the_loopback() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_port_in_use_is_named() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CantServe, match=f"port {port}"):
            listen("127.0.0.1", port)


def test_foreign_host_is_named() -> None:
    with pytest.raises(CantServe, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0)


def test_limit_of_open_files_is_raised_to_what_the_system_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        raise_open_files_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
