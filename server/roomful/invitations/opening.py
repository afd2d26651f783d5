"""Mails of invitations at the start of a process: sent only where the settings name a mail server."""

from typing import TYPE_CHECKING

from roomful.runtime import Runtime

if TYPE_CHECKING:
    from roomful.inbox.mail.smtp import MailServer


def open_mailing(runtime: Runtime, server: "MailServer | None") -> None:
    """Begin to send the mails of invitations, if the settings name a server."""
    settings = runtime.settings
    if server is None or settings.mail_from is None or settings.public_url is None:
        return  # the settings name all three or none
    # Imported only with a mail server, as `inbox.mail.opening` does.
    from roomful.inbox.mail.digest import MailAddresses
    from roomful.invitations.mailing import InvitationMailer

    addresses = MailAddresses(sender=settings.mail_from, public_url=settings.public_url)
    runtime.loops.run("mails of invitations", InvitationMailer(runtime, server, addresses).run())
