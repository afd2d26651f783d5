"""Versions as entity tags: `ETag` on answers, `If-Match` on changes (RFC 9110, 8.8.3 and 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header
from pydantic import BaseModel

from server.errors import BadRequest, PreconditionFailed

_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*')


def of(version: int) -> str:
    """The entity tag of a version: `"3"`, quotes included."""
    return f'"{version}"'


class Precondition:
    """What a request's If-Match demands; without one, nothing."""

    def __init__(self, header: str | None) -> None:
        self._tags = None if header is None or header.strip() == "*" else _strong_tags(header)

    def allows(self, version: int) -> bool:
        return self._tags is None or of(version) in self._tags

    def require(self, version: int, current: BaseModel) -> None:
        """Ask under the row's lock, or another change slips in between.

        Raises PreconditionFailed, which shows the caller what is there now.
        """
        if not self.allows(version):
            raise PreconditionFailed(details=[current.model_dump(mode="json")], headers={"ETag": of(version)})


async def _precondition(
    if_match: Annotated[
        str | None, Header(description='Change only this version: the `ETag` of an answer, such as `"3"`.')
    ] = None,
) -> Precondition:
    return Precondition(if_match)


IfMatch = Annotated[Precondition, Depends(_precondition)]


def _strong_tags(header: str) -> frozenset[str]:
    """The tags that may match. A weak one (`W/"3"`) is understood and never does."""
    tags: set[str] = set()
    at = 0
    while found := _TAG.match(header, at):
        if not found[1]:
            tags.add(f'"{found[2]}"')
        at = found.end()
        if at == len(header):
            return frozenset(tags)
        if header[at] != ",":
            break
        at += 1
    raise BadRequest('If-Match must be * or a list of entity tags such as "3".')
