"""Notifications"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables, and a column with a default: a node of the version before goes on beside this one.

    What it changes notifies nobody, and the memberships that it ends take their rows along.
    """
    time = sa.DateTime(timezone=True)
    op.add_column(
        "member",
        sa.Column("notification_level", sa.String(length=13), server_default="participating", nullable=False),
    )
    _partial_index("ix_member_wants_all", "member", ["project_id"], "notification_level = 'all'")
    op.create_table(
        "watch",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("is_watching", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_watch_task_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["member.project_id", "member.user_id"],
            name=op.f("fk_watch_project_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_id", "user_id", name=op.f("pk_watch")),
    )
    op.create_index("ix_watch_project_id_user_id", "watch", ["project_id", "user_id"])
    op.create_table(
        "notification",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("subject_type", sa.String(length=10), nullable=False),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("is_untold", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("told_offset", sa.BigInteger(), nullable=True),
        sa.Column("created_at", time, nullable=False),
        sa.Column("updated_at", time, nullable=False),
        sa.Column("listed_at", time, nullable=False),
        sa.Column("read_at", time, nullable=True),
        sa.Column("archived_at", time, nullable=True),
        sa.Column("snoozed_until", time, nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "user_id"],
            ["member.project_id", "member.user_id"],
            name=op.f("fk_notification_project_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint(
            "user_id",
            "project_id",
            "subject_type",
            "subject_id",
            name=op.f("uq_notification_user_id_project_id_subject_type_subject_id"),
        ),
        postgresql_with={"fillfactor": 50},
    )
    in_order = ["user_id", "listed_at", "id"]
    op.create_index("ix_notification_subject_id", "notification", ["subject_id"])
    _partial_index("ix_notification_kept", "notification", in_order, "archived_at IS NULL")
    _partial_index("ix_notification_archived", "notification", in_order, "archived_at IS NOT NULL")
    unread = "read_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL"
    _partial_index("ix_notification_unread", "notification", in_order, unread)
    _partial_index("ix_notification_snoozed", "notification", ["snoozed_until"], "snoozed_until IS NOT NULL")
    # Nothing before this has put anything into an inbox: the inbox's cursor begins at the present.
    op.execute(
        "INSERT INTO log_cursor (cursor, channel, position, fence, attempts) "
        "SELECT 'inbox', name, head, 0, 0 FROM channel WHERE name LIKE 'project:%'"
    )


def _partial_index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
