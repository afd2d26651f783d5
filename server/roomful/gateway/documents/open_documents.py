"""The documents that are open on this node, and the projects whose events it follows for them."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass

from roomful.channels import project_channel
from roomful.realtime.delivery.hub import Hub
from roomful.rooms import Rooms

LOOK_SECONDS = 5.0
KEPT_SECONDS = 30.0
"""From the last admission to a document until it must be open, or is forgotten."""


@dataclass(slots=True)
class _Known:
    project_id: str
    task_id: str | None
    asked_at: float


class OpenDocuments:
    """Knows each document that is open here, from before the last check of a right until it closes.

    Meanwhile the hub follows the channel of its project, so that every event that ends a right passes through this
    node.
    """

    def __init__(self, hub: Hub, rooms: Rooms) -> None:
        self._hub = hub
        self._rooms = rooms
        self._known: dict[str, _Known] = {}
        self._of_project: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def is_followed(self, document_id: str) -> bool:
        """Whether every event that could end a right in this document is observed here, from now on."""
        known = self._known.get(document_id)
        if known is None:
            return False
        known.asked_at = time.monotonic()
        return self._hub.position(project_channel(known.project_id)) is not None

    async def follow(self, document_id: str, project_id: str, task_id: str | None) -> None:
        """Register a document, and follow its project. Raises UnknownChannel, HistoryUnavailable."""
        self._known[document_id] = _Known(project_id, task_id, time.monotonic())
        self._of_project.setdefault(project_id, set()).add(document_id)
        await self._hub.pin(project_channel(project_id))

    def of_project(self, project_id: str) -> Collection[str]:
        return tuple(self._of_project.get(project_id, ()))

    def of_task(self, project_id: str, task_id: str) -> Collection[str]:
        return [each for each in self.of_project(project_id) if self._known[each].task_id == task_id]

    async def run(self) -> None:
        """Forget closed documents, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.forget_closed()

    def forget_closed(self) -> None:
        opened, before = set(self._rooms.open_documents()), time.monotonic() - KEPT_SECONDS
        for document_id, known in list(self._known.items()):
            if known.asked_at < before and document_id not in opened:
                self._forget(document_id, known.project_id)

    def _forget(self, document_id: str, project_id: str) -> None:
        del self._known[document_id]
        documents = self._of_project[project_id]
        documents.discard(document_id)
        if not documents:
            del self._of_project[project_id]
            self._hub.unpin(project_channel(project_id))
