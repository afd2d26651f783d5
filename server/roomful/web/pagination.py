"""Lists in pages: `?limit=` and `?cursor=` in, `Link: <…>; rel="next"` out."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVarTuple
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, Query, Request, Response
from sqlalchemy import Row, Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from roomful.db.base import UtcDateTime
from roomful.errors import BadRequest
from roomful.web.dependencies import Live

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_PAGE_BYTES = 512 * 1024
"""Bounds the memory that a reader who reads nothing can hold."""
WEIGHED_ROWS = 50
"""Read at once where rows may be large."""
MAX_CURSOR_CHARACTERS = 1_000
_MAC_BYTES = 16

Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class Keyset:
    """The order of a list: columns of one table that are never null and, together, never equal in two rows."""

    columns: tuple[InstrumentedAttribute[object], ...]
    descending: bool = False


class PageRequest:
    """The part of a list that a request asks for.

    A cursor is the last row's place in the order, signed together with the list it belongs to: the path and the
    filters. Rows added or removed meanwhile make no other row appear twice or be skipped.
    """

    def __init__(self, request: Request, response: Response, *, key: bytes, limit: int, cursor: str | None) -> None:
        self._path: bytes = request.scope["raw_path"]
        self._filters = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        self._response = response
        self._key = key
        self._limit = limit
        self._cursor = cursor

    async def fetch(
        self,
        session: AsyncSession,
        statement: Select[*Ts],
        keyset: Keyset,
        *,
        weigh: Callable[[Row[*Ts]], int] | None = None,
    ) -> Sequence[Row[*Ts]]:
        """The page's rows of a statement that selects the keyset's entity; announces the next page in `Link`.

        With `weigh`, which says how many bytes a row takes, the page ends before its limit when it has MAX_PAGE_BYTES.
        Raises BadRequest for a cursor that is not of this list.
        """
        place = None if self._cursor is None else self._read(keyset)
        page: list[Row[*Ts]] = []
        page_bytes = 0
        while True:
            count = self._limit - len(page)
            if weigh is not None:
                count = min(count, WEIGHED_ROWS)
            found = await _read_part(session, statement, keyset, place, count + 1)
            for number, row in enumerate(found[:count], 1):
                page.append(row)
                page_bytes += weigh(row) if weigh is not None else 0
                if len(page) == self._limit or page_bytes >= MAX_PAGE_BYTES:
                    if number < len(found):
                        self._announce(self._write(keyset, row))
                    return page
            if len(found) <= count:
                return page
            place = _place_of(keyset, page[-1])

    def _announce(self, cursor: str) -> None:
        self._response.headers["Link"] = next_page(urlencode([*self._filters, ("cursor", cursor)]))

    def _write(self, keyset: Keyset, row: Sequence[object]) -> str:
        payload = msgspec.json.encode(_place_of(keyset, row))
        return base64.urlsafe_b64encode(self._mac(keyset, payload) + payload).rstrip(b"=").decode()

    def _read(self, keyset: Keyset) -> tuple[object, ...]:
        token = self._cursor or ""
        try:
            if len(token) > MAX_CURSOR_CHARACTERS:
                raise ValueError("too long")
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
            mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(keyset, payload)):
                raise ValueError("not ours")
            values = msgspec.json.decode(payload)
        except (ValueError, binascii.Error):
            raise BadRequest("This cursor does not belong to this list; start again without one.") from None
        return tuple(
            datetime.fromisoformat(value) if isinstance(column.type, UtcDateTime) else value
            for value, column in zip(values, keyset.columns, strict=True)
        )

    def _mac(self, keyset: Keyset, payload: bytes) -> bytes:
        filters = sorted((name, value) for name, value in self._filters if name != "limit")
        columns = [column.key for column in keyset.columns]
        bound = msgspec.json.encode([self._path.decode("ascii"), filters, columns, keyset.descending])
        return hmac.digest(self._key, len(bound).to_bytes(4) + bound + payload, "sha256")[:_MAC_BYTES]


def next_page(query: str) -> str:
    """The `Link` to the list at the same address with another query.

    Relative (RFC 3986, 5.3): a proxy may have cut a prefix off the path, and the Host header is what the client says.
    """
    return f'<?{query}>; rel="next"'


async def _read_part(
    session: AsyncSession, statement: Select[*Ts], keyset: Keyset, place: tuple[object, ...] | None, count: int
) -> Sequence[Row[*Ts]]:
    """`count` rows after a place in the order, or from its start."""
    columns = keyset.columns
    if place is not None:
        after = tuple_(*(literal(value, column.type) for value, column in zip(place, columns, strict=True)))
        statement = statement.where(tuple_(*columns) < after if keyset.descending else tuple_(*columns) > after)
    order = (column.desc() if keyset.descending else column.asc() for column in columns)
    return (await session.execute(statement.order_by(*order).limit(count))).all()


def _place_of(keyset: Keyset, row: Sequence[object]) -> tuple[object, ...]:
    table: type[object] = keyset.columns[0].parent.class_
    entity = next(item for item in row if isinstance(item, table))
    return tuple(getattr(entity, column.key) for column in keyset.columns)


async def _page(
    request: Request,
    response: Response,
    runtime: Live,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(description="Where to go on: from the `Link` header of the last page.")] = None,
) -> PageRequest:
    return PageRequest(request, response, key=runtime.cursor_key, limit=limit, cursor=cursor)


Page = Annotated[PageRequest, Depends(_page)]
