import random
from datetime import UTC, datetime
from itertools import pairwise

from roomful.columns.places import place_beside, place_of_new
from roomful.columns.schemas import ColumnPatch
from roomful.projects.columns import first_columns
from roomful.projects.schemas import Column
from roomful.tasks.positions import MAX_POSITION_CHARS

AT = datetime(2026, 7, 16, tzinfo=UTC)


def moved(columns: list[Column], others: object) -> list[Column]:
    assert isinstance(others, dict)
    return [each.model_copy(update={"position": others.get(each.id, each.position)}) for each in columns]


def in_order(columns: list[Column]) -> list[Column]:
    return sorted(columns, key=lambda column: (column.position, column.id))


def test_moves_and_new_columns_keep_the_order_they_ask_for() -> None:
    """A thousand of them: positions stay short, since columns around a crowded gap make room."""
    rng = random.Random(3)
    columns = first_columns(AT)
    for number in range(1_000):
        names = [column.id for column in columns]
        if len(columns) < 8:
            place = place_of_new(columns, "in_progress")
            column = columns[0].model_copy(update={"id": f"new {number}", "category": "in_progress"})
            last = max(index for index, each in enumerate(columns) if each.category == "in_progress")
            names.insert(last + 1, column.id)
        else:
            column, neighbour = columns[rng.choice([2, 3])], columns[4]
            found = place_beside(columns, column, ColumnPatch(before=neighbour.id))
            names.remove(column.id)
            names.insert(names.index(neighbour.id), column.id)
            if found is None:
                assert names == [each.id for each in columns]
                continue
            place = found
        rest = [each for each in moved(columns, dict(place.others)) if each.id != column.id]
        columns = in_order([*rest, column.model_copy(update={"position": place.position})])
        assert [each.id for each in columns] == names
        assert all(left.position < right.position for left, right in pairwise(columns))
        assert max(len(each.position) for each in columns) <= MAX_POSITION_CHARS
        if rng.random() < 0.1:
            columns = [each for each in columns if not each.id.startswith("new") or rng.random() < 0.7]


def test_beside_itself_or_where_it_is_changes_nothing() -> None:
    first, second, third = columns = first_columns(AT)
    for column, patch in (
        (second, ColumnPatch(after=first.id)),
        (second, ColumnPatch(before=third.id)),
        (second, ColumnPatch(before=second.id)),
        (second, ColumnPatch(name="Doing")),
    ):
        assert place_beside(columns, column, patch) is None
