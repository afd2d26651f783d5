"""Idempotency-Key: the first answer, given again when the request is repeated."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Protocol

import msgspec
from fastapi import Header, Request, Response, params
from sqlalchemy import bindparam, delete, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import UtcDateTime, now
from roomful.errors import BadRequest, IdempotencyKeyReused, LimitReached, NotFound
from roomful.eventlog import log
from roomful.identity.people import identify
from roomful.web.dependencies import DB, Claims, runtime_of
from roomful.web.models import IdempotentAnswer

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
PURGE_BATCH = 1_000
MAX_KEPT_BYTES = 64 * 1024 * 1024
"""For the answers of one person. An answer has 600 bytes on average; a task described in emoji alone has 43 KB."""
UNLIMITED = 2**62
KEPT_HEADERS = ("content-type", "etag", "location")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


class MaySee(Protocol):
    """Whether a person may see a project now."""

    async def __call__(self, session: AsyncSession, *, user_id: str, project_id: str) -> bool: ...


class Secret(Protocol):
    """Keeps an answer without the secret that it holds, and makes it whole when it is given again."""

    def conceal(self, body: bytes) -> bytes: ...

    def reveal(self, request: Request, body: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this request was the first to use. Lost with the transaction if that rolls back."""

    session: AsyncSession
    user_id: str
    key: str
    secret: Secret | None


class Replay(Exception):
    """The request was answered before."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__("answered before")


def once(may_see: MaySee, secret: Secret | None = None) -> params.Depends:
    """The dependency of a POST route that honours Idempotency-Key; its router needs `routing.Route`.

    The key is written first, in the transaction of the change: a second request waits for the first to commit, then
    gets its answer. If the first fails, nothing is kept and the second takes its place.
    """
    return params.Depends(ClaimKey(may_see, secret), scope="function")


@dataclass(frozen=True, slots=True, eq=False)
class ClaimKey:
    """Claims a request's key, or raises Replay. For a request without HEADER it does nothing."""

    may_see: MaySee
    secret: Secret | None

    async def __call__(
        self,
        request: Request,
        claims: Claims,
        session: DB,
        key: Annotated[
            str | None,
            Header(alias=HEADER, description="Repeat a request under its key: it is done only once."),
        ] = None,
    ) -> None:
        if key is None:
            return
        if not _KEY.fullmatch(key):
            raise BadRequest("Idempotency-Key must be 1 to 255 printable ASCII characters.")
        person = await identify(session, claims)
        request_hash = await _hash(request)
        most = runtime_of(request).settings.max_idempotency_keys_per_user
        if await _is_first(session, person.id, key, request_hash, most):
            request.state.claim = Claim(session, person.id, key, self.secret)
            return
        kept = await _first_answer(session, person.id, key, request_hash, self.may_see)
        body = kept.body or b""
        headers = msgspec.json.decode(kept.headers or "{}", type=dict[str, str]) | {"Idempotency-Replayed": "true"}
        raise Replay(Response(self.secret.reveal(request, body) if self.secret else body, kept.status or 200, headers))


async def answer_once(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
    """The route's answer, kept if the request claimed a key, or the one that was kept."""
    try:
        response = await handle(request)
    except Replay as replay:
        return replay.response
    claim: Claim | None = getattr(request.state, "claim", None)
    if claim is not None:
        await _keep(claim, request, response)
    return response


async def purge(session: AsyncSession) -> int:
    """Delete the oldest answers that are past their time, at most PURGE_BATCH; the number deleted."""
    kept = IdempotentAnswer
    old = select(kept.user_id, kept.key).where(kept.created_at < now() - KEPT_FOR)
    batch = old.order_by(kept.created_at).limit(PURGE_BATCH)
    deleted = await session.execute(delete(kept).where(tuple_(kept.user_id, kept.key).in_(batch)).returning(kept.key))
    return len(deleted.all())


async def _hash(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    return digest.hexdigest()


async def _is_first(session: AsyncSession, user_id: str, key: str, request_hash: str, most: int) -> bool:
    at = now()
    claimed = await session.execute(
        _CLAIM,
        {
            "user_id": user_id,
            "key": key,
            "request_hash": request_hash,
            "at": at,
            "forgotten_before": at - KEPT_FOR,
            "most": most or UNLIMITED,
            "most_bytes": MAX_KEPT_BYTES if most else UNLIMITED,
        },
    )
    return claimed.one_or_none() is not None


async def _first_answer(
    session: AsyncSession, user_id: str, key: str, request_hash: str, may_see: MaySee
) -> IdempotentAnswer:
    kept = (
        await session.execute(
            select(IdempotentAnswer).where(IdempotentAnswer.user_id == user_id, IdempotentAnswer.key == key)
        )
    ).scalar_one_or_none()
    if kept is None:
        raise LimitReached("Too many answers are kept for your Idempotency-Keys; they go after 24 hours.")
    if kept.request_hash != request_hash:
        raise IdempotencyKeyReused
    if kept.project_id is not None and not await may_see(session, user_id=user_id, project_id=kept.project_id):
        raise NotFound
    return kept


async def _keep(claim: Claim, request: Request, response: Response) -> None:
    mine = (IdempotentAnswer.user_id == claim.user_id, IdempotentAnswer.key == claim.key)
    if response.status_code >= 400:
        await claim.session.execute(delete(IdempotentAnswer).where(*mine))
        return
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    body = bytes(response.body)
    if claim.secret is not None:
        body = claim.secret.conceal(body)
    answer = {
        "project_id": _project_id(claim.session, request),
        "status": response.status_code,
        "headers": msgspec.json.encode(headers).decode(),
        "body": body,
        "body_bytes": len(body),
    }
    await claim.session.execute(update(IdempotentAnswer).where(*mine).values(**answer))


def _project_id(session: AsyncSession, request: Request) -> str | None:
    """The project that the answer speaks of: the one in the address, or that the route has found, or whose event was
    recorded.
    """
    if (found := getattr(request.state, "project_id", None)) is not None:
        return str(found)
    if (in_address := request.path_params.get("project_id")) is not None:
        return str(in_address)
    for publication in log.recorded(session):
        kind, _, project_id = publication.channel.partition(":")
        if kind == "project":
            return project_id
    return None


# The same words on SQLite and PostgreSQL; SQLAlchemy's own spelling differs. A key past its time is as good as new.
# Nothing is claimed where the person's quota is used up. Requests at the same moment may exceed it by their number.
_CLAIM = text(
    """
    INSERT INTO idempotent_answer (user_id, key, request_hash, created_at, body_bytes)
    SELECT CAST(:user_id AS VARCHAR(36)), CAST(:key AS VARCHAR(255)), CAST(:request_hash AS VARCHAR(64)), :at, 0
    FROM (
        SELECT count(*) AS keys, coalesce(sum(body_bytes), 0) AS total
        FROM (SELECT body_bytes FROM idempotent_answer WHERE user_id = CAST(:user_id AS VARCHAR(36)) LIMIT :most)
            AS kept
    ) AS quota
    WHERE quota.keys < :most AND quota.total < :most_bytes
    ON CONFLICT (user_id, key) DO UPDATE
    SET request_hash = excluded.request_hash, created_at = excluded.created_at,
        project_id = NULL, status = NULL, headers = NULL, body = NULL, body_bytes = 0
    WHERE idempotent_answer.created_at < :forgotten_before
    RETURNING key
    """
).bindparams(bindparam("at", type_=UtcDateTime), bindparam("forgotten_before", type_=UtcDateTime))
