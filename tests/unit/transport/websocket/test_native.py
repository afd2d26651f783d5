"""The loop of broadcasts in C: wrong arguments are errors, as they would be in Python."""

from typing import Any

import pytest

from roomful.transport.websocket import direct
from tests.conftest import absent


@pytest.fixture(autouse=True)
def compiled() -> None:
    if not direct.IS_NATIVE:
        absent("the loop of broadcasts in C: there was no C compiler at installation")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (b"", []),
        ("text", [], 0),
        (b"", (), 0),
        (b"", [], "0"),
        (b"", [], -1),
        (b"", [None], 0),
        (b"", [object()], 0),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError)):
        direct.send_each(*arguments)


def test_a_new_socket_has_no_descriptor() -> None:
    """0 would be the process's standard input."""

    class Socket(direct.DirectSocket):
        __slots__ = ("name",)

        def __init__(self, name: str) -> None:
            self.name = name

    assert (direct.DirectSocket().descriptor, Socket("ada").descriptor) == (direct.NOT_DIRECT, direct.NOT_DIRECT)


def test_descriptor_is_a_whole_number() -> None:
    socket: Any = direct.DirectSocket()
    with pytest.raises(TypeError):
        socket.descriptor = "3"
