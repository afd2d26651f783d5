"""The promises of a transport to its session."""

from roomful.transport.callbacks import Callbacks


def test_close_comes_once_and_no_message_after_it() -> None:
    heard: list[object] = []
    callbacks = Callbacks()
    callbacks.message("nobody is attached yet")
    callbacks.attach(heard.append, heard.append, lambda: heard.append("overflow"))
    callbacks.message("one")
    callbacks.close(1000)
    callbacks.close(1006)
    callbacks.message("two")
    callbacks.overflow()
    assert heard == ["one", 1000]


def test_overflow_comes_once_and_the_close_still_follows() -> None:
    heard: list[object] = []
    callbacks = Callbacks()
    callbacks.attach(heard.append, heard.append, lambda: heard.append("overflow"))
    callbacks.overflow()
    callbacks.overflow()
    callbacks.end_messages()
    callbacks.message("dropped")
    callbacks.close(3008)
    assert heard == ["overflow", 3008]
