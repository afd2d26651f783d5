"""The tables of codes in docs/clients.md, generated from server/roomful/realtime/protocol/codes.py.

python -m tests.conformance.codes       rewrites them
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import Disconnect, ErrorCode, Unsubscribe
from tests.conformance.process import ROOT

PAGE = ROOT / "docs" / "clients.md"

_TABLE = re.compile(r"(<!-- codes: (\w+) -->\n\n).*?(\n<!-- end -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """The page with current tables."""
    tables = {"errors": _errors(), "disconnects": _disconnects(), "unsubscribes": _unsubscribes()}
    return _TABLE.sub(lambda found: found[1] + tables[found[2]] + found[3], page)


def _errors() -> str:
    return _table(
        "What an SDK does",
        (
            (each.code, each.message, about, _reaction(each))
            for each, about in _described()
            if isinstance(each, ErrorCode)
        ),
    )


def _reaction(error: ErrorCode) -> str:
    if error == codes.TOKEN_EXPIRED:
        return "asks for a token, then tries again"
    return "tries again" if error.is_temporary else "gives the command up"


def _disconnects() -> str:
    return _table(
        "Comes back",
        (
            (each.code, each.reason, about, "yes" if each.may_return else "no")
            for each, about in _described()
            if isinstance(each, Disconnect)
        ),
    )


def _unsubscribes() -> str:
    return _table(
        "Subscribes again",
        (
            (each.code, each.reason, about, "yes" if each.may_come_back else "no")
            for each, about in _described()
            if isinstance(each, Unsubscribe)
        ),
    )


def _described() -> Iterator[tuple[object, str]]:
    """Each code with its description."""
    statements = ast.parse(Path(codes.__file__).read_text()).body
    for statement, below in zip(statements, [*statements[1:], None], strict=True):
        match statement, below:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str() as about)):
                yield getattr(codes, name), about
            case ast.Assign(targets=[ast.Name(id=name)]), _:
                raise AssertionError(f"{name} has no description")


def _table(reaction: str, rows: Iterator[tuple[int, str, str, str]]) -> str:
    lines = [f"| Code | Message | When | {reaction} |", "| --- | --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in sorted(rows))]) + "\n"


def main() -> None:
    PAGE.write_text(with_tables(PAGE.read_text()))


if __name__ == "__main__":
    main()
