"""People who change a project's tasks over REST, and remember what they were answered."""

import asyncio
import random
from collections import deque
from uuid import uuid4

import httpx

from tests.support.api import API, Person, Project
from tests.torture.cluster import Cluster
from tests.torture.history import Json, Operation

WRITES_PER_SECOND = 12.0
"""By one person, when nothing is in the way."""

RETRY_SHARE = 0.7
"""How often a POST without an answer is sent again under its Idempotency-Key."""
RETRIES = 4


class Board:
    """The tasks that writers know of, shared by all of them: they get in each other's way."""

    def __init__(self) -> None:
        self.tasks: deque[str] = deque(maxlen=200)


class Writer:
    """Writes to any node. Every operation has a word of its own, which stands in the labels of what it wrote."""

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
        """Write until told to stop; the operation under way is finished."""
        while not stop.is_set():
            await self._write()
            await asyncio.sleep(self._rng.expovariate(WRITES_PER_SECOND))

    async def _write(self) -> None:
        rng, tasks = self._rng, self._board.tasks
        kinds = ["create", "patch", "move", "delete", "refused"]
        kind = rng.choices(kinds, [4, 5, 4, 2, 1])[0] if tasks else "create"
        word = uuid4().hex
        match kind:
            case "create":
                # Fat enough that a reader who sleeps overflows; all the text that JSON can trip over.
                text = 'é\u2028"\\\n' + "x" * rng.choice([0, 200, 4000])
                body: Json = {"title": f"Task {word[:6]}", "description": text, "labels": [word]}
                await self._do(kind, word, "POST", "", body)
            case "patch":
                body = {"title": f"Renamed {word[:6]}", "labels": [word]}
                await self._do(kind, word, "PATCH", f"/{rng.choice(tasks)}", body)
            case "move":
                status = rng.choice(["todo", "in_progress", "done"])
                await self._do(kind, word, "PATCH", f"/{rng.choice(tasks)}", {"status": status, "labels": [word]})
            case "delete":
                task = rng.choice(tasks)
                if await self._do(kind, "", "DELETE", f"/{task}") and task in tasks:
                    tasks.remove(task)
            case "refused":
                headers = {"If-Match": '"999999"'}
                await self._do(kind, word, "PATCH", f"/{rng.choice(tasks)}", {"labels": [word]}, headers)

    async def _do(
        self, kind: str, word: str, method: str, path: str, body: Json | None = None, headers: Json | None = None
    ) -> bool:
        """Send it, again where that is safe, and note what came of it. Whether it was done for certain."""
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
            if kind == "create":
                self._board.tasks.append(response.json()["id"])
            return True
        if not operation.retries:  # else the first attempt may have been done
            operation.outcome = "refused"
        return False

    async def _send(self, method: str, path: str, body: Json | None, headers: Json) -> httpx.Response | None:
        """The answer; None when there is none."""
        node = self._rng.choice(self._cluster.nodes)
        try:
            return await node.http.request(
                method,
                f"{API}{self._project.path}/tasks{path}",
                json=body,
                headers={"Authorization": f"Bearer {self._person.token}", **headers},
            )
        except httpx.TransportError:
            return None
