"""The port through which sessions ask who may open a document."""

from typing import Protocol

from roomful.rooms.grant import Grant


class Policy(Protocol):
    """Both raise AdmissionRefused. An ending of 4400 to 4499 is final; after others the client may come back.

    An unknown document is refused like a forbidden one, so that ids can't be probed.
    """

    async def admit(self, token: str, document_id: str, generation: str) -> Grant:
        """The token's person, and their right in this document. An empty `generation` means the present one."""

    async def review(self, grant: Grant, document_id: str) -> Grant:
        """The grant as it is now. Asked when access may have ended while the document was opened."""
