"""Trash of tasks, and histories"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    _index("ix_task_deleted", "task", ["deleted_at"], "deleted_at IS NOT NULL")
    _index("ix_task_trash", "task", ["project_id", "deleted_at", "id"], "deleted_at IS NOT NULL")
    # Null in events of before, and of nodes of the version before: their table is not rewritten for it.
    op.add_column("event", sa.Column("subject_id", sa.String(length=36), nullable=True))
    _index("ix_event_subject", "event", ["subject_id", "offset"], "subject_id IS NOT NULL")


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
