"""The mail that brings an invitation, as text and HTML."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from roomful.db.base import now
from roomful.inbox.mail.digest import MAX_SUBJECT_CHARS, MailAddresses, one_line, recipient
from roomful.invitations.models import InvitedRole

_MAY: dict[InvitedRole, str] = {"editor": "see and change everything in it", "viewer": "see everything in it"}


def invitation_mail(
    *,
    id: str,
    to: str,
    project_name: str,
    inviter_name: str,
    role: InvitedRole,
    expires_at: datetime,
    url: str,
    addresses: MailAddresses,
) -> EmailMessage:
    """The message, with the same id at every attempt. No name can add a header to it. Raises NoMailAddress."""
    inviter, project = one_line(inviter_name) or "Somebody", one_line(project_name)
    subject = f"{inviter} invites you to {project}"
    message = EmailMessage(policy=SMTP)
    display, sender = parseaddr(addresses.sender)
    message["From"] = Address(display_name=display or "Roomful", addr_spec=sender)
    message["To"] = recipient(to)
    message["Subject"] = subject if len(subject) <= MAX_SUBJECT_CHARS else subject[: MAX_SUBJECT_CHARS - 1] + "…"
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<invitation.{id.replace('-', '')}@{addresses.domain}>"  # short: long ones are folded
    message["Auto-Submitted"] = "auto-generated"
    sentence = f"{inviter} invites you to the project “{project}” as {_with_article(role)}: you can {_MAY[role]}."
    until = f"The link is for you alone, and works until {expires_at:%d %B %Y, %H:%M} UTC."
    otherwise = "If you don't know the sender, ignore this mail: nothing happens."
    message.set_content(f"{sentence}\n\n{url}\n\n{until}\n{otherwise}\n")
    message.add_alternative(
        '<!doctype html><html lang="en"><body style="font:16px/1.5 sans-serif">'
        f'<p>{escape(sentence)}</p><p><a href="{escape(url)}">See the invitation</a></p>'
        f'<p style="font-size:13px">{escape(until)}<br>{escape(otherwise)}</p></body></html>',
        subtype="html",
    )
    return message


def _with_article(role: InvitedRole) -> str:
    return "an editor" if role == "editor" else "a viewer"
