"""Figures of case records before anybody's rule: wide frames, one row a group, with the persons behind each."""

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
from pipelines.statistics.record_shares import counted, counted_schema, shared
from pipelines.statistics.stages import AREA, GOES_ON, STAGES, UNIT, Stage
from pipelines.statistics.stays import reach, stays
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
"""What one row of each wide frame is of."""
MEMBER = ("person", "cluster", "token")
"""Of each person in a row: the pseudonym, the proceedings and what is told of him, for the comparison of releases."""


@dataclass(frozen=True)
class Figures:
    """`wide`: name -> frame, a row each of `GROUPS`; `members`: `table`, `cell`, `MEMBER`; `set_aside`: what gave no
    stay, by stage and reason."""

    wide: Mapping[str, pl.DataFrame]
    members: pl.DataFrame
    set_aside: pl.DataFrame


def figures(
    events: pl.DataFrame, reported: pl.DataFrame, law: Mapping[str, Law], programme: RecordProgramme
) -> Figures:
    """All figures of the programme.

    `events`: columns of `CASE_EVENT` and `offence_group`, of current blocks; `reported` (`jurisdiction, source,
    period`): the periods of those blocks, nil returns with them; `law` by jurisdiction.
    """
    import polars as pl

    names = {*programme.durations.stages, *programme.pending.stages, *programme.cohorts.stages}
    made = {name: stays(events, STAGES[name], reported=reported) for name in sorted(names)}
    aside = [one.set_aside.with_columns(stage=pl.lit(name)) for name, one in made.items()]
    frames = {name: _that_end(one.frame, events, STAGES[name]) for name, one in made.items()}
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
    return Figures(wide, pl.concat([members for _, members in parts]), pl.concat(aside))


def _that_end(frame: pl.DataFrame, events: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    """The stays of sources that tell how the stage ends at all.

    A register of first-instance courts knows no finality: its cases are not all pending, their end is not collected.
    """
    import polars as pl

    ends = pl.DataFrame(
        [mark for mark in stage.exits if mark.event not in GOES_ON | {"requalified_out"}],
        schema=["event", "level"],
        orient="row",
    )
    telling = events.join(ends, on=["event", "level"], how="semi").select("jurisdiction", "source").unique()
    return frame.join(telling, on=["jurisdiction", "source"], how="semi", maintain_order="left").with_columns(
        stage=pl.lit(stage.name)
    )


def _durations(frame: pl.DataFrame, programme: RecordProgramme) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    import polars as pl

    by = GROUPS["record_duration"]
    entered = {"A": pl.col("start").dt.year().cast(pl.String), ALL: pl.lit(ALL)}
    first = frame.filter(~pl.col("again"))
    cut = pl.concat(first.with_columns(freq=pl.lit(freq), entered=entered[freq]) for freq in programme.durations.freqs)
    seen = cut.group_by(by).agg(seen_from=pl.col("run_from").min(), seen_until=pl.col("known_until").max())
    made = duration.durations(cut, by).join(_open_shares(cut, by), on=by).join(seen, on=by)
    return {"record_duration": made}, _members("record_duration", cut, "ended", "closed_by", "end")


def _open_shares(cut: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    rows = [
        dict(zip(by, key, strict=True)) | counted("open_share", ~group["ended"].to_numpy(), group["cluster"].to_numpy())
        for key, group in cut.group_by(by, maintain_order=True)
    ]
    schema: dict[str, Any] = {name: cut.schema[name] for name in by} | counted_schema("open_share")
    return shared(pl.DataFrame(rows, schema=schema, orient="row"), "open_share")


def _pending(frame: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    by = GROUPS["record_pending"]
    made = pending.ages(frame, by).join(
        pending.bands(frame, by).drop("n_persons", "n_proceedings", "largest_share"), on=by
    )
    return {"record_pending": made}, _members("record_pending", pending.pending(frame), "start")


def _cohorts(
    frames: Mapping[str, pl.DataFrame], programme: RecordProgramme
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    import polars as pl

    asked, made, members = programme.cohorts, [], []
    for name, frame in frames.items():
        for freq in asked.freqs:
            of = {"stage": pl.lit(name), "freq": pl.lit(freq)}
            found = cohort.cohorts(frame, AREA, quarters=asked.quarters, freq=freq)
            made.append(found.with_columns(**of))
            stood = cohort.states(frame, asked.quarters, freq).rename({"first_cluster": "cluster"})
            members.append(_members("record_cohort", stood.with_columns(**of), "state"))
    whole = pl.concat(made).with_columns(
        ended_otherwise=reduce(add, (pl.col(state) for state in cohort.ENDED if state != "convicted")),
    )
    rest = pl.col("conviction_ratio_of") - pl.col("decided_ratio_of")
    whole = shared(
        whole.with_columns(
            open_share_n=rest,
            open_share_of=pl.col("conviction_ratio_of"),
            open_share_deff=pl.col("conviction_ratio_deff"),
        ),
        "open_share",
    )
    return {"record_cohort": whole}, pl.concat(members)


def _sentences(
    events: pl.DataFrame, reported: pl.DataFrame, law: Mapping[str, Law], programme: RecordProgramme
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The custody of all, and of those in prison lengths and place in the frame of the law, each a frame of its own:
    they are of different persons, and so is the rule of what may be told of them."""
    import polars as pl

    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in ("custody", "lengths", "bands", "against_law")}
    members = []
    pieces = reach(events, reported)
    for level in programme.sentences.levels:
        for freq in programme.sentences.freqs:
            period = pl.col("period") if freq == "Q" else pl.col("period").str.slice(0, 4)
            one = sentences.imposed(events.with_columns(period=period), law, level=level)
            one = _with_whole_years(one, pieces) if freq == "A" else one.with_columns(is_whole=pl.lit(True))
            one = one.with_columns(level=pl.lit(level), freq=pl.lit(freq))
            by = (*GROUPS["record_sentence"], "is_whole")
            custody = sentences.custody(one, by)
            kinds = sentences.kinds(one, by).drop("n_persons", "n_proceedings", "largest_share")
            parts["custody"].append(custody.join(kinds, on=by))
            parts["lengths"].append(sentences.lengths(one, by))
            parts["bands"].append(sentences.lengths_by_band(one, by))
            parts["against_law"].append(sentences.against_law(one, by))
            members.append(_sentenced(one))
    return {f"sentence_{name}": pl.concat(frames) for name, frames in parts.items()}, pl.concat(members)


def _with_whole_years(one: pl.DataFrame, pieces: pl.DataFrame) -> pl.DataFrame:
    """Whether the records hold every day of the year: a year that grows is told anew each quarter."""
    import polars as pl

    years = one.select("jurisdiction", "source", "period").unique()
    within = (
        years.join(pieces, on=["jurisdiction", "source"])
        .with_columns(
            first=pl.date(pl.col("period").cast(pl.Int32), 1, 1), last=pl.date(pl.col("period").cast(pl.Int32), 12, 31)
        )
        .filter(pl.col("run_from") <= pl.col("first"), pl.col("run_until") >= pl.col("last"))
        .select("jurisdiction", "source", "period", is_whole=pl.lit(True))
    )
    return one.join(within, on=["jurisdiction", "source", "period"], how="left").with_columns(
        pl.col("is_whole").fill_null(False)
    )


def _dispersion(events: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Persons by proceedings that hang together, over all years."""
    import polars as pl

    from pipelines.statistics.dispersion import dispersion

    pairs = in_matters(events).select(*AREA, "person", "cluster").unique(maintain_order=True)
    rows = []
    for key, group in pairs.group_by(AREA, maintain_order=True):
        sizes = group.group_by("cluster", maintain_order=True).len()["len"].to_numpy()
        found = dispersion("person", sizes, persons=int(sizes.sum()), cases=len(sizes))
        row = dict(zip(AREA, key, strict=True)) | duration.behind(
            group["person"].to_numpy(), group["cluster"].to_numpy()
        )
        rows.append(row | {"phi": found.phi, "basis": found.basis})
    schema: dict[str, Any] = dict.fromkeys(AREA, pl.String()) | {"n_persons": pl.Int64(), "n_proceedings": pl.Int64()}
    schema |= {"largest_share": pl.Float64(), "phi": pl.Float64(), "basis": pl.String()}
    return {"record_dispersion": pl.DataFrame(rows, schema=schema, orient="row")}, _members("record_dispersion", pairs)


def cell(table: str) -> pl.Expr:
    """The name of the persons that a figure is of, for the comparison of releases.

    In a row of sentences those are all, those in prison, or of these the ones whose article has a least penalty.
    """
    import polars as pl

    names = [pl.col(name).cast(pl.String) for name in GROUPS[table]]
    if table == "record_sentence":
        of_law = pl.when(pl.col("statistic") == "below_minimum").then(pl.lit("of_law")).otherwise(pl.lit(""))
        names += [pl.col("sentence_type"), of_law]
    return pl.concat_str(names, separator="|")


def _members(table: str, frame: pl.DataFrame, *told: str) -> pl.DataFrame:
    """Who is in each row and what is told of him; an open stay that lasts on tells nothing new."""
    import polars as pl

    own = [name for name in (*UNIT[len(AREA) :], *told) if name in frame.columns]
    token = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in own], separator="|")
    return frame.select(
        pl.lit(table).alias("table"), cell(table).alias("cell"), "person", "cluster", token.alias("token")
    ).unique(maintain_order=True)


def _sentenced(one: pl.DataFrame) -> pl.DataFrame:
    """The members of a row of sentences: of custody all, of lengths those in prison, beside the law the known ones."""
    import polars as pl

    kind = one.rename({"sentence_type": "kind"})
    served = kind.filter(pl.col("kind") == "prison", pl.col("months").is_not_null())
    prison = pl.lit("prison").alias("sentence_type")
    parts = [
        (kind.with_columns(sentence_type=pl.lit("_T"), statistic=pl.lit("")), "kind"),
        (served.with_columns(prison, statistic=pl.lit("")), "months"),
        (served.drop_nulls("minimum").with_columns(prison, statistic=pl.lit("below_minimum")), "months"),
    ]
    return pl.concat(_members("record_sentence", frame, told) for frame, told in parts)
