"""The body of a large answer as it is kept and sent: compressed."""

import tempfile
import threading
import weakref
import zlib
from collections.abc import Iterator
from typing import IO

GZIP_WINDOW = 31  # zlib's number for a window of 32 KiB inside gzip
LEVEL = 4
"""Of text, 20 MB take some 0.35 s of one core; 6 takes a quarter more for 2 % less."""

MAX_MEMORY_BYTES = 256 * 1024
"""Beyond this, compressed, a body is in a nameless file, which the system removes with its last reader."""

CHUNK_BYTES = 64 * 1024
"""In memory for one reader at a time."""


class PackedBody:
    """A text as gzip, written once and then read any number of times.

    Everything here may take a while: call it from a thread. Several threads may read at once.
    """

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(LEVEL, wbits=GZIP_WINDOW)
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(MAX_MEMORY_BYTES)  # noqa: SIM115  # closed with its object
        self._lock = threading.Lock()
        self.plain_bytes = 0
        self.gzip_bytes = 0
        weakref.finalize(self, self._file.close)

    def write(self, text: bytes) -> None:
        self.plain_bytes += len(text)
        self._append(self._compressor.compress(text))

    def finish(self) -> None:
        self._append(self._compressor.flush())

    def gzip_chunks(self) -> Iterator[bytes]:
        at = 0
        while chunk := self._read(at):
            at += len(chunk)
            yield chunk

    def plain_chunks(self) -> Iterator[bytes]:
        """For readers that take no gzip."""
        decompressor = zlib.decompressobj(GZIP_WINDOW)
        for compressed in self.gzip_chunks():
            while compressed:
                if chunk := decompressor.decompress(compressed, CHUNK_BYTES):
                    yield chunk
                compressed = decompressor.unconsumed_tail
        if rest := decompressor.flush():
            yield rest

    def _append(self, compressed: bytes) -> None:
        self._file.write(compressed)
        self.gzip_bytes += len(compressed)

    def _read(self, at: int) -> bytes:
        with self._lock:
            self._file.seek(at)
            return self._file.read(CHUNK_BYTES)
