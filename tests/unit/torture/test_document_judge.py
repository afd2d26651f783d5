"""The judge of a trial's document finds what it is there to find."""

import random

import pytest

from tests.torture.document_judge import judge_document
from tests.torture.history import Manuscript
from tests.torture.replica import Replica


@pytest.fixture
def manuscripts() -> list[Manuscript]:
    """Two people wrote twenty words each, one after the other, and have each other's."""
    rng = random.Random(1)
    replicas = [Replica(), Replica()]
    made = [Manuscript("ada"), Manuscript("bob")]
    for number in range(20):
        for writer, (replica, manuscript) in enumerate(zip(replicas, made, strict=True)):
            updates = replica.edit(f"word{number} ", rng)
            manuscript.acknowledged += updates
            for update in updates:
                replicas[1 - writer].apply(update)
    for replica, manuscript in zip(replicas, made, strict=True):
        manuscript.replica = replica.doc.get_update()
        replica.close()
    return made


def test_nothing_is_found_where_nothing_is_wrong(manuscripts: list[Manuscript]) -> None:
    judged = judge_document(manuscripts[0].replica, manuscripts)
    assert (judged.lost, judged.differing, judged.broken) == (0, 0, [])


def test_what_the_rows_lack_is_lost(manuscripts: list[Manuscript]) -> None:
    ada, bob = manuscripts
    stored = Replica()
    for update in ada.acknowledged[:-1]:
        stored.apply(update)
    judged = judge_document(stored.doc.get_update(), [ada, bob])
    assert judged.lost >= 1
    assert judged.differing == 2
    stored.close()


def test_a_deletion_that_the_rows_lack_is_lost(manuscripts: list[Manuscript]) -> None:
    ada, bob = manuscripts
    reader = Replica(ada.replica)
    rng = random.Random(3)
    while (deletion := reader.edit("more", rng)[0])[0] != 0:  # no insertions, so a deletion alone
        for each in (ada, bob):
            each.acknowledged.append(deletion)
    rows = Replica(ada.replica)
    for update in ada.acknowledged:
        rows.apply(update)
    before = rows.doc.get_update()
    ada.acknowledged.append(deletion)
    assert judge_document(before, [ada]).lost == 1
    reader.close()
    rows.close()


def test_a_copy_that_lacks_something_differs(manuscripts: list[Manuscript]) -> None:
    ada, bob = manuscripts
    rows = ada.replica
    poor = Replica()
    poor.apply(ada.acknowledged[0])
    bob.replica = poor.doc.get_update()
    judged = judge_document(rows, [ada, bob])
    assert (judged.lost, judged.differing) == (0, 1)
    poor.close()


def test_a_copy_with_something_of_its_own_differs(manuscripts: list[Manuscript]) -> None:
    ada, bob = manuscripts
    rich = Replica(bob.replica)
    rich.edit("mine alone", random.Random(2))
    rows, bob.replica = bob.replica, rich.doc.get_update()
    judged = judge_document(rows, [ada, bob])
    assert (judged.lost, judged.differing) == (0, 1)
    rich.close()
