"""A digest: the mail about what is still unread, as text and HTML, in the thread of its subject."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from urllib.parse import quote, urlsplit

from roomful.db.base import now
from roomful.projects.notification_events import Notification

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
MAX_SUBJECT_CHARS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddresses:
    """Where mail comes from, and the address of the board, without a slash at its end."""

    sender: str
    public_url: str

    @property
    def domain(self) -> str:
        """In the ids of messages."""
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def sender_address(self) -> str:
        return parseaddr(self.sender)[1]

    def board(self, item: Notification) -> str:
        address = f"{self.public_url}/#/projects/{quote(item.project_id, safe='')}"
        return f"{address}/tasks/{quote(item.subject.id, safe='')}" if item.subject.type == "task" else address


def batch_id(channel: str, epoch: str, upto: int) -> str:
    """The same for every attempt at one batch, so that a repeated mail has the id of the first."""
    return hashlib.sha256(f"{channel}\n{epoch}\n{upto}".encode()).hexdigest()[:32]


def digest(
    items: Sequence[Notification], *, to: str, name: str, id: str, addresses: MailAddresses, unsubscribe_url: str
) -> EmailMessage:
    """One message about all of them. Those about one subject are a thread, and so are a person's other digests.

    No text of people can add a header: line breaks and other control characters are spaces. Raises NoMailAddress.
    """
    message = EmailMessage(policy=SMTP)
    display, sender = parseaddr(addresses.sender)
    message["From"] = Address(display_name=display or "Roomful", addr_spec=sender)
    message["To"] = recipient(to, name)
    message["Subject"] = _subject(items)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<digest.{id}@{addresses.domain}>"
    subjects = {(item.subject.type, item.subject.id) for item in items}
    root = ".".join(subjects.pop()) if len(subjects) == 1 else f"inbox.{hashlib.sha256(to.encode()).hexdigest()[:32]}"
    # The beginning of a thread is a message that nobody has been sent: mail programs need only its id.
    message["In-Reply-To"] = message["References"] = f"<{root}@{addresses.domain}>"
    message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(items, addresses, unsubscribe_url))
    message.add_alternative(_html(items, addresses, unsubscribe_url), subtype="html")
    return message


class NoMailAddress(Exception):
    """No mail can be written to this address, although an account may have it."""


def recipient(email: str, name: str = "") -> Address:
    """Raises NoMailAddress.

    Accounts may have addresses that RFC 5322 reads in another way, or not at all, such as `a,b@example.org`.
    """
    try:
        address = Address(display_name=one_line(name), addr_spec=email)
    except (ValueError, MessageError, AttributeError, IndexError) as error:  # whichever the parser stumbles over
        raise NoMailAddress from error
    if address.addr_spec != email:
        raise NoMailAddress
    return address


def one_line(text: str) -> str:
    return _BREAKS.sub(" ", text).strip()


def _subject(items: Sequence[Notification]) -> str:
    if len(items) == 1:
        text = f"[{items[0].project_name}] {items[0].subject.title}"
    else:
        projects = sorted({item.project_name for item in items})
        text = f"{len(items)} unread notifications in {', '.join(projects)}"
    line = one_line(text)
    return line if len(line) <= MAX_SUBJECT_CHARS else line[: MAX_SUBJECT_CHARS - 1] + "…"


def _sentence(item: Notification) -> str:
    who = one_line(item.actor_name or "") or "Somebody"
    match item.reason:
        case "mentioned":
            text = f"{who} mentioned you"
        case "assigned":
            text = f"{who} assigned it to you"
        case "replied":
            text = f"{who} replied to you"
        case "watching":
            text = f"{who} changed or discussed it"
        case "added":
            text = f"{who} added you to the project"
    return text if item.count == 1 else f"{text} ({item.count} events)"


def _text(items: Sequence[Notification], addresses: MailAddresses, unsubscribe_url: str) -> str:
    lines = ["You have not read this yet:", ""]
    for item in items:
        lines += [f"* {one_line(item.subject.title)} ({one_line(item.project_name)})", f"  {_sentence(item)}."]
        lines += [f"  {addresses.board(item)}", ""]
    return "\n".join([*lines, "--", f"No more mail: {unsubscribe_url}", ""])


def _html(items: Sequence[Notification], addresses: MailAddresses, unsubscribe_url: str) -> str:
    entries = "".join(
        f'<li style="margin:0 0 1em"><a href="{escape(addresses.board(item))}">'
        f"{escape(one_line(item.subject.title))}</a>"
        f" ({escape(one_line(item.project_name))})<br>{escape(_sentence(item))}.</li>"
        for item in items
    )
    return (
        '<!doctype html><html lang="en"><body style="font:16px/1.5 sans-serif"><p>You have not read this yet:</p>'
        f'<ul style="padding-left:1.2em">{entries}</ul>'
        f'<p style="font-size:13px"><a href="{escape(unsubscribe_url)}">No more mail</a></p></body></html>'
    )
