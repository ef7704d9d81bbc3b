"""Put the tables of a draft together from the protected cells, the indicators, the declarations and what was gathered.

Each table is written as soon as it is complete and read again where another one needs it: after a long history, all of
them together would fill the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from pipelines import __version__
from pipelines.core import clock, codes, i18n
from pipelines.core.home import Home
from pipelines.declarations.registry import Registry
from pipelines.publication import measured_quality
from pipelines.publication.cooperation.cells import PUBLISHED, find_least
from pipelines.publication.cooperation.figures import COOPERATION_TABLES
from pipelines.publication.disclosure import programme, utility
from pipelines.publication.releases import formats, law, monitoring, notes
from pipelines.publication.releases.correction_notices import read_notices
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.public_texts import clean_table, name_offices
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT
from pipelines.survey import public_measures
from pipelines.survey.public_results import read_exported
from pipelines.warehouse.exported_tables import COUNTS, INDICATORS, ExportedTable
from pipelines.warehouse.reference.publishers import name_publishers

# Order of the rows in the files.
_CELL_ORDER: Final = (
    "table_id", "area_kind", "area", "freq", "period", "measure", "level", "count_unit", "offence_group",
)  # fmt: skip
SUBMISSION_COLUMNS: Final = (
    "submission_id", "territory", "jurisdiction", "instrument", "source", "form", "kind", "received_at", "accepted_at",
    "corrects_submission_id", "first_period", "last_period", "n_blocks", "is_nil",
)  # fmt: skip
"""Public columns of a submission: enough to trace a figure back, but no file name and no findings."""
_INTERNAL_FLAGS: Final = ("A", "D")
_OF_COUNTS: Final[Mapping[str, pl.Expr]] = {
    "cell": pl.lit(SMALLEST_PUBLISHED_COUNT),
    **dict.fromkeys(PUBLISHED, find_least()),
}
"""Tables of protected counts, each with the smallest count above 0 that it may have."""

Written = Mapping[str, pl.LazyFrame]
"""The tables of a draft that are written, by name; each is read from its file when it is collected."""
_Tables = Iterator[tuple[str, pl.DataFrame | pl.LazyFrame]]


@dataclass(frozen=True)
class DraftInputs:
    """The folders of the protected cells and of the indicators, and the declarations, which a draft is made from.

    `release` is its id, and `now` the time at which it is drafted.
    """

    home: Home
    protected: Path
    indicators: Path
    registry: Registry
    release: str
    now: datetime

    @cached_property
    def cells(self) -> pl.LazyFrame:
        """Return the protected cells with the returns behind them."""
        return pl.scan_parquet(self.protected / "cells.parquet")


def write_tables(inputs: DraftInputs, folder: Path) -> dict[str, pl.LazyFrame]:
    """Write all tables of a draft but those of its comparison with the release before, as Parquet files in `folder`.

    Raises ReleaseError if a table of counts has data that must not be public, or if something was not gathered.
    """
    names = name_offices(inputs.registry)
    written: dict[str, pl.LazyFrame] = {}
    for list_tables in _PARTS:
        for name, table in list_tables(inputs, written):
            path = folder / f"{name}.parquet"
            formats.write_parquet(clean_table(name, table.lazy(), names), path)
            written[name] = pl.scan_parquet(path)
            if name in _OF_COUNTS:
                _refuse_internal(name, written[name], _OF_COUNTS[name])
    return written


def reference_period(cells: pl.LazyFrame) -> str:
    """Return the latest quarter that any office has reported. Raises ReleaseError if there is none."""
    reported = cells.filter((pl.col("freq") == "Q") & (pl.col("n_reported") > 0))
    newest = reported.select(pl.col("period").max()).collect().item()
    if newest is None:
        raise ReleaseError("no quarter has been reported by anyone; approve returns first (`rti status` lists them)")
    return str(newest)


def _refuse_internal(name: str, cells: pl.LazyFrame, least: pl.Expr) -> None:
    """Raise ReleaseError if a cell has a hidden value, a count below `least`, or a flag that says why it is hidden.

    This last check reads the file that is to be published.
    """
    flagged, leaking, small = (
        cells.select(
            flagged=pl.col("conf_status").is_in(_INTERNAL_FLAGS).sum(),
            leaking=((pl.col("conf_status") == "C") & pl.col("value").is_not_null()).sum(),
            small=((pl.col("value") > 0) & (pl.col("value") < least)).sum(),
        )
        .collect()
        .row(0)
    )
    if flagged or leaking or small:
        raise ReleaseError(
            f"The table {name} is not fit for release. Cells that say why they are hidden: {flagged}; hidden cells "
            f"with a value: {leaking}; small counts: {small}. Run `rti refresh` again; if this comes back, report it."
        )


# -- Counts


def _list_counts(inputs: DraftInputs, _written: Written) -> _Tables:
    cards = pl.scan_parquet(inputs.protected / "dim_counting_card_of.parquet")
    totals = pl.scan_parquet(inputs.indicators / "cell.parquet").select("cell_id", "is_total")
    cells = inputs.cells.drop("submission_ids").sort(_CELL_ORDER, maintain_order=True)
    yield (
        "cell",
        _with_card_ids(cells, cards).join(totals, on="cell_id", how="left", maintain_order="left", validate="m:1"),
    )
    yield "cell_submission", _list_submissions(inputs.cells)
    for name, table in _read_released(inputs.protected, COUNTS):
        yield name, _select_public(table) if name == "submission" else table


def _with_card_ids(cells: pl.LazyFrame, cards: pl.LazyFrame) -> pl.LazyFrame:
    """Add `card_id`, the counting card of each cell; empty if its area has no rule for its unit."""
    key = ["area", "level", "freq", "period", "count_unit"]
    card = cards.select(*key, "card_id")
    return cells.join(card, on=key, how="left", maintain_order="left", validate="m:1").with_columns(
        pl.col("card_id").fill_null("")
    )


def _list_submissions(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Return the submissions behind each cell: `cell_id, submission_id`."""
    return (
        cells.select(*_CELL_ORDER, "cell_id", "submission_ids")
        .sort(_CELL_ORDER, maintain_order=True)
        .unique("cell_id", keep="first", maintain_order=True)
        .select("cell_id", pl.col("submission_ids").str.split(",").alias("submission_id"))
        .explode("submission_id")
        .filter(pl.col("submission_id").is_not_null() & (pl.col("submission_id") != ""))
    )


def _select_public(returns: pl.LazyFrame) -> pl.LazyFrame:
    """Return the accepted returns without saying which of those on cooperation are nil.

    All counts of a nil quarter are 0, and the protection of cooperation assumes that no reader knows its zeros. Of a
    whole year, `cooperation_return` says it.
    """
    is_secret = pl.col("instrument").eq_missing(pl.lit("cooperation"))
    return (
        returns.filter(pl.col("accepted_at").is_not_null())
        .select(SUBMISSION_COLUMNS)
        .with_columns(pl.when(~is_secret).then(pl.col(name)).alias(name) for name in ("kind", "is_nil"))
    )


def _read_released(folder: Path, declared: Sequence[ExportedTable]) -> Iterator[tuple[str, pl.LazyFrame]]:
    """Yield the exported tables that belong to a release, by their names in the release."""
    for table in declared:
        if table.released_as:
            frame = pl.scan_parquet(folder / f"{table.name}.parquet")
            yield table.released_as, frame.sort(table.order, maintain_order=True) if table.order else frame


# -- Declarations, law, practice and cooperation


def _list_declared(inputs: DraftInputs, written: Written) -> _Tables:
    registry = inputs.registry
    metrics = written["metric"].collect()
    yield "area_name", notes.build_names(registry)
    yield "area_map", notes.build_map(registry)
    yield "note", notes.build_notes(registry, read_notices(inputs.home))
    yield "counting_rule", notes.counting_rules(registry)
    yield "metadata", notes.build_metadata()
    yield "programme", describe_programme()
    yield "codelist", list_codes(metrics)
    yield "codelist_label", list_code_labels(metrics)


def _list_gathered(inputs: DraftInputs, _written: Written) -> _Tables:
    """Yield what was gathered besides the counts: law and practice."""
    gathered, now = inputs.home.gathered, inputs.now
    provisions = law.build_provisions(law.read_statements(gathered / "provision_statement.parquet", now))
    treaties = law.read_statements(gathered / "treaty_statement.parquet", now)
    yield (
        "legal_assessment",
        law.build_assessments(gathered / "legal_assessment.parquet", inputs.registry, now, provisions),
    )
    yield "treaty_event", law.build_treaty_events(inputs.registry, treaties)
    yield "treaty_element", provisions
    yield from read_exported(gathered).items()
    yield public_measures.TABLE, public_measures.read_exported(gathered)


def _list_cooperation(inputs: DraftInputs, _written: Written) -> _Tables:
    for name in COOPERATION_TABLES:
        yield name, pl.scan_parquet(inputs.protected / f"{name}.parquet")


def describe_programme() -> pl.DataFrame:
    """Return the tables of the published programme, in their order."""
    return pl.DataFrame(
        [
            {
                "table_id": table.id,
                "position": position,
                "title": table.title,
                "areas": ",".join(table.areas),
                "freqs": ",".join(table.freqs),
                "dimensions": ",".join(table.dimensions),
                "note": table.note or "",
            }
            for position, table in enumerate(programme.load().tables)
        ]
    )


def list_codes(metrics: pl.DataFrame) -> pl.DataFrame:
    """Return all code lists, with the declared indicators (`metrics`) as one of them."""
    rows = [
        {
            "codelist": name,
            "position": position,
            "code": code,
            "label": codes.get_code_label(name, code),
            "definition": row.get("definition", ""),
        }
        for name in codes.codelist_names()
        for position, (code, row) in enumerate(codes.read_codelist(name).items())
    ]
    indicators = metrics.select(
        codelist=pl.lit("metric"), position=pl.col("position").cast(pl.Int64), code="metric", label="name",
        definition="definition",
    )  # fmt: skip
    return pl.concat([pl.DataFrame(rows), indicators])


def list_code_labels(metrics: pl.DataFrame) -> pl.DataFrame:
    """Return the labels of all codes in each language of the pages but English, which `codelist` has."""
    labels = [
        (name, code, language, codes.get_code_label(name, code, language))
        for name in codes.codelist_names()
        for code in codes.read_codelist(name)
        for language in i18n.list_languages()
    ]
    labels += [
        ("metric", code, language, i18n.gettext(label, language))
        for code, label in metrics.select("metric", "name").iter_rows()
        for language in i18n.list_languages()
    ]
    rows = [
        (name, code, i18n.html_lang(language), label)
        for name, code, language, label in labels
        if language != i18n.SOURCE_LANGUAGE
    ]
    return pl.DataFrame(rows, schema=["codelist", "code", "language", "label"], orient="row")


# -- Indicators, quality, and what is made from other tables


def _list_indicators(inputs: DraftInputs, _written: Written) -> _Tables:
    yield from _read_released(inputs.indicators, INDICATORS)


def _list_quality(inputs: DraftInputs, _written: Written) -> _Tables:
    references = _read_references(inputs.home)
    delivery = pl.read_parquet(inputs.protected / "mart_delivery.parquet")
    tables = measured_quality.for_release(inputs.home, inputs.cells, delivery, references, inputs.release, inputs.now)
    yield from tables.items()
    yield "reference_figure", name_publishers(references)


def _read_references(home: Home) -> pl.DataFrame:
    path = home.gathered / "reference.parquet"
    if not path.exists():
        raise ReleaseError(f"{path.name} is missing from the gathered tables; run `rti refresh`")
    return measured_quality.with_collected(pl.read_parquet(path))


def _list_derived(inputs: DraftInputs, written: Written) -> _Tables:
    sources = {name: written[name].collect() for name in monitoring.SOURCES}
    yield monitoring.TABLE, monitoring.build_monitoring(sources, inputs.registry)
    yield (
        "release",
        pl.DataFrame(
            {
                "release": [inputs.release],
                "home": [inputs.home.kind],
                "demonstration": [inputs.home.kind == "demonstration"],
                "drafted_at": [clock.format_timestamp(inputs.now)],
                "reference_period": [reference_period(inputs.cells)],
                "software_version": [__version__],
                "declarations": [inputs.registry.digest],
            }
        ).with_columns(
            *(pl.lit(count, pl.Int32).alias(name) for name, count in _count_tests(written["pair"]).items()),
            *(pl.lit(count, pl.Int64).alias(name) for name, count in utility.count_withheld(written["cell"]).items()),
        ),
    )


def _count_tests(pairs: pl.LazyFrame) -> dict[str, int]:
    """Return the number of pairs tested and of the comparisons that they belong to.

    The intervals allow for all pairs of one comparison. Nothing allows for the number of comparisons, so it is stated.
    """
    tested = pairs.filter(pl.col("p").is_not_null())
    counts = tested.select(pairs_tested=pl.len(), comparisons_tested=pl.col("family_id").n_unique())
    return counts.collect().row(0, named=True)


_PARTS: Final = (
    _list_counts, _list_declared, _list_gathered, _list_cooperation, _list_indicators, _list_quality, _list_derived,
)  # fmt: skip
"""Each yields tables by name. Those that read written tables come after these."""
