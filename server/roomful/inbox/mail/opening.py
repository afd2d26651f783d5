"""Mail at the start of a process: opened only where the settings name a server."""

from typing import TYPE_CHECKING

from roomful.inbox.mail.unsubscribing import UnsubscribeTokens
from roomful.runtime import Runtime

if TYPE_CHECKING:
    from roomful.inbox.mail.smtp import MailServer


def open_mail(runtime: Runtime, tokens: UnsubscribeTokens) -> "MailServer | None":
    """Begin to send mail, if the settings name a server."""
    settings = runtime.settings
    if settings.smtp_url is None or settings.mail_from is None or settings.public_url is None:
        return None  # the settings name all three or none
    # Imported only with a mail server: most installations have none, and start sooner.
    from roomful.inbox.mail.cursor import Mailer
    from roomful.inbox.mail.digest import MailAddresses
    from roomful.inbox.mail.smtp import MailServer

    server = MailServer(settings.smtp_url.get_secret_value())
    addresses = MailAddresses(sender=settings.mail_from, public_url=settings.public_url)
    runtime.cursors.append(Mailer(runtime, server, addresses, tokens).cursor())
    return server
