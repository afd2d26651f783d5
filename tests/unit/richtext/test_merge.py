"""Merging blocks into documents of Yjs."""

import random

from pycrdt import Doc, XmlText

from roomful.richtext import tree
from roomful.richtext.marks import formats_of
from roomful.richtext.merge import merge_blocks
from roomful.richtext.nodes import Node, joined, key, paragraph, text_node
from tests.support.rich_texts import Chance


def document(blocks: list[Node]) -> Doc:  # type: ignore[type-arg]
    doc: Doc = Doc(client_id=5)  # type: ignore[type-arg]
    with doc.transaction():
        for number, block in enumerate(blocks):
            tree.build(tree.children_of(doc), number, block)
    return doc


def merge(doc: Doc, goal: list[Node]) -> bytes:  # type: ignore[type-arg]
    """The update, or nothing."""
    seen: list[bytes] = []
    subscription = doc.observe(lambda event: seen.append(event.update))
    with doc.transaction():
        merge_blocks(doc, tree.blocks_of(doc), goal)
    doc.unobserve(subscription)
    return b"".join(seen)


def test_400_goals_are_reached_exactly() -> None:
    for seed in range(400):
        chance = Chance(seed)
        base = chance.blocks()
        goal = chance.changed(base)
        doc = document(base)
        assert merge(doc, base) == b"", seed
        merge(doc, goal)
        assert key(tree.blocks_of(doc)) == key(goal), seed
        assert merge(doc, goal) == b"", seed


def test_one_word_in_a_large_document_is_a_small_update() -> None:
    blocks = [paragraph(f"Line {number} of many, with some words") for number in range(300)]
    goal = [*blocks[:150], paragraph("Line 150 of many, with few words"), *blocks[151:]]
    assert len(merge(document(blocks), goal)) < 100


def test_texts_side_by_side() -> None:
    """Two people who begin to type in an empty paragraph make a text each."""
    doc = document([paragraph()])
    children = tree.children_of(doc)[0].children
    for words in ("ünder ", "", "the sea"):
        children.append(XmlText())
        children[len(children) - 1].insert(0, words)
    assert tree.blocks_of(doc) == [paragraph("ünder the sea")]
    assert merge(doc, [paragraph("ünder the sea")]) == b""
    goal: list[Node] = [
        {"type": "paragraph", "content": [text_node("Once ünde"), text_node("r tHe", [{"type": "bold"}])]}
    ]
    merge(doc, goal)
    assert tree.blocks_of(doc) == goal
    assert len(children) == 4  # with the one that the paragraph was made with


def test_an_emptied_line_takes_what_is_typed_meanwhile() -> None:
    doc = document([paragraph("old"), paragraph("b")])
    other = tree.loaded([doc.get_update()], 9)
    merge(doc, [paragraph(), paragraph("b")])
    tree.children_of(other)[0].children[0].insert(3, " new")
    doc.apply_update(other.get_update())
    assert tree.blocks_of(doc) == [paragraph(" new"), paragraph("b")]


def test_an_empty_line_has_one_run_for_all_who_begin_in_it() -> None:
    doc = document([paragraph("a")])
    merge(doc, [paragraph("a"), paragraph(), {"type": "blockquote", "content": [paragraph()]}])
    _, empty, quote = tree.children_of(doc)
    assert [len(empty.children), len(quote.children[0].children)] == [1, 1]
    assert merge(doc, tree.blocks_of(doc)) == b""


def test_text_goes_into_the_empty_run_that_an_editor_has_left() -> None:
    """Editors join two runs side by side, each of them anew, so that the text comes twice."""
    doc = document([paragraph("old"), {"type": "blockquote", "content": [paragraph("older")]}])
    merge(doc, [paragraph(), {"type": "blockquote", "content": [paragraph()]}])
    goal = [paragraph("new"), {"type": "blockquote", "content": [paragraph("newer")]}]
    merge(doc, goal)
    assert tree.blocks_of(doc) == goal
    first, quote = tree.children_of(doc)
    assert [len(first.children), len(quote.children[0].children)] == [1, 1]


def test_text_around_line_breaks_keeps_its_place_beside_empty_runs() -> None:
    """Editors leave empty runs anywhere: before, behind and between what a line holds."""
    chance = random.Random(31)
    line_break: Node = {"type": "hardBreak"}

    def line() -> Node:
        parts = [chance.choice([text_node("one"), text_node("two"), line_break]) for _ in range(chance.randint(0, 4))]
        return paragraph() | ({"content": joined(parts)} if parts else {})

    for number in range(500):
        base, goal = [line(), line()], [line(), line()]
        doc = document(base)
        for block in tree.children_of(doc):
            for _ in range(chance.randint(0, 3)):
                block.children.insert(chance.randint(0, len(block.children)), XmlText())
        merge(doc, goal)
        assert tree.blocks_of(doc) == goal, number


def test_typing_in_other_words_is_kept() -> None:
    chance = random.Random(1)
    words = [f"w{number}" for number in range(40)]
    doc = document([paragraph(" ".join(words))])
    other = tree.loaded([doc.get_update()], 9)
    run = tree.children_of(other)[0].children[0]
    run.insert(len("w0"), "-typed")
    merge(doc, [paragraph(" ".join(word if chance.random() < 0.5 or word == "w0" else "new" for word in words))])
    doc.apply_update(other.get_update())
    assert tree.text_of(doc).startswith("w0-typed ")


def test_marks_that_overlap_are_named_as_editors_name_them() -> None:
    """The name is the one that a Tiptap editor gave to this mark."""
    [name] = formats_of([{"type": "comment", "attrs": {"id": "c1"}}])
    assert name == "comment--1tiVU/zO"
