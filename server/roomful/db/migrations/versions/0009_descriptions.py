"""Descriptions that are documents"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Null for every task there is: a snapshot without it says the same, so channels keep their epochs."""
    op.add_column("task", sa.Column("document_id", sa.String(length=36), nullable=True))
    op.add_column("task", sa.Column("description_offset", sa.BigInteger(), nullable=True))
