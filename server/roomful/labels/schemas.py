"""The bodies of requests for labels."""

from typing import Annotated

from pydantic import ConfigDict, Field

from roomful.projects.label_names import COLOURS
from roomful.projects.schemas import Patch
from roomful.tasks.schemas import LabelName
from roomful.web.schemas import Body

LabelColor = Annotated[str, Field(pattern=f"^({'|'.join(COLOURS)})$")]


class NewLabel(Body):
    """A label that no task has yet. Without a `color` it gets the one that the project uses least."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "urgent", "color": "red"}]})

    name: LabelName
    color: LabelColor | None = None


class LabelPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "critical"}, {"color": "orange"}]})

    name: LabelName = ""
    color: LabelColor = ""
