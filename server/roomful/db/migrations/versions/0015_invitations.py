"""Invitations"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table only: nodes of the version before go on beside this one."""
    time = sa.DateTime(timezone=True)
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("expires_at", time, nullable=False),
        sa.Column("withdrawn_at", time, nullable=True),
        sa.Column("mail_status", sa.String(length=10), nullable=True),
        sa.Column("mail_due_at", time, nullable=True),
        sa.CheckConstraint("role IN ('editor', 'viewer')", name=op.f("ck_invitation_role")),
        sa.CheckConstraint("uses BETWEEN 0 AND max_uses", name=op.f("ck_invitation_uses")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_invitation_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_invitation_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_index("ix_invitation_project_id_id", "invitation", ["project_id", "id"])
    op.create_index("ix_invitation_expires_at", "invitation", ["expires_at"])
    is_due = sa.text("mail_due_at IS NOT NULL")
    op.create_index(
        "ix_invitation_mail_due", "invitation", ["mail_due_at"], sqlite_where=is_due, postgresql_where=is_due
    )
