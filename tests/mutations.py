"""Hand mutations of the engine: each breaks one rule in its text, and the tests named with it must fail.

    python -m tests.mutations [NAME…]

Exit code 1 when a mutation survives, or no longer applies to the text. docs/mutations.md says what each stands for.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("server", "client_demo", "tests", "pyproject.toml")
SECONDS = 300


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` stands once in `server/roomful/realtime/` + `file`, and becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MUTATIONS = (
    Mutation(
        "repeated events are delivered",
        "channel.py",
        "if message.offset <= position.offset:",
        "if message.offset < position.offset:",
        "test_channel.py",
    ),
    Mutation(
        "another event at an offset is taken for the same",
        "channel.py",
        "if delivered.data not in (None, message.data):",
        "if delivered.data is None:",
        "test_channel.py",
    ),
    Mutation(
        "a gap is not noticed",
        "channel.py",
        "if message.offset > position.offset + 1:",
        "if message.offset > position.offset + 9:",
        "test_channel.py",
    ),
    Mutation(
        "early events are not held",
        "channel.py",
        "        self.held[publication.offset] = publication\n",
        "",
        "test_channel.py",
    ),
    Mutation(
        "held events are not bounded",
        "channel.py",
        "if len(self.held) >= HELD_LIMIT or",
        "if len(self.held) > HELD_LIMIT * 2 or",
        "test_channel.py",
    ),
    Mutation(
        "held events are not bounded by bytes",
        "channel.py",
        " or self._held_bytes + size > HELD_BYTES:",
        ":",
        "test_channel.py",
    ),
    Mutation(
        "the tail is not bounded by bytes",
        "channel.py",
        " or self._tail_bytes > TAIL_BYTES:",
        ":",
        "test_channel.py",
    ),
    Mutation(
        "the tail is off by one",
        "channel.py",
        "if count > len(self.tail):",
        "if count > len(self.tail) + 1:",
        "test_channel.py",
    ),
    Mutation(
        "the tail outlives its history",
        "channel.py",
        "        self.doubted = None\n        self._forget_tail()\n",
        "        self.doubted = None\n",
        "test_channel.py",
    ),
    Mutation(
        "the sweep is disabled",
        "hub.py",
        "        before, channel.swept_head = channel.swept_head, head\n",
        "        return\n",
        "test_session.py::test_lost_last_event_is_found_by_the_sweep",
    ),
    Mutation(
        "the head is read before the broker is asked",
        "hub.py",
        "        channel.is_asked_for = True\n        await self._known_broker().subscribe(channel.name)\n",
        "        channel.is_asked_for = True\n        asked = self._known_broker().subscribe(channel.name)\n"
        "        asyncio.get_running_loop().call_later(0.05, lambda: self._crew.spawn(asked))\n",
        "test_hub.py",
    ),
    Mutation(
        "the limit of recovery is ignored",
        "hub.py",
        "given = fitting(found[:limit], max_bytes)",
        "given = fitting(found, max_bytes)",
        "test_hub.py",
    ),
    Mutation(
        "the bytes of a recovery are not bounded",
        "hub.py",
        "given = fitting(found[:limit], max_bytes)",
        "given = found[:limit]",
        "test_hub.py",
    ),
    Mutation(
        "the epoch of a position is ignored",
        "hub.py",
        "if since.epoch and since.epoch != _position(channel).epoch:",
        "if False:",
        "test_session.py::test_recovery_that_would_have_a_hole_gives_nothing",
    ),
    Mutation(
        "a replaced history is not told",
        "hub.py",
        "            subscription.owner.subscription_reset(subscription, head)\n",
        "            pass\n",
        "test_session.py::test_replaced_history_makes_the_client_subscribe_again",
    ),
    Mutation(
        "a signal's project is not followed",
        "hub.py",
        "            await self.open(subscription.guard)\n",
        "            pass\n",
        "test_session.py::test_losing_access_while_subscribing_lets_nobody_in",
    ),
    Mutation(
        "one crowd makes many reads",
        "hub.py",
        "await self._shared.call((channel.name, after, limit), read)",
        "await read()",
        "test_hub.py",
    ),
    Mutation(
        "a batch is not sealed when somebody joins",
        "fanout.py",
        "        self._seal()  # what was added before",
        "        # what was added before",
        "test_fanout.py",
    ),
    Mutation(
        "batches are not capped",
        "fanout.py",
        " and last.size_bytes < (SIGNAL_JOIN_BYTES if is_signal else JOIN_BYTES)",
        "",
        "test_fanout.py",
    ),
    Mutation(
        "signals are put behind a slow reader's events",
        "fanout.py",
        "[outlet for outlet in outlets if not outlet.is_behind]",
        "outlets",
        "test_fanout.py",
    ),
    Mutation(
        "signals that can't be written pile up",
        "fanout.py",
        "if is_signal and len(self._batches) >= MAX_SIGNAL_BATCHES:",
        "if False:",
        "test_fanout.py",
    ),
    Mutation(
        "events are dropped with signals",
        "fanout.py",
        "return last.is_of_signals == is_signal and",
        "return",
        "test_fanout.py",
    ),
    Mutation(
        "another socket renews a person's limits",
        "node.py",
        '"publications", per_minute).take(user)',
        '"publications", per_minute).take(str(object()))',
        "test_session.py::test_another_connection_of_a_person_renews_no_limit",
    ),
    Mutation(
        "everybody is told of joins",
        "wire.py",
        "        told = messages if self.tells_joins else _publications(messages)\n        pushes",
        "        told = messages\n        pushes",
        "test_fanout.py",
    ),
    Mutation(
        "nobody is told of joins",
        "subscribing.py",
        "(request.join_leave or rules.forces_joins)",
        "rules.forces_joins",
        "test_session.py::test_who_asks_hears_of_joins_and_leaves_and_nobody_else",
    ),
    Mutation(
        "a sweep serves those who joined after it began",
        "fanout.py",
        "            for group, end in batch.audience or ():\n",
        "            for group, end in batch.audience or ():\n                end = len(group.outlets)\n",
        "test_fanout.py",
    ),
    Mutation(
        "who left is still written to",
        "fanout.py",
        "group.outlets[group.places.pop(subscriber)] = None",
        "group.places.pop(subscriber)",
        "test_fanout.py",
    ),
    Mutation(
        "places move amid a sweep",
        "fanout.py",
        "if self._sweep is None and not self._batches:",
        "if True:",
        "test_fanout.py",
    ),
    Mutation(
        "a wait between reading and going live",
        "subscribing.py",
        "    session.send(Reply(command_id, subscribe=result))\n    # Nothing",
        "    import asyncio\n\n    await asyncio.sleep(0)\n"
        "    session.send(Reply(command_id, subscribe=result))\n    # Nothing",
        "test_session.py::test_nothing_is_missed_by_who_subscribes_amid_a_stream",
    ),
    Mutation(
        "access is not asked again once the channel is followed",
        "subscribing.py",
        "    if not was_followed:\n",
        "    if False:\n",
        "test_session.py::test_losing_access_while_subscribing_lets_nobody_in",
    ),
    Mutation(
        "a stream begins on what its handshake was told",
        "event_stream.py",
        "            await self._admit()\n",
        "            await self.node.hub.follow(self._subscription)\n",
        "test_event_stream.py",
    ),
    Mutation(
        "recovery counts from the newest offset",
        "subscribing.py",
        "fresh.offset, fresh.epoch = request.offset, missed.position.epoch",
        "fresh.offset, fresh.epoch = missed.position.offset, missed.position.epoch",
        "test_session.py::test_recovery_gives_all_that_was_missed_and_counts_from_the_offset_asked_for",
    ),
    Mutation(
        "a part of what was missed counts as all",
        "subscribing.py",
        "if not missed.is_complete or size > max_bytes:",
        "if size > max_bytes:",
        "test_reply_bounds.py::test_what_is_too_much_for_one_reply_is_not_recovered",
    ),
    Mutation(
        "the last leave is not told",
        "attendance.py",
        "            self._publish(Arrival(entry.channel, entry.client, joined=False))\n",
        "            pass\n",
        "test_session.py::test_presence_tells_of_a_persons_first_and_last_connection",
    ),
    Mutation(
        "every connection is told as a join",
        "attendance.py",
        "            if is_first:\n",
        "            if True:\n",
        "test_session.py::test_presence_tells_of_a_persons_first_and_last_connection",
    ),
    Mutation(
        "a timer fires though it was taken out in the same turn",
        "timers.py",
        "            if self._places.get(entry) != place:\n                continue",
        "            if False:\n                continue",
        "test_timers.py",
    ),
    Mutation(
        "a closed session stays in the hub",
        "session.py",
        "            self.node.hub.leave(subscription)\n            if was_live:",
        "            if was_live:",
        "test_session.py::test_closed_session_leaves_nothing_behind",
    ),
    Mutation(
        "a ping follows before the pong",
        "session.py",
        "if now >= self._ping_at and self._pong_by == math.inf:",
        "if now >= self._ping_at:",
        "test_session.py::test_a_pong_may_take_longer_than_the_pings_interval",
    ),
    Mutation(
        "commands that are carried twice are taken twice",
        "emulation.py",
        "if (sender, number) not in self._arrived:",
        "if True:",
        "test_emulation.py",
    ),
    Mutation(
        "commands for another node are taken",
        "emulation.py",
        "        if letter.channel != _channel(self.node):\n            return",
        "        if letter.channel == '':\n            return",
        "test_emulation.py",
    ),
    Mutation(
        "invented sessions are looked for",
        "emulation.py",
        "return hmac.compare_digest(key[-_MARK_LENGTH:], mark)",
        "return True",
        "test_emulation.py",
    ),
    Mutation(
        "one address takes all places",
        "emulation.py",
        "self._waiting_of[address] >= MAX_WAITING_OF_ADDRESS",
        "False",
        "test_emulation.py",
    ),
    Mutation(
        "a frame is taken twice",
        "senders.py",
        "if number <= sender.newest:",
        "if number < sender.newest:",
        "test_sealing.py",
    ),
    Mutation(
        "a frame that was kept back is taken",
        "senders.py",
        "if lag - sender.least_lag > MAX_AGE:",
        "if False:",
        "test_sealing.py",
    ),
    Mutation(
        "a copy of the database is believed",
        "starts.py",
        "            self._has_doubts.set()\n        return False",
        "            self._has_doubts.set()\n        return True",
        "test_sealing.py",
    ),
    Mutation(
        "a nonce is used twice",
        "sealing.py",
        "max(self._number + 1, self._clock())",
        "max(self._number, self._clock())",
        "test_sealing.py",
    ),
    Mutation(
        "a session that has ended keeps its key",
        "session.py",
        "        self.node.emulation.leave(self._emulated_as)\n",
        "",
        "test_session_fuzz.py::test_any_frames_of_an_emulated_client",
    ),
    Mutation(
        "a session that has ended goes on subscribing",
        "subscribing.py",
        "    if session.has_ended:\n",
        "    if False:\n",
        "test_session.py::test_a_session_that_ends_while_it_connects_leaves_no_subscription",
    ),
    Mutation(
        "a newcomer gets a patch",
        "wire.py",
        "        self._has_base = False\n",
        "        self._has_base = True\n",
        "test_fanout.py",
    ),
    Mutation(
        "who comes or goes counts as a base",
        "wire.py",
        "self._has_base or patches.has_publication",
        "True",
        "test_fanout.py",
    ),
    Mutation(
        "patches are made of an older publication",
        "fanout.py",
        "self._batches.append(_Batch(self._latest, is_signal))",
        "self._batches.append(_Batch(self._batches[0].before if self._batches else self._latest, is_signal))",
        "test_fanout.py",
    ),
    Mutation(
        "a patch cuts characters in two",
        "protocol/fossil.py",
        "whole_begin, whole_end = _whole_characters(target, begin, end)",
        "whole_begin, whole_end = begin, end",
        "test_fossil.py",
    ),
    Mutation(
        "recovered publications are not written as patches are",
        "subscribing.py",
        "                pub.data = subscription.wire.format.document(bytes(pub.data))\n",
        "                pass\n",
        "test_session.py::test_patches_are_agreed_on_for_each_subscription_and_begin_with_a_whole_document",
    ),
)


def main() -> int:
    wanted = sys.argv[1:]
    survivors = []
    with tempfile.TemporaryDirectory(prefix="roomful-mutations-") as name:
        copy = Path(name)
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
            else:
                shutil.copy(source, copy / part)
        for mutation in MUTATIONS:
            if not wanted or mutation.name in wanted:
                outcome = _try(mutation, copy)
                print(f"{outcome:<9} {mutation.name}", flush=True)
                if outcome != "caught":
                    survivors.append(mutation.name)
    print(f"{len(survivors)} of {len(wanted) or len(MUTATIONS)} survived")
    return 1 if survivors else 0


def _try(mutation: Mutation, copy: Path) -> str:
    """`caught`, `SURVIVED`, or `STALE` when the text it changes is not there once."""
    path = copy / "server" / "roomful" / "realtime" / mutation.file
    text = path.read_text()
    if text.count(mutation.old) != 1:
        return "STALE"
    path.write_text(text.replace(mutation.old, mutation.new))
    try:
        # No conftest: these tests need no ground to stand on, and start faster without.
        options = ["-q", "-x", "--noconftest", "-p", "no:cacheprovider", "--timeout", "60"]
        command = [sys.executable, "-B", "-m", "pytest", *options, f"tests/unit/{mutation.tests}"]
        sources = [str(copy / "server"), str(copy / "client_demo")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sources)}
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS)
    finally:
        path.write_text(text)
    # 1: tests have failed. Anything else is a fault of the run, such as a test that is not there.
    return "caught" if done.returncode == 1 else "SURVIVED" if done.returncode == 0 else f"EXIT {done.returncode}"


if __name__ == "__main__":
    sys.exit(main())
