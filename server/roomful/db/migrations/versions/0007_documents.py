"""Documents"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables only: a node of the version before goes on beside this one, and its deletions cascade into them."""
    time = sa.DateTime(timezone=True)
    op.create_table(
        "document",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("updated_at", time, nullable=False),
        sa.Column("deleted_at", time, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_document_created_by")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_document_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_document_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("task_id", name=op.f("uq_document_task_id")),
    )
    op.create_index("ix_document_project_id_id", "document", ["project_id", "id"])
    _partial_index("ix_document_deleted", "document", "deleted_at", "deleted_at IS NOT NULL")
    op.create_table(
        "room",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("generation", sa.String(length=16), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("state_bytes", sa.Integer(), nullable=False),
        sa.Column("update_bytes", sa.Integer(), nullable=False),
        sa.Column("edited_at", time, nullable=True),
        sa.Column("dirty_since", time, nullable=True),
        sa.Column("dirty_by", sa.JSON(), nullable=False),
        sa.Column("unversioned_since", time, nullable=True),
        sa.Column("unversioned_by", sa.JSON(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["document.id"], name=op.f("fk_room_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
    )
    _partial_index("ix_room_unfolded", "room", "edited_at", "head > base")
    _partial_index("ix_room_dirty", "room", "dirty_since", "dirty_since IS NOT NULL")
    _partial_index("ix_room_unversioned", "room", "edited_at", "unversioned_since IS NOT NULL")
    op.create_table(
        "room_state",
        sa.Column("room_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_state_room_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_room_state")),
    )
    op.create_table(
        "room_update",
        sa.Column("room_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("user_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_update_room_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "number", name=op.f("pk_room_update")),
    )
    op.create_table(
        "room_version",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=36), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=True),
        sa.Column("trigger", sa.String(length=10), nullable=False),
        sa.Column("changes_by", sa.JSON(), nullable=False),
        sa.Column("triggered_by", sa.String(length=36), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_version_room_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_version")),
    )
    op.create_index("ix_room_version_room_id_id", "room_version", ["room_id", "id"])
    op.create_table(
        "room_version_state",
        sa.Column("version_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["room_version.id"], name=op.f("fk_room_version_state_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_room_version_state")),
    )


def _partial_index(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
