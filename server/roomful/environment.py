"""Names in the environment that look like settings and are not."""

import difflib
import os
import re
from collections.abc import Collection
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

PREFIX = "ROOMFUL_"

_OF_CLIENTS = ("TOKEN", "URL")
"""`roomful-watch` and other clients read these, often in the same shell."""

# Kubernetes and Docker set these for a service called `roomful`, or `roomful-redis`.
_OF_SERVICES = re.compile(
    r"(SERVICE|PORT)_.+|.+_SERVICE_(HOST|PORT(_.+)?)|.+_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?"
)
_ADDRESS_OF_SERVICE = re.compile(r"(tcp|udp|sctp)://.*")


class SettingsError(Exception):
    """A setting is wrong: the message names it, in one line for the operator."""


def unknown_settings(known: Collection[str], env_file: Path) -> list[str]:
    """A sentence for each name in the environment or the file that has our prefix and is not a setting.

    Such a name must not be ignored: `ROOMFUL_REGISTRATON=closed` would leave registration open. One without a value, or
    with an empty one, counts as unset. `known` are the settings' names in capitals, without the prefix.
    Nor may a line of the file that can't be read, such as `ROOMFUL_REGISTRATION: closed`: that is a sentence, too.
    Raises OSError and UnicodeDecodeError for a file that can't be read.
    """
    text = env_file.read_text(encoding="utf-8") if env_file.is_file() else ""
    if broken := [binding.original for binding in parse_stream(StringIO(text)) if binding.error]:
        return [_explain_line(env_file, line.line, line.string) for line in broken]
    in_file = dotenv_values(stream=StringIO(text))
    given = {name.upper(): value for name, value in [*in_file.items(), *os.environ.items()] if value}
    names = {name.removeprefix(PREFIX): value for name, value in given.items() if name.startswith(PREFIX)}
    return [
        _explain(name, known)
        for name, value in sorted(names.items())
        if name not in known and not _is_of_others(name, value)
    ]


def _is_of_others(name: str, value: str) -> bool:
    is_address = name == "PORT" or name.endswith("_PORT")
    return (
        name in _OF_CLIENTS
        or _OF_SERVICES.fullmatch(name) is not None
        or (is_address and _ADDRESS_OF_SERVICE.fullmatch(value) is not None)
    )


def _explain_line(env_file: Path, number: int, line: str) -> str:
    """Without its value, which may be a secret."""
    name = re.match(rf"\s*(?:export\s+)?({PREFIX}\w+)", line, re.IGNORECASE)
    where = f"line {number} of {env_file}" + (f", {name[1]}," if name else "")
    return f"{where} can't be read: write NAME=value, and close quotes"


def _explain(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{PREFIX}{name} is not a setting" + (f"; did you mean {PREFIX}{near[0]}?" if near else "")
