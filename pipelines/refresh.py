"""The steps of a refresh, as plain functions in their order. Dagster's assets call them; `rti refresh` runs that job.

Belongs here: what each step takes and gives, and when it has nothing to do.  Does not belong here: how a step does its
work (the packages it calls), the order in which assets run (`pipelines/defs/`).

    arrive -> take_in (each territory) -> document, gather -> build_counts -> records, protect -> build_indicators
    -> draft

Every step is keyed by what it is made of: with nothing new it does nothing, and says so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from pipelines import clock, steps
from pipelines.home import Home

Log = Callable[[str], None]
RAW_SAMPLES = Path(__file__).resolve().parents[1] / "raw_samples"
"""The demonstration's returns, unless the environment names another folder in RTI_SAMPLES."""
PUBLIC_TABLES = (
    "mart_coverage", "mart_return", "mart_delivery", "dim_area", "dim_period", "dim_population", "dim_measure",
    "dim_counting_card",
    "dim_counting_card_of", "dim_card_pair", "dim_card_comparability", "dim_break",
    "dim_metric", "dim_metric_operand",
)  # fmt: skip
"""Tables of the warehouse without counts, which go beside the protected cells as they are."""


class RefreshError(Exception):
    """A step that could not be done. The text says why and what to do."""


def _quiet(_: str) -> None:
    """The log of whoever does not listen."""


@dataclass(frozen=True)
class TakenIn:
    """What became of the waiting returns of one territory. `undecided` tells why a decision could not be taken."""

    territory: str
    checked: int = 0
    refused: dict[str, list[str]] = field(default_factory=dict)
    warnings: int = 0
    undecided: tuple[str, ...] = ()

    def refused_words(self) -> str:
        """Each refused file with its rules."""
        return "; ".join(f"{name}: {', '.join(rules)}" for name, rules in self.refused.items())

    def as_metadata(self) -> dict[str, Any]:
        """For the run's page."""
        words = {"refused files": self.refused_words(), "undecided": "; ".join(self.undecided)}
        numbers = {"checked": self.checked, "refused": len(self.refused), "warnings": self.warnings}
        return {**numbers, **{name: text for name, text in words.items() if text}}


@dataclass(frozen=True)
class Step:
    """What a step made. `new` is false where nothing had changed; `rows` counts by table; `seconds` by model."""

    new: bool
    path: Path | None = None
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    audit: dict[str, int] = field(default_factory=dict)
    release: str | None = None

    @property
    def safe(self) -> bool:
        """Whether the audit found no cell that can be worked out."""
        return not any(self.audit.get(name, 0) for name in ("disclosed", "narrow", "unknown"))

    def audit_words(self) -> str:
        """The audit in one line."""
        return ", ".join(f"{count} {name}" for name, count in self.audit.items()) or "nothing to audit"

    def as_metadata(self) -> dict[str, Any]:
        """For the run's page."""
        out: dict[str, Any] = {"new": self.new, **{f"rows of {name}": count for name, count in self.rows.items()}}
        if self.release:
            out["release"] = self.release
        return out

    def of_model(self, name: str) -> dict[str, Any]:
        """For the page of one model."""
        return {"new": self.new, **({"seconds": self.seconds[name]} if name in self.seconds else {})}


# ------------------------------------------------------------------------------------------------------------- returns


def arrive(home: Home, *, log: Log = _quiet) -> int:
    """Enter what has arrived by the clock's now; returns how many submissions are new.

    In a demonstration home that is the list of `raw_samples/`.  A real home's offices submit by themselves: here
    nothing is to be done.
    """
    if home.kind != "demonstration":
        return 0
    from pipelines.intake import arrivals, ledger

    new = arrivals.enter(home, ledger.open_ledger(home), samples())
    log(f"{new} returns of {samples().name}/ are new")
    return new


def samples() -> Path:
    """The folder of the demonstration's returns."""
    return Path(os.environ.get("RTI_SAMPLES") or RAW_SAMPLES)


def take_in(home: Home, territory: str, *, log: Log = _quiet) -> TakenIn:
    """Check what waits of one territory; in a demonstration home also decide as the list of arrivals says."""
    from pipelines.intake import arrivals, ledger, record
    from pipelines.returns.registry import load

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


def document(home: Home, *, log: Log = _quiet) -> Step:
    """Write Great Expectations' Data Docs of what this run judged, for the restricted side."""
    from expectations.engine import build_data_docs

    index = build_data_docs(home.data_docs)
    if index is None:
        return Step(new=False)
    log(f"Data Docs of the judgement lie in {index}")
    return Step(new=True, path=index)


def gather(home: Home, *, log: Log = _quiet) -> Step:
    """Export the ledger, the declarations and the figures of others for dbt; see that facts and ledger agree."""
    from pipelines.indicators import cards_export, metrics
    from pipelines.intake import audit, facts, ledger, queries
    from pipelines.reference.gather import gather_reference
    from pipelines.returns.registry import load

    engine = ledger.open_ledger(home)
    rows = ledger.export(engine, home.gathered)
    registry = load().national()
    registry.export(home.gathered)
    cards_export.write(registry, home.gathered)
    metrics.export(home.gathered)
    gather_reference(home)
    accepted = {s.submission_id for s in queries.submissions(engine, states=["approved", "published"])}
    unmatched = tuple(sorted(i for i in accepted if not facts.path_of(home, "observation", i).exists()))
    audit.checkpoint(home, engine)
    log(f"{len(accepted)} accepted submissions gathered")
    return Step(new=True, path=home.gathered, rows=rows, unmatched=unmatched)


# ----------------------------------------------------------------------------------------------------------- warehouse


def build_counts(home: Home, *, log: Log = _quiet) -> Step:
    """Build the count marts, unless the accepted returns, the declarations and the model are as they were today."""
    from pipelines import warehouse

    key = steps.digest(_gathered_key(home), warehouse.project_digest(), clock.now().date().isoformat())
    known = steps.remembered(home, "counts", key)
    if known is not None and Path(known["path"]).exists():
        log("counts: nothing new")
        return Step(new=False, path=Path(known["path"]))
    path = warehouse.build_counts(home)
    steps.remember(home, "counts", key, {"path": str(path)})
    seconds = warehouse.node_times(path)
    log(f"counts built into {path.name}")
    return Step(new=True, path=path, seconds=seconds)


def _gathered_key(home: Home) -> str:
    """What of the gathered tables shapes a count: not who published what, and not the words of a comment."""
    import polars as pl

    submission = pl.read_parquet(
        home.gathered / "submission.parquet",
        columns=["submission_id", "received_at", "accepted_at", "corrects_submission_id", "kind"],
    ).sort("submission_id")
    others = [
        path
        for path in sorted(home.gathered.glob("*.parquet"))
        if path.stem not in ("submission", "event", "justification")
    ]
    return steps.digest(submission.write_csv(), *others)


def records(home: Home, *, log: Log = _quiet) -> Step:
    """Make the figures of case records, unless records, rules and the release before are as they were."""
    from pipelines import warehouse
    from pipelines.indicators import from_records

    counts = _latest_counts(home)
    path, new = from_records.build(home, counts, warehouse.tables(counts))
    steps.remember(home, "records", path.name, {"folder": path.name})
    from_records.keep(home, {path.name, (steps.last(home, "draft") or {}).get("records", "")})
    log("figures of case records made" if new else "figures of case records: nothing new")
    return Step(new=new, path=path)


def _records(home: Home) -> Path:
    from pipelines.indicators import from_records

    known = steps.last(home, "records")
    path = from_records.folder(home) / str(known["folder"]) if known else None
    if path is None or not path.exists():
        raise RefreshError("the figures of case records are not there; run `rti refresh`")
    return path


def build_indicators(home: Home, *, which: Literal["restricted", "protected"], log: Log = _quiet) -> Step:
    """Build the indicators over restricted counts (for offices) or over protected cells (for the public)."""
    from pipelines import warehouse

    if which == "restricted":
        counts = _latest_counts(home)
        source, dimensions = warehouse.tables(counts) / "mart_count.parquet", warehouse.tables(counts)
        target = home.warehouse / "indicators-restricted.duckdb"
    else:
        folder = _protected_folder(home)
        source, dimensions = folder / "cells.parquet", folder
        target = folder / "indicators.duckdb"
    of_records = _records(home) / ("restricted" if which == "restricted" else "public")
    key = steps.digest(
        warehouse.indicators_digest(), source, of_records, *(dimensions / f"{t}.parquet" for t in PUBLIC_TABLES[2:])
    )
    step = f"indicators-{which}"
    if steps.remembered(home, step, key) is not None and target.exists():
        log(f"{which} indicators: nothing new")
        return Step(new=False, path=target)
    warehouse.build_indicators(
        home, input=which, source=source, target=target, dimensions=dimensions, records=of_records
    )
    if which == "protected":
        _export_marts(target, _protected_folder(home) / "indicators")
    steps.remember(home, step, key, {"path": str(target)})
    log(f"{which} indicators built")
    return Step(new=True, path=target)


def _export_marts(database: Path, folder: Path) -> None:
    """The marts of the public indicators as Parquet, for the release builder, which opens no warehouse."""
    import duckdb

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with duckdb.connect(str(database), read_only=True) as connection:
        names = [
            str(row[0])
            for row in connection.execute(
                "select table_name from information_schema.tables where table_name like 'mart_%' order by 1"
            ).fetchall()
        ]
        for name in names:
            target = str(folder / f"{name}.parquet").replace("'", "''")
            connection.execute(f"copy (select * from {name} order by all) to '{target}' (format parquet)")


def _latest_counts(home: Home) -> Path:
    from pipelines import warehouse

    counts = warehouse.latest_counts(home)
    if counts is None:
        raise RefreshError("there are no counts yet; run `rti refresh`")
    return counts


# ------------------------------------------------------------------------------------------------------------- release


def protect(home: Home, *, log: Log = _quiet) -> Step:
    """Protect the programme's cells and lay beside them the tables that hold no count."""
    import polars as pl

    from pipelines import warehouse
    from pipelines.disclosure import programme
    from pipelines.disclosure.protect import protect as hide

    tables = warehouse.tables(_latest_counts(home))
    inputs = [tables / f"{name}.parquet" for name in ("mart_count", *PUBLIC_TABLES)]
    key = steps.digest(steps.code("disclosure"), *inputs)
    known = steps.remembered(home, "protect", key)
    if known is not None and Path(known["path"]).exists():
        log("protection: nothing new")
        return Step(new=False, path=Path(known["path"]), audit=known["audit"])
    counts = pl.read_parquet(tables / "mart_count.parquet")
    chosen = programme.select(counts.filter(pl.col("area").is_in(_public_areas(tables))))
    done = hide(chosen, cache=home.restricted / "protection", progress=_by_tenths(log, "blocks of cells protected"))
    folder = home.protected / key[:16]
    aside = home.protected / f".{key[:16]}.new"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    public = done.cells.with_columns(
        pl.when(pl.col("conf_status") == "F").then(pl.lit("F")).otherwise(pl.lit("C")).alias("conf_status")
    )
    public.write_parquet(aside / "cells.parquet")
    done.cells.write_parquet(aside / "cells_internal.parquet")
    for name in PUBLIC_TABLES:
        shutil.copyfile(tables / f"{name}.parquet", aside / f"{name}.parquet")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    for old in home.protected.iterdir():
        if old != folder:
            shutil.rmtree(old)
    audit = done.report.totals()
    steps.remember(home, "protect", key, {"path": str(folder), "audit": audit})
    log(f"{audit['hidden']} cells hidden, {audit['disclosed']} could be worked out")
    return Step(new=True, path=folder, rows={"cells": public.height}, audit=audit)


def _by_tenths(log: Log, what: str) -> Callable[[int, int], None]:
    """Tell of long work ten times, not at every piece."""

    def progress(done: int, of: int) -> None:
        if done == of or done * 10 // of > (done - 1) * 10 // of:
            log(f"{done} of {of} {what}")

    return progress


def _public_areas(tables: Path) -> list[str]:
    """Areas of the region: a training territory is never part of a release."""
    import polars as pl

    areas = pl.read_parquet(tables / "dim_area.parquet")
    return areas.filter(pl.col("kind") == "national")["area"].to_list()


def _protected_folder(home: Home) -> Path:
    found = [path for path in home.protected.iterdir() if path.is_dir() and not path.name.startswith(".")]
    if len(found) != 1:
        raise RefreshError("the protected cells are not there; run `rti refresh`")
    return found[0]


def draft(home: Home, *, log: Log = _quiet) -> Step:
    """Build the draft of the next release, unless the last one was made of the very same things."""
    from pipelines.releases.build import build_draft
    from pipelines.returns.registry import load

    folder = _protected_folder(home)
    indicators = folder / "indicators"
    key = steps.digest(
        steps.code("releases", "indicators", "reference"), load().digest, home.kind, folder / "cells.parquet",
        indicators,
        *(folder / f"{name}.parquet" for name in PUBLIC_TABLES if name != "mart_return"),
        home.gathered / "reference.parquet",
    )  # fmt: skip
    known = steps.remembered(home, "draft", key)
    if known is not None and any((place / known["release"]).exists() for place in (home.drafts, home.releases)):
        log(f"release {known['release']}: nothing new")
        return Step(new=False, release=known["release"])
    made = build_draft(home, folder, indicators, load().national())
    for old in home.drafts.iterdir():
        if old != made.folder:
            shutil.rmtree(old)
    steps.remember(home, "draft", key, {"release": made.release, "records": _records(home).name})
    log(f"draft {made.release} is ready: {sum(made.rows.values())} rows in {len(made.rows)} tables")
    return Step(new=True, path=made.folder, rows=made.rows, release=made.release)


def publish(home: Home, name: str | None = None) -> str:
    """Publish a draft and say so in the ledger, for every return in it. Returns the release's id."""
    import polars as pl

    from pipelines.indicators import from_records
    from pipelines.intake import audit, ledger, queries
    from pipelines.releases.publish import publish as switch

    folder = switch(home, name)
    drafted = steps.last(home, "draft") or {}
    if drafted.get("release") == folder.name and "records" in drafted:
        from_records.release(home, from_records.folder(home) / drafted["records"])
    engine = ledger.open_ledger(home)
    released = set(pl.read_parquet(folder / "data" / "cell_submission.parquet")["submission_id"])
    accepted = {s.submission_id for s in queries.submissions(engine, states=["approved", "published"])}
    ledger.publish(engine, sorted(released & accepted), folder.name)
    audit.checkpoint(home, engine)
    return folder.name


# ------------------------------------------------------------------------------------------------ news and deadlines


@dataclass(frozen=True)
class News:
    """Events of the ledger after a cursor: the territories and quarters they touch, and the last event's number."""

    territories: tuple[str, ...]
    periods: tuple[str, ...]
    last_event: int


def news(home: Home, *, after: int) -> News:
    """What happened in the ledger since an event, but for what the machine itself did by publishing."""
    from pipelines.intake import ledger, queries
    from pipelines.returns.periods import Period
    from pipelines.returns.registry import load

    engine = ledger.open_ledger(home)
    events = queries.events(engine, after=after)
    last = max((int(event["event_id"]) for event in events), default=after)
    touched = sorted({event["submission_id"] for event in events if event["action"] not in ("publish", "check")})
    if not touched:
        return News((), (), last)
    territories, quarters = set(), set()
    for one in queries.submissions(engine, ids=touched):
        # What has not been read yet may be anybody's.
        territories |= {one.territory} if one.territory else set(load().national().territories)
        quarters |= {
            Period.containing(Period.of(block["period"]).end, "Q").code
            for block in queries.blocks(engine, one.submission_id)
        }
    if not quarters:
        quarters = {Period.containing(clock.now().date(), "Q").code}
    return News(tuple(sorted(territories)), tuple(sorted(quarters)), last)


def deadlines(day: date) -> dict[str, str]:
    """Each territory's last deadline in the ninety days before a day, as tags of the run that follows it."""
    from pipelines.returns.registry import load

    registry = load().national()
    out: dict[str, str] = {}
    for row in registry.calendar(day):
        if day - timedelta(days=90) <= row["deadline"] <= day:
            tag = f"deadline/{row['territory']}"
            out[tag] = max(out.get(tag, ""), row["deadline"].isoformat())
    return out
