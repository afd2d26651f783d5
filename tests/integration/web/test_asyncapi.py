"""The AsyncAPI document is valid by its official schema, and matches every event."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, get_args

import httpx
import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from roomful.channels import Kind, project_channel, user_channel
from roomful.eventlog import log
from roomful.gateway import asyncapi
from roomful.runtime import Runtime
from tests.conformance.sdks import JAVASCRIPT, NeedsNode, install_javascript
from tests.conftest import Backend, absent
from tests.support import vectors
from tests.support.api import Api, Json
from tests.support.inbox import all_told
from tools import event_types

OFFICIAL = JAVASCRIPT / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"
RECORDED = [vector["event"] for vector in vectors.load()]
"""An event of every route that makes one, except creating and deleting a project."""


@pytest.fixture
def backend() -> Backend:
    """One database is enough."""
    return "sqlite"


async def test_it_is_served_and_the_page_of_the_api_names_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/asyncapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == asyncapi.document()
    assert "/asyncapi.json" in (await client.get("/api/v1/openapi.json")).json()["info"]["description"]


def test_it_is_valid() -> None:
    try:
        install_javascript()
    except NeedsNode as missing:
        absent(f"the official schema of AsyncAPI comes by npm: {missing}")
    official = json.loads(OFFICIAL.read_text())
    assert [error.message for error in validator_for(official)(official).iter_errors(asyncapi.document())] == []


def test_every_reference_exists() -> None:
    document = asyncapi.document()
    found = list(references(document))
    assert found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_it_has_every_kind_of_channel() -> None:
    channels = asyncapi.document()["channels"]
    assert {kind: channels[kind]["address"] for kind in get_args(Kind)} == {
        "project": "project:{id}",
        "signal": "signal:{id}",
        "user": "user:{id}",
    }


def test_it_has_every_type_of_event_and_no_other() -> None:
    types = {event["type"] for event in RECORDED} | {"project.created", "project.deleted"}
    assert types == set(asyncapi.PROJECT_EVENTS) == set(asyncapi.document()["channels"]["project"]["messages"])


def test_the_browser_clients_types_are_made_from_it() -> None:
    assert event_types.FILE.read_text() == event_types.written(), "python -m tools.event_types rewrites them"


@pytest.mark.parametrize("event", RECORDED, ids=lambda event: event["type"])
def test_recorded_events_match_it(event: Json) -> None:
    check(event)


async def test_a_projects_first_and_last_event_match_it(api: Api, runtime: Runtime) -> None:
    ada, bob = await api.register("ada"), await api.register("bob")
    project = await ada.create_project()
    await ada.add_member(project, bob)
    await all_told(runtime)
    await ada.delete(project.path)
    async with runtime.database.read() as session:
        events = [*(await log.read_since(session, project_channel(project.id), 0, limit=10)).publications]
        events += (await log.read_since(session, user_channel(bob.id), 0, limit=10)).publications
    assert [event.type for event in events] == [
        "project.created",
        "member.added",
        "project.deleted",
        "notification.created",
        "notification.deleted",
    ]
    for event in events:
        check(json.loads(event.data))


def check(event: Json) -> None:
    """The document describes this event with all its fields."""
    document = asyncapi.document()
    payload = document["components"]["messages"][event["type"]]["payload"]
    schema = closed({**payload, "components": {"schemas": document["components"]["schemas"]}})
    assert [error.message for error in Draft202012Validator(schema).iter_errors(event)] == []


def closed(schema: Json) -> Json:
    """The same schema without additional properties."""
    schema = deepcopy(schema)
    for each in objects(schema):
        if "properties" in each:
            each["additionalProperties"] = False
    return schema


def objects(tree: Any) -> Iterator[Json]:
    if isinstance(tree, dict):
        yield tree
    for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from objects(each)


def references(document: Json) -> Iterator[str]:
    return (each["$ref"] for each in objects(document) if isinstance(each.get("$ref"), str))
