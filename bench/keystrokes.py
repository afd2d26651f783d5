"""People type in one document: what a delivered keystroke costs, how long it takes, when it is stored."""

import itertools
import re
import sqlite3
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from bench import grounds
from bench.contenders import NotInstalled
from bench.document_clients import Client, Clients
from bench.document_servers import (
    HOCUSPOCUS,
    OURS,
    DocumentServer,
    hocuspocus,
    our_server,
    y_websocket_server,
)
from bench.document_updates import typing
from bench.figures import TARGET_MARKS, Table, median_and_spread, percentile

CLIENTS = 100
TYPISTS = 10
PER_SECOND = 5.0
WARM_UP_SECONDS = 2.0
STORED_SECONDS = 15.0
STORE_DEADLINE_SECONDS = 15.0
MOST_CPU = 0.5

METHOD = f"""\
{CLIENTS} clients in one document, {TYPISTS} of them typing {PER_SECOND:g} times a second, each into a paragraph of
its own; the clients are one process, whose share of its core is shown. *Delivered* is a keystroke that another client
has got, whatever frames a server makes of them; the time is from before it is sent until it has been read. CPU is the
server process's, with its database's where that is SQLite. *Acknowledged* is SyncStatus 1, or ours for y-websocket:
from Roomful it says that the keystroke is stored, from Hocuspocus that it was applied. *Stored* is when the database
file has it, while people type on. `@y/websocket-server` stores and acknowledges nothing."""


@dataclass(slots=True)
class Figures:
    """Of one server, a value for each round."""

    cpu_us: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    acknowledged_ms: list[float] = field(default_factory=list)
    stored_ms: list[float] = field(default_factory=list)
    client_share: list[float] = field(default_factory=list)


Results = dict[str, Figures]


async def compare(*, rounds: int, seconds: float) -> tuple[Table, Results]:
    """Roomful by both wires, and its peers, in turn."""
    results: Results = defaultdict(Figures)
    missing = []
    with ExitStack() as stack:
        ground = stack.enter_context(grounds.sqlite())
        peers: list[DocumentServer] = []
        for peer in (hocuspocus, y_websocket_server):
            try:
                peers.append(stack.enter_context(peer()))
            except NotInstalled as absent:
                missing.append(str(absent))
        async with our_server(ground) as ours:
            for _ in range(rounds):
                for wire, document in zip(OURS, await ours.documents(len(OURS)), strict=True):
                    _visit(ours.serving(wire), document, seconds, results)
                for each in peers:
                    _visit(each, uuid4().hex, seconds, results)
        for each in peers:
            if each.file is not None:
                results[each.name].stored_ms = _until_stored(each, each.file)
    return _table(results, missing), results


def target_rows(results: Results) -> list[tuple[str, ...]]:
    """None without Hocuspocus."""
    if HOCUSPOCUS not in results:
        return []
    theirs = results[HOCUSPOCUS]
    rows: list[tuple[str, ...]] = []
    for name in OURS.values():
        mine = results[name]
        shares = [a / b for a, b in zip(mine.cpu_us, theirs.cpu_us, strict=True)]
        late = [a / b for a, b in zip(mine.p99_ms, theirs.p99_ms, strict=True)]
        is_cheap, is_quick = statistics.median(shares) <= MOST_CPU, statistics.median(late) <= 1
        figure = f"CPU for a delivered keystroke, {name}"
        reached = f"× {median_and_spread(shares, 2)}"
        rows.append((figure, f"≤ {MOST_CPU:g} × Hocuspocus", reached, TARGET_MARKS[is_cheap]))
        figure = f"keystroke to the other {CLIENTS - 1}, 99th percentile, {name}"
        rows.append((figure, "≤ Hocuspocus", f"× {median_and_spread(late, 2)}", TARGET_MARKS[is_quick]))
    return rows


def _visit(server: DocumentServer, document: str, seconds: float, results: Results) -> None:
    with typists(server, document) as (clients, people):
        type_for(clients, people, WARM_UP_SECONDS)
        clients.heard.deliveries_ms.clear()
        clients.heard.acknowledged_ms.clear()
        began_at, before, own = time.perf_counter(), server.cpu_seconds, time.process_time()
        typed = type_for(clients, people, seconds)
        clients.until(
            lambda: len(clients.heard.deliveries_ms) >= typed * (CLIENTS - 1), what="every keystroke is everywhere"
        )
        spent, own = server.cpu_seconds - before, time.process_time() - own
        figures, heard = results[server.name], clients.heard
        figures.cpu_us.append(spent * 1e6 / len(heard.deliveries_ms))
        figures.client_share.append(own / (time.perf_counter() - began_at))
        figures.p50_ms.append(percentile(heard.deliveries_ms, 0.5))
        figures.p99_ms.append(percentile(heard.deliveries_ms, 0.99))
        figures.acknowledged_ms += heard.acknowledged_ms


@contextmanager
def typists(server: DocumentServer, document: str, size: int = CLIENTS) -> Iterator[tuple[Clients, Sequence["Typist"]]]:
    address = server.address(document)
    clients = Clients()
    try:
        joined = clients.join([address] * size)
        clients.listen(0.5)
        numbers = itertools.count()
        yield clients, [Typist(client, 10_000 + place, numbers) for place, client in enumerate(joined[:TYPISTS])]
    finally:
        clients.close()


class Typist:
    """The updates of one client, made a stretch at a time."""

    def __init__(self, client: Client, client_id: int, numbers: Iterator[int]) -> None:
        self.client = client
        self.client_id = client_id
        self.numbers = numbers


def type_for(clients: Clients, typists: Sequence[Typist], seconds: float) -> int:
    """How many keystrokes they were. Each stretch is typed as a client of its own."""
    rounds = max(1, int(seconds * PER_SECOND))
    first = len(clients.sent_at)
    tokens = [[first + turn * len(typists) + place for turn in range(rounds)] for place in range(len(typists))]
    plans = []
    for typist, numbers in zip(typists, tokens, strict=True):
        paragraph, *keystrokes = typing(typist.client_id, numbers)
        typist.client_id += 1_000
        typist.client.update(paragraph)
        plans.append((typist.client, keystrokes))
    clients.type(plans, per_second=PER_SECOND)
    return rounds * len(typists)


def _until_stored(server: DocumentServer, file: Path) -> list[float]:
    """How long each keystroke took until it stood in a peer's file."""
    document = uuid4().hex
    seen_at: dict[int, float] = {}
    is_over = threading.Event()

    def look() -> None:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, check_same_thread=False)) as database:
            while not is_over.wait(0.1):
                row = database.execute("SELECT data FROM documents WHERE name = ?", (document,)).fetchone()
                now = time.perf_counter()
                for found in re.findall(rb"~(\d{6})", row[0]) if row else ():
                    seen_at.setdefault(int(found), now)

    watch = threading.Thread(target=look)
    with typists(server, document, TYPISTS) as (clients, people):
        watch.start()
        typed = type_for(clients, people, STORED_SECONDS)
        clients.until(lambda: len(seen_at) >= typed, what="all is stored", seconds=STORE_DEADLINE_SECONDS)
        is_over.set()
        watch.join()
        return [(seen_at[number] - clients.sent_at[number]) * 1000 for number in range(typed)]


def _table(results: Results, missing: Sequence[str]) -> Table:
    columns = (
        "server",
        "CPU, µs a delivered keystroke",
        "to the others, p50, ms",
        "p99, ms",
        "acknowledged, p50 / p99, ms",
        "stored, p50 / p99, ms",
        "the clients' core",
    )
    table = Table(f"{CLIENTS} people in one document", METHOD, columns)
    for name, figures in results.items():
        stored = figures.stored_ms or (figures.acknowledged_ms if name in OURS.values() else [])
        table.rows.append(
            (
                name,
                median_and_spread(figures.cpu_us, 1),
                median_and_spread(figures.p50_ms, 1),
                median_and_spread(figures.p99_ms, 1),
                _both(figures.acknowledged_ms),
                _both(stored),
                f"{statistics.median(figures.client_share):.0%}",
            )
        )
    table.rows.extend((f"{name}: not installed", *("–" for _ in columns[1:])) for name in missing)
    return table


def _both(waits: Sequence[float]) -> str:
    return f"{percentile(waits, 0.5):,.1f} / {percentile(waits, 0.99):,.1f}" if waits else "–"
