"""Between Yjs and what programs read and write: ProseMirror's JSON, and plain text."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from roomful.documents.changes import Format, requested_change
from roomful.documents.copies import Changed, bring_back, merge_change, merge_into_copy
from roomful.errors import Conflict, Invalid
from roomful.richtext.json_reader import read_document
from roomful.richtext.merge import merge_blocks
from roomful.richtext.nodes import Node, paragraph
from roomful.richtext.plain_root import Mode
from roomful.richtext.tree import blocks_of, empty_document, json_of, loaded, text_of

RICH: list[Node] = [
    {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "Flügplän €😀"}]},
    {"type": "paragraph"},
    {
        "type": "paragraph",
        "content": [
            {"type": "text", "text": "Größe "},
            {"type": "text", "text": "wiegt", "marks": [{"type": "bold"}, {"type": "italic"}]},
            {"type": "hardBreak"},
            {
                "type": "text",
                "text": "here",
                "marks": [{"type": "link", "attrs": {"href": "https://x", "title": None}}],
            },
            {"type": "mention", "attrs": {"id": "u1", "label": "Ada"}},
        ],
    },
    {
        "type": "taskList",
        "content": [
            {"type": "taskItem", "attrs": {"checked": True}, "content": [{"type": "paragraph"}]},
            {
                "type": "taskItem",
                "attrs": {"checked": False},
                "content": [{"type": "paragraph", "content": [{"type": "text", "text": "pack"}]}],
            },
        ],
    },
    {"type": "horizontalRule"},
    {"type": "callout", "attrs": {"nested": {"a": [1, True, None, 2.5, "z"]}}},
]


def write(updates: Sequence[bytes], blocks: list[Node]) -> Changed:
    """Without a look at the schema, which doesn't know all of them."""
    return merge_change(updates, updates, lambda doc: merge_blocks(doc, blocks_of(doc), blocks))


def patch(updates: Sequence[bytes], body: str | bytes, format: Format, mode: Mode = "merge") -> Changed:
    change = requested_change(format, mode, body.encode() if isinstance(body, str) else body)
    return change.make(updates, updates)


def say(updates: Sequence[bytes], text: str, mode: Mode = "merge") -> Changed:
    return patch(updates, text, "text", mode)


def read(*updates: bytes) -> list[Node]:
    return blocks_of(loaded(updates, 0))


def text(*updates: bytes) -> str:
    return text_of(loaded(updates, 0))


def test_a_new_document_is_one_empty_paragraph() -> None:
    doc = loaded([empty_document()], 0)
    assert json_of(doc) == {"type": "doc", "content": [{"type": "paragraph"}]}
    assert text(empty_document()) == ""
    [block] = doc.get("default", type=XmlFragment).children
    assert [type(child) for child in block.children] == [XmlText]  # which all who begin to type share


def test_what_was_written_is_read() -> None:
    seed = empty_document()
    changed = write([seed], RICH)
    assert read(seed, changed.update) == RICH
    assert text(seed, changed.update) == "Flügplän €😀\n\nGröße wiegt\nhere@Ada\n\npack\n"
    assert write([seed, changed.update], RICH).update == b""
    assert changed.before == seed


def test_marks_that_overlap_themselves() -> None:
    """As comments do: Yjs keeps one format of a name, so each gets a name of its own, which is not shown."""
    marks = [{"type": "comment", "attrs": {"id": id_}} for id_ in ("c1", "c2")]
    blocks: list[Node] = [{"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": marks}]}]
    update = write([empty_document()], blocks).update
    assert read(empty_document(), update) == blocks
    [run] = loaded([empty_document(), update], 0).get("default", type=XmlFragment).children[0].children
    assert [name[:-8] for _, formats in run.diff() for name in formats] == ["comment--", "comment--"]


def test_blocks_that_stay_are_not_touched() -> None:
    """Somebody types in the first block and in the last while the ones between are replaced."""
    seed = empty_document()
    rich = write([seed], RICH).update
    typist = loaded([seed, rich], 5)
    typist.get("default", type=XmlFragment).children[0].children[0].insert(0, "My ")
    changed = write([seed, rich], [RICH[0], paragraph("new"), *RICH[3:]])
    typist.apply_update(changed.update)
    assert text_of(typist).splitlines() == ["My Flügplän €😀", "new", "", "pack"]


def test_plain_text_leaves_blocks_that_say_the_same() -> None:
    seed = empty_document()
    rich = write([seed], RICH).update
    changed = say([seed, rich], "Flügplän €😀\n\nanother\nline\n\npack\n").update
    after = read(seed, rich, changed)
    assert after[0] == RICH[0]
    assert after[-3:] == RICH[-3:]
    assert text(seed, rich, changed) == "Flügplän €😀\n\nanother\nline\n\npack\n"
    assert say([seed, rich, changed], "Flügplän €😀\r\n\r\nanother\r\nline\n\npack\n").update == b""


def test_random_texts_are_read_as_they_were_written() -> None:
    chance = random.Random(13)
    updates = [empty_document()]
    for _ in range(200):
        goal = "\n".join(chance.choice(["", "a", "b", "€😀", "a b"]) for _ in range(chance.randint(1, 7)))
        update = say(updates, goal).update
        updates += [update] if update else []
        assert text(*updates) == goal


def test_before_and_after_what_is_there() -> None:
    updates = [empty_document()]
    for words, mode, expected in (
        ("b", "append", "b"),
        ("c\nd", "append", "b\nc\nd"),
        ("a", "prepend", "a\nb\nc\nd"),
        ("", "replace", ""),
        ("z", "prepend", "z"),
    ):
        updates.append(say(updates, words, mode).update)  # type: ignore[arg-type]
        assert text(*updates) == expected
    assert read(*updates) == [{"type": "paragraph", "content": [{"type": "text", "text": "z"}]}]


def plain_document(words: str) -> bytes:
    doc: Doc = Doc(client_id=3)  # type: ignore[type-arg]
    doc.get("default", type=Text).insert(0, words)
    return doc.get_update()


def test_a_document_that_is_plain_text() -> None:
    """As an editor for code makes it."""
    state = plain_document("héllo wörld")
    assert text(state) == "héllo wörld"
    assert json_of(loaded([state], 0))["content"] == [
        {"type": "paragraph", "content": [{"type": "text", "text": "héllo wörld"}]}
    ]
    changed = say([state], "héllo €😀 wörld").update
    assert len(changed) < 40
    assert text(state, changed) == "héllo €😀 wörld"
    for mode, expected in (("append", "héllo wörld\n!"), ("prepend", "!\nhéllo wörld")):
        assert text(state, say([state], "!", mode).update) == expected  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        patch([state], msgspec.json.encode({"type": "doc", "content": [paragraph("x")]}), "json")


def test_content_of_other_roots_is_no_text() -> None:
    doc: Doc = Doc(client_id=3)  # type: ignore[type-arg]
    doc.get("other", type=Text).insert(0, "x")
    assert text(doc.get_update()) == ""
    assert read(b"") == []


def test_text_among_blocks_and_depths_that_no_editor_makes_are_read() -> None:
    doc: Doc = Doc(client_id=3)  # type: ignore[type-arg]
    children = doc.get("default", type=XmlFragment).children
    children.append(XmlText("lost"))
    children.append(XmlElement("blockquote"))
    inside: Any = children[1]
    for _ in range(300):
        inside.children.append(XmlElement("blockquote"))
        inside = inside.children[0]
    state = doc.get_update()
    assert text(state).startswith("lost")
    assert msgspec.json.encode(read(state)).count(b"blockquote") == 101


def test_an_update_of_somebody_else() -> None:
    seed = empty_document()
    other = loaded([seed], 9)
    before = other.get_state()
    other.get("default", type=XmlFragment).children.append(XmlElement("heading"))
    first = other.get_update(before)
    assert read(seed, merge_into_copy([seed], first).update) == [{"type": "paragraph"}, {"type": "heading"}]
    assert merge_into_copy([seed, first], first).update == b""
    before = other.get_state()
    other.get("default", type=XmlFragment).children.append(XmlElement("codeBlock"))
    with pytest.raises(Conflict):
        merge_into_copy([seed], other.get_update(before))
    # Decoding the last one, arrays in arrays, would end the process.
    deep = b"\x01\x01\x05\x00\x08\x01\x01a\x01" + b"\x75\x01" * 50_000 + b"\x7e\x00"
    for garbage in (b"", b"x", b"\xff" * 30, b"\x01\x01\x01\x04\x01\x07default", deep):
        with pytest.raises(Invalid):
            merge_into_copy([seed], garbage)


def test_random_histories_come_back() -> None:
    """Each version of each of them, with the changes since merged and undone."""
    chance = random.Random(7)
    for _ in range(40):
        updates, kept = [empty_document()], []
        for step in range(12):
            blocks = read(*updates)
            kept.append((loaded(updates, 0).get_update(), [*blocks]))
            chance.shuffle(blocks)
            del blocks[chance.randint(1, 3) :]
            blocks.insert(chance.randint(0, len(blocks)), chance.choice(RICH))
            if update := write(updates, blocks).update:
                updates.append(update)
            if step % 4 == 3:
                state, said = chance.choice(kept)
                if update := bring_back(updates, state).update:
                    updates.append(update)
                assert read(*updates) == said


def test_restoring_merges_with_what_is_typed_meanwhile() -> None:
    seed = empty_document()
    first = say([seed], "one\ntwo").update
    version = loaded([seed, first], 0).get_update()
    second = say([seed, first], "one\nchanged").update
    typist = loaded([seed, first, second], 5)
    typist.get("default", type=XmlFragment).children[0].children[0].insert(3, " more")
    typist.apply_update(bring_back([seed, first, second], version).update)
    assert text_of(typist) == "one more\ntwo"
    assert bring_back([seed, first], version).update == b""


def test_a_plain_text_comes_back() -> None:
    state = plain_document("one")
    later = say([state], "two").update
    assert text(state, later, bring_back([state, later], state).update) == "one"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"),
        ("[]", "body"),
        ('{"type": "paragraph"}', "body"),
        ('{"type": "doc", "x": 1}', "body"),
        ('{"type": "doc", "content": 1}', "content"),
        ('{"type": "doc", "content": [1]}', "content.0"),
        ('{"type": "doc", "content": [{"type": "text", "text": "x"}]}', "content.0"),
        ('{"type": "doc", "content": [{"type": "a b"}]}', "content.0"),
        (
            '{"type": "doc", "content": [{"type": "p", "content": [{"type": "text", "text": ""}]}]}',
            "content.0.content.0",
        ),
        ('{"type": "doc", "content": [{"type": "p", "attrs": {"a": 9007199254740993}}]}', "content.0.attrs"),
        ('{"type": "doc", "content": [{"type": "p", "attrs": []}]}', "content.0.attrs"),
        ('{"type": "doc", "content": [{"type": "p", "y": 1}]}', "content.0"),
        ('{"type": "doc", "content": [{"type": "p", "attrs": {"a": "\\u0000"}}]}', "content.0.attrs"),
        ('{"type": "doc", "content": [{"type": "p", "attrs": {"a": "\\ud800"}}]}', "body"),
        ('{"type": "doc", "content": [' + '{"type": "p", "content": [' * 50 + "]}" * 50 + "]}", "content.0"),
        ('{"type": "doc", "content": [' + '{"type": "p", "content": [' * 50_000 + "]}" * 50_000 + "]}", "body"),
    ],
)
def test_json_that_no_editor_could_show(body: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_document(body.encode())
    assert refused.value.details is not None
    assert str(refused.value.details[0]["field"]).startswith(field)


def test_json_of_an_editor() -> None:
    body = {"type": "doc", "content": [*RICH, {"type": "paragraph", "attrs": {"textAlign": None}}]}
    assert read_document(msgspec.json.encode(body)) == [*RICH, {"type": "paragraph"}]
