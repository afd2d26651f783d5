"""The engine for documents that several people edit at once: Yjs rooms over a store and a broker."""

from roomful.rooms.codes import AdmissionRefused, Ending
from roomful.rooms.counters import RoomCounters
from roomful.rooms.grant import Grant
from roomful.rooms.limits import RoomLimits
from roomful.rooms.policy import Policy
from roomful.rooms.registry import Rooms
from roomful.rooms.session.hocuspocus import HocuspocusSession
from roomful.rooms.session.yjs import YjsSession

__all__ = [
    "AdmissionRefused",
    "Ending",
    "Grant",
    "HocuspocusSession",
    "Policy",
    "RoomCounters",
    "RoomLimits",
    "Rooms",
    "YjsSession",
]
