"""Documents as Markdown, HTML and text, and back."""

import pytest

from roomful.errors import Invalid
from roomful.richtext.carry import same_shape
from roomful.richtext.formats import markup_goal, read_markup, write_markup
from roomful.richtext.nodes import Node, key, lines_of, paragraph, text_node
from roomful.richtext.plain import plain_goal
from roomful.richtext.reading import Markup
from tests.support.rich_texts import Chance

SEEDS = range(40)
MARKUPS: tuple[Markup, ...] = ("markdown", "html")

HIDING = {"markdown": 157, "html": None}
"""The documents of chance with a block whose marks are hidden until it has other words."""

BOLD: Node = {"type": "bold"}
COMMENT: Node = {"type": "comment", "attrs": {"id": "c1"}}
CALLOUT: Node = {"type": "callout", "attrs": {"tone": "calm", "nested": {"a": [1, True, None]}}}


def markdown(*blocks: Node) -> str:
    return write_markup(blocks, "markdown")


@pytest.mark.parametrize("markup", MARKUPS)
def test_a_documents_own_text_is_no_change(markup: Markup) -> None:
    """Also as somebody else's: with a line end more, or by way of another document."""
    for seed in SEEDS:
        blocks = Chance(seed).blocks()
        text = write_markup(blocks, markup)
        assert key(markup_goal(blocks, text, markup)) == key(blocks), seed
        assert not text or key(markup_goal(blocks, f"{text}\n", markup)) == key(blocks), seed


@pytest.mark.parametrize("markup", MARKUPS)
def test_no_text_gets_lost_on_the_way(markup: Markup) -> None:
    for seed in SEEDS:
        blocks = Chance(seed).blocks()
        found = read_markup(write_markup(blocks, markup), markup)
        assert len(found) == len(blocks), seed
        assert all(map(same_shape, found, blocks)), seed


@pytest.mark.parametrize("markup", MARKUPS)
def test_what_a_program_wrote_is_what_stands_there(markup: Markup) -> None:
    for seed in SEEDS:
        chance = Chance(seed)
        base = chance.blocks()
        goal = read_markup(write_markup(chance.changed(base), markup), markup)
        found = markup_goal(base, write_markup(goal, markup), markup)
        assert len(found) == len(goal), seed
        assert all(map(same_shape, found, goal)), seed


@pytest.mark.parametrize("markup", MARKUPS)
def test_what_a_program_wrote_is_what_it_reads_again(markup: Markup) -> None:
    """The same marks, too; but a block whose marks were hidden keeps them, and may show them in its new words."""
    for seed in range(200):
        chance = Chance(seed)
        base = chance.blocks()
        goal = read_markup(write_markup(chance.changed(base), markup), markup)
        again = read_markup(write_markup(markup_goal(base, write_markup(goal, markup), markup), markup), markup)
        if key(again) != key(goal):
            assert seed == HIDING[markup], seed
            assert all(map(same_shape, again, goal))


def test_a_blank_at_the_end_of_a_mark_stands_behind_its_sign() -> None:
    block: Node = {"type": "paragraph", "content": [text_node("1.", [BOLD]), text_node(" ", [BOLD, COMMENT])]}
    assert markdown(block) == "**1.**&#32;\n"


def test_text_is_reached_exactly() -> None:
    for seed in SEEDS:
        chance = Chance(seed)
        base = chance.blocks()
        lines = [line for block in chance.changed(base) for line in lines_of(block)] or [""]
        goal = plain_goal(base, "\n".join(lines))
        assert "\n".join(line for block in goal for line in lines_of(block)) == "\n".join(lines), seed


def test_markdown_as_people_write_it() -> None:
    text = """# Flight *plan*

Wings, **wax**, ~~feathers~~ and [a map](https://example.com "Crete").

- [ ] wax
- [x] wings

3. up
4. down
   - not too high

> Stay between.

| what | how many |
| :--- | ---: |
| wings | 2 |

```python
fly()
```

---

Ask @[Ada](mention://user/u1) first.\\
Then go.
"""
    blocks = read_markup(text, "markdown")
    assert [block["type"] for block in blocks] == [
        "heading", "paragraph", "taskList", "orderedList", "blockquote", "table", "codeBlock", "horizontalRule",
        "paragraph",
    ]  # fmt: skip
    assert blocks[3]["attrs"] == {"start": 3}
    assert blocks[5]["content"][0]["content"][1]["attrs"]["align"] == "right"
    assert blocks[-1]["content"][1]["attrs"] == {"id": "u1", "label": "Ada", "mentionSuggestionChar": "@"}
    assert key(read_markup(write_markup(blocks, "markdown"), "markdown")) == key(blocks)


def test_what_markdown_has_no_words_for_survives_a_change_beside_it() -> None:
    marked = [text_node("Fly "), text_node("low", [COMMENT, {"type": "underline"}]), text_node(" over the sea")]
    block: Node = {"type": "paragraph", "attrs": {"textAlign": "center"}, "content": marked}
    assert markdown(block) == "Fly low over the sea\n"
    [changed] = markup_goal([block], "Fly low over **the** land\n", "markdown")
    assert changed["attrs"] == {"textAlign": "center"}
    assert changed["content"][1] == marked[1]
    assert changed["content"][3] == text_node("the", [BOLD])
    [inserted] = markup_goal([block], "Fly lo-o-ow over the sea\n", "markdown")
    assert inserted["content"][1]["text"] == "lo-o-ow"
    assert COMMENT in inserted["content"][1]["marks"]


@pytest.mark.parametrize("markup", MARKUPS)
def test_unknown_nodes_survive(markup: Markup) -> None:
    """Untouched, with a lost body, and edited."""
    base = [paragraph("a"), CALLOUT, paragraph("b")]
    text = write_markup(base, markup)
    assert key(markup_goal(base, text.replace("a", "A", 1) if markup == "markdown" else text, markup)[1]) == key(
        CALLOUT
    )
    broken = text.replace('{"type"', "{type").replace("{&quot;type", "{type")
    assert key(markup_goal(base, broken, markup)[1]) == key(CALLOUT)
    edited = text.replace("calm", "loud")
    assert markup_goal(base, edited, markup)[1]["attrs"]["tone"] == "loud"
    with pytest.raises(Invalid):
        markup_goal([paragraph("a")], broken, markup)


def test_html_of_a_hostile_page() -> None:
    page = """<html><head><title>no</title><style>p{}</style></head><body onload="x()">
    <script>alert(1)</script><p style="color:red" onclick="x()">Read <a href="java&#10;script:alert(1)">this</a>
    <a href="https://example.com">that</a> <img src=x onerror=alert(1)><img src="data:text/html,x" alt="pic"></p>
    <iframe src="https://evil"></iframe><form><input name=a><textarea>no</textarea><button>go</button></form>
    <svg><script>1</script></svg><math><mi>x</mi></math><div>loose <b>text<p>in bold</b> tail</div></body></html>"""
    blocks = read_markup(page, "html")
    written = write_markup(blocks, "html")
    for word in ("script", "alert", "onerror", "onclick", "color", "iframe", "data:", "no<"):
        assert word not in written
    assert "example.com" in written
    assert "this" in written
    deep = "<div>" * 5_000 + "x" + "</div>" * 5_000
    with pytest.raises(Invalid):
        read_markup(deep, "html")
    assert read_markup("", "html") == [paragraph()]


def test_markdown_that_is_nested_too_deep() -> None:
    with pytest.raises(Invalid):
        read_markup("> " * 200 + "x", "markdown")
    assert read_markup("", "markdown") == [paragraph()]
    assert read_markup("<script>alert(1)</script>", "markdown") == [paragraph("<script>alert(1)</script>")]
    assert read_markup("[x](javascript:alert)", "markdown") == [paragraph("[x](javascript:alert)")]


def test_a_changed_line_keeps_its_block_and_its_marks() -> None:
    item: Node = {"type": "listItem", "content": [{"type": "paragraph", "content": [text_node("State: ", [BOLD])]}]}
    item["content"][0]["content"].append(text_node("red"))
    mention: Node = {"type": "mention", "attrs": {"id": "u1", "label": "Ada"}}
    base: list[Node] = [
        {"type": "bulletList", "content": [item]},
        {"type": "horizontalRule"},
        {"type": "paragraph", "content": [text_node("By "), mention, text_node(" today")]},
    ]
    [bullets, rule, by, more] = plain_goal(base, "State: green\nBy @Ada now\nmore")
    line = bullets["content"][0]["content"][0]["content"]
    assert line == [text_node("State: ", [BOLD]), text_node("green")]
    assert rule == base[1]
    assert by["content"][1] == mention
    assert more == paragraph("more")


@pytest.mark.parametrize("run", [" ", "\t", "\u00a0", "#"])
def test_a_long_run_is_written_in_no_time(run: str) -> None:
    """Tried at each of its characters, these took 10 minutes."""
    text = "x" + run * 300_000 + "x"
    for block in (paragraph(text), {"type": "heading", "attrs": {"level": 1}, "content": [text_node(text[1:])]}):
        assert write_markup([block], "markdown").endswith("x\n")


@pytest.mark.parametrize("text", [" a ", "a \n b", "a\t\n\tb", "\u00a0a\u00a0", "a ##", "a \\##", "##", "a #b#", "#"])
def test_blanks_and_hashes_at_the_ends_are_kept(text: str) -> None:
    for block in (paragraph(text), {"type": "heading", "attrs": {"level": 2}, "content": [text_node(text)]}):
        written = write_markup([block], "markdown")
        assert "roomful" not in written, "as Markdown, not as a fence"
        assert key(read_markup(written, "markdown")[0]) == key(block)
