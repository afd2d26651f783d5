"""Strategies for commands of the client protocol."""

from collections.abc import Sequence
from typing import Any

import msgspec
from centrifuge.protocol import client_pb2 as official
from google.protobuf.json_format import ParseDict
from hypothesis import strategies as st

from roomful.realtime.protocol import protobuf
from roomful.realtime.protocol.commands import Command
from roomful.realtime.protocol.formats import PROTOBUF, ClientFormat

METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def commands(*, tokens: Sequence[str], channels: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly with one method, as it should be. Fields have the right type, but any value."""
    fields = st.fixed_dictionaries(
        {},
        optional={
            "token": st.sampled_from(tokens),
            "channel": st.sampled_from(channels),
            "recover": st.booleans(),
            "epoch": st.sampled_from(["", "_"]),
            "offset": st.integers(0, 2**64 - 1),
            "data": st.binary(max_size=20),
            "limit": st.integers(-(2**31), 2**31 - 1),
            "since": st.fixed_dictionaries({"offset": st.integers(0, 2**64 - 1)}),
            "reverse": st.booleans(),
            "delta": st.sampled_from(["fossil", "?"]),
            "flag": st.integers(-(2**63), 2**63 - 1),
            "type": st.integers(-2, 4),
            "method": st.text(max_size=5),
            "subs": st.dictionaries(st.sampled_from(channels), st.just({"recover": True}), max_size=2),
        },
    )
    return st.builds(
        lambda id_, methods: {"id": id_, **methods},
        st.integers(0, 2**32 - 1),
        st.dictionaries(st.sampled_from(METHODS), fields, min_size=1, max_size=1)
        | st.dictionaries(st.sampled_from(METHODS), fields, max_size=2),
    )


def connecting(*, tokens: Sequence[str], channels: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Connect requests of clients that only listen."""
    position = st.fixed_dictionaries(
        {},
        optional={
            "recover": st.booleans(),
            "epoch": st.sampled_from(["", "_"]),
            "offset": st.integers(0, 2**64 - 1),
            "type": st.integers(-2, 4),
            "flag": st.integers(0, 3),
            "delta": st.just("fossil"),
        },
    )
    subs = st.dictionaries(st.sampled_from(channels), position, max_size=4)
    return st.fixed_dictionaries({}, optional={"token": st.sampled_from(tokens), "subs": subs, "data": json_values})


def frame_of(said: Sequence[dict[str, Any]], client_format: ClientFormat) -> bytes:
    """One frame of these commands."""
    if client_format is PROTOBUF:
        messages = [ParseDict(msgspec.to_builtins(one), official.Command(), ignore_unknown_fields=True) for one in said]
        return b"".join(protobuf.delimit(message.SerializeToString()) for message in messages)
    return b"\n".join(msgspec.json.encode(one) for one in said)
