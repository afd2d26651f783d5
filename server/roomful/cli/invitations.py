"""Invitations, as a command makes them."""

from pydantic import ValidationError

from roomful.cli.database import ready_database, run
from roomful.errors import Invalid
from roomful.invitations import operator
from roomful.invitations.schemas import DAY_SECONDS, InvitationWithUrl, NewInvitation
from roomful.settings import Settings


def invite(
    settings: Settings, project_id: str, email: str | None, *, role: str, days: int, uses: int
) -> InvitationWithUrl:
    """Raises Invalid, NotFound, Conflict."""
    try:
        new = NewInvitation.model_validate(
            {"role": role, "email": email, "expires_in": days * DAY_SECONDS, "max_uses": uses}
        )
    except ValidationError as invalid:
        reasons = [error["msg"].removeprefix("Value error, ") for error in invalid.errors()]
        raise Invalid("; ".join(reasons)) from None

    async def work() -> InvitationWithUrl:
        async with ready_database(settings) as database, database.write() as session:
            invitation = await operator.invite(session, settings, project_id, new)
            await session.commit()
            return invitation

    return run(settings, work)
