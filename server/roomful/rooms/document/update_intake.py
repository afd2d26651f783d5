"""The intake of updates from clients."""

import logging
from collections.abc import Sequence

from roomful.rooms import codes
from roomful.rooms.codes import AdmissionRefused
from roomful.rooms.document.replica import EMPTY_UPDATE, BadChange, BadUpdate, Lacking, Replica
from roomful.rooms.document.sync_replies import SyncReplies
from roomful.rooms.fanout import Fanout
from roomful.rooms.peer import Peer
from roomful.rooms.protocol import yjs
from roomful.rooms.rows.stored_rows import StoredRows
from roomful.rooms.rows.writer import Writer
from roomful.rooms.services import RoomServices

logger = logging.getLogger(__name__)

MAX_WAITING = 200
"""Updates of a document's clients. Every change tries all of them again."""


class UpdateIntake:
    """Applies an update, sends it to the other clients at once, stores it, and then acknowledges it."""

    __slots__ = (
        "_counters",
        "_document_id",
        "_fanout",
        "_is_large",
        "_limits",
        "_replica",
        "_rows",
        "_sync",
        "_waiting",
        "_writer",
    )

    def __init__(
        self,
        document_id: str,
        services: RoomServices,
        replica: Replica,
        *,
        writer: Writer,
        fanout: Fanout,
        sync: SyncReplies,
        rows: StoredRows,
    ) -> None:
        self._document_id = document_id
        self._limits = services.limits
        self._counters = services.counters
        self._replica = replica
        self._writer = writer
        self._fanout = fanout
        self._sync = sync
        self._rows = rows
        self._is_large = False
        self._waiting: list[tuple[Peer, bytes]] = []
        """Updates that build on something missing: neither applied nor stored nor acknowledged."""

    def receive(self, peer: Peer, message: yjs.SyncUpdate) -> None:
        """Raises BadUpdate and AdmissionRefused. A viewer's update is refused, unless it adds nothing."""
        update = message.update
        self._check_size(update)
        if update == EMPTY_UPDATE:
            self._acknowledge_nothing_new(peer)
        elif peer.grant.may_write:
            self._apply(peer, message)
        elif self._replica.adds_nothing(update):
            self._acknowledge_nothing_new(peer)
        else:
            self._counters.refused["read-only"] += 1
            peer.refuse()

    def apply_rows(self, updates: Sequence[bytes]) -> None:
        """Apply rows of other writers, and send the clients what is new in them."""
        failed = 0
        for update in updates:
            try:
                change = self._replica.apply(update)
            except BadChange as contradiction:
                change = contradiction.change
                failed += 1
            except (BadUpdate, Lacking):
                change = b""
                failed += 1
            if change:
                self._fanout.add(yjs.update(change), is_update=True)
                self._look_at_size()
        self.count_unreadable(failed)
        self._apply_waiting()

    def leave(self, peer: Peer) -> None:
        """Forget a client's waiting updates. If it comes back, its answer to our SyncStep1 holds them."""
        self._waiting = [(other, update) for other, update in self._waiting if other is not peer]

    def count_unreadable(self, failed: int) -> None:
        """Count stored rows that could not be applied. They stay in the store."""
        if failed:
            self._counters.rows_unreadable += failed
            logger.error(
                "stored updates could not be applied", extra={"document_id": self._document_id, "rows": failed}
            )

    def _apply(self, peer: Peer, message: yjs.SyncUpdate) -> None:
        try:
            self._apply_whole(peer, message.update)
        except Lacking:
            self._counters.pending += 1
            self._let_wait(peer, message.update)
            if not message.is_reply:
                self._sync.ask_for_missing(peer)
        else:
            self._apply_waiting()

    def _apply_whole(self, peer: Peer, update: bytes) -> None:
        """Raises Lacking, BadUpdate."""
        try:
            change = self._replica.apply(update)
        except BadChange as contradiction:  # the others must have what is in the replica now
            self._changed(peer, contradiction.change)
            raise
        if change:
            self._changed(peer, change)
        else:
            self._acknowledge_nothing_new(peer)

    def _let_wait(self, peer: Peer, update: bytes) -> None:
        """Raises AdmissionRefused when too much waits: the client comes back, and is asked for what is missing."""
        self._waiting.append((peer, update))
        if (
            len(self._waiting) > MAX_WAITING
            or sum(len(each) for _, each in self._waiting) > self._limits.document_bytes
        ):
            raise AdmissionRefused(codes.RESET)

    def _apply_waiting(self) -> None:
        """Apply the waiting updates that lack nothing any more."""
        has_changed = bool(self._waiting)
        while has_changed:
            has_changed = False
            waiting, self._waiting = self._waiting, []
            for peer, update in waiting:
                try:
                    self._apply_whole(peer, update)
                    has_changed = True
                except Lacking:
                    self._waiting.append((peer, update))
                except BadUpdate:
                    self._counters.refused["bad message"] += 1

    def _check_size(self, update: bytes) -> None:
        """Raises AdmissionRefused. Deletions are always taken, or a full document could not be made smaller."""
        limits, replica = self._limits, self._replica
        if self._writer.gathered_bytes + len(update) > limits.document_bytes + limits.gather_bytes:
            self._counters.refused["store failing"] += 1
            raise AdmissionRefused(codes.STORE_FAILING)
        is_too_big = len(update) > limits.document_bytes
        if not is_too_big and replica.size_bytes + len(update) > limits.document_bytes:
            replica.full()
            is_too_big = replica.size_bytes + len(update) > limits.document_bytes and not replica.only_deletes(update)
        if is_too_big:
            self._counters.refused["too big"] += 1
            raise AdmissionRefused(codes.TOO_BIG)

    def _changed(self, peer: Peer, change: bytes) -> None:
        self._writer.add(change, peer.grant.user_id, peer)
        self._counters.updates_applied += 1
        self._fanout.add(yjs.update(change), peer, is_update=True)
        self._look_at_size()

    def _look_at_size(self) -> None:
        if self._replica.size_bytes > self._limits.soft_document_bytes and not self._is_large:
            self._replica.full()
            self._is_large = self._replica.size_bytes > self._limits.soft_document_bytes
            if self._is_large:
                self._counters.large_documents += 1
                logger.warning("a document has become large", extra={"document_id": self._document_id})

    def _acknowledge_nothing_new(self, peer: Peer) -> None:
        """Acknowledge an update that adds nothing, once everything before it is stored."""
        if not self._writer.wait_for_all(peer):
            self._counters.acknowledged += 1
            peer.stored(1, self._rows.head.number)
