"""Stamps awareness states with the person of the connection, so that nobody can use another's name."""

import re

import msgspec

from roomful.rooms.grant import Grant

_COLOUR = re.compile(r"[#\w(),.% -]{1,40}", re.ASCII)
_COLOURS = ("color", "colorLight")

_State = dict[str, msgspec.Raw]
_decode_state = msgspec.json.Decoder(_State).decode
_decode_user = msgspec.json.Decoder(dict[str, object]).decode


class _Stamped(msgspec.Struct):
    id: str = ""


class _StampedState(msgspec.Struct):
    user: _Stamped = msgspec.field(default_factory=_Stamped)


_decode_stamped = msgspec.json.Decoder(_StampedState).decode


def stamped(state: bytes, grant: Grant) -> bytes | None:
    """A client's state with the person of its connection as `user`. Its own `user` keeps only the colours.

        {"user": {"id": "0193…", "name": "Ada", "color": "#30bced"}, "cursor": {…}}

    None for a state that is no JSON object.
    """
    try:
        fields = _decode_state(state)
    except (msgspec.DecodeError, RecursionError):
        return None
    user: dict[str, str] = {"id": grant.user_id, "name": grant.name}
    user.update(_colours(fields.pop("user", None)))
    return msgspec.json.encode({"user": user, **fields})


def stamped_user_id(state: bytes) -> str:
    """The person that a state is stamped with; empty without a stamp."""
    try:
        return _decode_stamped(state).user.id
    except (msgspec.DecodeError, RecursionError):
        return ""


def _colours(user: msgspec.Raw | None) -> dict[str, str]:
    if user is None:
        return {}
    try:
        fields = _decode_user(user)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return {
        name: colour
        for name in _COLOURS
        if isinstance(colour := fields.get(name), str) and _COLOUR.fullmatch(colour) is not None
    }
