"""Applies the events that end or change rights in documents, on every node that sees them."""

import asyncio
from collections.abc import Mapping
from typing import assert_never

from roomful.channels import parse_channel
from roomful.concurrency.task_scope import TaskScope
from roomful.documents.events import DocumentDeleted
from roomful.eventlog.typed_event import EventReader
from roomful.gateway.documents.open_documents import OpenDocuments
from roomful.gateway.documents.policy import DocumentPolicy
from roomful.projects.events import MemberRemoved, MemberUpdated, ProjectArchived, ProjectDeleted, ProjectRestored
from roomful.realtime.protocol.codes import ClientError
from roomful.realtime.publication import Publication
from roomful.rooms import Rooms
from roomful.tasks.events import TaskDeleted

RETRY_SECONDS = 0.5

ChangesRights = (
    DocumentDeleted | MemberRemoved | MemberUpdated | ProjectArchived | ProjectDeleted | ProjectRestored | TaskDeleted
)
CHANGES_RIGHTS: EventReader[ChangesRights] = EventReader(
    DocumentDeleted, MemberRemoved, MemberUpdated, ProjectArchived, ProjectDeleted, ProjectRestored, TaskDeleted
)


class DocumentRevocation:
    """Watches the events of the projects whose documents are open here.

    A right that an event takes ends at once. One that it may give is looked up: an editor in an archived project still
    can't write. `Revocation` tells each socket of ended sign-ins.
    """

    def __init__(self, rooms: Rooms, opened: OpenDocuments, policy: DocumentPolicy, task_scope: TaskScope) -> None:
        self._rooms = rooms
        self._opened = opened
        self._policy = policy
        self._task_scope = task_scope

    def observe(self, publication: Publication) -> None:
        if publication.type not in CHANGES_RIGHTS:
            return
        name = parse_channel(publication.channel)
        if name is None or not self._opened.of_project(name.id):
            return
        try:
            event = CHANGES_RIGHTS.read(publication.type, publication.data)
        except ValueError:  # its shape is of another version
            self._let_nobody_write(name.id)
            self._look_up(name.id)
        else:
            self._apply(name.id, event)

    def _apply(self, project_id: str, event: ChangesRights | None) -> None:
        documents = self._opened.of_project(project_id)
        match event:
            case MemberRemoved(member=member):
                for document_id in documents:
                    self._rooms.end_user(document_id, member.user_id)
            case MemberUpdated(member=member, changed=changed):
                if "role" in changed:
                    if member.role == "viewer":
                        for document_id in documents:
                            self._rooms.set_may_write(document_id, member.user_id, may_write=False)
                    else:
                        self._look_up(project_id)
            case ProjectArchived():
                self._let_nobody_write(project_id)
            case ProjectRestored():
                self._look_up(project_id)
            case ProjectDeleted():
                for document_id in documents:
                    self._rooms.end_document(document_id)
            case DocumentDeleted(document=document):
                self._rooms.end_document(document.id)
            case TaskDeleted(task=task):
                for document_id in self._opened.of_task(project_id, task.id):
                    self._rooms.end_document(document_id)
            case None:
                return
            case _:
                assert_never(event)

    def _let_nobody_write(self, project_id: str) -> None:
        for document_id in self._opened.of_project(project_id):
            self._rooms.let_nobody_write(document_id)

    def _look_up(self, project_id: str) -> None:
        self._rooms.revocations += 1  # a client that is being let in now is checked again
        self._task_scope.spawn(self._set_anew(project_id))

    async def _set_anew(self, project_id: str) -> None:
        """Apply the present rights to everybody in the project's documents, as soon as they can be read."""
        while people := self._people_in(project_id):
            seen = self._rooms.revocations
            try:
                may_write = await self._policy.writers_of(project_id, sorted(people))
            except ClientError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if seen == self._rooms.revocations:  # else the answer may be older than what was done meanwhile
                self._set_rights(project_id, may_write)
                return

    def _people_in(self, project_id: str) -> set[str]:
        return {
            user_id
            for document_id in self._opened.of_project(project_id)
            for user_id in self._rooms.user_ids(document_id)
        }

    def _set_rights(self, project_id: str, may_write: Mapping[str, bool]) -> None:
        for document_id in self._opened.of_project(project_id):
            for user_id in self._rooms.user_ids(document_id):
                if user_id in may_write:
                    self._rooms.set_may_write(document_id, user_id, may_write=may_write[user_id])
                else:
                    self._rooms.end_user(document_id, user_id)
