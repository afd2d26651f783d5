"""Cursors"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table only: nodes of the version before go on beside this one."""
    op.create_table(
        "log_cursor",
        sa.Column("cursor", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=120), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["channel"], ["channel.name"], name=op.f("fk_log_cursor_channel"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cursor", "channel", name=op.f("pk_log_cursor")),
    )
    waits = sa.text("due_at IS NOT NULL")
    op.create_index("ix_log_cursor_due", "log_cursor", ["cursor", "due_at"], sqlite_where=waits, postgresql_where=waits)
