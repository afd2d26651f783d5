"""Versions as entity tags: `ETag` on answers, `If-Match` on changes (RFC 9110, 8.8.3 and 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header
from pydantic import BaseModel

from roomful.errors import BadRequest, PreconditionFailed

_TAG = re.compile(r'\s*(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*')
_CODING = re.compile(r"-(gzip|br|zstd)\Z")


def of(version: int | str) -> str:
    """The entity tag of a version: `"3"`, quotes included."""
    return f'"{version}"'


class Precondition:
    """The If-Match of a request: the versions that it may change; without one, any."""

    def __init__(self, header: str | None) -> None:
        self._tags = None if header is None or header.strip() == "*" else _tags(header)

    def allows(self, version: int | str) -> bool:
        return self._tags is None or of(version) in self._tags

    @property
    def versions(self) -> list[str]:
        """The versions it names; none where there is no If-Match, or `*`."""
        return sorted(tag[1:-1] for tag in self._tags or ())

    def require(self, version: int | str, current: BaseModel) -> None:
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


class Known:
    """The versions that a client has, by its If-None-Match (RFC 9110, 13.1.2); without one, none."""

    def __init__(self, header: str | None) -> None:
        self._has_any = header is not None and header.strip() == "*"
        self._tags = frozenset[str]() if header is None or self._has_any else _tags(header)

    def includes(self, version: int | str) -> bool:
        """Whether the answer is 304, without a body."""
        return self._has_any or of(version) in self._tags


async def _known(
    if_none_match: Annotated[str | None, Header(description="Answer 304 if the content still has this `ETag`.")] = None,
) -> Known:
    return Known(if_none_match)


IfNoneMatch = Annotated[Known, Depends(_known)]


def _tags(header: str) -> frozenset[str]:
    """The tags that may match, in the form of `of`.

    A proxy that compresses an answer may weaken its tag (nginx: `W/"3"`) or name the coding in it (Apache, Caddy:
    `"3-gzip"`). The client returns what it was given and means version 3, of which there is only one.
    """
    tags: set[str] = set()
    at = 0
    while found := _TAG.match(header, at):
        tags.add(f'"{_CODING.sub("", found[1])}"')
        at = found.end()
        if at == len(header):
            return frozenset(tags)
        if header[at] != ",":
            break
        at += 1
    raise BadRequest('If-Match and If-None-Match must be * or a list of entity tags such as "3".')
