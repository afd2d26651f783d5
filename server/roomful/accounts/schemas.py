"""The JSON of sign-in."""

import unicodedata
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, field_validator, model_validator

from roomful.email_address import MAX_LENGTH as EMAIL_LENGTH
from roomful.email_address import normal_email
from roomful.identity.guessable import check_not_own, check_uncommon
from roomful.identity.passwords import MAX_LENGTH, MIN_LENGTH
from roomful.web.schemas import Body, Out, Visible

NAME_LENGTH = 100

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators


def _line(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= NAME_LENGTH:
        raise ValueError(f"must be 1 to {NAME_LENGTH} characters long")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise ValueError("must not contain control characters")
    return text


Email = Annotated[
    str,
    AfterValidator(normal_email),
    Field(examples=["ada@example.org"], json_schema_extra={"format": "email", "maxLength": EMAIL_LENGTH}),
]
PersonName = Annotated[
    str,
    AfterValidator(_line),
    Visible,
    Field(examples=["Ada Lovelace"], json_schema_extra={"minLength": 1, "maxLength": NAME_LENGTH}),
]


def _can_be_sent(password: str) -> str:
    """No request can hold a NUL; a file can, that is piped into a command."""
    if "\x00" in password:
        raise ValueError("must not hold a NUL character")
    return password


NewPassword = Annotated[
    str,
    Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH, examples=["a long line of your own"]),
    AfterValidator(_can_be_sent),
    AfterValidator(check_uncommon),
]


class Registration(Body):
    email: Email
    name: PersonName
    password: NewPassword
    invitation: Annotated[
        str | None,
        Field(max_length=200, description="The token of an invitation, which is accepted together with the account."),
    ] = None

    @field_validator("password")
    @classmethod
    def _is_not_own(cls, password: str, others: ValidationInfo) -> str:
        """Compares with earlier fields, as far as they are valid."""
        check_not_own(password, email=others.data.get("email", ""), name=others.data.get("name", ""))
        return password


class SignInForm(BaseModel):
    """OAuth2's password form (RFC 6749, 4.3.2). Its other fields are ignored, as 3.2 there asks."""

    grant_type: Literal["password"] = "password"
    username: Annotated[str, Field(description="The e-mail address.")]
    password: Annotated[str, Field(json_schema_extra={"format": "password"})]


class RefreshRequest(Body):
    refresh_token: str


class ProfileChanges(Body):
    """Absent fields stay as they are. A new `password` asks for the current one."""

    name: PersonName = Field(default_factory=str)
    password: NewPassword = Field(default_factory=str)
    current_password: str = Field(default_factory=str)

    @model_validator(mode="after")
    def _is_proven(self) -> Self:
        if self.password and not self.current_password:
            raise ValueError("current_password is needed to change the password")
        return self


class UserAnswer(Out):
    id: str
    email: str
    name: str
    role: Literal["admin", "user"]
    created_at: datetime


class TokenAnswer(Out):
    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: Annotated[int, Field(description="Seconds until the access token expires.")]
    refresh_token: str
    user: UserAnswer


class SessionAnswer(Out):
    id: str
    created_at: datetime
    last_used_at: Annotated[datetime, Field(description="When its tokens were last refreshed.")]
    user_agent: str
    current: Annotated[bool, Field(description="Whether it is the session that asks.")]


class TicketAnswer(Out):
    ticket: str
    expires_in: Annotated[int, Field(description="Seconds until the ticket expires.")]
