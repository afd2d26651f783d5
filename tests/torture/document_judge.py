"""The judgement of a document: whether what was acknowledged is kept, and all copies are alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.torture.history import Manuscript
from tests.torture.replica import Replica


@dataclass(slots=True)
class Judged:
    """`lost` counts acknowledged updates that are not in the rows, `differing` the copies that are not as the rows."""

    lost: int = 0
    differing: int = 0
    broken: list[str] = field(default_factory=list)


def judge_document(rows: bytes, manuscripts: Sequence[Manuscript]) -> Judged:
    """Every acknowledged update is in the rows and in every typist's copy; all copies are equal to the rows."""
    judged = Judged()
    stored = Replica(rows)
    text, clocks = stored.text, stored.clocks
    for manuscript in manuscripts:
        lost = _lacking(stored, [manuscript])
        if lost:
            judged.lost += lost
            judged.broken.append(f"{lost} updates acknowledged to {manuscript.name} are not in the rows")
        copy = Replica(manuscript.replica)
        is_equal = (copy.text, copy.clocks) == (text, clocks)
        if missing := _lacking(copy, manuscripts):
            judged.broken.append(f"{manuscript.name} lacks {missing} updates that were acknowledged")
        if missing or not is_equal:
            judged.differing += 1
            judged.broken.append(f"{manuscript.name}'s copy is not what the rows give")
        copy.close()
    stored.close()
    return judged


def _lacking(replica: Replica, manuscripts: Sequence[Manuscript]) -> int:
    return sum(not replica.holds(update) for manuscript in manuscripts for update in manuscript.acknowledged)
