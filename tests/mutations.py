"""Hand mutations of the engine and of cursors: each breaks one rule, and the tests named with it must fail.

    python -m tests.mutations [NAME…]

Exit code 1 when a mutation survives, or no longer applies. docs/mutations.md describes them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("server", "client_demo", "tests", "tools", "pyproject.toml")
SECONDS = 300


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` occurs once in `server/roomful/` + `file`, and becomes `new`.

    `tests` are those of `tests/unit`, or of `tests/contract` on SQLite.
    """

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
        "another event at an offset counts as the same",
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
        "reconciling is disabled",
        "realtime/delivery/reconciler.py",
        "        before, channel.reconciled_head = channel.reconciled_head, head\n",
        "        return\n",
        "realtime/session/test_session.py::test_lost_last_event_is_found_by_reconciling",
    ),
    Mutation(
        "the head is read before the broker is asked",
        "realtime/delivery/hub.py",
        "        channel.is_asked_for = True\n        await self._broker.subscribe(channel.name)\n",
        "        channel.is_asked_for = True\n        asked = self._broker.subscribe(channel.name)\n"
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
        "if since.epoch and since.epoch != channel.known_position.epoch:",
        "if False:",
        "realtime/session/test_session.py::test_recovery_that_would_have_a_gap_gives_nothing",
    ),
    Mutation(
        "a replaced history is not reported",
        "realtime/delivery/repairs.py",
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
        "a crowd causes many reads",
        "realtime/delivery/repairs.py",
        "await self._single_flight.call((channel.name, after, limit), read)",
        "await read()",
        "realtime/delivery/test_hub.py",
    ),
    Mutation(
        "a batch is not sealed when somebody joins",
        "realtime/delivery/fanout.py",
        "        self._seal()  # the newcomer",
        "        # the newcomer",
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
        "signals wait behind a slow reader's events",
        "realtime/delivery/fanout.py",
        "[outlet for outlet in outlets if not outlet.is_behind]",
        "outlets",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "waiting signals are not bounded",
        "realtime/delivery/fanout.py",
        "if is_signal and (len(self._batches) >= MAX_SIGNAL_BATCHES or ",
        "if is_signal and (",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "waiting signals are not bounded by bytes",
        "realtime/delivery/fanout.py",
        " or self._waiting_bytes >= MAX_SIGNAL_BYTES)",
        ")",
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
        "another socket resets a person's limits",
        "realtime/node/node.py",
        '"publications", per_minute).acquire(user)',
        '"publications", per_minute).acquire(str(object()))',
        "realtime/session/test_session.py::test_another_connection_of_a_person_resets_no_limit",
    ),
    Mutation(
        "everybody gets joins",
        "realtime/delivery/wire.py",
        "        told = messages if self.tells_joins else _publications(messages)\n        pushes",
        "        told = messages\n        pushes",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "nobody gets joins",
        "realtime/session/subscribe.py",
        "(request.join_leave or rules.forces_joins)",
        "rules.forces_joins",
        "realtime/session/test_session.py::test_only_subscribers_that_ask_get_joins_and_leaves",
    ),
    Mutation(
        "a broadcast includes subscribers that came after it began",
        "realtime/delivery/fanout.py",
        "            for group, end in batch.audience or ():\n",
        "            for group, end in batch.audience or ():\n                end = len(group.outlets)\n",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "former subscribers are still written to",
        "realtime/delivery/fanout.py",
        "group.outlets[group.places.pop(subscriber)] = None",
        "group.places.pop(subscriber)",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "places move amid a broadcast",
        "realtime/delivery/fanout.py",
        "if self._slices is None and not self._batches:",
        "if True:",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "an await between reading and going live",
        "realtime/session/subscribe.py",
        "    session.send(Reply(command_id, subscribe=result))\n    # Nothing",
        "    import asyncio\n\n    await asyncio.sleep(0)\n"
        "    session.send(Reply(command_id, subscribe=result))\n    # Nothing",
        "realtime/session/test_session.py::test_a_subscriber_amid_publications_misses_none",
    ),
    Mutation(
        "access is not checked again once the channel is followed",
        "realtime/session/subscribe.py",
        "    if not was_followed:\n",
        "    if False:\n",
        "realtime/session/test_session.py::test_losing_access_while_subscribing_lets_nobody_in",
    ),
    Mutation(
        "a stream relies on its handshake's access check",
        "realtime/session/event_stream.py",
        "            await self._admit()\n",
        "            await self.node.hub.follow(self._subscription)\n",
        "realtime/session/test_event_stream.py",
    ),
    Mutation(
        "recovery counts from the newest offset",
        "realtime/session/recovery.py",
        "result.offset, result.epoch = request.offset, missed.position.epoch",
        "result.offset, result.epoch = missed.position.offset, missed.position.epoch",
        "realtime/session/test_session.py::test_recovery_has_all_missed_events_and_counts_from_the_requested_offset",
    ),
    Mutation(
        "a partial recovery counts as complete",
        "realtime/session/recovery.py",
        "if not missed.is_complete or size > max_bytes:",
        "if size > max_bytes:",
        "realtime/session/test_reply_bounds.py::test_more_than_one_reply_holds_is_not_recovered",
    ),
    Mutation(
        "the last leave is not published",
        "realtime/presence/recorder.py",
        "            self._publish(Leave(entry.channel, entry.client))\n",
        "            pass\n",
        "realtime/session/test_session.py::test_joins_and_leaves_are_of_a_persons_first_and_last_connection",
    ),
    Mutation(
        "every connection is published as a join",
        "realtime/presence/recorder.py",
        "            if is_first:\n",
        "            if True:\n",
        "realtime/session/test_session.py::test_joins_and_leaves_are_of_a_persons_first_and_last_connection",
    ),
    Mutation(
        "a timer fires though it was removed in the same turn",
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
        "realtime/session/liveness.py",
        "return now >= self._ping_at and self._pong_by == math.inf",
        "return now >= self._ping_at",
        "realtime/session/test_session.py::test_a_pong_may_take_longer_than_the_pings_interval",
    ),
    Mutation(
        "repeated commands are executed twice",
        "realtime/node/emulation.py",
        "if (sender, number) not in self._arrived:",
        "if True:",
        "realtime/node/test_emulation.py",
    ),
    Mutation(
        "commands for another node are accepted",
        "realtime/node/emulation.py",
        "        if message.channel != self.channel:\n            return",
        "        if message.channel == '':\n            return",
        "realtime/node/test_emulation.py",
    ),
    Mutation(
        "invented sessions are searched for",
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
        "a frame is accepted twice",
        "link/senders.py",
        "if number <= sender.newest:",
        "if number < sender.newest:",
        "link/test_sealing.py",
    ),
    Mutation(
        "a delayed frame is accepted",
        "link/senders.py",
        "if lag - sender.least_lag > MAX_AGE:",
        "if False:",
        "link/test_sealing.py",
    ),
    Mutation(
        "a copy of the database is accepted",
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
        "an ended session keeps its key",
        "realtime/session/session.py",
        "        self.node.emulation.leave(self.emulated_as)\n",
        "",
        "realtime/session/test_session_fuzz.py::test_any_frames_of_an_emulated_client",
    ),
    Mutation(
        "an ended session goes on subscribing",
        "realtime/session/subscribe.py",
        "    if session.has_ended:\n",
        "    if False:\n",
        "realtime/session/test_session.py::test_a_session_that_ends_while_it_connects_leaves_no_subscription",
    ),
    Mutation(
        "a newcomer gets a delta",
        "realtime/delivery/wire.py",
        "        self._has_base = False\n",
        "        self._has_base = True\n",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "a join or leave counts as a base",
        "realtime/delivery/wire.py",
        "self._has_base or deltas.has_publication",
        "True",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "deltas are made against an older publication",
        "realtime/delivery/fanout.py",
        "self._batches.append(_Batch(self._latest, is_signal))",
        "self._batches.append(_Batch(self._batches[0].before if self._batches else self._latest, is_signal))",
        "realtime/delivery/test_fanout.py",
    ),
    Mutation(
        "a delta splits characters",
        "realtime/protocol/fossil.py",
        "whole_begin, whole_end = _whole_characters(target, begin, end)",
        "whole_begin, whole_end = begin, end",
        "realtime/protocol/test_fossil.py",
    ),
    Mutation(
        "recovered publications are not encoded like deltas",
        "realtime/session/subscribe.py",
        "                pub.data = subscription.wire.format.document(bytes(pub.data))\n",
        "                pass\n",
        "realtime/session/test_session.py::test_deltas_are_negotiated_per_subscription_and_begin_with_a_whole_document",
    ),
    Mutation(
        "an update is acknowledged before what was before it is stored",
        "rooms/document/update_intake.py",
        "        if not self._writer.wait_for_all(peer):\n",
        "        if True:\n",
        "rooms/session/test_both_wires.py::test_each_update_is_acknowledged_when_it_is_stored",
    ),
    Mutation(
        "a row that could not be stored is given up",
        "rooms/rows/writer.py",
        "            except StoreUnavailable:\n                pass\n",
        "            except StoreUnavailable:\n                return Head(self._generation, 0)\n",
        "rooms/rows/test_writer.py::test_store_that_fails_is_tried_again_and_nobody_is_told_before",
    ),
    Mutation(
        "what has to wait is forgotten",
        "rooms/document/update_intake.py",
        "            self._let_wait(peer, message.update)\n",
        "",
        "rooms/session/test_yjs.py::test_what_builds_on_something_missing_waits_for_it",
    ),
    Mutation(
        "a deletion that came too early is nothing",
        "rooms/protocol/structure.py",
        "return _needs_more(needs, known, ranges) or has_gap or not has_all",
        "return _needs_more(needs, known, ranges) or has_gap",
        "rooms/protocol/test_structure.py::test_deletion_of_what_is_missing_lacks_it",
    ),
    Mutation(
        "what an update builds on is not looked at",
        "rooms/protocol/structure.py",
        "return _needs_more(needs, known, ranges) or has_gap or not has_all",
        "return has_gap or not has_all",
        "rooms/protocol/test_structure.py::test_what_ends_the_library_is_not_given_to_it",
    ),
    Mutation(
        "nobody is asked for what is missing",
        "rooms/document/update_intake.py",
        "                self._sync.ask_for_missing(peer)\n",
        "                pass\n",
        "rooms/session/test_yjs.py::test_what_a_client_misses_is_asked_of_it",
    ),
    Mutation(
        "a closed document stays in memory",
        "rooms/document/replica.py",
        "            self._doc.unobserve(self._subscription)\n",
        "",
        "rooms/document/test_replica.py::test_closed_replica_leaves_nothing_behind",
    ),
    Mutation(
        "values may be nested without end",
        "rooms/protocol/structure.py",
        "            if len(open_) > max_levels:\n",
        "            if len(open_) > 2**40:\n",
        "rooms/protocol/test_structure.py::test_deep_values_do_not_end_the_process",
    ),
    Mutation(
        "a viewer's update is applied",
        "rooms/document/update_intake.py",
        "elif peer.grant.may_write:",
        "elif peer.grant.user_id:",
        "rooms/session/test_both_wires.py::test_viewer_receives_and_is_refused",
    ),
    Mutation(
        "an own update comes back",
        "rooms/document/update_intake.py",
        "self._fanout.add(yjs.update(change), peer, is_update=True)",
        "self._fanout.add(yjs.update(change), is_update=True)",
        "rooms/session/test_yjs.py::test_own_update_does_not_come_back",
    ),
    Mutation(
        "a slow reader is not noticed",
        "rooms/fanout.py",
        "if peer.transport.is_behind and peer.behind_since is None:",
        "if False:",
        "rooms/session/test_yjs.py::test_reader_that_is_too_slow_gets_one_difference",
    ),
    Mutation(
        "a slow reader is not sent what was left out",
        "rooms/fanout.py",
        "                self._resync(peer, state_vector or EMPTY_STATE_VECTOR)\n",
        "                pass\n",
        "rooms/session/test_yjs.py::test_reader_that_is_too_slow_gets_one_difference",
    ),
    Mutation(
        "anybody speaks for anybody",
        "rooms/awareness/states.py",
        "known.owner is not peer and known.user_id != peer.grant.user_id",
        "False",
        "rooms/awareness/test_states.py::test_nobody_speaks_for_another_person",
    ),
    Mutation(
        "a state keeps the name that the client gives",
        "rooms/awareness/stamp.py",
        'return msgspec.json.encode({"user": user, **fields})',
        "return state",
        "rooms/awareness/test_states.py::test_state_bears_the_name_of_its_connection",
    ),
    Mutation(
        "who has left is forgotten at once",
        "rooms/awareness/states.py",
        "elif age >= TOMBSTONE_SECONDS:",
        "elif age >= 0:",
        "rooms/awareness/test_states.py",
    ),
    Mutation(
        "an echo counts against its client",
        "rooms/document/room.py",
        "                return self.awareness.receive(peer, message.update)\n",
        "                self.awareness.receive(peer, message.update)\n",
        "rooms/session/test_yjs.py::test_echoes_of_others_count_against_nobody",
    ),
    Mutation(
        "everybody loads a document",
        "rooms/openings.py",
        "await self._running.call(document_id, lambda: self._open(document_id))",
        "await self._open(document_id)",
        "rooms/test_registry.py::test_many_who_come_at_once_load_the_document_once",
    ),
    Mutation(
        "a room does not listen to the other nodes",
        "rooms/openings.py",
        "            await self._services.broker.subscribe(document_id)\n",
        "",
        "rooms/test_nodes.py::test_row_that_is_stored_while_another_node_loads_is_not_missed",
    ),
    Mutation(
        "who comes back does not wait for the old room's end",
        "rooms/openings.py",
        "(leaving := self._leaving.get(document_id))",
        "(leaving := None)",
        "rooms/test_registry.py::test_who_comes_while_a_document_is_dropped_waits_and_gets_it_anew",
    ),
    Mutation(
        "who loses access while being let in is let in",
        "rooms/registry.py",
        "if admitted_at != self.revocations:",
        "if False:",
        "rooms/test_registry.py::test_access_that_ends_while_the_document_is_opened",
    ),
    Mutation(
        "a shutdown stores nothing",
        "rooms/registry.py",
        "                    await room.writer.flush()\n",
        "                    await asyncio.sleep(0)\n",
        "rooms/test_registry.py::test_shutdown_stores_and_acknowledges_before_it_closes",
    ),
    Mutation(
        "a gap in the rows is not noticed",
        "rooms/rows/stored_rows.py",
        "        if self._sequence.has_gap:\n            self._read_in(GAP_SECONDS)\n",
        "",
        "rooms/test_nodes.py::test_lost_row_is_read_when_the_next_one_comes",
    ),
    Mutation(
        "nodes do not compare",
        "rooms/rows/stored_rows.py",
        "        elif head.number > self._sequence.seen:\n",
        "        elif False:\n",
        "rooms/test_nodes.py::test_lost_last_row_is_found_by_comparing",
    ),
    Mutation(
        "an early row is applied as the next one",
        "rooms/rows/row_sequence.py",
        "        self._hold(number, update)\n        return self._release()\n",
        "        self.seen = number\n        return (update,)\n",
        "rooms/rows/test_row_sequence.py",
    ),
    Mutation(
        "another history is taken for the same",
        "rooms/rows/stored_rows.py",
        "        elif head.generation != self.generation:\n",
        "        elif False:\n",
        "rooms/test_nodes.py::test_replaced_history_resets_every_node",
    ),
    Mutation(
        "a refused document's messages wait for a token",
        "rooms/session/hocuspocus.py",
        "        elif document.state is not State.ENDED:\n",
        "        else:\n",
        "rooms/session/test_hocuspocus.py::test_refused_document_may_be_tried_again",
    ),
    Mutation(
        "text that builds on something missing is folded",
        "roomstore/fold.py",
        "    if remainder[0] != 0:  # structs\n        return True\n",
        "    if remainder[0] != 0:  # structs\n        return False\n",
        "roomstore/test_fold.py",
    ),
    Mutation(
        "deletions of something missing are folded",
        "roomstore/fold.py",
        "    return not Deletions.read(remainder[1:]).are_known_to(known)\n",
        "    return False\n",
        "roomstore/test_fold.py",
    ),
    Mutation(
        "a cursor's position moves after its deed is committed",
        "eventlog/cursor_batch.py",
        "        await cursor_rows.advance(session, self.place, self.upto)\n        self.is_done = True\n",
        "        pass\n",
        "contract/test_cursor.py::test_a_deed_that_was_committed_is_not_repeated",
    ),
    Mutation(
        "a cursor's position moves before its deed",
        "eventlog/cursor.py",
        "            async with asyncio.timeout(HANDLE_SECONDS):\n",
        "            await self._advance(batch)\n            async with asyncio.timeout(HANDLE_SECONDS):\n",
        "contract/test_cursor.py::test_every_event_is_handled_once_and_in_order",
    ),
    Mutation(
        "an old fence is as good as a new one",
        "eventlog/cursor_rows.py",
        'LOG_CURSOR.c.fence == bindparam("known_fence")',
        'LOG_CURSOR.c.fence >= bindparam("known_fence")',
        "contract/test_cursor.py::test_a_later_claim_takes_the_lease_away",
    ),
    Mutation(
        "a claim forgets where its batch ends",
        "eventlog/cursor_rows.py",
        "    fence=LOG_CURSOR.c.fence + 1,\n    upto=case((_is_part, LOG_CURSOR.c.upto), else_=_batch_end),\n",
        "    fence=LOG_CURSOR.c.fence + 1,\n    upto=case((_is_part, LOG_CURSOR.c.upto)),\n",
        "contract/test_cursor.py::test_a_claim_stores_where_its_batch_ends",
    ),
    Mutation(
        "a lease is not waited for",
        "eventlog/cursor.py",
        "if place.due_at is not None and place.due_at > now():",
        "if place.due_at is not None and place.due_at > now() + LOOK_BACK * 10:",
        "contract/test_cursor.py::test_a_deed_outside_is_repeated_at_most_once_with_the_same_batch",
    ),
    Mutation(
        "an event that always fails is tried for ever",
        "eventlog/cursor.py",
        "if attempts >= MAX_ATTEMPTS:",
        "if attempts >= MAX_ATTEMPTS * 1_000:",
        "contract/test_cursor.py::test_an_event_that_always_fails_is_left_out",
    ),
    Mutation(
        "a cursor goes on to what came meanwhile",
        "eventlog/cursor.py",
        "return batch.head is None or batch.upto < batch.head",
        "return True",
        "contract/test_cursor.py::test_a_steady_stream_of_events_is_gathered_too",
    ),
    Mutation(
        "a cursor stops where its handler did",
        "eventlog/cursor.py",
        "return batch.head is None or batch.upto < batch.head",
        "return False",
        "contract/test_cursor.py::test_a_handler_that_stops_before_the_head_goes_on",
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
    """`caught`, `SURVIVED`, or `STALE` if the text to change does not occur exactly once."""
    path = copy / "server" / "roomful" / mutation.file
    text = path.read_text()
    if text.count(mutation.old) != 1:
        return "STALE"
    path.write_text(text.replace(mutation.old, mutation.new))
    try:
        options = ["-q", "-x", "-p", "no:cacheprovider", "--timeout", "60"]
        if mutation.tests.startswith("contract/"):
            options += ["-k", "sqlite", f"tests/{mutation.tests}"]
        else:
            # No conftest: these tests need no services, and start faster without.
            options += ["--noconftest", f"tests/unit/{mutation.tests}"]
        if mutation.tests.startswith("rooms/"):
            options += ["-p", "tests.unit.rooms.conftest"]  # adapters in memory
        command = [sys.executable, "-B", "-m", "pytest", *options]
        sources = [str(copy / "server"), str(copy / "client_demo")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sources)}
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS)
    finally:
        path.write_text(text)
    # 1: tests have failed. Any other code is a fault of the run, such as a missing test.
    return "caught" if done.returncode == 1 else "SURVIVED" if done.returncode == 0 else f"EXIT {done.returncode}"


if __name__ == "__main__":
    sys.exit(main())
