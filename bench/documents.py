"""Documents that several people type in at once, beside their peers from npm."""

from bench import acknowledgement, grounds, keystrokes, open_documents
from bench.figures import Table

TARGETS_METHOD = "From the tables below, which say how each was measured; ratios are of the same round or run."


async def measure(*, rounds: int, seconds: float) -> list[Table]:
    """The targets, then the tables that they are taken from."""
    comparison, results = await keystrokes.compare(rounds=rounds, seconds=seconds)
    targets = Table("Documents against their targets", TARGETS_METHOD, ("figure", "target", "reached", ""))
    targets.rows.extend(keystrokes.target_rows(results))
    columns = ("database", "a bare commit", "acknowledged, median", "99th percentile", "keystrokes")
    stored = Table("Acknowledged is stored", acknowledgement.METHOD, columns)
    for make in (grounds.sqlite, grounds.postgresql):
        with make() as ground:
            row, target_rows = await acknowledgement.measure(ground, seconds=seconds * rounds)
            stored.rows.append(row)
            targets.rows.extend(target_rows)
    opened = Table("Documents that are opened", open_documents.METHOD, ("figure", "reached"))
    for rows in await open_documents.measure(rounds=rounds):
        targets.rows.append(rows)
        opened.rows.append((rows[0], rows[2]))
    return [targets, comparison, stored, opened]
