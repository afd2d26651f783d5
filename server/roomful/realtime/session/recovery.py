"""Recovery: what a subscriber missed, as its subscribe reply brings it."""

from collections.abc import Sequence

from roomful.realtime.delivery.hub import CatchUp
from roomful.realtime.history.port import Expired
from roomful.realtime.node.lost_recoveries import SURE_BYTES
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.commands import SubscribeRequest
from roomful.realtime.protocol.formats import as_pubs
from roomful.realtime.protocol.replies import Pub, SubscribeResult
from roomful.realtime.publication import Position, Publication
from roomful.realtime.session.state import SessionState


async def catch_up(
    session: SessionState, request: SubscribeRequest, position: Position, max_bytes: int
) -> SubscribeResult:
    """A reply with all missed publications, or with none of them: never with a part.

    Nothing may be awaited between the return and `go_live`. Raises ClientError, UnknownChannel, HistoryUnavailable.
    """
    result = SubscribeResult(recoverable=True, positioned=True)
    if request.recover:
        result.was_recovering = True
        missed = await _missed(session, request, position, max_bytes)
        if missed is not None:
            result.recovered = True
            result.publications = as_pubs(missed.publications)
            # The offset asked for, not the newest: the SDK counts on with each publication.
            result.offset, result.epoch = request.offset, missed.position.epoch
            return result
        if request.must_recover:
            raise codes.UNRECOVERABLE_POSITION.error()
    position = await session.node.hub.open(request.channel)
    result.offset, result.epoch = position.offset, position.epoch
    return result


def level(session: SessionState, channel: str, result: SubscribeResult, max_bytes: int) -> list[Publication]:
    """The publications between a caught-up reply and its channel's present position, from memory.

    If memory lacks some, or they are larger than `max_bytes`, the reply moves on to that position and recovers nothing.
    """
    position = session.node.hub.position(channel)
    if position is None:
        return []
    later = session.node.hub.tail(channel, result.offset + len(result.publications))
    size = sum(len(publication.data) for publication in later or ())
    if later is not None and position.epoch == result.epoch and size <= max_bytes:
        return later
    result.recovered, result.publications = False, []
    result.offset, result.epoch = position.offset, position.epoch
    return []


def bytes_of(pubs: Sequence[Pub]) -> int:
    return sum(memoryview(pub.data).nbytes for pub in pubs)


async def _missed(
    session: SessionState, request: SubscribeRequest, position: Position, max_bytes: int
) -> CatchUp | None:
    """The missed publications. None if they are gone, too many or too large, or were lost on their way before."""
    limit = session.node.limits.recovery
    since = Position(request.epoch, request.offset)
    recovery = (session.sign_in.credentials.user_id, request.channel, since)
    if position.offset - since.offset > limit:
        return None  # too many, without a read
    if recovery in session.node.lost_recoveries:
        max_bytes = min(max_bytes, SURE_BYTES)
    try:
        missed = await session.node.hub.catch_up(request.channel, since, limit=limit, max_bytes=max_bytes)
    except Expired:
        return None
    size = sum(len(publication.data) for publication in missed.publications)
    if not missed.is_complete or size > max_bytes:
        return None
    if size > SURE_BYTES:
        session.node.lost_recoveries.sent(session, recovery)
    return missed
