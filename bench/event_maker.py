"""A node that makes events itself, each in a transaction, at an even pace, without a request for each."""

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

PATH = "/bench/events"


class Wanted(BaseModel):
    project_ids: list[str]
    per_second: float
    seconds: float


async def make_events(request: Request, wanted: Wanted) -> int:
    """Make events in these projects in turn, each with its monotonic time. Returns their number."""
    runtime: Runtime = request.app.state.runtime
    began_at = time.monotonic()
    count = int(wanted.per_second * wanted.seconds)
    for number, project_id in zip(range(count), itertools.cycle(wanted.project_ids), strict=False):
        await asyncio.sleep(max(0.0, began_at + number / wanted.per_second - time.monotonic()))
        async with runtime.transaction() as session:
            data = {"task": {"id": "0", "title": "Write the report", "made_at": time.monotonic()}}
            event = EventData(type="task.updated", actor_id=None, project_id=project_id, data=data)
            await log.append(session, f"project:{project_id}", event)
    return count


def create_event_maker() -> FastAPI:
    app = create_app()
    app.post(PATH)(make_events)
    return app


def main() -> None:
    """`python -m bench.event_maker PORT`, with Roomful's settings."""
    settings = load_settings()
    with listen("127.0.0.1", int(sys.argv[1])) as listener:
        uvicorn.Server(uvicorn_config(create_event_maker(), settings)).run(sockets=[listener])


if __name__ == "__main__":
    main()
