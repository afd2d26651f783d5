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
    """`old` stands once in `server/roomful/` + `file`, and becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MUTATIONS = (
    Mutation(
        "repeated events are delivered",
        "realtime/delivery/channel.py",
        "if message.offset <= position.offset:",
        "if message.offset < position.offset:",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "another event at an offset is taken for the same",
        "realtime/delivery/channel.py",
        "if delivered.data not in (None, message.data):",
        "if delivered.data is None:",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "a gap is not noticed",
        "realtime/delivery/channel.py",
        "if message.offset > position.offset + 1:",
        "if message.offset > position.offset + 9:",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "early events are not held",
        "realtime/delivery/channel.py",
        "        self.held[publication.offset] = publication\n",
        "",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "held events are not bounded",
        "realtime/delivery/channel.py",
        "if len(self.held) >= HELD_LIMIT or",
        "if len(self.held) > HELD_LIMIT * 2 or",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "held events are not bounded by bytes",
        "realtime/delivery/channel.py",
        " or self._held_bytes + size > HELD_BYTES:",
        ":",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "the tail is not bounded by bytes",
        "realtime/delivery/channel.py",
        " or self._tail_bytes > TAIL_BYTES:",
        ":",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "the tail is off by one",
        "realtime/delivery/channel.py",
        "if count > len(self.tail):",
        "if count > len(self.tail) + 1:",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "the tail outlives its history",
        "realtime/delivery/channel.py",
        "        self.doubted = None\n        self._forget_tail()\n",
        "        self.doubted = None\n",
        "realtime/delivery/test_channel.py",
    ),
    Mutation(
        "the sweep is disabled",
        "realtime/delivery/hub.py",
        "        before, channel.swept_head = channel.swept_head, head\n",
        "        return\n",
        "realtime/session/test_session.py::test_lost_last_event_is_found_by_the_sweep",
    ),
    Mutation(
        "the head is read before the broker is asked",
        "realtime/delivery/hub.py",
        "        channel.is_asked_for = True\n        await self._known_broker().subscribe(channel.name)\n",
        "        channel.is_asked_for = True\n        asked = self._known_broker().subscribe(channel.name)\n"
        "        asyncio.get_running_loop().call_later(0.05, lambda: self._task_scope.spawn(asked))\n",
        "realtime/delivery/test_hub.py",
    ),
    Mutation(
        "the limit of recovery is ignored",
        "realtime/delivery/hub.py",
        "given = fitting(found[:limit], max_bytes)",
        "given = fitting(found, max_bytes)",
        "realtime/delivery/test_hub.py",
    ),
    Mutation(
        "the bytes of a recovery are not bounded",
        "realtime/delivery/hub.py",
        "given = fitting(found[:limit], max_bytes)",
        "given = found[:limit]",
        "realtime/delivery/test_hub.py",
    ),
    Mutation(
        "the epoch of a position is ignored",
        "realtime/delivery/hub.py",
        "if since.epoch and since.epoch != _position(channel).epoch:",
        "if False:",
        "realtime/session/test_session.py::test_recovery_that_would_have_a_hole_gives_nothing",
    ),
    Mutation(
        "a replaced history is not told",
        "realtime/delivery/hub.py",
        "            subscription.owner.subscription_reset(subscription, head)\n",
        "            pass\n",
        "realtime/session/test_session.py::test_replaced_history_makes_the_client_subscribe_again",
    ),
    Mutation(
        "a signal's project is not followed",
        "realtime/delivery/hub.py",
        "            await self.open(subscription.guard)\n",
        "            pass\n",
        "realtime/session/test_session.py::test_losing_access_while_subscribing_lets_nobody_in",
    ),
    Mutation(
        "one crowd makes many reads",
        "realtime/delivery/hub.py",
        "await self._shared.call((channel.name, after, limit), read)",
        "await read()",
        "realtime/delivery/test_hub.py",
    ),
    Mutation(
        "a batch is not sealed when somebody joins",
        "realtime/delivery/fanout.py",
        "        self._seal()  # what was added before",
        "        # what was added before",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "batches are not capped",
        "realtime/delivery/fanout.py",
        " and last.size_bytes < (SIGNAL_JOIN_BYTES if is_signal else JOIN_BYTES)",
        "",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "signals are put behind a slow reader's events",
        "realtime/delivery/fanout.py",
        "[outlet for outlet in outlets if not outlet.is_behind]",
        "outlets",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "signals that can't be written pile up",
        "realtime/delivery/fanout.py",
        "if is_signal and len(self._batches) >= MAX_SIGNAL_BATCHES:",
        "if False:",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "events are dropped with signals",
        "realtime/delivery/fanout.py",
        "return last.is_of_signals == is_signal and",
        "return",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "another socket renews a person's limits",
        "realtime/node/node.py",
        '"publications", per_minute).take(user)',
        '"publications", per_minute).take(str(object()))',
        "realtime/session/test_session.py::test_another_connection_of_a_person_renews_no_limit",
    ),
    Mutation(
        "everybody is told of joins",
        "realtime/delivery/wire.py",
        "        told = messages if self.tells_joins else _publications(messages)\n        pushes",
        "        told = messages\n        pushes",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "nobody is told of joins",
        "realtime/session/subscribe.py",
        "(request.join_leave or rules.forces_joins)",
        "rules.forces_joins",
        "realtime/session/test_session.py::test_who_asks_hears_of_joins_and_leaves_and_nobody_else",
    ),
    Mutation(
        "a sweep serves those who joined after it began",
        "realtime/delivery/fanout.py",
        "            for group, end in batch.audience or ():\n",
        "            for group, end in batch.audience or ():\n                end = len(group.outlets)\n",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "who left is still written to",
        "realtime/delivery/fanout.py",
        "group.outlets[group.places.pop(subscriber)] = None",
        "group.places.pop(subscriber)",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "places move amid a sweep",
        "realtime/delivery/fanout.py",
        "if self._slices is None and not self._batches:",
        "if True:",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "a wait between reading and going live",
        "realtime/session/subscribe.py",
        "    session.send(Reply(command_id, subscribe=result))\n    # Nothing",
        "    import asyncio\n\n    await asyncio.sleep(0)\n"
        "    session.send(Reply(command_id, subscribe=result))\n    # Nothing",
        "realtime/session/test_session.py::test_nothing_is_missed_by_who_subscribes_amid_a_stream",
    ),
    Mutation(
        "access is not asked again once the channel is followed",
        "realtime/session/subscribe.py",
        "    if not was_followed:\n",
        "    if False:\n",
        "realtime/session/test_session.py::test_losing_access_while_subscribing_lets_nobody_in",
    ),
    Mutation(
        "a stream begins on what its handshake was told",
        "realtime/session/event_stream.py",
        "            await self._admit()\n",
        "            await self.node.hub.follow(self._subscription)\n",
        "realtime/session/test_event_stream.py",
    ),
    Mutation(
        "recovery counts from the newest offset",
        "realtime/session/subscribe.py",
        "fresh.offset, fresh.epoch = request.offset, missed.position.epoch",
        "fresh.offset, fresh.epoch = missed.position.offset, missed.position.epoch",
        "realtime/session/test_session.py::test_recovery_gives_all_that_was_missed_and_counts_from_the_offset_asked_for",
    ),
    Mutation(
        "a part of what was missed counts as all",
        "realtime/session/subscribe.py",
        "if not missed.is_complete or size > max_bytes:",
        "if size > max_bytes:",
        "realtime/session/test_reply_bounds.py::test_what_is_too_much_for_one_reply_is_not_recovered",
    ),
    Mutation(
        "the last leave is not told",
        "realtime/presence/recorder.py",
        "            self._publish(Arrival(entry.channel, entry.client, joined=False))\n",
        "            pass\n",
        "realtime/session/test_session.py::test_presence_tells_of_a_persons_first_and_last_connection",
    ),
    Mutation(
        "every connection is told as a join",
        "realtime/presence/recorder.py",
        "            if is_first:\n",
        "            if True:\n",
        "realtime/session/test_session.py::test_presence_tells_of_a_persons_first_and_last_connection",
    ),
    Mutation(
        "a timer fires though it was taken out in the same turn",
        "link/timer_wheel.py",
        "            if self._places.get(entry) != place:\n                continue",
        "            if False:\n                continue",
        "link/test_timer_wheel.py",
    ),
    Mutation(
        "a closed session stays in the hub",
        "realtime/session/session.py",
        "            self.node.hub.leave(subscription)\n            if was_live:",
        "            if was_live:",
        "realtime/session/test_session.py::test_closed_session_leaves_nothing_behind",
    ),
    Mutation(
        "a ping follows before the pong",
        "realtime/session/session.py",
        "if now >= self._ping_at and self._pong_by == math.inf:",
        "if now >= self._ping_at:",
        "realtime/session/test_session.py::test_a_pong_may_take_longer_than_the_pings_interval",
    ),
    Mutation(
        "commands that are carried twice are taken twice",
        "realtime/node/emulation.py",
        "if (sender, number) not in self._arrived:",
        "if True:",
        "realtime/node/test_emulation.py",
    ),
    Mutation(
        "commands for another node are taken",
        "realtime/node/emulation.py",
        "        if letter.channel != _channel(self.node):\n            return",
        "        if letter.channel == '':\n            return",
        "realtime/node/test_emulation.py",
    ),
    Mutation(
        "invented sessions are looked for",
        "realtime/node/emulation.py",
        "return hmac.compare_digest(key[-_MARK_LENGTH:], mark)",
        "return True",
        "realtime/node/test_emulation.py",
    ),
    Mutation(
        "one address takes all places",
        "realtime/node/emulation.py",
        "self._waiting_of[address] >= MAX_WAITING_OF_ADDRESS",
        "False",
        "realtime/node/test_emulation.py",
    ),
    Mutation(
        "a frame is taken twice",
        "link/senders.py",
        "if number <= sender.newest:",
        "if number < sender.newest:",
        "link/test_sealing.py",
    ),
    Mutation(
        "a frame that was kept back is taken",
        "link/senders.py",
        "if lag - sender.least_lag > MAX_AGE:",
        "if False:",
        "link/test_sealing.py",
    ),
    Mutation(
        "a copy of the database is believed",
        "link/starts.py",
        "            self._has_doubts.set()\n        return False",
        "            self._has_doubts.set()\n        return True",
        "link/test_sealing.py",
    ),
    Mutation(
        "a nonce is used twice",
        "link/sealing.py",
        "max(self._number + 1, self._clock())",
        "max(self._number, self._clock())",
        "link/test_sealing.py",
    ),
    Mutation(
        "a session that has ended keeps its key",
        "realtime/session/session.py",
        "        self.node.emulation.leave(self._emulated_as)\n",
        "",
        "realtime/session/test_session_fuzz.py::test_any_frames_of_an_emulated_client",
    ),
    Mutation(
        "a session that has ended goes on subscribing",
        "realtime/session/subscribe.py",
        "    if session.has_ended:\n",
        "    if False:\n",
        "realtime/session/test_session.py::test_a_session_that_ends_while_it_connects_leaves_no_subscription",
    ),
    Mutation(
        "a newcomer gets a patch",
        "realtime/delivery/wire.py",
        "        self._has_base = False\n",
        "        self._has_base = True\n",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "who comes or goes counts as a base",
        "realtime/delivery/wire.py",
        "self._has_base or patches.has_publication",
        "True",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "patches are made of an older publication",
        "realtime/delivery/fanout.py",
        "self._batches.append(_Batch(self._latest, is_signal))",
        "self._batches.append(_Batch(self._batches[0].before if self._batches else self._latest, is_signal))",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "a patch cuts characters in two",
        "realtime/protocol/fossil.py",
        "whole_begin, whole_end = _whole_characters(target, begin, end)",
        "whole_begin, whole_end = begin, end",
        "realtime/protocol/test_fossil.py",
    ),
    Mutation(
        "recovered publications are not written as patches are",
        "realtime/session/subscribe.py",
        "                pub.data = subscription.wire.format.document(bytes(pub.data))\n",
        "                pass\n",
        "realtime/session/test_session.py::test_patches_are_agreed_on_for_each_subscription_and_begin_with_a_whole_document",
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
    path = copy / "server" / "roomful" / mutation.file
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
