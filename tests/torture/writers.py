"""People who change a project's tasks, columns and labels and comment on tasks over REST, and record the answers."""

import asyncio
import random
from collections import deque
from uuid import uuid4

import httpx

from tests.support.api import API, Person, Project
from tests.torture.cluster import Cluster
from tests.torture.history import Json, Operation

WRITES_PER_SECOND = 12.0
"""By one person, without faults."""

RETRY_SHARE = 0.7
"""How often a POST without an answer is sent again under its Idempotency-Key."""
RETRIES = 4
LABELS = [f"label {number}" for number in range(8)]


class Board:
    """The tasks, labels, and columns beside the first three, known to all writers, who therefore conflict.

    `assignee_id` is the person who is given tasks and mentioned.
    """

    def __init__(self, assignee_id: str) -> None:
        self.assignee_id = assignee_id
        self.tasks: deque[str] = deque(maxlen=200)
        self.columns: deque[str] = deque(maxlen=20)
        self.labels: deque[str] = deque(maxlen=20)


class Writer:
    """Writes to any node. Every operation has its own word, which it writes into the title, or into a comment."""

    def __init__(
        self,
        person: Person,
        project: Project,
        board: Board,
        cluster: Cluster,
        operations: list[Operation],
        rng: random.Random,
    ) -> None:
        self._person = person
        self._project = project
        self._board = board
        self._cluster = cluster
        self._operations = operations
        self._rng = rng

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop; finishes the current operation."""
        while not stop.is_set():
            await self._write()
            await asyncio.sleep(self._rng.expovariate(WRITES_PER_SECOND))

    async def _write(self) -> None:
        rng, tasks = self._rng, self._board.tasks
        kinds = ["create", "patch", "assign", "move", "comment", "delete", "refused", "column", "drop column", "label"]
        kind = rng.choices(kinds, [4, 4, 2, 4, 2, 2, 1, 0.5, 0.3, 1])[0] if tasks else "create"
        word = uuid4().hex
        match kind:
            case "create":
                # Large enough to overflow a sleeping reader, with text that is difficult in JSON.
                text = 'é\u2028"\\\n' + "x" * rng.choice([0, 200, 4000])
                body: Json = {"title": f"Task {word}", "description": text, "labels": rng.sample(LABELS, 3)}
                await self._do(kind, word, "POST", "/tasks", body)
            case "patch":
                body = {"title": f"Renamed {word}", "labels_add": [rng.choice(LABELS)]}
                body["labels_remove"] = [rng.choice(LABELS)]
                await self._do(kind, word, "PATCH", f"/tasks/{rng.choice(tasks)}", body)
            case "move":
                goal = {"status": rng.choice(["todo", "in_progress", "done"])}
                if self._board.columns and rng.random() < 0.5:
                    goal = {"column_id": rng.choice(self._board.columns)}
                await self._do(kind, word, "PATCH", f"/tasks/{rng.choice(tasks)}", {**goal, "title": word})
            case "assign":
                body = {"assignee_id": rng.choice([self._board.assignee_id, None]), "title": word}
                await self._do(kind, word, "PATCH", f"/tasks/{rng.choice(tasks)}", body)
            case "comment":
                mention = rng.choice(["", f" @[Ida](mention://user/{self._board.assignee_id})"])
                body = {"body": f"Well, {word}?{mention}"}
                await self._do(kind, word, "POST", f"/tasks/{rng.choice(tasks)}/comments", body)
            case "delete":
                task = rng.choice(tasks)
                if await self._do(kind, "", "DELETE", f"/tasks/{task}") and task in tasks:
                    tasks.remove(task)
            case "refused":
                headers = {"If-Match": '"999999"'}
                await self._do(kind, word, "PATCH", f"/tasks/{rng.choice(tasks)}", {"title": word}, headers)
            case "column":
                category = rng.choice(["todo", "in_progress", "done"])
                await self._do(kind, "", "POST", "/columns", {"name": f"Column {word[:6]}", "category": category})
            case "drop column":
                await self._drop_column()
            case "label":
                await self._change_labels(word)

    async def _drop_column(self) -> None:
        """Delete a column, its tasks going to another one, while others move tasks into both."""
        columns = self._board.columns
        if len(columns) < 2:
            return
        column, target = self._rng.sample(list(columns), 2)
        if await self._do("drop column", "", "DELETE", f"/columns/{column}?move_to={target}") and column in columns:
            columns.remove(column)

    async def _change_labels(self, word: str) -> None:
        """Make a label, or rename or delete one, which tasks may have, or get meanwhile."""
        labels, name = self._board.labels, f"Label {word[:6]}"
        kind = self._rng.choice(["make label", "rename label", "delete label"]) if labels else "make label"
        if kind == "make label":
            await self._do(kind, "", "POST", "/labels", {"name": self._rng.choice([*LABELS, name])})
            return
        label = self._rng.choice(labels)
        if kind == "rename label":
            await self._do(kind, "", "PATCH", f"/labels/{label}", {"name": name})
        elif await self._do(kind, "", "DELETE", f"/labels/{label}") and label in labels:
            labels.remove(label)

    async def _do(
        self, kind: str, word: str, method: str, path: str, body: Json | None = None, headers: Json | None = None
    ) -> bool:
        """Send it, again if that is safe, and record the outcome. Returns whether it was certainly done."""
        operation = Operation(uuid4().hex, kind, word)
        self._operations.append(operation)
        headers = {**(headers or {}), "X-Client-Mutation-ID": operation.id}
        if method == "POST":
            headers["Idempotency-Key"] = operation.id
        will_retry = method == "POST" and self._rng.random() < RETRY_SHARE
        response = await self._send(method, path, body, headers)
        while will_retry and operation.retries < RETRIES and (response is None or response.status_code >= 500):
            operation.retries += 1
            await asyncio.sleep(self._rng.uniform(0.1, 1.0))
            response = await self._send(method, path, body, headers)
        if response is None or response.status_code >= 500:
            return False
        if response.is_success:
            operation.outcome = "answered"
            board = self._board
            made = {"create": board.tasks, "column": board.columns, "make label": board.labels}.get(kind)
            if made is not None:
                made.append(response.json()["id"])
            return True
        if not operation.retries:  # otherwise the first attempt may have succeeded
            operation.outcome = "refused"
        return False

    async def _send(self, method: str, path: str, body: Json | None, headers: Json) -> httpx.Response | None:
        """The answer, or None without one."""
        node = self._rng.choice(self._cluster.nodes)
        try:
            return await node.http.request(
                method,
                f"{API}{self._project.path}{path}",
                json=body,
                headers={"Authorization": f"Bearer {self._person.token}", **headers},
            )
        except httpx.TransportError:
            return None
