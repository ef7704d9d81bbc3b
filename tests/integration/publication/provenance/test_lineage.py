"""Tests of the lineage in the warehouse: every figure is the sum of the rows of returns that it names."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home, open_home
from pipelines.publication.provenance.lineage import SourceFigure, read_places
from pipelines.publication.releases.publish import find_current_release
from pipelines.warehouse import dbt
from tests.support.kept_builds import build_kept
from tests.support.warehouse.dbt_facts import World, parse_moment
from tests.support.warehouse.made_up_world import NOW, QUARTERS, Counts, build_row, made_up_world

SourceRows = list[tuple[str, int, float | None]]
"""Submission, factor and value of each row behind a figure."""


def add_totals_and_articles(world: World) -> None:
    """Add an office that sends totals next to articles, ages without their group, and two tables of one measure."""
    world.add_territory("EE")
    world.add_office("EE", "EE_PP", "justice", "Q", QUARTERS)
    articles = [
        build_row("reported", 3, law_article="388"),
        build_row("reported", 4, law_article="389"),
        build_row("reported", 7, law_article="_T"),
    ]
    parts = [build_row("indicted", 3, law_article="388"), build_row("indicted", 4, law_article="_Z")]
    # Neither table has a total of its own: the sum over the sexes comes first.
    sexes = [build_row("convicted_first", v, level="first", sex=s) for s, v in (("M", 5), ("F", 1))]
    ages = [build_row("convicted_first", v, level="first", age=a) for a, v in (("Y_LT18", 2), ("Y_GE18", 4))]
    for quarter in QUARTERS:
        world.add_submission(f"EE{quarter[-1]}", "EE", "EE_PP", quarter, [*articles, *parts, *sexes, *ages])


def build_counts_with_totals_and_articles(root: Path) -> None:
    """Make a home of the made-up world with one more office, and build its counts."""
    with clock.freeze_time(parse_moment(NOW)):
        home = initialise_home(root, "demonstration")
        world = made_up_world()
        add_totals_and_articles(world)
        world.write_files(home)
        dbt.build_counts(home)


@pytest.fixture(scope="module")
def counts(request: pytest.FixtureRequest) -> Counts:
    """The counts of the made-up world with one more office; read-only."""
    root = build_kept(request, "made-up-lineage", build_counts_with_totals_and_articles)
    newest = dbt.latest_counts(open_home(root))
    assert newest is not None
    return Counts(newest)


def find_places(counts: Counts, *cell: str, **dimensions: str) -> tuple[SourceFigure, ...]:
    return read_places(counts.path, counts.find_cell(*cell, **dimensions)["cell_id"])


def list_source_rows(counts: Counts, *cell: str, **dimensions: str) -> SourceRows:
    return sorted((p.submission_id, p.factor, p.value) for p in find_places(counts, *cell, **dimensions))


# ------------------------------------------------------------------------------------------------- rows behind a figure


def test_total_comes_from_its_own_row_or_its_parts(counts: Counts) -> None:
    assert list_source_rows(counts, "EE", "2025-Q1", "reported") == [("EE1", 1, 7)]
    assert list_source_rows(counts, "EE", "2025-Q1", "indicted") == [("EE1", 1, 3), ("EE1", 1, 4)]
    assert list_source_rows(counts, "EE", "2025-Q1", "reported", offence="ICCS0204") == [("EE1", 1, 3), ("EE1", 1, 4)]
    assert list_source_rows(counts, "AL", "2025-Q1", "reported", sex="F") == [("AL1", 1, 0), ("AL1", 1, 2)]
    first = {"level": "first"}
    assert list_source_rows(counts, "EE", "2025-Q1", "convicted_first", **first) == [("EE1", 1, 1), ("EE1", 1, 5)]
    assert list_source_rows(counts, "EE", "2025-Q1", "convicted_first", **first, age="Y_LT18") == [("EE1", 1, 2)]


def test_missing_part_is_listed_with_the_others(counts: Counts) -> None:
    assert [(p.value, p.obs_status) for p in find_places(counts, "AL", "2025-Q2", "reported", sex="F")] == [
        (None, "O"),
        (1, "A"),
    ]


def test_ages_and_sentences_come_from_the_rows_of_their_common_group(counts: Counts) -> None:
    def list_bands(band: str) -> list[str]:
        places = find_places(counts, "AL", "2025-Q1", "sentenced_final", sentence_type="prison", sentence_band=band)
        return sorted(p.key["sentence_band"] for p in places)

    assert list_source_rows(counts, "AL", "2025-Q1", "indicted", age="Y_LT18") == [("AL1", 1, 1), ("AL1", 1, 2)]
    assert [p.key["age"] for p in find_places(counts, "AL", "2025-Q1", "indicted")] == ["_T"]
    assert list_bands("M0T24") == ["M0T12", "M12T24"]
    assert list_bands("_U") == ["M24T36", "M36T96", "M96T"]
    assert list_bands("_T") == ["_T"]


def test_earlier_quarters_of_a_cumulative_count_are_subtracted(counts: Counts) -> None:
    assert list_source_rows(counts, "XK", "2025-Q1", "reported") == [("XK1", 1, 3)]
    assert list_source_rows(counts, "XK", "2025-Q4", "reported") == [("XK3", -1, 9), ("XK4", 1, 8)]
    assert list_source_rows(counts, "XK", "2025", "reported") == [("XK4", 1, 8)]  # the differences cancel out


def test_year_comes_from_its_own_return_or_its_quarters(counts: Counts) -> None:
    assert list_source_rows(counts, "RS", "2025", "reported") == [("RSA", 1, 21)]
    assert list_source_rows(counts, "RS", "2025", "indicted") == [("RS1b", 1, 2), ("RS3", 1, 2), ("RS4", 1, 2)]
    stock = {"level": "first", "statistic": "end"}
    assert list_source_rows(counts, "AL", "2025", "pending_first", **stock) == [("AL4", 1, 45)]
    assert list_source_rows(counts, "ME", "2023-2025", "reported") == [
        ("ME2023", 1, 10),
        ("ME2024", 1, 0),
        ("ME2025", 1, 5),
    ]


def test_newest_block_counts_and_nil_return_has_no_row(counts: Counts) -> None:
    assert list_source_rows(counts, "RS", "2025-Q1", "reported") == [("RS1b", 1, 8)]
    nil = counts.find_cell("RS", "2025-Q2", "reported")
    assert list_source_rows(counts, "RS", "2025-Q2", "reported") == []
    lineage = counts.read_table("mart_lineage").filter(cell_id=nil["cell_id"])
    assert lineage["block_id"].str.split("-").list.first().to_list() == ["RS2"]
    assert list_source_rows(counts, "MK", "2025-Q4", "reported") == []


def test_transferred_persons_are_subtracted_from_a_territory(counts: Counts) -> None:
    transferred_in = [p for p in find_places(counts, "BA", "2025-Q2", "reported") if p.factor < 0]
    assert [(p.submission_id, p.value, p.key["measure"]) for p in transferred_in] == [("BAF2", 2, "transferred_in")]
    assert list_source_rows(counts, "BA", "2025-Q1", "reported") == [
        ("BAB1", 1, 1), ("BAF1", 1, 1), ("BAF1", 1, 3), ("BAS1", 1, 3),
    ]  # fmt: skip
    assert {s for s, *_ in list_source_rows(counts, "WB", "2025-Q2", "reported")} == {
        "BAB2", "BAF2", "BAS2", "EE2", "HRD2", "MK2", "XK1", "XK2",
    }  # fmt: skip


def test_register_counts_the_first_line_of_each_person(counts: Counts) -> None:
    places = find_places(counts, "HR", "2025-Q2", "convicted_first", level="first")
    assert sorted((p.submission_id, p.value, p.key["offence"], p.key["age"]) for p in places) == [
        ("HRR2", 1, "ICCS0204", "Y_GE18"), ("HRR2", 1, "ICCS0204", "_U"),
    ]  # fmt: skip
    assert list_source_rows(counts, "HR", "2025-Q2", "convicted_first", level="first", age="_U") == [("HRR2", 1, 1)]
    assert list_source_rows(counts, "HR", "2025-Q1", "convicted_first", level="first") == [("HRD1", 1, 4)]
    assert list_source_rows(counts, "HR", "2025-Q4", "convicted_first", level="first") == []


# ------------------------------------------------------------------------------------- every published figure adds up

WRONG_SUMS = """
    with facts as (
        select submission_id, fact_id, value from fct_observation
        union all
        select submission_id, fact_id, 1 as value from fct_case_event
    ),
    behind as (
        select lineage.cell_id, lineage.factor, counts.submission_id, unnest(counts.fact_ids) as fact_id
        from mart_lineage as lineage inner join int_submission_count as counts using (block_id, count_type_id)
    ),
    sums as (
        select behind.cell_id, sum(behind.factor * facts.value) as summed
        from behind inner join facts using (submission_id, fact_id)
        group by behind.cell_id
    )
    select cell_id, value, summed
    from mart_count left join sums using (cell_id)
    where
        value is not null
        and (
            abs(value - coalesce(summed, 0)) > 1e-9
            or cell_id not in (select lineage.cell_id from mart_lineage as lineage)
        )
"""


def find_wrong_sums(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[float, float | None]]:
    """Return each figure that is not the sum of the facts behind it: by id, the figure and the sum."""
    return {cell_id: (value, summed) for cell_id, value, summed in connection.execute(WRONG_SUMS).fetchall()}


@pytest.fixture
def warehouse(demonstration: Home) -> Path:
    counts = dbt.latest_counts(demonstration)
    assert counts is not None
    return counts


def test_every_figure_of_the_demonstration_is_the_sum_of_its_facts(demonstration: Home, warehouse: Path) -> None:
    folder = find_current_release(demonstration)
    assert folder is not None
    published = set(pl.read_parquet(folder / "data" / "cell.parquet")["cell_id"])
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert not find_wrong_sums(connection)
        counted = {row[0] for row in connection.execute("select cell_id from mart_count").fetchall()}
    assert published and published <= counted


@pytest.mark.parametrize(
    "fault",
    [
        "delete from mart_lineage where cell_id = '{cell}'",
        "update mart_lineage set factor = -factor where cell_id = '{cell}'",
        "update fct_observation set value = value + 1 where fact_id in ({facts})",
        "update int_submission_count set fact_ids = [] where block_id = '{block}'",
    ],
)
def test_find_wrong_sums_finds_planted_faults(warehouse: Path, tmp_path: Path, fault: str) -> None:
    """Plant a part that is missing or subtracted, a row with another value, and a part without its rows."""
    copy = tmp_path / "counts.duckdb"
    shutil.copyfile(warehouse, copy)
    with duckdb.connect(str(copy)) as connection:
        cell, block, facts = connection.execute("""
            select cell_id, block_id, fact_ids
            from mart_count
            inner join mart_lineage using (cell_id)
            inner join int_submission_count as counts using (block_id, count_type_id)
            where counts.value > 0 and counts.basis = 'derived_parts'
            order by all limit 1
        """).fetchall()[0]
        connection.execute(fault.format(cell=cell, block=block, facts=", ".join(f"'{fact}'" for fact in facts)))
        assert cell in find_wrong_sums(connection)


def test_submissions_of_the_lineage_are_listed_at_the_figure(warehouse: Path) -> None:
    """Compare both lists: only a submission whose count is added and subtracted may be missing from the lineage."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        mismatches = connection.execute("""
            select cell_id from mart_count
            inner join mart_lineage using (cell_id)
            inner join int_block as blocks using (block_id)
            where not list_contains(string_split(submission_ids, ','), blocks.submission_id)
        """).fetchall()
    assert not mismatches


def test_release_has_no_column_of_the_lineage(demonstration: Home) -> None:
    folder = find_current_release(demonstration)
    assert folder is not None
    with duckdb.connect(str(folder / "release.duckdb"), read_only=True) as connection:
        columns = {row[0] for row in connection.execute("select column_name from duckdb_columns()").fetchall()}
    assert "cell_id" in columns
    assert columns.isdisjoint({"block_id", "count_type_id", "fact_id", "fact_ids", "parts"})
