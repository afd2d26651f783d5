"""`GET /metrics`: what the process counts, for Prometheus."""

import asyncio
import hmac
from collections.abc import Iterator

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from roomful.errors import Unauthenticated
from roomful.gateway.descriptors import DescriptorWatch
from roomful.gateway.endpoints import LiveNode
from roomful.gateway.silent_connections import SilentConnections
from roomful.realtime.broker.port import BrokerFigures
from roomful.realtime.node.node import Node
from roomful.transport.slow_answers import SlowAnswers
from roomful.transport.unauthenticated import UnauthenticatedSockets
from roomful.web.dependencies import Live
from roomful.web.limits import limits_of
from roomful.web.routing import Route

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
    of_engine.register(_UnauthenticatedCollector(limits_of(request).unauthenticated))
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
        yield GaugeMetricFamily("roomful_commands_running", "Sessions at work.", value=len(self._node.task_scope))
        counted = {
            "roomful_encoded": ("Messages encoded, once for each wire.", counters.fanout.encoded),
            "roomful_written": ("Chunks written to sockets.", counters.fanout.written),
            "roomful_signals_dropped": (
                "Signals that slow readers were not given, or that came faster than they could be written.",
                counters.fanout.signals_dropped,
            ),
            "roomful_rate_store_failures": (
                "Times that rate limits could not be counted in Redis, and each process counted for itself.",
                self._node.rates.store_failures,
            ),
            "roomful_repeated": ("Events that came more than once.", counters.channel.repeated),
            "roomful_gaps": ("Events that came before their predecessor.", counters.channel.gaps),
            "roomful_repairs": ("Times a channel was brought level from the log.", counters.repairs),
            "roomful_resets": ("Times a channel's history was replaced.", counters.resets),
            "roomful_log_reads": ("Reads of the event log.", counters.log_reads),
            "roomful_commands_forwarded": (
                "Requests whose commands another node has the session of.",
                emulation.forwarded,
            ),
            "roomful_commands_unconfirmed": ("Of these, no node said that it has them.", emulation.unconfirmed),
            "roomful_commands_turned_away": ("Requests with commands while too many waited.", emulation.turned_away),
            "roomful_presence_refused": (
                "Entries of the presence list that no node has made, or not for now.",
                self._node.presence.refused,
            ),
            "roomful_sweeps_failed": ("Sweeps that found the log out of reach.", counters.reconciles_failed),
        }
        for name, (text, value) in counted.items():
            yield CounterMetricFamily(name, text, value=value)
        about = "Commands that were answered with an error of the client protocol."
        refused = CounterMetricFamily("roomful_commands_refused", about, labels=["method", "code"])
        for (method, code), count in self._node.refusals.counted.items():
            refused.add_metric([method, str(code)], count)
        yield refused


class _DescriptorCollector(Collector):
    def __init__(self, watch: DescriptorWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "roomful_descriptors_exhausted",
            "Times that no descriptor was left for a new connection, as looked at twice a second.",
            value=self._watch.exhausted,
        )


class _UnauthenticatedCollector(Collector):
    """Sockets and streams before sign-in."""

    def __init__(self, sockets: UnauthenticatedSockets) -> None:
        self._sockets = sockets

    def collect(self) -> Iterator[Metric]:
        name = "roomful_sockets_unauthenticated"
        yield GaugeMetricFamily(name, "Open sockets that have not signed in yet.", value=len(self._sockets))
        name = "roomful_sockets_unauthenticated_refused"
        yield CounterMetricFamily(name, "Refused since their address had too many.", value=self._sockets.refused)


class _ConnectionCollector(Collector):
    """What our own protocol under uvicorn counts."""

    def __init__(self, slow_answers: SlowAnswers, silent_connections: SilentConnections) -> None:
        self._slow_answers = slow_answers
        self._silent_connections = silent_connections

    def collect(self) -> Iterator[Metric]:
        text = "Connections whose readers were too slow for an answer."
        yield CounterMetricFamily("roomful_slow_answers_dropped", text, value=self._slow_answers.dropped)
        text = "Connections refused since too many of their address had sent no request."
        yield CounterMetricFamily("roomful_silent_connections_refused", text, value=self._silent_connections.refused)


class _BrokerCollector(Collector):
    """The way to the other processes; with a single one there is none."""

    def __init__(self, figures: BrokerFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        yield GaugeMetricFamily(
            "roomful_broker_reader_up",
            "1 while messages to itself come round through the broker.",
            value=float(figures.is_reader_up),
        )
        yield GaugeMetricFamily(
            "roomful_broker_queued_bytes", "What waits to be published.", value=figures.queued_bytes
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
            "roomful_broker_messages_ignored": ("What came and was no message of ours.", "reason", figures.ignored),
            "roomful_broker_messages_dropped": ("Messages given up before they left.", "reason", figures.dropped),
            "roomful_broker_reconnects": ("Connections made in the place of lost ones.", "part", figures.reconnects),
        }
        for name, (text, label, values) in labelled.items():
            family = CounterMetricFamily(name, text, labels=[label])
            for key, value in values.items():
                family.add_metric([key], value)
            yield family
