"""The counters of the rooms of documents, for `GET /metrics`."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from roomful.gateway.documents.rooms import DocumentRooms

_GAUGES = {
    "rooms": "Documents open at this process.",
    "connections": "Connections to documents; a Hocuspocus socket has one for each.",
    "gathered_bytes": "Bytes of updates that clients were shown and that are not stored yet.",
}
_COUNTERS = {
    "loads": "Documents loaded from the database.",
    "load_failures": "Loads that failed.",
    "load_seconds": "Time spent on loads.",
    "unloads": "Documents dropped from memory some time after the last client had left.",
    "updates_applied": "Updates of clients that changed a document.",
    "updates_delivered": "Frames with updates, counted for each reader.",
    "awareness_received": "Awareness frames from clients.",
    "awareness_echoed": "Awareness frames from clients that said nothing new.",
    "awareness_delivered": "Awareness frames, counted for each reader.",
    "rows_appended": "Rows committed by this process.",
    "append_seconds": "Time spent on these commits.",
    "append_failures": "Appends that failed, and are tried again.",
    "acknowledged": "Update messages of clients that were committed and acknowledged.",
    "acknowledge_seconds": "Time from the first update of a row until its acknowledgement.",
    "rows_received": "Rows of other processes and of REST that were applied.",
    "gaps": "Times that a row came before its predecessor, and the database was asked.",
    "rows_unreadable": "Rows of the database that could not be applied.",
    "pending": "Updates that had to wait for changes that this process lacked.",
    "resyncs": "Differences sent to readers that were too slow for single updates.",
    "large_documents": "Documents that passed half of MAX_DOCUMENT_BYTES while they were open.",
    "messages_dropped": "Messages of other processes that could not be read.",
}


class DocumentCollector(Collector):
    """Reads the counters that the rooms keep anyway."""

    def __init__(self, documents: DocumentRooms) -> None:
        self._documents = documents

    def collect(self) -> Iterator[Metric]:
        counters = self._documents.rooms.counters
        for name, text in _GAUGES.items():
            yield GaugeMetricFamily(f"roomful_documents_{name}", text, value=getattr(counters, name))
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(f"roomful_documents_{name}", text, value=getattr(counters, name))
        refused = CounterMetricFamily(
            "roomful_documents_refused", "Messages of clients that were refused.", labels=["reason"]
        )
        for reason, count in counters.refused.items():
            refused.add_metric([reason], count)
        yield refused
        text = "Connections to documents that the server ended."
        closed = CounterMetricFamily("roomful_documents_closed", text, labels=["code"])
        for code, count in counters.closed.items():
            closed.add_metric([str(code)], count)
        yield closed
