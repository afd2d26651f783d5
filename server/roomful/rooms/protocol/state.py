"""State vectors and delete sets of Yjs."""

from collections.abc import Mapping
from dataclasses import dataclass

from roomful.rooms.protocol.lib0 import BadMessage, Reader

EMPTY_STATE_VECTOR = b"\x00"

StateVector = Mapping[int, int]
"""For each Yjs client id how many of its operations are known: the next one has this number."""


def decode_state_vector(data: bytes) -> StateVector:
    """Raises BadMessage."""
    reader = Reader(data)
    vector = {reader.var_uint(): reader.var_uint() for _ in range(reader.var_uint())}
    if reader.has_more:
        raise BadMessage("something follows the state vector")
    return vector


@dataclass(frozen=True, slots=True)
class Deletions:
    """A delete set: for each client id ranges of operations, as (start, end), in order and apart from each other."""

    ranges: Mapping[int, list[tuple[int, int]]]

    @classmethod
    def read(cls, data: bytes) -> "Deletions":
        """A delete set as it stands at the end of an update. Raises BadMessage."""
        reader = Reader(data)
        found: dict[int, list[tuple[int, int]]] = {}
        for _ in range(reader.var_uint()):
            ranges = found.setdefault(reader.var_uint(), [])
            for _ in range(reader.var_uint()):
                start = reader.var_uint()
                ranges.append((start, start + reader.var_uint()))
        return cls({client_id: _joined(ranges) for client_id, ranges in found.items()})

    def are_known_to(self, vector: StateVector) -> bool:
        """Whether everything deleted is known."""
        return all(ranges[-1][1] <= vector.get(client_id, 0) for client_id, ranges in self.ranges.items() if ranges)

    def are_within(self, others: "Deletions") -> bool:
        """Whether `others` hold all of these."""
        return all(
            _are_within(ranges, others.ranges.get(client_id, [])) for client_id, ranges in self.ranges.items() if ranges
        )


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        elif end > start:
            joined.append((start, end))
    return joined


def _are_within(ranges: list[tuple[int, int]], others: list[tuple[int, int]]) -> bool:
    place = 0
    for start, end in ranges:
        while place < len(others) and others[place][1] < end:
            place += 1
        if place == len(others) or others[place][0] > start:
            return False
    return True
