"""Verified addresses"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With a default of the database's own: a node of the version before may still make people beside this one.
    op.add_column("user", sa.Column("email_verified", sa.Boolean(), nullable=False, server_default=sa.false()))
    user = sa.table("user", sa.column("external_id"), sa.column("email_verified"))
    op.execute(sa.update(user).where(user.c.external_id.is_not(None)).values(email_verified=sa.true()))
