"""TypeScript's types of the events, for the browser client, made from the AsyncAPI document.

`python -m tools.event_types` writes them, and `make web` runs it; with `--check` it fails when they are not current.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from roomful.eventlog.typed_event import TypedEvent
from roomful.gateway import asyncapi
from roomful.gateway.asyncapi import OWN_EVENTS, PROJECT_EVENTS

FILE = Path(__file__).parents[1] / "client_demo" / "web" / "src" / "api" / "events.ts"

HEAD = "/** The events of a project, and of a person. Made from the server's classes, by `make web`: edit those. */"

Schema = Mapping[str, Any]


def written() -> str:
    """The file as it should be."""
    document = asyncapi.document()
    schemas = document["components"]["schemas"]
    events = {f"{data.__name__}Event": data for data in (*PROJECT_EVENTS.values(), *OWN_EVENTS.values())}
    described = [_interface(name, schemas[name]) for name in sorted(schemas.keys() - events.keys() - {"Reset"})]
    unions = [_union("ProjectEvent", PROJECT_EVENTS.values()), _union("OwnEvent", OWN_EVENTS.values())]
    # Events differ in their type and data alone.
    (common,) = {"\n".join(_fields(schemas[name], but=("type", "data"))) for name in events}
    envelope = f"export interface Event<Type, Data> {{\n  type: Type;\n  data: Data;\n{common}\n}}\n"
    return "\n".join([HEAD, "", *described, envelope, *unions])


def _union(name: str, events: Iterable[type[TypedEvent]]) -> str:
    members = [f'  | Event<"{event.type}", {event.__name__}>' for event in events]
    return "\n".join([f"export type {name} =", *members]) + ";\n"


def _interface(name: str, schema: Schema) -> str:
    return "\n".join([*_comment(schema), f"export interface {name} {{", *_fields(schema), "}", ""])


def _comment(schema: Schema) -> Iterator[str]:
    lines = schema.get("description", "").split("\n")
    if len(lines) > 1:
        yield "/**"
        yield from (f" * {line}".rstrip() for line in lines)
        yield " */"
    elif lines[0]:
        yield f"/** {lines[0]} */"


def _fields(schema: Schema, *, but: Sequence[str] = ()) -> Iterator[str]:
    required = schema.get("required", ())
    for name in [name for name in schema["properties"] if name not in but]:
        field = schema["properties"][name]
        yield f"  {name}{'' if name in required else '?'}: {_type(field)};"


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"enum": list(values)}:
            return " | ".join(f'"{value}"' for value in values)
        case {"anyOf": list(choices)}:
            return " | ".join(_type(choice) for choice in choices)
        case {"type": "array", "items": items}:
            return f"{_type(items)}[]"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"Record<string, {_type(values)}>"
        case {"type": "string" | "boolean" | "null" as plain}:
            return str(plain)
        case {"type": "integer" | "number"}:
            return "number"
    raise NotImplementedError(schema)


def main() -> None:
    text = written()
    is_current = FILE.exists() and FILE.read_text() == text
    if is_current:
        return
    if "--check" in sys.argv[1:]:
        sys.exit(f"{FILE.name} is not what the events are: python -m tools.event_types")
    FILE.write_text(text)


if __name__ == "__main__":
    main()
