"""Renames in batches"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("member", sa.Column("former_name", sa.String(length=100), nullable=True))
    is_renamed = sa.text("former_name IS NOT NULL")
    op.create_index("ix_member_renamed", "member", ["user_id"], sqlite_where=is_renamed, postgresql_where=is_renamed)
