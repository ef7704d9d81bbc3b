"""Enter the returns that have arrived, check them, document the checks and export everything for dbt."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.core.settings import HomeSettings, read_settings
from pipelines.refresh.due import mark_gathered
from pipelines.refresh.quarters import EVERY_QUARTER, QuarterRange, select_returns
from pipelines.refresh.results import IntakeResult, Log, Step, ignore_log
from pipelines.warehouse import build_cache

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.declarations.registry import Registry
    from pipelines.ledger.acts import Refusals

MOST_OF_FIRST_DOCS = 50
"""Returns that are validated for the first Data Docs of a real home, each of which takes about a second."""
_DATA_DOCS = "data-docs"
_TEMPLATES = Path(__file__).resolve().parents[2] / "expectations" / "data_docs"
RAW_SAMPLES = Path(__file__).resolve().parents[2] / "raw_samples"
"""Folder of the demonstration's returns; `RTI_SAMPLES` names another one."""


def enter_arrivals(home: Home, *, log: Log = ignore_log) -> int:
    """Enter the returns that have arrived by now; return how many submissions are new.

    A demonstration home takes them from the list in `raw_samples/`.  In a real home the offices submit their files
    themselves, so there is nothing to enter. As the first step of a refresh this also completes an interrupted
    publication, and refuses to run if the clock was set back.
    """
    from pipelines.refresh.publication import start_refresh

    start_refresh(home, log=log)
    if home.kind != "demonstration":
        return 0
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import arrivals, listed_assessments
    from pipelines.survey import listed_measures, listed_rounds

    engine, folder = open_ledger(home), find_sample_folder()
    new = arrivals.record_arrivals(home, engine, folder)
    if new:
        log(f"{new} returns of {folder.name}/ are new")
    if n_assessments := listed_assessments.record_assessments(home, engine, folder):
        log(f"{n_assessments} assessments of the law are new")
    if n_rounds := listed_rounds.record_rounds(home, folder):
        log(f"{n_rounds} invented rounds of the questionnaire are new")
    if n_measures := listed_measures.record_measures(home, engine, folder):
        log(f"{n_measures} acts on invented corrective measures are new")
    return new


def find_sample_folder() -> Path:
    """Return the folder of the demonstration's returns."""
    return read_settings(HomeSettings).samples or RAW_SAMPLES


def take_in(
    home: Home, territory: str, quarters: QuarterRange = EVERY_QUARTER, *, log: Log = ignore_log
) -> IntakeResult:
    """Check the waiting returns of one territory and some quarters.

    In a demonstration home, also decide on its returns of these quarters as the arrivals list says. A file whose
    periods are not known yet is read in any case.
    """
    from expectations.engine import keep_results
    from pipelines.declarations.registry import load
    from pipelines.ledger import queries
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import arrivals, waiting_checks
    from pipelines.submissions.checking.check import rules_version

    engine, registry = open_ledger(home), load()
    demonstration = home.kind == "demonstration"
    announced: dict[str, list[str]] = {}
    selected_ids = None
    if not quarters.is_unlimited:
        if demonstration:
            announced = {
                i: entry.periods.split() for i, entry in arrivals.read_identities(find_sample_folder()).items()
            }
        waiting = queries.find_waiting(engine, registry.digest, rules_version(), territory=territory)
        selected = select_returns(engine, waiting, quarters, announced)
        selected_ids = [submission.submission_id for submission in selected]
        if len(selected) < len(waiting):
            log(f"{territory}: {len(waiting) - len(selected)} waiting returns of other quarters are left alone")
    # In a real home, Data Docs show what was sent, which is validated for them when they are written.
    with keep_results() if demonstration else nullcontext():
        reports = waiting_checks.check_waiting(
            home,
            engine,
            registry,
            territory=territory,
            only=selected_ids,
            after=arrivals.CHECKED_AFTER if demonstration else None,
        )
    undecided: Refusals = {}
    if demonstration:
        decidable = queries.list_submissions(engine, states=arrivals.UNDECIDED, territory=territory)
        undecided = arrivals.replay_decisions(
            home, engine, find_sample_folder(), among=select_returns(engine, decidable, quarters, announced)
        )
    refused = {
        report.filename: sorted({f.rule for f in report.findings if f.severity == "error"})
        for report in reports.values()
        if report.count_findings("error")
    }
    intake = IntakeResult(
        territory,
        checked=len(reports),
        refused=refused,
        warnings=sum(report.count_findings("warning") for report in reports.values()),
        undecided=tuple(str(error) for error in undecided.values()),
    )
    if reports:
        log(f"{territory}: {intake.checked} returns checked, {len(refused)} refused, {intake.warnings} warnings")
    return intake


def hand_over_results(home: Home) -> int:
    """Keep the results of the checks of this process for `build_data_docs` in another one; return their number."""
    from expectations import engine

    return engine.save_results(_results_folder(home))


def _results_folder(home: Home) -> Path:
    return home.dagster / "check-results"


def build_data_docs(home: Home, *, log: Log = ignore_log) -> Step:
    """Write Great Expectations' Data Docs to the restricted folder: all suites, and the checks of this run.

    In a demonstration home they show the checks of this process, and of those that handed over their results. In a real
    home the offices' service has checked the returns; those that were sent since the last Data Docs are validated once
    more, only to be shown. Without new checks and with the same suites, nothing is written.
    """
    from expectations import engine, judge
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import rules_version

    registry = load()
    engine.load_results(_results_folder(home))
    last_event = _validate_sent_returns(home, registry) if home.kind == "real" else 0
    key = build_cache.digest_parts(rules_version(), registry.digest, build_cache.digest_parts(_TEMPLATES))
    if not engine.has_results() and build_cache.find_outcome(home, _DATA_DOCS, key) is not None:
        return Step(new=False)
    index = engine.build_data_docs(home.data_docs, judge.list_contracts())
    # The path says that the pages are in no backup (`build_cache.forget_builds`).
    build_cache.store_outcome(home, _DATA_DOCS, key, {"path": str(index), "last_event": last_event})
    log(f"Data Docs of the checks are in {index}")
    return Step(new=True, path=index)


def _validate_sent_returns(home: Home, registry: Registry) -> int:
    """Validate the returns that were sent since the last Data Docs, so that their results are stored.

    Return the last event of the ledger that was considered. For the first Data Docs of a home, only the newest returns
    are validated.
    """
    from expectations.engine import keep_results
    from pipelines.ledger import queries
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import waiting_checks

    engine = open_ledger(home)
    try:
        before = build_cache.find_last_outcome(home, _DATA_DOCS)
        last_event = queries.last_event_id(engine)
        events = queries.list_events(engine, after=int(before["last_event"]) if before else 0)
        sent = list(dict.fromkeys(event["submission_id"] for event in events if event["action"] == "send"))
        newest = sent if before else sent[-MOST_OF_FIRST_DOCS:]
        with keep_results():
            waiting_checks.validate_again(home, engine, registry, newest)
    finally:
        engine.dispose()
    return last_event


def gather_tables(home: Home, *, log: Log = ignore_log) -> Step:
    """Export the ledger, the declarations and the reference figures for dbt, and compare all facts with the ledger.

    Only what has changed is read again: of the ledger what the audit log names since the last export, and of the facts
    files that were written. The ledger's whole file is examined once a day, and whenever all of it was exported. A
    build from nothing and a publication read and examine everything.
    """
    from pipelines.ledger import audit_log, queries
    from pipelines.ledger.export import update_export
    from pipelines.ledger.opening import open_ledger
    from pipelines.refresh import integrity

    engine = open_ledger(home)
    last_event = queries.last_event_id(engine)
    export = update_export(engine, home.gathered)
    rows = export.rows | _export_others(home, engine)
    day = clock.now().date().isoformat()
    is_examined = export.is_continued and build_cache.find_outcome(home, _EXAMINED, day) is not None
    damage = [] if is_examined else integrity.check_ledger(home, engine)
    if not damage:
        if not is_examined:
            build_cache.store_outcome(home, _EXAMINED, day, {})
        damage = integrity.check_facts(home, engine, only_changes=True)
    audit_log.write_checkpoint(home, engine)
    # A return that arrived in the meantime and has not been checked yet must trigger another refresh.
    if not queries.list_submissions(engine, states=["received"]):
        mark_gathered(home, last_event)
    log(f"{queries.count_accepted(engine)} accepted submissions gathered")
    return Step(new=True, path=home.gathered, rows=rows, unmatched=tuple(item.message for item in damage))


_EXAMINED = "ledger-examined"
"""Step of the record of steps whose key is the day on which the ledger's whole file was examined."""


def export_sources(home: Home, engine: sa.Engine) -> dict[str, int]:
    """Write the ledger, the declarations and the reference figures to the gathered tables of a home; return the rows.

    `engine` is the ledger, which may be that of another home.
    """
    from pipelines.ledger.export import export_ledger

    return export_ledger(engine, home.gathered) | _export_others(home, engine)


def _export_others(home: Home, engine: sa.Engine) -> dict[str, int]:
    """Write all gathered tables but those of the returns; return the rows of those that are in the ledger."""
    from pipelines.declarations.export import write_declarations
    from pipelines.declarations.registry import load
    from pipelines.submissions import law_export
    from pipelines.survey import public_measures
    from pipelines.survey.public_results import export_results
    from pipelines.warehouse.metrics import cards_export, metrics
    from pipelines.warehouse.reference.gather import gather_reference

    registry = load().without_training()
    write_declarations(registry, home.gathered)
    cards_export.write_cards(registry, home.gathered)
    metrics.export_metrics(home.gathered)
    gather_reference(home)
    rows = law_export.export_law(engine, home.gathered)
    rows[public_measures.TABLE] = public_measures.export_measures(
        engine, home.gathered / f"{public_measures.TABLE}.parquet"
    )
    return rows | export_results(home, home.gathered)
