"""Checks ProseMirror JSON from requests before it is used."""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from roomful.errors import Invalid
from roomful.richtext.nodes import Node, joined, mark_rank

MAX_DEPTH = 40
MAX_NODES = 50_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_SAFE_INTEGER = 2**53 - 1


def read_document(body: bytes) -> list[Node]:
    """The blocks of a document node. Raises Invalid for malformed JSON or nodes.

    It doesn't check whether any editor knows these nodes and marks.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        _refuse("", "is not JSON")
    if not isinstance(value, dict) or value.get("type") != "doc":
        _refuse("", 'must be a document: {"type": "doc", "content": […]}')
    if set(value) - {"type", "content", "attrs"}:
        _refuse("", "has a field that no document has")
    content = value.get("content", [])
    if not isinstance(content, list):
        _refuse("content", "must be a list")
    return _Reader().blocks(content)


def read_blocks(content: list[object]) -> list[Node]:
    """The nodes of some JSON values. Raises Invalid for malformed nodes."""
    return _Reader().blocks(content)


class _Reader:
    def __init__(self) -> None:
        self._nodes = 0

    def blocks(self, content: list[object]) -> list[Node]:
        blocks = [self._node(node, f"content.{number}", 1) for number, node in enumerate(content)]
        for number, block in enumerate(blocks):
            if block["type"] == "text":
                _refuse(f"content.{number}", "must be a block: text stands in a paragraph")
        return blocks

    def _node(self, value: object, where: str, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            _refuse(where, f"is one of more than {MAX_NODES:,} nodes")
        if depth > MAX_DEPTH:
            _refuse(where, f"is nested deeper than {MAX_DEPTH}")
        if not isinstance(value, dict):
            _refuse(where, "must be a node")
        if not isinstance(value.get("type"), str) or not _NAME.fullmatch(value["type"]):
            _refuse(where, "needs a type")
        if value["type"] == "text":
            return self._text(value, where)
        if set(value) - {"type", "attrs", "content", "marks"}:
            _refuse(where, "has a field that no node has")
        content = value.get("content", [])
        if not isinstance(content, list):
            _refuse(f"{where}.content", "must be a list")
        node: Node = {"type": value["type"]}
        if attributes := _attributes(value.get("attrs"), where, drop_null=True):
            node["attrs"] = attributes
        if children := [self._node(each, f"{where}.content.{n}", depth + 1) for n, each in enumerate(content)]:
            node["content"] = joined(children)
        return node

    def _text(self, value: Mapping[str, Any], where: str) -> Node:
        text = value.get("text")
        if not isinstance(text, str) or not text or "\x00" in text:
            _refuse(where, "must hold text")
        if set(value) - {"type", "text", "marks"}:
            _refuse(where, "has a field that no text has")
        node: Node = {"type": "text", "text": text}
        marks = value.get("marks", [])
        if not isinstance(marks, list) or len(marks) > 100:
            _refuse(f"{where}.marks", "must be a list of at most 100 marks")
        if marks:
            checked = [_mark(mark, f"{where}.marks.{number}") for number, mark in enumerate(marks)]
            node["marks"] = sorted(checked, key=mark_rank)
        return node


def _mark(value: object, where: str) -> Node:
    if not isinstance(value, dict) or set(value) - {"type", "attrs"}:
        _refuse(where, "must be a mark")
    name = value.get("type")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or "--" in name:
        _refuse(where, "needs a type")
    attributes = _attributes(value.get("attrs"), where, drop_null=False)
    return {"type": name, "attrs": attributes} if attributes else {"type": name}


def _attributes(value: object, where: str, *, drop_null: bool) -> Node:
    if value is None:
        return {}
    if not isinstance(value, dict):
        _refuse(f"{where}.attrs", "must be an object")
    _check(value, f"{where}.attrs")
    return {name: each for name, each in value.items() if each is not None or not drop_null}


def _check(value: object, where: str, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        _refuse(where, f"is nested deeper than {MAX_DEPTH}")
    match value:
        case str() if "\x00" in value:
            _refuse(where, "holds a NUL character")
        case int() if abs(value) > _SAFE_INTEGER:
            _refuse(where, "holds an integer beyond 53 bits")
        case dict():
            for name, each in value.items():
                _check(name, where)
                _check(each, where, depth + 1)
        case list():
            for each in value:
                _check(each, where, depth + 1)


def _refuse(where: str, reason: str) -> NoReturn:
    field = where[:100] or "body"
    raise Invalid(f"{field} {reason}.", details=[{"field": field, "message": reason, "type": "value_error"}])
