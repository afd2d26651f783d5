"""The mail server: one message at a time, with a deadline, and a pause that grows while it is away."""

import logging
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20.0
"""For a message: less than a cursor gives its handler."""
FIRST_PAUSE_SECONDS = 5.0
MAX_PAUSE_SECONDS = 600.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MailRefused(Exception):
    """The server will never take this message for this address."""


class MailUnavailable(Exception):
    """The server can't be reached, or takes no message now."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.0f} s")
        self.seconds = seconds


@dataclass(slots=True)
class MailCounters:
    sent: int = 0
    refused: int = 0
    failures: int = 0


class MailServer:
    """`smtp://user:password@host:port`, with STARTTLS where it is offered, or `smtps://` with TLS from the start.

    A password goes out only after TLS has begun, unless the server is on this machine.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._is_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._is_tls else 25 if parts.username is None else 587)
        self._username = None if parts.username is None else unquote(parts.username)
        self._password = None if parts.password is None else unquote(parts.password)
        self._failures_in_a_row = 0
        self.counters = MailCounters()

    @property
    def is_up(self) -> bool:
        """Whether the newest attempt reached it."""
        return self._failures_in_a_row == 0

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Hand a message over. Raises MailRefused, MailUnavailable."""
        needs_tls = self._username is not None and self._host not in _LOOPBACK
        try:
            await aiosmtplib.send(
                message,
                sender=sender,
                recipients=[recipient],
                hostname=self._host,
                port=self._port,
                username=self._username,
                password=self._password,
                use_tls=self._is_tls,
                start_tls=False if self._is_tls else True if needs_tls else None,
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(each.code < 500 for each in error.recipients):
                raise self._away(error) from error
            raise self._refused(error) from error
        except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPNotSupported) as error:
            if getattr(error, "code", 550) < 500:
                raise self._away(error) from error
            raise self._refused(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError) as error:
            raise self._away(error) from error
        self._failures_in_a_row = 0
        self.counters.sent += 1

    def _refused(self, error: Exception) -> MailRefused:
        self._failures_in_a_row = 0
        self.counters.refused += 1
        logger.warning("a mail was refused", extra={"reason": type(error).__name__})
        return MailRefused(type(error).__name__)

    def _away(self, error: Exception) -> MailUnavailable:
        if self._failures_in_a_row == 0:
            logger.warning("mail can't be sent", extra={"reason": type(error).__name__})
        seconds = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures_in_a_row, 10))
        self._failures_in_a_row += 1
        self.counters.failures += 1
        return MailUnavailable(seconds)
