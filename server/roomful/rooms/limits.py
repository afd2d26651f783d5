"""The bounds and times of documents. Some of them are settings; the rest are fixed here."""

from dataclasses import dataclass

from roomful.link.transport import SIGNAL_SHARE

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLimits:
    """All are counted in the process; none needs a store."""

    document_bytes: int = 20 * MIB
    """For a document, and for one update: a client sends all that it wrote offline at once, and a paste is one change.
    A smaller bound for updates would lock clients out: stock ones stop for good on 4413.
    """
    soft_document_bytes: int = 10 * MIB
    """Above this a document is counted and logged as large."""
    awareness_bytes: int = 64 * KIB
    """For one connection's states in a room. States beyond it are ignored."""
    awareness_ids: int = 32
    """Yjs client ids that one connection owns at the same time."""
    connections_per_document: int = 200
    documents_per_socket: int = 100
    updates_per_second: int = 100
    """For one connection, with bursts of five seconds' worth. Beyond it reading pauses."""
    outbound_bytes: int = 4 * MIB
    """Pending for one reader. Beyond it the reader gets one difference once it has caught up."""

    unauthenticated_bytes: int = 256 * KIB
    unauthenticated_messages: int = 64
    unauthenticated_documents: int = 20
    unauthenticated_seconds: float = 10.0
    """Bounds of a Hocuspocus socket until its documents are admitted."""

    gather_seconds: float = 0.03
    """Between two rows: the first update after a pause is stored at once, those of the next period together."""
    gather_bytes: int = 64 * KIB
    """So much is stored at once."""
    appends_at_once: int = 4
    append_tries: int = 5
    """After this many failures in a row clients are closed; they keep what was not acknowledged."""
    retry_seconds: float = 0.2
    """Before the second try; doubles with each further one, up to 5 s."""

    awareness_seconds: float = 0.05
    """Between two frames of awareness in a room."""
    awareness_timeout_seconds: float = 30.0
    keep_alive_seconds: float = 22.0
    """y-websocket gives up a server that is silent for 30 s."""
    ping_seconds: float = 25.0
    pong_seconds: float = 10.0
    token_sync_seconds: float = 30.0
    """A Hocuspocus client is asked for a new token this long before its old one expires."""

    penalty_seconds: float = 2.0
    """From a y-websocket client's message beyond a limit until its socket is closed."""
    join_seconds: float = 10.0
    unload_seconds: float = 60.0
    """From the last leave until a document is dropped from memory."""
    left_rooms: int = 200
    """Documents kept in memory that everybody has left. Beyond it the one left longest ago is dropped."""
    give_back_seconds: float = 10.0
    """Between two times that free memory is given back to the system, while documents are dropped."""
    reconcile_seconds: float = 5.0
    reconcile_alone_seconds: float = 1.0
    """While other nodes are silent."""
    shutdown_seconds: float = 5.0
    """For storing gathered updates."""
    drain_seconds: float = 5.0
    """For closing a crowd of sockets after that; a few are closed at once."""

    @property
    def send_bound(self) -> int:
        """The send bound of a transport whose `is_behind` means more than `outbound_bytes`."""
        return self.outbound_bytes * SIGNAL_SHARE

    @property
    def message_bytes(self) -> int:
        """The largest frame: a SyncStep2 with its head."""
        return self.document_bytes + KIB
