"""The bodies of requests about invitations, and of their answers."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from roomful.email_address import normal_email
from roomful.invitations.models import InvitedRole, MailStatus
from roomful.web.schemas import Body, Out

DAY_SECONDS = 86_400
DEFAULT_EXPIRY_SECONDS = 7 * DAY_SECONDS
MAX_EXPIRY_SECONDS = 90 * DAY_SECONDS
MAX_USES = 1_000


class NewInvitation(Body):
    """With `email` it serves the person with that address only, once, and is mailed where this server sends mail."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"role": "editor"}, {"role": "viewer", "email": "grace@example.org"}],
        }
    )

    role: InvitedRole
    email: Annotated[str, AfterValidator(normal_email)] | None = None
    expires_in: Annotated[int, Field(ge=1, le=MAX_EXPIRY_SECONDS, description="Seconds.")] = DEFAULT_EXPIRY_SECONDS
    max_uses: Annotated[int, Field(ge=1, le=MAX_USES, description="How many people it admits.")] = 1

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if self.email is not None and self.max_uses > 1:
            raise ValueError("an invitation with an address admits one person: max_uses must be 1")
        return self


class Invitation(Out):
    """An invitation as the project's owner sees it. `mail` is null where none is sent.

    A mail is `refused` when the mail server or the person takes none, or when its link can't be written any more: then
    send the link yourself.
    """

    id: str
    role: InvitedRole
    email: str | None
    max_uses: int
    uses: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    mail: MailStatus | None


class InvitationWithUrl(Invitation):
    """A new invitation. The server can't show `url` again."""

    url: Annotated[
        str,
        Field(
            description="The link to send: PUBLIC_URL/#/join/TOKEN; without PUBLIC_URL it begins with /.",
            examples=["https://board.example/#/join/3q2-7wXk…"],
        ),
    ]


class InvitationPreview(Out):
    """The part of an invitation that anybody with its token may read."""

    project_name: str
    role: InvitedRole
    invited_by: Annotated[str, Field(description="The name of the project's owner.")]
    address_required: Annotated[bool, Field(description="Whether it serves only one address, which is not told.")]
