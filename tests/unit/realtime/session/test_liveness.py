"""Liveness, on a transport that a test answers for."""

from roomful.link.connection import Connection
from roomful.realtime.session.liveness import Liveness
from tests.support.engine import ListTransport


def liveness(transport: ListTransport, *, by_socket: bool) -> Liveness:
    connection = Connection(transport, is_text=True)
    return Liveness(connection, 25, 8, 100.0, by_socket=by_socket)


def test_a_pong_ends_the_wait_and_a_second_one_is_an_error() -> None:
    transport = ListTransport()
    client = liveness(transport, by_socket=False)
    assert (client.next_at, client.is_ping_due(99.0), client.is_ping_due(100.0)) == (100.0, False, True)
    client.ping(100.0, b"{}")
    assert (transport.messages, transport.pings) == ([{}], 0)
    assert client.next_at == 108.0
    assert client.accept_pong()
    assert client.next_at == 125.0
    assert not client.accept_pong()


def test_a_client_without_a_pong_is_dead_unless_it_reads() -> None:
    transport = ListTransport()
    client = liveness(transport, by_socket=False)
    transport.taken = 1
    client.ping(100.0, b"{}")
    assert client.is_alive(107.0)
    transport.taken = 2
    assert client.is_alive(108.0)
    assert client.next_at == 116.0
    assert not client.is_ping_due(130.0)
    assert not client.is_alive(116.0)


def test_a_socket_answers_for_a_client_that_only_listens() -> None:
    transport = ListTransport()
    client = liveness(transport, by_socket=True)
    client.ping(100.0)
    assert (transport.messages, transport.pings) == ([], 1)
    assert client.is_alive(108.0)
    assert client.next_at == 125.0
    client.ping(125.0)
    transport.is_silent = True
    assert not client.is_alive(133.0)
