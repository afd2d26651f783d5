from collections.abc import Sequence

class DirectSocket:
    descriptor: int

def send_each(data: bytes, sockets: Sequence[object], start: int, /) -> tuple[int, int] | None: ...
