"""Compute figures from case records before any disclosure rule: one row for each group, and the persons behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from pipelines.declarations.law import Law
from pipelines.statistics import cohorts as cohort
from pipelines.statistics import durations as duration
from pipelines.statistics import pending, sentences
from pipelines.statistics.matters import in_matters
from pipelines.statistics.record_shares import count_share, counted_schema, insert_shares
from pipelines.statistics.stages import AREA, GOES_ON, STAGES, UNIT, Stage
from pipelines.statistics.stays import find_record_runs, find_stays
from pipelines.warehouse.records.declared_programme import RecordProgramme
from pipelines.warehouse.records.schema import ALL

if TYPE_CHECKING:
    import polars as pl

GROUPS: Mapping[str, tuple[str, ...]] = {
    "record_duration": (*AREA, "stage", "freq", "entered"),
    "record_pending": (*AREA, "stage"),
    "record_cohort": (*AREA, "stage", "freq", "cohort", "quarters"),
    "record_sentence": (*AREA, "level", "freq", "period"),
    "record_dispersion": AREA,
}
"""Columns that identify one row of each wide frame."""
MEMBER = ("person", "cluster", "token")
"""Columns for each person behind a row: pseudonym, proceedings and a token of the person's values, by which releases
are compared."""


@dataclass(frozen=True)
class RecordFigures:
    """Result of `compute_figures`.

    `wide`: name -> frame with one row for each group of `GROUPS`; `members`: columns `table`, `cell`, `MEMBER`;
    `set_aside`: events from which no stay could be derived, by stage and reason.
    """

    wide: Mapping[str, pl.DataFrame]
    members: pl.DataFrame
    set_aside: pl.DataFrame


def compute_figures(
    events: pl.DataFrame, reported: pl.DataFrame, law: Mapping[str, Law], programme: RecordProgramme
) -> RecordFigures:
    """Compute all figures of the programme.

    `events`: columns of `CASE_EVENT` and `offence_group`, from current blocks; `reported` (`jurisdiction, source,
    period`): the periods of those blocks, including nil returns; `law` by jurisdiction.
    """
    import polars as pl

    names = {*programme.durations.stages, *programme.pending.stages, *programme.cohorts.stages}
    stays_by_stage = {name: find_stays(events, STAGES[name], reported=reported) for name in sorted(names)}
    set_aside = [result.set_aside.with_columns(stage=pl.lit(name)) for name, result in stays_by_stage.items()]
    frames = {
        name: _keep_sources_with_ends(result.frame, events, STAGES[name]) for name, result in stays_by_stage.items()
    }
    parts = [
        _durations(pl.concat(frames[name] for name in programme.durations.stages), programme),
        _pending(pl.concat(frames[name] for name in programme.pending.stages)),
        _cohorts({name: frames[name] for name in programme.cohorts.stages}, programme),
        _sentences(events, reported, law, programme),
        _dispersion(events),
    ]
    wide: dict[str, pl.DataFrame] = {}
    for part, _ in parts:
        wide |= part
    return RecordFigures(wide, pl.concat([members for _, members in parts]), pl.concat(set_aside))


def _keep_sources_with_ends(frame: pl.DataFrame, events: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    """Return the stays of those sources that record ends of the stage at all.

    A register of first-instance courts does not record finality: its cases are not all pending, their end is missing.
    """
    import polars as pl

    ends = pl.DataFrame(
        [mark for mark in stage.exits if mark.event not in GOES_ON | {"requalified_out"}],
        schema=["event", "level"],
        orient="row",
    )
    sources_with_ends = events.join(ends, on=["event", "level"], how="semi").select("jurisdiction", "source").unique()
    return frame.join(sources_with_ends, on=["jurisdiction", "source"], how="semi", maintain_order="left").with_columns(
        stage=pl.lit(stage.name)
    )


def _durations(frame: pl.DataFrame, programme: RecordProgramme) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    import polars as pl

    by = GROUPS["record_duration"]
    entered = {"A": pl.col("start").dt.year().cast(pl.String), ALL: pl.lit(ALL)}
    first = frame.filter(~pl.col("again"))
    cut = pl.concat(first.with_columns(freq=pl.lit(freq), entered=entered[freq]) for freq in programme.durations.freqs)
    observed = cut.group_by(by).agg(seen_from=pl.col("run_from").min(), seen_until=pl.col("known_until").max())
    table = duration.summarise_durations(cut, by).join(_open_shares(cut, by), on=by).join(observed, on=by)
    return {"record_duration": table}, _members("record_duration", cut, "ended", "closed_by", "end")


def _open_shares(cut: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    rows = [
        dict(zip(by, key, strict=True))
        | count_share("open_share", ~group["ended"].to_numpy(), group["cluster"].to_numpy())
        for key, group in cut.group_by(by, maintain_order=True)
    ]
    schema: dict[str, Any] = {name: cut.schema[name] for name in by} | counted_schema("open_share")
    return insert_shares(pl.DataFrame(rows, schema=schema, orient="row"), "open_share")


def _pending(frame: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    by = GROUPS["record_pending"]
    table = pending.summarise_ages(frame, by).join(
        pending.count_age_bands(frame, by).drop("n_persons", "n_proceedings", "largest_share"), on=by
    )
    return {"record_pending": table}, _members("record_pending", pending.find_pending_stays(frame), "start")


def _cohorts(
    frames: Mapping[str, pl.DataFrame], programme: RecordProgramme
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    import polars as pl

    declared, tables, members = programme.cohorts, [], []
    for name, frame in frames.items():
        for freq in declared.freqs:
            labels = {"stage": pl.lit(name), "freq": pl.lit(freq)}
            cohort_table = cohort.summarise_cohorts(frame, AREA, quarters=declared.quarters, freq=freq)
            tables.append(cohort_table.with_columns(**labels))
            states = cohort.track_states(frame, declared.quarters, freq).rename({"first_cluster": "cluster"})
            members.append(_members("record_cohort", states.with_columns(**labels), "state"))
    whole = pl.concat(tables).with_columns(
        ended_otherwise=reduce(add, (pl.col(state) for state in cohort.ENDED if state != "convicted")),
    )
    still_open = pl.col("conviction_ratio_of") - pl.col("decided_ratio_of")
    whole = insert_shares(
        whole.with_columns(
            open_share_n=still_open,
            open_share_of=pl.col("conviction_ratio_of"),
            open_share_deff=pl.col("conviction_ratio_deff"),
        ),
        "open_share",
    )
    return {"record_cohort": whole}, pl.concat(members)


def _sentences(
    events: pl.DataFrame, reported: pl.DataFrame, law: Mapping[str, Law], programme: RecordProgramme
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return custody of all sentenced, and for prison sentences their lengths and position in the statutory range.

    Each is a separate frame, because they cover different persons and the disclosure rule applies to each set.
    """
    import polars as pl

    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in ("custody", "lengths", "bands", "against_law")}
    members = []
    pieces = find_record_runs(events, reported)
    for level in programme.sentences.levels:
        for freq in programme.sentences.freqs:
            period = pl.col("period") if freq == "Q" else pl.col("period").str.slice(0, 4)
            imposed = sentences.find_imposed_sentences(events.with_columns(period=period), law, level=level)
            imposed = _with_whole_years(imposed, pieces) if freq == "A" else imposed.with_columns(is_whole=pl.lit(True))
            imposed = imposed.with_columns(level=pl.lit(level), freq=pl.lit(freq))
            by = (*GROUPS["record_sentence"], "is_whole")
            custody = sentences.compute_custody_shares(imposed, by)
            kinds = sentences.count_sentence_kinds(imposed, by).drop("n_persons", "n_proceedings", "largest_share")
            parts["custody"].append(custody.join(kinds, on=by))
            parts["lengths"].append(sentences.summarise_lengths(imposed, by))
            parts["bands"].append(sentences.lengths_by_band(imposed, by))
            parts["against_law"].append(sentences.against_law(imposed, by))
            members.append(_sentence_members(imposed))
    return {f"sentence_{name}": pl.concat(frames) for name, frames in parts.items()}, pl.concat(members)


def _with_whole_years(imposed: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Add `is_whole`: True if the records cover every day of the year. A partial year would change each quarter."""
    import polars as pl

    years = imposed.select("jurisdiction", "source", "period").unique()
    within = (
        years.join(pieces, on=["jurisdiction", "source"])
        .with_columns(
            first=pl.date(pl.col("period").cast(pl.Int32), 1, 1), last=pl.date(pl.col("period").cast(pl.Int32), 12, 31)
        )
        .filter(pl.col("run_from") <= pl.col("first"), pl.col("run_until") >= pl.col("last"))
        .select("jurisdiction", "source", "period", is_whole=pl.lit(True))
    )
    return imposed.join(within, on=["jurisdiction", "source", "period"], how="left").with_columns(
        pl.col("is_whole").fill_null(False)
    )


def _dispersion(events: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the dispersion of persons over connected proceedings, over all years."""
    import polars as pl

    from pipelines.statistics.dispersion import estimate_dispersion

    pairs = in_matters(events).select(*AREA, "person", "cluster").unique(maintain_order=True)
    rows = []
    for key, group in pairs.group_by(AREA, maintain_order=True):
        sizes = group.group_by("cluster", maintain_order=True).len()["len"].to_numpy()
        result = estimate_dispersion("person", sizes, persons=int(sizes.sum()), cases=len(sizes))
        row = dict(zip(AREA, key, strict=True)) | duration.count_contributors(
            group["person"].to_numpy(), group["cluster"].to_numpy()
        )
        rows.append(row | {"phi": result.phi, "basis": result.basis})
    schema: dict[str, Any] = dict.fromkeys(AREA, pl.String()) | {"n_persons": pl.Int64(), "n_proceedings": pl.Int64()}
    schema |= {"largest_share": pl.Float64(), "phi": pl.Float64(), "basis": pl.String()}
    return {"record_dispersion": pl.DataFrame(rows, schema=schema, orient="row")}, _members("record_dispersion", pairs)


def name_cell(table: str) -> pl.Expr:
    """Return the name of the group of persons behind a figure, by which releases are compared.

    For sentences the group is all sentenced persons, those in prison, or those in prison under an article with a
    minimum penalty.
    """
    import polars as pl

    names = [pl.col(name).cast(pl.String) for name in GROUPS[table]]
    if table == "record_sentence":
        of_law = pl.when(pl.col("statistic") == "below_minimum").then(pl.lit("of_law")).otherwise(pl.lit(""))
        names += [pl.col("sentence_type"), of_law]
    return pl.concat_str(names, separator="|")


def _members(table: str, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the persons in each row with a token of their values. A stay that stays open keeps its token."""
    import polars as pl

    present_columns = [name for name in (*UNIT[len(AREA) :], *columns) if name in frame.columns]
    token = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in present_columns], separator="|")
    return frame.select(
        pl.lit(table).alias("table"), name_cell(table).alias("cell"), "person", "cluster", token.alias("token")
    ).unique(maintain_order=True)


def _sentence_members(imposed: pl.DataFrame) -> pl.DataFrame:
    """Return the members of sentence rows: all for custody, those in prison for lengths, known minimum for the law."""
    import polars as pl

    kind = imposed.rename({"sentence_type": "kind"})
    served = kind.filter(pl.col("kind") == "prison", pl.col("months").is_not_null())
    prison = pl.lit("prison").alias("sentence_type")
    parts = [
        (kind.with_columns(sentence_type=pl.lit("_T"), statistic=pl.lit("")), "kind"),
        (served.with_columns(prison, statistic=pl.lit("")), "months"),
        (served.drop_nulls("minimum").with_columns(prison, statistic=pl.lit("below_minimum")), "months"),
    ]
    return pl.concat(_members("record_sentence", frame, column) for frame, column in parts)
