"""The same over TLS, where the loop has another transport."""

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import connect

from roomful.transport.websocket.frames import PLAIN
from roomful.transport.websocket.options import SocketOptions
from tests.support.asgi_server import AsgiServer
from tests.support.websockets import Detached, closed_with, send, until, within


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its own certificate for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(encoding))
    return path


@pytest.fixture
def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_a_socket_over_tls(certificate: Path, trusting: ssl.SSLContext) -> None:
    app = Detached(max_message_bytes=200_000)
    options = SocketOptions(close_seconds=0.5)
    async with AsgiServer(app, options=options, ssl_keyfile=certificate, ssl_certfile=certificate) as server:
        address = f"wss://127.0.0.1:{server.port}/"
        async with connect(address, ssl=trusting, compression=None, proxy=None) as connection:
            session = await app.opened()
            for message in ("né", os.urandom(200_000)):
                await connection.send(message)
                assert await within(connection.recv()) == message
            PLAIN.broadcast(PLAIN.frame([b"encrypted too"], text=True), [session.transport])
            assert await within(connection.recv()) == "encrypted too"
            send(session.transport, "last")
            session.transport.close(4001, "enough")
            assert await within(connection.recv()) == "last"
            assert await closed_with(connection) == (4001, "enough")
        async with connect(address, ssl=trusting, compression=None, proxy=None) as connection:
            session = await app.opened()
            await connection.send(bytes(200_001))
            assert await closed_with(connection) == (1009, "message too big")
            assert session.endings == [1009]
        await until(lambda: not server.state.connections)
