"""Fences: nodes that Markdown or HTML can't express, as a label, `callout 1a2b3c4d5e6f`, and their JSON as the body.

A fence that comes back as it was, or without its body, stands for the document's own node; an edited one for its body.
"""

from collections.abc import Mapping, Sequence

import msgspec

from roomful.errors import Invalid
from roomful.richtext.json_reader import read_blocks
from roomful.richtext.nodes import Node, fingerprint, walk

WORD = "roomful"

Kept = Mapping[str, Node]
"""The nodes of a document by their fingerprints."""


def kept_nodes(blocks: Sequence[Node]) -> Kept:
    """The nodes of a document that may be fenced."""
    return {fingerprint(node): node for node in walk(blocks) if node["type"] != "text"}


def label_of(node: Node) -> str:
    return f"{node['type']} {fingerprint(node)}"


def body_of(node: Node) -> str:
    return msgspec.json.encode(node).decode()


def unfenced(label: str, body: str, kept: Kept) -> Node:
    """The node of a fence. Raises Invalid if neither its body is a node nor its label names one."""
    try:
        [node] = read_blocks([msgspec.json.decode(body)])
        return node
    except (msgspec.MsgspecError, UnicodeError, RecursionError, Invalid):
        found = kept.get(label.rpartition(" ")[2])
        if found is not None:
            return found
        message = f"A block marked {WORD} holds neither a node as JSON nor the name of one in the document."
        raise Invalid(message, details=[{"field": "body", "message": message, "type": "schema"}]) from None
