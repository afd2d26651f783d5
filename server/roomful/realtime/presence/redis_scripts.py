"""The scripts of lua/, which change the presence list in Redis; lua/common.lua describes its keys."""

from importlib.resources import files

_FOLDER = files(__package__) / "lua"


def _script(name: str) -> str:
    return (_FOLDER / "common.lua").read_text() + (_FOLDER / name).read_text()


ENTER = _script("enter.lua")
LEAVE = _script("leave.lua")
GONE = _script("gone.lua")
MEMBERS = _script("members.lua")
