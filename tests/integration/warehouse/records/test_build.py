"""Tests of the figures from case records: their tables, their baseline, and refused programmes."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pydantic
import pytest
from ruamel.yaml import YAML

from pipelines.core import home as homes
from pipelines.warehouse.records import build, declared_programme
from pipelines.warehouse.records.schema import TABLES, table_key, table_schema
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
    """A home with one handmade build of the counts, by default of the areas `AREAS`."""

    def __init__(self, root: Path, areas: list[tuple[str, str, str, str]] = AREAS) -> None:
        self.home = homes.initialise_home(root / "home", "demonstration")
        self.counts = self.home.warehouse / "counts-000001.duckdb"
        self.tables = self.home.warehouse / "counts-000001"
        self.tables.mkdir()
        columns = ["area", "area_kind", "territory", "kind"]
        pl.DataFrame(areas, schema=columns, orient="row").write_parquet(self.tables / "dim_area.parquet")
        pl.DataFrame([LAW]).write_parquet(self.home.gathered / "law_article.parquet")

    def build_records(self, events: pl.DataFrame, *, superseded: str = "") -> tuple[Path, bool]:
        """Build the records of these events, one block per period; blocks of a `superseded` period are not current."""
        events = events.drop("offence_group").with_columns(form=pl.lit("F"))
        # As from an office: different events come with another submission.
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


@pytest.fixture(scope="module")
def register_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world for the build of the simulated register, which takes a second; no test builds anything else in it."""
    return World(tmp_path_factory.mktemp("register"))


@pytest.fixture(scope="module")
def register_folder(register_world: World) -> Path:
    """The figures of the simulated register."""
    folder, new = register_world.build_records(simulate_register())
    assert new
    return folder


def read_table(folder: Path, side: str, table: str) -> pl.DataFrame:
    return pl.read_parquet(folder / side / f"{table}.parquet")


def simulate_register(until: date = date(2026, 9, 30), jurisdiction: str = "HR") -> pl.DataFrame:
    events = simulate_events(3, "HR", until)
    return events.with_columns(
        territory=pl.lit(jurisdiction),
        jurisdiction=pl.lit(jurisdiction),
        offence=pl.lit("ICCS0204"),
        law_article=pl.lit("106"),
    )


def test_build_without_records_writes_empty_tables(world: World) -> None:
    folder, new = world.build_records(build_events([]))
    assert new
    for side in ("restricted", "public"):
        for table in TABLES:
            frame = read_table(folder, side, table)
            assert frame.is_empty() and dict(frame.schema) == table_schema(table)


def test_tables_have_their_schema_and_key_and_are_not_rebuilt(register_world: World, register_folder: Path) -> None:
    folder = register_folder
    for side in ("restricted", "public"):
        for table in TABLES:
            frame = read_table(folder, side, table)
            assert dict(frame.schema) == table_schema(table)
            assert frame.height == frame.select(table_key(table)).drop_nulls().unique().height > 0, table
    written_at = (folder / "public" / "record_lag.parquet").stat().st_mtime_ns
    assert register_world.build_records(simulate_register()) == (folder, False)
    assert (folder / "public" / "record_lag.parquet").stat().st_mtime_ns == written_at


def test_blocks_that_are_not_current_are_not_read(world: World, register_folder: Path) -> None:
    partial, new = world.build_records(simulate_register(), superseded="2024-Q2")
    assert new and register_folder.name != partial.name
    # Cases open before the missing quarter are followed only up to it.
    median = pl.col("statistic") == "median"
    bands = [
        read_table(folder, "restricted", "record_duration")
        .filter(median, stage="first", freq="_T")["n_band"]
        .cast(int)
        .sum()
        for folder in (register_folder, partial)
    ]
    assert bands[1] < bands[0]


def test_training_territories_are_only_in_restricted_tables(world: World) -> None:
    folder, _ = world.build_records(pl.concat([simulate_register(), simulate_register(jurisdiction="QP")]))
    assert set(read_table(folder, "restricted", "record_duration")["area"]) == {"HR", "QP"}
    assert set(read_table(folder, "public", "record_duration")["area"]) == {"HR"}
    assert set(read_table(folder, "public", "record_lag")["area"]) == {"HR"}


def test_register_without_ends_of_a_stage_has_no_figures_of_it(world: World, register_folder: Path) -> None:
    courts_of_first_instance = simulate_register().filter(pl.col("level") != "final")
    folder, _ = world.build_records(courts_of_first_instance)
    stages = set(read_table(folder, "restricted", "record_duration")["stage"])
    assert "first" in stages and "proceedings" not in stages
    assert "proceedings" in set(read_table(register_folder, "restricted", "record_duration")["stage"])


DAYS = (45, 46, 136, 137, 182, 183, 225, 228, 229, 234, 319, 320)


@pytest.fixture(scope="module")
def folder_of_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The figures of territories whose persons are all decided after the same number of days, one for each number."""
    names = [f"T{days}" for days in DAYS]
    areas = [(name, "territory", name, "national") for name in names]
    events = [
        build_events(make_rows_decided_after(*[days] * 14), territory=name, jurisdiction=name)
        for days, name in zip(DAYS, names, strict=True)
    ]
    return World(tmp_path_factory.mktemp("days"), areas).build_records(pl.concat(events))[0]


@pytest.mark.parametrize("days", DAYS)
def test_public_lag_is_that_of_the_unrounded_median(folder_of_days: Path, days: int) -> None:
    """Half a quarter is 45.66 days, and 45 days are published as 50, which would be one quarter."""
    lags = {
        side: read_table(folder_of_days, side, "record_lag").filter(
            area=f"T{days}", denominator="indicted", numerator="convicted_first"
        )
        for side in ("restricted", "public")
    }
    expected = {"Q": int(days / 91.3125 + 0.5), "A": int(days / 365.25 + 0.5)}
    for side, median in (("restricted", days), ("public", 10 * int(days / 10 + 0.5))):
        assert dict(lags[side].select("freq", "lag_periods").rows()) == expected, side
        assert lags[side]["median_days"].to_list() == [median, median]
    assert all(lag["is_public"].all() for lag in lags.values())


def make_rows_decided_after(*days: int) -> list[tuple[str, str, str, str, str]]:
    """Return persons in separate cases, decided so many days after their indictment."""
    first = date(2024, 1, 15)
    rows = [(f"K{i}", f"P{i}", "indicted", "prosecution", first.isoformat()) for i in range(len(days))]
    rows += [
        (f"K{i}", f"P{i}", "convicted_first", "first", (first + timedelta(number)).isoformat())
        for i, number in enumerate(days)
    ]
    # A quarter without an event would be a return that is missing.
    quarters = ("2024-02-20", "2024-05-20", "2024-08-20", "2024-11-20", "2025-02-20", "2025-05-20")
    return [*rows, *((f"Z{day}", f"Z{day}", "appealed", "appeal", day) for day in quarters)]


@pytest.mark.parametrize(("changed", "is_updated"), [(4, False), (5, True)])
def test_lag_is_kept_with_its_median_for_both_sides(world: World, changed: int, is_updated: bool) -> None:
    """Move the median from 228 to 229 days, from 2 quarters to 3. Both are published as 230."""
    first, _ = world.build_records(build_events(make_rows_decided_after(*[228] * 7, *[229] * 7)))
    build.keep_baseline(world.home, first)
    later = make_rows_decided_after(*[229] * changed, *[228] * (7 - changed), *[229] * 7)
    updated, _ = world.build_records(build_events(later))
    assert [read_median(folder, "restricted")[0] for folder in (first, updated)] == [228, 229]
    assert read_median(first)[0] == read_median(updated)[0] == 230
    for side in ("restricted", "public"):
        lag = read_table(updated, side, "record_lag").filter(stage="first", numerator="convicted_first", freq="Q")
        assert lag["lag_periods"].to_list() == [3 if is_updated else 2], side


def test_dispersion_uses_case_sizes_rounded_upward(world: World) -> None:
    """Use fifty cases of one person and ten of three: (50 + 90 + 9) / (50 + 30 + 3) = 1.795, the largest twice."""
    rows = [(f"K{i}", f"P{i}", "indicted", "prosecution", "2024-01-15") for i in range(50)]
    rows += [(f"L{i}", f"R{i}-{j}", "indicted", "prosecution", "2024-01-15") for i in range(10) for j in range(3)]
    folder, _ = world.build_records(build_events(rows))
    dispersion = read_table(folder, "restricted", "record_dispersion").row(0, named=True)
    assert (dispersion["phi"], dispersion["basis"], dispersion["cases_band"], dispersion["is_public"]) == (
        1.8,
        "quasi_exact",
        "60",
        True,
    )
    public = read_table(folder, "public", "record_dispersion").row(0, named=True)
    assert (public["phi"], public["cases_band"]) == (1.8, "50-99")
    few, _ = world.build_records(build_events(rows[:9]))
    assert read_table(few, "restricted", "record_dispersion")["is_public"].to_list() == [False]
    assert read_table(few, "public", "record_dispersion").is_empty()


def test_sentences_have_the_statutory_range_in_force(register_folder: Path) -> None:
    frame = (
        read_table(register_folder, "restricted", "record_sentence").select("statutory_min", "statutory_max").unique()
    )
    assert frame.rows() == [(12.0, 120.0)]


# ------------------------------------------------------------------------------------------------ after a release


def make_decided_rows(number: int, *, of: int = 14) -> list[tuple[str, str, str, str, str]]:
    """Return persons indicted in the first quarter of 2024, each in a separate case, with a number of them decided."""
    rows = []
    for i in range(of):
        rows.append((f"K{i}", f"P{i}", "indicted", "prosecution", "2024-01-15"))
        if i < number:
            rows.append((f"K{i}", f"P{i}", "convicted_first", "first", f"2024-0{5 + i // 9}-{10 + i % 9}"))
    return [*rows, ("Z", "Z", "appealed", "appeal", "2024-09-20")]


def read_median(folder: Path, side: str = "public") -> tuple[Any, ...]:
    rows = read_table(folder, side, "record_duration").filter(stage="first", freq="_T", statistic="median")
    return rows.select("value", "low", "n_band", "seen_until").row(0)


@pytest.mark.parametrize(("more", "is_updated"), [(1, False), (4, False), (5, True)])
def test_released_figure_is_kept_until_five_persons_have_changed(world: World, more: int, is_updated: bool) -> None:
    first, _ = world.build_records(build_events(make_decided_rows(14, of=14)))
    assert read_median(first)[0] is not None, "no median was published"
    build.keep_baseline(world.home, first)
    rebuilt, new = world.build_records(build_events(make_decided_rows(14, of=14)))
    assert (rebuilt, new) == (first, False), "a release alone makes figures due"
    (build.records_folder(world.home) / "released" / "inputs.json").unlink()
    rebuilt, new = world.build_records(build_events(make_decided_rows(14, of=14)))
    assert new and rebuilt != first
    for path in first.rglob("record_*.parquet"):
        side = path.parent.name
        assert read_table(rebuilt, side, path.stem).equals(read_table(first, side, path.stem)), "a figure has changed"
    next_rows = make_decided_rows(14 + more, of=14 + more)
    updated, _ = world.build_records(build_events(next_rows))
    assert read_median(updated, "restricted")[2] == str(14 + more), "offices see everything"
    is_unchanged = (
        read_table(updated, "public", "record_duration")
        .filter(stage="first")
        .equals(read_table(first, "public", "record_duration").filter(stage="first"))
    )
    assert is_unchanged is not is_updated
    lag = read_table(updated, "public", "record_lag").filter(stage="first")["median_days"].unique().item()
    assert lag == read_median(updated)[0], "the lag reveals no newer median"


def test_small_changes_are_published_once_they_add_up(world: World) -> None:
    first, _ = world.build_records(build_events(make_decided_rows(14, of=14)))
    build.keep_baseline(world.home, first)
    second, _ = world.build_records(build_events(make_decided_rows(17, of=17)))
    build.keep_baseline(world.home, second)
    third, _ = world.build_records(build_events(make_decided_rows(19, of=19)))
    members = [pl.read_parquet(folder / "members.parquet") for folder in (first, second, third)]
    first_instance = pl.col("cell").str.contains(r"\|first\|_T\|")
    assert [frame.filter(first_instance, table="record_duration")["person"].n_unique() for frame in members] == [
        14,
        14,
        19,
    ]


def test_remove_other_builds_keeps_listed_folders(world: World) -> None:
    first, second, third = (world.build_records(build_events(make_decided_rows(n, of=n)))[0] for n in (14, 15, 16))
    build.keep_baseline(world.home, first)
    build.remove_other_builds(world.home, [second.name, third.name])
    assert {path.name for path in build.records_folder(world.home).iterdir()} == {second.name, third.name, "released"}


# ------------------------------------------------------------------------------------------------------- the programme


@pytest.mark.parametrize(
    ("path", "value", "message"),
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
def test_load_rejects_a_wrong_programme(tmp_path: Path, path: tuple[Any, ...], value: Any, message: str) -> None:
    yaml = YAML(typ="safe", pure=True)
    declared = yaml.load(declared_programme.FILE.read_text(encoding="utf-8"))
    parent = declared
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    programme_path = tmp_path / "programme.yml"
    yaml.dump(declared, programme_path)
    with pytest.raises(pydantic.ValidationError, match=message):
        declared_programme.load(programme_path)
