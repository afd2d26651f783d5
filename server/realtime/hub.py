"""This process's channels."""

from server.realtime.publication import Message


class Hub:
    def dispatch(self, message: Message) -> None:
        """Deliver a message to this process's subscriptions. Synchronous."""
