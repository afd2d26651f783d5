"""A node that makes events by itself: a transaction each, at an even pace, without the cost of a request for each."""

import asyncio
import itertools
import sys
import time

import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

from roomful.app import create_app
from roomful.eventlog import log
from roomful.eventlog.log import EventData
from roomful.runtime import Runtime
from roomful.serve import listen, uvicorn_config
from roomful.settings import load_settings

PATH = "/bench/tell"


class Telling(BaseModel):
    project_ids: list[str]
    per_second: float
    seconds: float


async def tell(request: Request, telling: Telling) -> int:
    """Make events in these projects by turns, each with the monotonic time of its making; how many they were."""
    runtime: Runtime = request.app.state.runtime
    began_at = time.monotonic()
    count = int(telling.per_second * telling.seconds)
    for number, project_id in zip(range(count), itertools.cycle(telling.project_ids), strict=False):
        await asyncio.sleep(max(0.0, began_at + number / telling.per_second - time.monotonic()))
        async with runtime.transaction() as session:
            data = {"task": {"id": "0", "title": "Write the report", "told_at": time.monotonic()}}
            event = EventData(type="task.updated", actor_id=None, project_id=project_id, data=data)
            await log.append(session, f"project:{project_id}", event)
    return count


def create_teller() -> FastAPI:
    app = create_app()
    app.post(PATH)(tell)
    return app


def main() -> None:
    """`python -m bench.teller PORT`, on what Roomful's settings name."""
    settings = load_settings()
    with listen("127.0.0.1", int(sys.argv[1])) as listener:
        uvicorn.Server(uvicorn_config(create_teller(), settings)).run(sockets=[listener])


if __name__ == "__main__":
    main()
