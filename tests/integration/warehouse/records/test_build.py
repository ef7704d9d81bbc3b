"""The step of figures from case records: what it makes of a small register, what it keeps, and what it refuses."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pydantic
import pytest
from ruamel.yaml import YAML

from pipelines.core import home as homes
from pipelines.warehouse.records import build, declared_programme
from pipelines.warehouse.records.schema import COLUMNS, KEYS, table_schema
from tests.records import build_events, simulate_events

AREAS = [
    ("WB", "region", "WB", "national"),
    ("HR", "territory", "HR", "national"),
    ("QP", "territory", "QP", "training"),
]
LAW = {
    "jurisdiction": "HR", "article": "106", "paragraph": "", "spellings": "", "title_en": "", "code": "",
    "offence": "ICCS0204", "benefit_element": "", "in_force_from": "2013", "in_force_until": "",
    "penalty_min_months": "12", "penalty_max_months": "120", "penalty": "", "status": "", "source": "", "note": "",
}  # fmt: skip


class World:
    """A home with one build of the counts, made by hand."""

    def __init__(self, root: Path) -> None:
        self.home = homes.initialise_home(root / "home", "demonstration")
        self.counts = self.home.warehouse / "counts-000001.duckdb"
        self.tables = self.home.warehouse / "counts-000001"
        self.tables.mkdir()
        columns = ["area", "area_kind", "territory", "kind"]
        pl.DataFrame(AREAS, schema=columns, orient="row").write_parquet(self.tables / "dim_area.parquet")
        pl.DataFrame([LAW]).write_parquet(self.home.gathered / "law_article.parquet")

    def build(self, events: pl.DataFrame, *, superseded: str = "") -> tuple[Path, bool]:
        """The step over these events, a block a period; of `superseded` periods the block is not current."""
        events = events.drop("offence_group").with_columns(form=pl.lit("F"))
        # As from an office: what differs came with another submission.
        name = hashlib.sha256(events.write_csv().encode()).hexdigest()[:8]
        events = events.with_columns(submission_id=pl.format("S{}-{}", pl.lit(name), pl.col("period")))
        blocks = events.select("submission_id", "jurisdiction", "source", "form", "freq", "period").unique()
        blocks = blocks.with_columns(instrument=pl.lit("register"), is_current=pl.col("period") != superseded)
        self.counts.unlink(missing_ok=True)
        with duckdb.connect(str(self.counts)) as connection:
            connection.register("e", events.to_arrow())
            connection.register("b", blocks.to_arrow())
            connection.execute("create table fct_case_event as select * from e")
            connection.execute("create table int_block as select * from b")
        return build.build_records(self.home, self.counts, self.tables)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def read(folder: Path, side: str, table: str) -> pl.DataFrame:
    return pl.read_parquet(folder / side / f"{table}.parquet")


def register(until: date = date(2026, 9, 30), jurisdiction: str = "HR") -> pl.DataFrame:
    events = simulate_events(3, "HR", until)
    return events.with_columns(
        territory=pl.lit(jurisdiction),
        jurisdiction=pl.lit(jurisdiction),
        offence=pl.lit("ICCS0204"),
        law_article=pl.lit("106"),
    )


def test_without_records_every_table_is_there_and_empty(world: World) -> None:
    folder, new = world.build(build_events([]))
    assert new
    for side in ("restricted", "public"):
        for table in COLUMNS:
            found = read(folder, side, table)
            assert found.is_empty() and dict(found.schema) == table_schema(table)


def test_tables_have_their_columns_and_key_and_nothing_new_is_no_work(world: World) -> None:
    folder, new = world.build(register())
    assert new
    for side in ("restricted", "public"):
        for table in COLUMNS:
            found = read(folder, side, table)
            assert dict(found.schema) == table_schema(table)
            assert found.height == found.select(KEYS[table]).drop_nulls().unique().height > 0, table
    written_at = (folder / "public" / "record_lag.parquet").stat().st_mtime_ns
    assert world.build(register()) == (folder, False)
    assert (folder / "public" / "record_lag.parquet").stat().st_mtime_ns == written_at


def test_blocks_that_are_not_current_are_not_read(world: World) -> None:
    whole, _ = world.build(register())
    without, new = world.build(register(), superseded="2024-Q2")
    assert new and whole != without
    # What was open before the missing quarter is followed up to it and no further.
    median = pl.col("statistic") == "median"
    bands = [
        read(folder, "restricted", "record_duration").filter(median, stage="first", freq="_T")["n_band"].cast(int).sum()
        for folder in (whole, without)
    ]
    assert bands[1] < bands[0]


def test_training_territories_are_inside_only(world: World) -> None:
    folder, _ = world.build(pl.concat([register(), register(jurisdiction="QP")]))
    assert set(read(folder, "restricted", "record_duration")["area"]) == {"HR", "QP"}
    assert set(read(folder, "public", "record_duration")["area"]) == {"HR"}
    assert set(read(folder, "public", "record_lag")["area"]) == {"HR"}


def test_a_register_that_never_tells_the_end_of_a_stage_has_no_figure_of_it(world: World) -> None:
    courts_of_first_instance = register().filter(pl.col("level") != "final")
    folder, _ = world.build(courts_of_first_instance)
    stages = set(read(folder, "restricted", "record_duration")["stage"])
    assert "first" in stages and "proceedings" not in stages
    assert "proceedings" in set(read(world.build(register())[0], "restricted", "record_duration")["stage"])


def test_the_lag_is_that_of_the_median_as_it_stands(world: World) -> None:
    folder, _ = world.build(register())
    for side in ("restricted", "public"):
        median = (
            read(folder, side, "record_duration").filter(stage="first", freq="_T", statistic="median")["value"].item()
        )
        lag = read(folder, side, "record_lag").filter(denominator="indicted", numerator="convicted_first")
        by_freq = dict(lag.select("freq", "lag_periods").rows())
        assert by_freq == {"Q": int(median / 91.3125 + 0.5), "A": int(median / 365.25 + 0.5)}
        assert lag["median_days"].to_list() == [median, median]
    assert read(folder, "public", "record_lag")["is_public"].all()


def test_the_dispersion_is_that_of_sizes_rounded_upward(world: World) -> None:
    """Fifty cases of one and ten of three: (50 + 90 + 9) / (50 + 30 + 3) = 1.795, with the largest once more."""
    rows = [(f"K{i}", f"P{i}", "indicted", "prosecution", "2024-01-15") for i in range(50)]
    rows += [(f"L{i}", f"R{i}-{j}", "indicted", "prosecution", "2024-01-15") for i in range(10) for j in range(3)]
    folder, _ = world.build(build_events(rows))
    found = read(folder, "restricted", "record_dispersion").row(0, named=True)
    assert (found["phi"], found["basis"], found["cases_band"], found["is_public"]) == (1.8, "quasi_exact", "60", True)
    public = read(folder, "public", "record_dispersion").row(0, named=True)
    assert (public["phi"], public["cases_band"]) == (1.8, "50-99")
    few, _ = world.build(build_events(rows[:9]))
    assert read(few, "restricted", "record_dispersion")["is_public"].to_list() == [False]
    assert read(few, "public", "record_dispersion").is_empty()


def test_the_law_in_force_stands_beside_sentences(world: World) -> None:
    folder, _ = world.build(register())
    frame = read(folder, "restricted", "record_sentence").select("statutory_min", "statutory_max").unique()
    assert frame.rows() == [(12.0, 120.0)]


# ------------------------------------------------------------------------------------------------ after a release


def decided(number: int, *, of: int = 14) -> list[tuple[str, str, str, str, str]]:
    """Persons indicted in the first quarter of 2024, each in a case of his own, of whom so many are decided."""
    rows = []
    for i in range(of):
        rows.append((f"K{i}", f"P{i}", "indicted", "prosecution", "2024-01-15"))
        if i < number:
            rows.append((f"K{i}", f"P{i}", "convicted_first", "first", f"2024-0{5 + i // 9}-{10 + i % 9}"))
    return [*rows, ("Z", "Z", "appealed", "appeal", "2024-09-20")]


def median(folder: Path, side: str = "public") -> tuple[Any, ...]:
    rows = read(folder, side, "record_duration").filter(stage="first", freq="_T", statistic="median")
    return rows.select("value", "low", "n_band", "seen_until").row(0)


@pytest.mark.parametrize(("more", "told_anew"), [(1, False), (4, False), (5, True)])
def test_a_released_figure_is_kept_until_five_persons_have_moved(world: World, more: int, told_anew: bool) -> None:
    first, _ = world.build(build_events(decided(14, of=14)))
    assert median(first)[0] is not None, "nothing was published that could be kept"
    build.keep_baseline(world.home, first)
    again, new = world.build(build_events(decided(14, of=14)))
    assert new and median(again) == median(first), "a release by itself changes no figure"
    next_rows = decided(14 + more, of=14 + more)
    then, _ = world.build(build_events(next_rows))
    assert median(then, "restricted")[2] == str(14 + more), "offices see everything"
    kept = (
        read(then, "public", "record_duration")
        .filter(stage="first")
        .equals(read(first, "public", "record_duration").filter(stage="first"))
    )
    assert kept is not told_anew
    lag = read(then, "public", "record_lag").filter(stage="first")["median_days"].unique().item()
    assert lag == median(then)[0], "the lag tells no newer median"


def test_what_moves_little_by_little_is_told_once_it_adds_up(world: World) -> None:
    first, _ = world.build(build_events(decided(14, of=14)))
    build.keep_baseline(world.home, first)
    second, _ = world.build(build_events(decided(17, of=17)))
    build.keep_baseline(world.home, second)
    third, _ = world.build(build_events(decided(19, of=19)))
    counted = [pl.read_parquet(folder / "members.parquet") for folder in (first, second, third)]
    of_first = pl.col("cell").str.contains(r"\|first\|_T\|")
    assert [one.filter(of_first, table="record_duration")["person"].n_unique() for one in counted] == [14, 14, 19]


def test_folders_that_are_wanted_stay(world: World) -> None:
    first, _ = world.build(register(date(2026, 3, 31)))
    build.keep_baseline(world.home, first)
    second, _ = world.build(register())
    third, _ = world.build(register(date(2026, 6, 30)))
    build.remove_other_builds(world.home, [second.name, third.name])
    assert {path.name for path in build.records_folder(world.home).iterdir()} == {second.name, third.name, "released"}


# ------------------------------------------------------------------------------------------------------- the programme


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("durations", "stages"), ["nowhere"], "is not a stage"),
        (("lags", 0, "denominator"), "indicted", "does not open"),
        (("lags", 0, "numerators"), ["nothing"], "not in the code list"),
        (("cohorts", "public", "freqs"), ["Q", "A"], "subtracted"),
        (("cohorts", "public", "quarters"), 9, "followed for 8"),
        (("sentences", "public", "freqs"), ["Q", "A"], "subtracted"),
        (("pending", "public", "statistics"), ["under_6_months"], "median"),
    ],
)
def test_a_wrong_programme_is_refused(tmp_path: Path, path: tuple[Any, ...], value: Any, said: str) -> None:
    yaml = YAML(typ="safe", pure=True)
    declared = yaml.load(declared_programme.FILE.read_text(encoding="utf-8"))
    place = declared
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    wrong = tmp_path / "programme.yml"
    yaml.dump(declared, wrong)
    with pytest.raises(pydantic.ValidationError, match=said):
        declared_programme.load(wrong)
