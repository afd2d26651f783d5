"""The document of a trial, and everybody who types in it."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.api import Person, Project
from tests.torture.cluster import Cluster
from tests.torture.typists import GUEST_KINDS, TYPIST_KINDS, VIEWER_KINDS, Typist


@dataclass(frozen=True, slots=True)
class Desk:
    cluster: Cluster
    document_id: str
    typists: list[Typist]

    async def settle(self, seconds: float) -> list[str]:
        """Wait until all copies are level, when nobody types any more; who is not in time, in words."""
        ends_at = time.monotonic() + seconds
        for typist in self.typists:
            typist.is_tired = False
        while time.monotonic() < ends_at:
            texts = {typist.replica.text for typist in self.typists}
            if len(texts) == 1 and not any(typist.lag for typist in self.typists):
                break
            await asyncio.sleep(0.2)
        late = [f"{each.manuscript.name} is not level with the server: {each.lag}" for each in self.typists if each.lag]
        for typist in self.typists:
            typist.manuscript.replica = typist.replica.doc.get_update()
            typist.replica.close()
        return late


async def open_desk(
    cluster: Cluster,
    project: Project,
    owner: Person,
    *,
    editor: Person,
    guest: Person,
    viewer: Person,
    rng: Callable[[str], random.Random],
) -> Desk:
    document = await owner.post(f"{project.path}/documents", {"title": "Manuscript"})
    people = ((editor, TYPIST_KINDS), (guest, GUEST_KINDS), (viewer, VIEWER_KINDS))
    typists = [
        Typist(kind, person, document["id"], cluster, rng(f"typist {person.name} {number}"))
        for person, kinds in people
        for number, kind in enumerate(kinds)
    ]
    return Desk(cluster, document["id"], typists)
