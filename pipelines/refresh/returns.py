"""The steps about returns: what has arrived is entered, checked, told of and gathered for dbt."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.core.home import Home
from pipelines.refresh.due import mark_gathered
from pipelines.refresh.results import Log, Step, TakenIn, quiet

RAW_SAMPLES = Path(__file__).resolve().parents[2] / "raw_samples"
"""The demonstration's returns, unless the environment names another folder in RTI_SAMPLES."""


def arrive(home: Home, *, log: Log = quiet) -> int:
    """Enter what has arrived by the clock's now; returns how many submissions are new.

    In a demonstration home that is the list of `raw_samples/`.  A real home's offices submit by themselves: here
    nothing is to be done. As the first step of a refresh it also completes an interrupted publication, and refuses a
    clock that was set back.
    """
    from pipelines.refresh.publication import start_refresh

    start_refresh(home, log=log)
    if home.kind != "demonstration":
        return 0
    from pipelines.submissions import arrivals, ledger

    new = arrivals.enter(home, ledger.open_ledger(home), samples())
    log(f"{new} returns of {samples().name}/ are new")
    return new


def samples() -> Path:
    """The folder of the demonstration's returns."""
    return Path(os.environ.get("RTI_SAMPLES") or RAW_SAMPLES)


def take_in(home: Home, territory: str, *, log: Log = quiet) -> TakenIn:
    """Check what waits of one territory; in a demonstration home also decide as the list of arrivals says."""
    from pipelines.declarations.registry import load
    from pipelines.submissions import arrivals, ledger, record

    engine = ledger.open_ledger(home)
    demonstration = home.kind == "demonstration"
    reports = record.check_waiting(
        home, engine, load(), territory=territory, after=arrivals.CHECKED_AFTER if demonstration else None
    )
    undecided = arrivals.decide(home, engine, samples()) if demonstration else {}
    refused = {
        report.filename: sorted({f.rule for f in report.findings if f.severity == "error"})
        for report in reports.values()
        if report.count("error")
    }
    taken = TakenIn(
        territory,
        checked=len(reports),
        refused=refused,
        warnings=sum(report.count("warning") for report in reports.values()),
        undecided=tuple(str(error) for error in undecided.values()),
    )
    if reports:
        log(f"{territory}: {taken.checked} returns checked, {len(refused)} refused, {taken.warnings} warnings")
    return taken


def document(home: Home, *, log: Log = quiet) -> Step:
    """Write Great Expectations' Data Docs of what this run judged, for the restricted side."""
    from expectations.engine import build_data_docs

    index = build_data_docs(home.data_docs)
    if index is None:
        return Step(new=False)
    log(f"Data Docs of the checks are in {index}")
    return Step(new=True, path=index)


def gather(home: Home, *, log: Log = quiet) -> Step:
    """Export the ledger, the declarations and the figures of others for dbt; compare all facts with the ledger.

    Every facts file is read and hashed each time: 2,669 of them take a fraction of a second.
    """
    from pipelines.declarations.export import write_declarations
    from pipelines.declarations.registry import load
    from pipelines.ledger import audit_log, queries
    from pipelines.refresh import integrity
    from pipelines.submissions import ledger
    from pipelines.warehouse.metrics import cards_export, metrics
    from pipelines.warehouse.reference.gather import gather_reference

    engine = ledger.open_ledger(home)
    last_event = queries.last_event_id(engine)
    rows = ledger.export(engine, home.gathered)
    registry = load().national()
    write_declarations(registry, home.gathered)
    cards_export.write(registry, home.gathered)
    metrics.export(home.gathered)
    gather_reference(home)
    accepted = queries.accepted_ids(engine)
    unmatched = tuple(damage.message for damage in integrity.check_inputs(home, engine))
    audit_log.checkpoint(home, engine)
    # A return that arrived meanwhile and still waits for its check must ask for another refresh.
    if not queries.submissions(engine, states=["received"]):
        mark_gathered(home, last_event)
    log(f"{len(accepted)} accepted submissions gathered")
    return Step(new=True, path=home.gathered, rows=rows, unmatched=unmatched)
