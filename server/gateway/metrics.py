"""`GET /metrics`: what the process counts, for Prometheus."""

import asyncio
import hmac
from collections.abc import Iterator

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from server.errors import Unauthenticated
from server.gateway.endpoints import LiveNode
from server.realtime.node import Node
from server.web.dependencies import Live
from server.web.routing import Route

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
    # The engine's tables belong to the loop; the process's own figures come from files.
    text = generate_latest(of_engine) + await asyncio.to_thread(generate_latest, of_process)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


class _EngineCollector(Collector):
    """Reads the counters that the engine keeps anyway: counting costs nothing on the way of an event."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        hub = self._node.hub
        counters = hub.counters
        yield GaugeMetricFamily("roomful_sockets", "Open sockets.", value=len(self._node.sessions))
        yield GaugeMetricFamily("roomful_channels", "Channels followed here.", value=hub.channel_count)
        yield GaugeMetricFamily("roomful_subscriptions", "Subscriptions here.", value=hub.subscription_count)
        yield GaugeMetricFamily("roomful_commands_running", "Sessions at work.", value=len(self._node.crew))
        counted = {
            "roomful_encoded": ("Messages encoded, once for each wire.", counters.fanout.encoded),
            "roomful_written": ("Chunks written to sockets.", counters.fanout.written),
            "roomful_repeated": ("Events that came more than once.", counters.channel.repeated),
            "roomful_gaps": ("Events that came before their predecessor.", counters.channel.gaps),
            "roomful_repairs": ("Times a channel was brought level from the log.", counters.repairs),
            "roomful_resets": ("Times a channel's history was replaced.", counters.resets),
            "roomful_log_reads": ("Reads of the event log.", counters.log_reads),
            "roomful_sweeps_failed": ("Sweeps that found the log out of reach.", counters.sweeps_failed),
        }
        for name, (text, value) in counted.items():
            yield CounterMetricFamily(name, text, value=value)
