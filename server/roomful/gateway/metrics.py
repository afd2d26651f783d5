"""`GET /metrics`: the counters of the process, for Prometheus."""

import asyncio
import hmac
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from roomful.errors import Unauthenticated
from roomful.eventlog.cursor import Cursor
from roomful.gateway.descriptors import DescriptorWatch
from roomful.gateway.documents.metrics import DocumentCollector
from roomful.gateway.endpoints import LiveNode
from roomful.gateway.silent_connections import SilentConnections
from roomful.realtime.broker.port import BrokerFigures
from roomful.realtime.node.node import Node
from roomful.transport.slow_answers import SlowAnswers
from roomful.transport.unauthenticated import UnauthenticatedSockets
from roomful.web.dependencies import Live
from roomful.web.limits import limits_of
from roomful.web.routing import Route

if TYPE_CHECKING:
    from roomful.inbox.mail.smtp import MailServer

router = APIRouter(route_class=Route)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, runtime: Live, node: LiveNode) -> Response:
    """Open to everybody, or to the bearer of METRICS_TOKEN where one is set. No label holds a name, id or address."""
    wanted = runtime.settings.metrics_token
    if wanted is not None:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, b"Bearer " + wanted.get_secret_value().encode()):
            raise Unauthenticated
    of_process, of_engine = CollectorRegistry(), CollectorRegistry()
    ProcessCollector(registry=of_process)
    GCCollector(registry=of_process)
    of_engine.register(_EngineCollector(node))
    of_engine.register(DocumentCollector(request.app.state.documents))
    of_engine.register(_UnauthenticatedCollector(limits_of(request).unauthenticated))
    of_engine.register(_CursorCollector(runtime.cursors))
    if (mail_server := request.app.state.mail_server) is not None:
        of_engine.register(_MailCollector(mail_server))
    of_engine.register(_DescriptorCollector(request.app.state.descriptors))
    if (slow_answers := getattr(request.app.state, "slow_answers", None)) is not None:  # none under another server
        of_engine.register(_ConnectionCollector(slow_answers, request.app.state.silent_connections))
    if (figures := runtime.engine.broker.figures) is not None:
        of_engine.register(_BrokerCollector(figures))
    # The engine's tables belong to the loop; the process's own figures come from files.
    text = generate_latest(of_engine) + await asyncio.to_thread(generate_latest, of_process)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


class _EngineCollector(Collector):
    """Reads the counters that the engine keeps anyway: counting costs nothing on the way of an event."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        hub = self._node.hub
        counters, emulation = hub.counters, self._node.emulation.counters
        yield GaugeMetricFamily("roomful_sockets", "Open sockets.", value=len(self._node.sessions))
        yield GaugeMetricFamily("roomful_channels", "Channels followed here.", value=hub.channel_count)
        yield GaugeMetricFamily("roomful_subscriptions", "Subscriptions here.", value=hub.subscription_count)
        running = len(self._node.task_scope)
        yield GaugeMetricFamily("roomful_commands_running", "Sessions that run commands.", value=running)
        counted = {
            "roomful_encoded": ("Messages encoded, once for each wire.", counters.fanout.encoded),
            "roomful_written": ("Chunks written to sockets.", counters.fanout.written),
            "roomful_signals_dropped": (
                "Signals dropped: their reader was slow, or they came faster than they could be written.",
                counters.fanout.signals_dropped,
            ),
            "roomful_rate_store_failures": (
                "Times that rate limits could not be counted in Redis, and each process counted for itself.",
                self._node.rates.store_failures,
            ),
            "roomful_repeated": ("Events that came more than once.", counters.channel.repeated),
            "roomful_gaps": ("Events that came before their predecessor.", counters.channel.gaps),
            "roomful_repairs": ("Times that a channel read missing events from the log.", counters.repairs),
            "roomful_resets": ("Times a channel's history was replaced.", counters.resets),
            "roomful_log_reads": ("Reads of the event log.", counters.log_reads),
            "roomful_commands_forwarded": (
                "Requests with commands for a session of another node.",
                emulation.forwarded,
            ),
            "roomful_commands_unconfirmed": ("Of these, those that no node acknowledged.", emulation.unconfirmed),
            "roomful_commands_turned_away": ("Requests with commands while too many waited.", emulation.turned_away),
            "roomful_presence_refused": (
                "Entries of the presence list that were ignored: forged, or not valid now.",
                self._node.presence.refused,
            ),
            "roomful_reconciles_failed": (
                "Times that channels could not be compared with the log, which was out of reach.",
                counters.reconciles_failed,
            ),
        }
        for name, (text, value) in counted.items():
            yield CounterMetricFamily(name, text, value=value)
        about = "Commands that were answered with an error of the client protocol."
        refused = CounterMetricFamily("roomful_commands_refused", about, labels=["method", "code"])
        for (method, code), count in self._node.command_errors.counted.items():
            refused.add_metric([method, str(code)], count)
        yield refused


class _DescriptorCollector(Collector):
    def __init__(self, watch: DescriptorWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "roomful_descriptors_exhausted",
            "Times that no descriptor was left for a new connection; checked twice a second.",
            value=self._watch.exhausted,
        )


class _CursorCollector(Collector):
    """The cursors over the event log."""

    def __init__(self, cursors: Sequence[Cursor]) -> None:
        self._cursors = cursors

    def collect(self) -> Iterator[Metric]:
        about = "Seconds that the oldest channel known here has waited for the cursor."
        lag = GaugeMetricFamily("roomful_cursor_lag_seconds", about, labels=["cursor"])
        counted = {
            "handled": CounterMetricFamily("roomful_cursor_events", "Events handled here.", labels=["cursor"]),
            "failures": CounterMetricFamily(
                "roomful_cursor_failures", "Batches that failed here and are tried again.", labels=["cursor"]
            ),
            "left_out": CounterMetricFamily(
                "roomful_cursor_events_left_out", "Events given up here since they kept failing.", labels=["cursor"]
            ),
            "leases_lost": CounterMetricFamily(
                "roomful_cursor_leases_lost", "Batches that another process had handled first.", labels=["cursor"]
            ),
        }
        for cursor in self._cursors:
            lag.add_metric([cursor.rules.name], cursor.lag_seconds)
            for name, family in counted.items():
                family.add_metric([cursor.rules.name], getattr(cursor.counters, name))
        yield lag
        yield from counted.values()


class _MailCollector(Collector):
    """The mail server, as this process has found it."""

    def __init__(self, server: "MailServer") -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        about = "1 unless the newest attempt could not reach the mail server."
        yield GaugeMetricFamily("roomful_mail_server_up", about, value=float(self._server.is_up))
        counters = self._server.counters
        yield CounterMetricFamily("roomful_mails_sent", "Mails handed over.", value=counters.sent)
        about = "Mails that the server would never take for their address."
        yield CounterMetricFamily("roomful_mails_refused", about, value=counters.refused)
        about = "Attempts that could not reach the server; they are repeated."
        yield CounterMetricFamily("roomful_mail_failures", about, value=counters.failures)


class _UnauthenticatedCollector(Collector):
    """Sockets and streams before sign-in."""

    def __init__(self, sockets: UnauthenticatedSockets) -> None:
        self._sockets = sockets

    def collect(self) -> Iterator[Metric]:
        name = "roomful_sockets_unauthenticated"
        yield GaugeMetricFamily(name, "Open sockets that have not signed in yet.", value=len(self._sockets))
        name, text = "roomful_sockets_unauthenticated_refused", "Sockets refused because their address had too many."
        yield CounterMetricFamily(name, text, value=self._sockets.refused)


class _ConnectionCollector(Collector):
    """Counters of our own HTTP protocol under uvicorn."""

    def __init__(self, slow_answers: SlowAnswers, silent_connections: SilentConnections) -> None:
        self._slow_answers = slow_answers
        self._silent_connections = silent_connections

    def collect(self) -> Iterator[Metric]:
        text = "Connections whose readers were too slow for an answer."
        yield CounterMetricFamily("roomful_slow_answers_dropped", text, value=self._slow_answers.dropped)
        text = "Connections refused because too many of their address had sent no request."
        yield CounterMetricFamily("roomful_silent_connections_refused", text, value=self._silent_connections.refused)


class _BrokerCollector(Collector):
    """The broker's figures, for several processes."""

    def __init__(self, figures: BrokerFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        yield GaugeMetricFamily(
            "roomful_broker_reader_up",
            "1 while this process gets its own messages back from the broker.",
            value=float(figures.is_reader_up),
        )
        yield GaugeMetricFamily(
            "roomful_broker_queued_bytes", "Bytes that wait to be published.", value=figures.queued_bytes
        )
        plain = {
            "roomful_broker_messages_published": ("Messages that the broker has taken.", figures.published),
            "roomful_broker_messages_received": ("Messages of other processes.", figures.received),
            "roomful_broker_messages_echoed": ("Messages of this process that came back.", figures.echoed),
            "roomful_broker_publish_failures": ("Batches that the broker did not take.", figures.publish_failures),
        }
        for name, (text, value) in plain.items():
            yield CounterMetricFamily(name, text, value=value)
        labelled = {
            "roomful_broker_messages_ignored": (
                "Messages of the broker that this process did not accept.",
                "reason",
                figures.ignored,
            ),
            "roomful_broker_messages_dropped": ("Messages dropped before they were sent.", "reason", figures.dropped),
            "roomful_broker_reconnects": ("Connections that replaced lost ones.", "part", figures.reconnects),
        }
        for name, (text, label, values) in labelled.items():
            family = CounterMetricFamily(name, text, labels=[label])
            for key, value in values.items():
                family.add_metric([key], value)
            yield family
