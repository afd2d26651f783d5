"""The bodies of requests for columns."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from roomful.projects.models import Category
from roomful.projects.schemas import Patch
from roomful.web.schemas import Body, Visible

COLOURS = ("gray", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
"""Names that boards draw to suit light and dark screens."""

ColumnName = Annotated[str, Field(min_length=1, max_length=60), Visible]
Color = Annotated[str, Field(pattern=f"^(#[0-9a-fA-F]{{6}}|{'|'.join(COLOURS)})$")]
WipLimit = Annotated[int, Field(ge=1, le=999)]
ColumnId = Annotated[str, Field(max_length=36)]


class NewColumn(Body):
    """A column to put after the last one of its category. `color` is a name such as `blue`, or `#rrggbb`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Review", "category": "in_progress", "color": "blue", "wip_limit": 3}]}
    )

    name: ColumnName
    category: Category
    color: Color | None = None
    wip_limit: WipLimit | None = None


class ColumnPatch(Patch):
    """`before` or `after` names another column of the project, and puts this one beside it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Ready"}, {"wip_limit": None}]})

    name: ColumnName = ""
    category: Category = "todo"
    color: Color | None = None
    wip_limit: WipLimit | None = None
    before: ColumnId | None = None
    after: ColumnId | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("say before or after, not both")
        return self

    def values(self) -> dict[str, object]:
        """The fields of the column that the request names; its place is not one."""
        return {name: value for name, value in self.given().items() if name not in ("before", "after")}
