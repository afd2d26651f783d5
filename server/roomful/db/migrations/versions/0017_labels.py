"""Labels of projects, made of those that tasks have now"""

import secrets
from collections import Counter
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from roomful.ids import new_id
from roomful.projects.label_names import key_of, pick_colours, unique

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BATCH = 500

_time = sa.DateTime(timezone=True)
_project = sa.table("project", sa.column("id", sa.String))
_task = sa.table("task", *(sa.column(name, sa.String) for name in ("id", "project_id")), sa.column("labels", sa.JSON))
_label = sa.table(
    "label",
    *(sa.column(name, sa.String) for name in ("id", "project_id", "name", "key", "color")),
    sa.column("version", sa.Integer),
    *(sa.column(name, _time) for name in ("created_at", "updated_at")),
)


def upgrade() -> None:
    """A new table. Nodes of the version before go on beside this one; labels that only they have given have no row."""
    op.create_table(
        "label",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column(
            "key",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("color", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("updated_at", _time, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_label_project_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("project_id", "key", name=op.f("uq_label_project_id_key")),
    )
    _fill()
    # Snapshots hold labels now, which no event tells of: open boards load them anew. Offsets and events stay.
    renew = sa.text("UPDATE channel SET epoch = :epoch WHERE name LIKE 'project:%'")
    op.get_bind().execute(renew, {"epoch": secrets.token_hex(8)})


def _fill() -> None:
    connection, last = op.get_bind(), ""
    while True:
        page = sa.select(_project.c.id).where(_project.c.id > last).order_by(_project.c.id).limit(BATCH)
        projects = list(connection.scalars(page))
        if not projects:
            return
        for project in projects:
            _fill_project(project)
        last = projects[-1]


def _fill_project(project: str) -> None:
    """Names that differ in case alone become one label, as most tasks spell it. The labels of most tasks come first."""
    connection = op.get_bind()
    is_labelled = sa.cast(_task.c.labels, sa.Text) != "[]"
    rows = connection.execute(
        sa.select(_task.c.id, _task.c.labels).where(_task.c.project_id == project, is_labelled).order_by(_task.c.id)
    )
    labels_of = {row.id: row.labels for row in rows.all()}
    spellings = Counter(name for labels in labels_of.values() for name in labels)
    names = unique([name for name, _ in spellings.most_common()])
    if not names:
        return
    at, colours = datetime.now(UTC), pick_colours(Counter(), len(names))
    connection.execute(
        sa.insert(_label),
        [
            {
                "id": new_id(),
                "project_id": project,
                "name": name,
                "key": key_of(name),
                "color": color,
                "version": 1,
                "created_at": at,
                "updated_at": at,
            }
            for name, color in zip(names, colours, strict=True)
        ],
    )
    by_key = {key_of(name): name for name in names}
    spelled = {id_: [by_key[key_of(name)] for name in unique(labels)] for id_, labels in labels_of.items()}
    changed = [{"task": id_, "labels": labels} for id_, labels in spelled.items() if labels != labels_of[id_]]
    if changed:
        connection.execute(sa.update(_task).where(_task.c.id == sa.bindparam("task")), changed)
