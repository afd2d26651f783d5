"""Three-way merge of blocks: the changes of two sides since a common text, of which no Yjs history is left."""

from collections.abc import Sequence

from pycrdt import Doc

from roomful.richtext.merge import merge_blocks
from roomful.richtext.nodes import Node
from roomful.richtext.tree import blocks_of, build, children_of, loaded


def merged_blocks(base: Sequence[Node], one: Sequence[Node], other: Sequence[Node]) -> list[Node]:
    """`base` with what both sides changed, each by words: merged as two editors' changes of one document would be."""
    start: Doc = Doc(client_id=1)  # type: ignore[type-arg]
    with start.transaction():
        for number, node in enumerate(base):
            build(children_of(start), number, node)
    state = start.get_update()
    updates = [state]
    for client_id, goal in ((2, one), (3, other)):
        side = loaded([state], client_id)
        old = blocks_of(side)
        with side.transaction():
            merge_blocks(side, old, goal)
        updates.append(side.get_update(start.get_state()))
    return blocks_of(loaded(updates, 4))
