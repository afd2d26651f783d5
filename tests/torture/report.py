"""The report of a run."""

from collections import Counter

from tests.torture.trial import Trial

FORMS = {"nodes": "2 nodes x 2 workers, PostgreSQL and Valkey", "sqlite": "1 process, SQLite"}


def render(trial: Trial) -> str:
    """The tables: faults by kind, readers, broken promises."""
    history, verdict = trial.history, trial.verdict
    outcomes = Counter(operation.outcome for operation in history.operations)
    lines = [
        f"{FORMS[trial.form]} · {trial.seconds:g} s · seed {trial.seed}",
        "",
        "faults     " + ", ".join(f"{_words(name)} {count}" for name, count in sorted(history.faults.items())),
        "writes     "
        + ", ".join(f"{name} {outcomes[name]}" for name in ("answered", "refused", "unknown"))
        + f", sent again {sum(operation.retries for operation in history.operations)}",
        "",
        f"{'reader':<34}{'events':>8}{'resets':>8}   connections ended by",
    ]
    for trail in (*history.trails, *history.inbox.trails):
        losses = ", ".join(f"{why} {count}" for why, count in trail.losses.most_common(4))
        lines.append(f"{trail.name:<34}{len(trail.seen):>8}{trail.resets:>8}   {losses}")
    lines += ["", f"{'typist':<34}{'edits':>8}{'stored':>8}   connections ended by"]
    for manuscript in history.manuscripts:
        losses = ", ".join(f"{why} {count}" for why, count in manuscript.losses.most_common(4))
        lines.append(f"{manuscript.name:<34}{manuscript.made:>8}{len(manuscript.acknowledged):>8}   {losses}")
    columns = {
        "events": verdict.events,
        "deliveries": verdict.deliveries,
        "longest silence": f"{verdict.longest_silence_seconds:.2f} s",
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "out of order": verdict.out_of_order,
        "differing": verdict.differing,
        "leaks": verdict.leaks,
    }
    document = {
        "edits": verdict.edits,
        "acknowledged": verdict.acknowledged,
        "edits lost": verdict.edits_lost,
        "replicas differing": verdict.replicas_differing,
    }
    inbox = {"entries": verdict.inbox.entries, "mails": verdict.inbox.mails, "mails sent again": verdict.inbox.repeated}
    for each in (columns, document, inbox):
        values = "   ".join(f"{value!s:>{len(name)}}" for name, value in each.items())
        lines += ["", "   ".join(each), values]
    lines.append("")
    if trial.tracebacks:
        common = Counter(line[:240] for line in trial.tracebacks).most_common(5)
        lines += [f"in the logs, {count} times: {line}" for line, count in common]
    lines += [f"BROKEN: {what}" for what in verdict.broken[:20]]
    lines.append("kept: every promise" if verdict.is_clean else f"BROKEN in {len(verdict.broken)} ways")
    return "\n".join(lines)


def _words(name: str) -> str:
    return name.replace("_", " ")
