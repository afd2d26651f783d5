"""One form of an address"""

import logging

import sqlalchemy as sa
from alembic import op

from roomful.email_address import normal_email, unclaimed

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

logger = logging.getLogger(__name__)

_user = sa.table("user", sa.column("id", sa.String), sa.column("email", sa.String), sa.column("created_at"))


def upgrade() -> None:
    """Give each account the one form of its address. Where several have one address, the oldest account keeps it."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(_user.c.id, _user.c.email).order_by(_user.c.created_at, _user.c.id)).all()
    stored = {email for _, email in rows}
    owners: dict[str, str] = {}
    renamed: list[tuple[str, str]] = []
    marked: list[tuple[str, str]] = []
    for user_id, email in rows:
        address = _normal(email)
        if owners.setdefault(address, user_id) != user_id:
            mark = _free_mark(email, stored)
            stored.add(mark)
            marked.append((user_id, mark))
        elif address != email:
            renamed.append((user_id, address))
    # The marks first: a younger account may hold the very form that the older one is to get.
    for user_id, email in marked + renamed:
        connection.execute(sa.update(_user).where(_user.c.id == user_id).values(email=email))
    if marked:
        logger.warning(
            "%d accounts had the address of an older one and lost it: roomful user list --conflicts", len(marked)
        )


def _normal(email: str) -> str:
    try:
        return normal_email(email)
    except ValueError:
        return email  # found by it as before, though nobody could register it now


def _free_mark(email: str, stored: set[str]) -> str:
    number = 2
    while (mark := unclaimed(email, number)) in stored:
        number += 1
    return mark
