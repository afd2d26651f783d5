"""The events of labels."""

from pydantic import Field
from typing_extensions import TypedDict  # the one that Pydantic reads before Python 3.12

from roomful.eventlog.typed_event import TypedEvent
from roomful.projects.schemas import Label
from roomful.web.schemas import Out


class LabelCreated(TypedEvent):
    """A new label, without tasks. Labels that come with a task are in its event, as `new_labels`."""

    type = "label.created"
    label: Label


class LabelBefore(TypedDict, total=False):
    """Old values of the changed fields."""

    name: str
    color: str


class LabelUpdated(TypedEvent):
    """`changed` names the fields that have a new value, `previous` holds the old ones.

    With a new name all tasks that had the label have it in the same place, also those in the trash; they get no new
    version.
    """

    type = "label.updated"
    label: Label
    changed: list[str]
    previous: LabelBefore = Field(default_factory=LabelBefore)


class LabelId(Out):
    id: str


class LabelDeleted(TypedEvent):
    """A deleted label. No task has it any more; they get no new version."""

    type = "label.deleted"
    label: LabelId


EVENTS: tuple[type[TypedEvent], ...] = (LabelCreated, LabelUpdated, LabelDeleted)
"""In a project's channel."""
