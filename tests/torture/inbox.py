"""The inbox of a trial: a person who reads nothing, the connections that follow their channel, and their mail."""

import asyncio
import re
import time
from dataclasses import dataclass

import httpx

from roomful.channels import user_channel
from tests.support.api import API, Json
from tests.support.mail import Mailbox, text_of
from tests.torture.cluster import Cluster
from tests.torture.history import Gap, InboxRecord, Mail
from tests.torture.links import Reset
from tests.torture.readers import Kind, Reader
from tests.torture.rows import InboxRows, read_inbox

INBOX_KINDS = (Kind("inbox", "steady"), Kind("inbox", "drops"))
LEASE_SECONDS = 90.0
"""Longer than the lease that a killed process leaves on its mail, and the rounds that find its end."""

_MESSAGE_ID = re.compile(r"<digest\.([0-9a-f]+)@")
_TASK = re.compile(r"/tasks/([0-9a-f-]{36})")


class InboxReader(Reader):
    """Follows a person's own channel. After a gap it takes the list again, as the board does."""

    async def take_snapshot(self) -> Json:
        """All entries, and the place in the channel from which they are kept up to date."""
        first = answer = await self._ask("/notifications?limit=200")
        entries: list[Json] = answer.json()
        while (further := _further(answer)) is not None:
            answer = await self._ask(further)
            entries += answer.json()
        stream = {"offset": int(first.headers["X-Stream-Offset"]), "epoch": first.headers["X-Stream-Epoch"]}
        return {"stream": stream, "entries": entries}

    async def _take_reset(self, reset: Reset) -> None:
        self.trail.resets += 1
        self.trail.epochs.add(reset.epoch)
        # The list may hold more than the events up to there: those that follow say it again.
        entries = (await self.take_snapshot())["entries"]
        self.trail.gaps.append(Gap(self.offset, reset.offset, entries))
        self.offset = max(self.offset, reset.offset)


@dataclass(frozen=True, slots=True)
class Inbox:
    cluster: Cluster
    person_id: str
    email: str
    mailbox: Mailbox
    readers: list[InboxReader]

    async def settle(self, seconds: float) -> list[str]:
        """Wait until all is told, followed and mailed, when nobody writes any more; what is not in time, in words.

        What a node has written under a wrong clock, or left on lease, is found within ten minutes or by a node's start.
        So the nodes are restarted once when the time is over.
        """
        late = await self._wait(seconds)
        if late:
            for node in self.cluster.nodes:
                await node.server.restart()
            late = await self._wait(LEASE_SECONDS)
        return late

    async def record(self) -> InboxRecord:
        rows = await self._rows()
        for reader in self.readers:
            reader.trail.final = await reader.take_snapshot()
        mails = [
            Mail(_only(_MESSAGE_ID, str(mail["Message-ID"])), frozenset(_TASK.findall(text_of(mail))))
            for mail, recipient in zip(self.mailbox.mails, self.mailbox.recipients, strict=True)
            if recipient == self.email
        ]
        trails = [reader.trail for reader in self.readers]
        return InboxRecord(user_channel(self.person_id), rows.epoch, rows.log, trails, mails)

    async def _wait(self, seconds: float) -> list[str]:
        ends_at = time.monotonic() + seconds
        while True:
            late = self._late(await self._rows())
            if not late or time.monotonic() > ends_at:
                return late
            await asyncio.sleep(0.5)

    def _late(self, rows: InboxRows) -> list[str]:
        head = len(rows.log)
        late = [f"{each.trail.name} is at {each.offset} of {head}" for each in self.readers if each.offset < head]
        if rows.untold:
            late.append(f"{rows.untold} entries of the inbox are not told")
        if rows.mailed < head:
            late.append(f"mail is at {rows.mailed} of {head}")
        return late

    async def _rows(self) -> InboxRows:
        return await read_inbox(self.cluster.database_url, self.person_id)


def _further(answer: httpx.Response) -> str | None:
    if "next" not in answer.links:
        return None
    return answer.url.join(answer.links["next"]["url"]).raw_path.decode().removeprefix(API)


def _only(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    assert found is not None, f"{text} is no id of a digest"
    return found.group(1)
