"""Quotas"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotent_answer", sa.Column("body_bytes", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE idempotent_answer SET body_bytes = length(body) WHERE body IS NOT NULL")
    op.create_index("ix_idempotent_answer_user_id_body_bytes", "idempotent_answer", ["user_id", "body_bytes"])
    # Those of external tokens have no refresh token of ours; their rows stay until the token expires.
    op.execute("UPDATE sign_in SET generation = 0 WHERE user_agent = 'external identity provider'")
    op.create_index("ix_sign_in_revoked_at", "sign_in", ["revoked_at"])
