"""Labels: what happens to them, and to the tasks that have them, each change with its event."""

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.db.functions import json_texts, texts_replaced, texts_without
from roomful.errors import Conflict, NotFound
from roomful.eventlog.typed_event import values_before
from roomful.labels.events import LabelBefore, LabelCreated, LabelDeleted, LabelId, LabelUpdated
from roomful.labels.schemas import LabelPatch, NewLabel
from roomful.projects.access import Access
from roomful.projects.label_names import key_of
from roomful.projects.labels import find_by_name, make_labels, save_labels
from roomful.projects.models import LABEL
from roomful.projects.schemas import Label
from roomful.tasks.models import TASK
from roomful.web.etag import Precondition


async def find_label(session: AsyncSession, project_id: str, label_id: str) -> Label:
    """Raises NotFound."""
    row = (await session.execute(_LABEL, {"project": project_id, "label": label_id})).one_or_none()
    if row is None:
        raise NotFound
    return Label.model_validate(row)


async def create_label(session: AsyncSession, access: Access, new: NewLabel) -> Label:
    """Raises Conflict in an archived project and for a name that another label has, LimitReached."""
    access.require_active()
    await _require_free(session, access, new.name)
    [label] = await make_labels(session, access, [new.name], new.color)
    await save_labels(session, access.project.id, [label])
    await access.record(session, LabelCreated(label=label))
    return label


async def change_label(
    session: AsyncSession, access: Access, label_id: str, patch: LabelPatch, if_match: Precondition
) -> Label:
    """Change its colour, or its name, or both; with a new name all its tasks have that.

    Raises NotFound, PreconditionFailed, Conflict in an archived project and for a name that another label has.
    """
    access.require_active()
    before = await find_label(session, access.project.id, label_id)
    if_match.require(before.version, before)
    changed = [name for name, value in patch.given().items() if getattr(before, name) != value]
    if not changed:
        return before
    label = before.model_copy(update={**patch.given(), "version": before.version + 1, "updated_at": now()})
    values = label.model_dump(include={*changed, "version", "updated_at"})
    if "name" in changed:
        await _require_free(session, access, label.name, but=label_id)
        values["key"] = key_of(label.name)
        names = {"project": access.project.id, "old": before.name, "new": label.name}
        await session.execute(_RENAME_IN_TASKS, names)
    await session.execute(_UPDATE, {"label": label_id, **values})
    previous = values_before(LabelBefore, before, changed)
    await access.record(session, LabelUpdated(label=label, changed=changed, previous=previous))
    return label


async def delete_label(session: AsyncSession, access: Access, label_id: str, if_match: Precondition) -> None:
    """Delete it, and take it off all its tasks.

    Raises NotFound, PreconditionFailed, Conflict in an archived project.
    """
    access.require_active()
    label = await find_label(session, access.project.id, label_id)
    if_match.require(label.version, label)
    await session.execute(_TAKE_OFF_TASKS, {"project": access.project.id, "old": label.name})
    await session.execute(_DELETE, {"label": label_id})
    await access.record(session, LabelDeleted(label=LabelId(id=label_id)))


async def _require_free(session: AsyncSession, access: Access, name: str, *, but: str | None = None) -> None:
    """Raises Conflict for the name of a label, unless that is `but` itself."""
    found = await find_by_name(session, access.project.id, name)
    if found is not None and found.id != but:
        raise Conflict(f"The project already has a label “{found.name}”.")


_ONE = LABEL.c.id == bindparam("label")
_LABEL = select(LABEL).where(LABEL.c.project_id == bindparam("project"), _ONE)
_UPDATE = update(LABEL).where(_ONE)
_DELETE = delete(LABEL).where(_ONE)
_worn = json_texts(TASK.c.labels).table_valued("value")
# One statement whatever the number of tasks, which quotas bound; rows of tasks without the label stay as they are.
_OF_LABEL = update(TASK).where(
    TASK.c.project_id == bindparam("project"), select(1).where(_worn.c.value == bindparam("old")).exists()
)
_RENAME_IN_TASKS = _OF_LABEL.values(labels=texts_replaced(TASK.c.labels, bindparam("old"), bindparam("new")))
_TAKE_OFF_TASKS = _OF_LABEL.values(labels=texts_without(TASK.c.labels, bindparam("old")))
