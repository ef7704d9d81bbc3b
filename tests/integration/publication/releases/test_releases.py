"""Tests of releases: their files, refused drafts, and the switch from one release to the next."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.core import clock, codes, home
from pipelines.declarations.registry import load
from pipelines.publication.cooperation import cells, figures, protect
from pipelines.publication.disclosure import structure
from pipelines.publication.releases import formats
from pipelines.publication.releases.build import Draft, build_draft, next_release
from pipelines.publication.releases.draft_tables import SUBMISSION_COLUMNS
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.publish import find_current_release, list_drafts, verify_files
from pipelines.publication.releases.sameness import compare_releases, find_other_versions
from pipelines.submissions import law_export
from pipelines.warehouse import exported_tables
from pipelines.warehouse.metrics import cards_export, metrics
from pipelines.warehouse.reference.published import read_published
from tests.support.fakes import cooperation_world
from tests.support.releases.release_fixture import publish_draft
from tests.support.warehouse.card_tables import write_card_tables

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def a_home(tmp_path: Path) -> home.Home:
    return home.initialise_home(tmp_path / "home", "demonstration")


def make_cells(**changes: object) -> pl.DataFrame:
    row: dict[str, object] = dict.fromkeys(structure.DETAIL, "_T")
    row |= {
        "table_id": "area_quarter",
        "area_kind": "territory",
        "area": "RS",
        "territory": "RS",
        "freq": "Q",
        "period": "2026-Q3",
        "measure": "indicted",
        "level": "prosecution",
        "count_unit": "person",
        "statistic": "count",
        "offence_group": "TIP",
        "value": 12.0,
        "obs_status": "A",
        "conf_status": "F",
        "n_reported": 1,
        "n_expected": 1,
        "reporters": "RS",
        "basis": "reported",
        "is_additive": True,
        "flags": "",
        "submission_ids": "S1,S2",
        "total_of": "all",
    }
    hidden = row | {"measure": "investigated", "value": None, "obs_status": "Q", "conf_status": "C"}
    table = pl.DataFrame([row | changes, hidden], infer_schema_length=None)
    return table.with_columns(pl.col("value").cast(pl.Float64), cell_id=pl.concat_str(codes.CELL_KEY, separator="|"))


def write_inputs(folder: Path, table: pl.DataFrame) -> tuple[Path, Path]:
    protected, indicators = folder / "protected", folder / "protected" / "indicators"
    indicators.mkdir(parents=True, exist_ok=True)
    table.write_parquet(protected / "cells.parquet")
    metrics.export_metrics(protected)
    _RETURNS.write_parquet(protected / "mart_return.parquet")
    pl.DataFrame({"area": ["RS"], "area_kind": ["territory"], "sort": [1]}).write_parquet(
        protected / "dim_area.parquet"
    )
    population = {"area": ["RS"], "year": [2026], "series": ["SP.POP.TOTL"], "vintage": ["2025"]}
    pl.DataFrame(population).write_parquet(protected / "dim_population.parquet")
    delivery = {
        "territory": "RS", "jurisdiction": "RS", "instrument": "justice", "source": "RS_SORS", "freq": "A",
        "period": "2024", "deadline": date(2025, 4, 10), "is_due": True, "is_reported": True, "is_nil": False,
        "first_received_at": datetime(2025, 4, 12), "first_accepted_at": datetime(2025, 4, 13), "is_on_time": False,
    }  # fmt: skip
    pl.DataFrame([delivery]).write_parquet(protected / "mart_coverage.parquet")
    completeness = {"final_on": date(2025, 5, 10), "is_provisional": False, "cells_required": 4, "cells_provided": 3}
    pl.DataFrame([delivery | completeness]).write_parquet(protected / "mart_delivery.parquet")
    write_card_tables(cards_export.build_frames(load(), ["2025", "2026-Q3"]), protected)
    for exported in exported_tables.INDICATORS:
        rows = {"indicator": ["rate"], "area": ["RS"], "value": [0.2], "conf_status": ["F"]}
        pl.DataFrame(rows).write_parquet(indicators / f"{exported.name}.parquet")
    _write_requests(protected)
    _RATIOS.write_parquet(indicators / "mart_stage_ratio.parquet")
    PAIRS.write_parquet(indicators / "mart_pair.parquet")
    table.select("cell_id", is_total=True).unique().write_parquet(indicators / "cell.parquet")
    return protected, indicators


def write_cooperation(protected: Path, value: float = 8.0) -> None:
    """Write the public tables on cooperation with one request figure of a pair."""
    reported = pl.DataFrame(
        [cooperation_world.make_row("RS", 2025, "outgoing", "HR", cells.REGISTERED, value)],
        schema=cooperation_world.SCHEMA,
    )
    public = protect.read_public(cells.select_cells(reported).with_columns(conf_status=pl.lit("F")))
    returns = pl.DataFrame({"territory": ["RS"], "year": [2025], "n_quarters": [4], "is_nil": [False]})
    mirror = figures.build_mirror(public, reported, returns, ["HR", "RS"])
    tables = {
        **protect.split_public(public),
        "cooperation_outcome": figures.build_outcomes(public, reported),
        "mirror": mirror,
        "mirror_year": figures.summarise_mirror(mirror),
        "mart_cooperation_return": returns,
        "mart_cooperation_submission": pl.DataFrame(
            {"territory": ["RS"], "year": [2025], "quarter": [0], "submission_id": ["S2"]}
        ),
    }
    for name, table in tables.items():
        table.write_parquet(protected / f"{name}.parquet")


def _write_requests(protected: Path) -> None:
    write_cooperation(protected)


_ACCEPTED = dict.fromkeys(SUBMISSION_COLUMNS, "S1") | {
    "instrument": "justice", "kind": "nil", "accepted_at": datetime(2026, 2, 1), "is_nil": True,
}  # fmt: skip
_RETURNS = pl.DataFrame(
    [
        _ACCEPTED,
        _ACCEPTED | {"submission_id": "S2", "instrument": "cooperation"},
        _ACCEPTED | {"submission_id": "S3", "accepted_at": None, "instrument": None},
    ]
)
"""Two accepted nil returns, one of them on cooperation, and a file that nobody has approved."""
_RATIOS = pl.DataFrame(
    schema={
        **dict.fromkeys(("metric", "area_kind", "area", "freq", "period", "offence_group", "reporters"), pl.String()),
        **dict.fromkeys(("value", "low", "high", "denominator"), pl.Float64()), "is_default": pl.Boolean(),
    }
)  # fmt: skip
PAIRS = pl.DataFrame(
    {"family_id": ["a", "a", "a", "b", "c"], "p": [0.2, 0.01, None, 1.0, None]},
    schema={"family_id": pl.String(), "p": pl.Float64()},
)
"""Three pairs tested, in two of three comparisons."""


def make_draft(a_home: home.Home, table: pl.DataFrame | None = None) -> Draft:
    read_published().write_parquet(a_home.gathered / "reference.parquet")
    law_export.write_empty(a_home.gathered)
    protected, indicators = write_inputs(a_home.root.parent, make_cells() if table is None else table)
    with clock.freeze_time(NOW):
        return build_draft(a_home, protected, indicators, load())


@pytest.fixture(scope="module")
def built_draft(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    """The draft of a new home, built once; building it takes half a second of processor time."""
    return make_draft(home.initialise_home(tmp_path_factory.mktemp("draft") / "home", "demonstration"))


@pytest.fixture
def draft(built_draft: Draft, a_home: home.Home) -> Draft:
    """That draft in the home of the test, which may change it."""
    folder = a_home.drafts / built_draft.release
    shutil.copytree(built_draft.folder, folder)
    return replace(built_draft, folder=folder)


def test_build_draft_writes_the_same_rows_in_three_formats(draft: Draft) -> None:
    parquet = pl.read_parquet(draft.folder / "data" / "cell.parquet")
    csv = pl.read_csv(draft.folder / "csv" / "cell.csv", infer_schema=False)
    with duckdb.connect(str(draft.folder / "release.duckdb"), read_only=True) as connection:
        stored = connection.sql("select * from cell order by cell_id").pl()
    assert parquet.height == csv.height == 2
    assert stored.equals(parquet.cast(dict(stored.schema)))  # type: ignore[arg-type]
    assert csv["value"].to_list() == ["12.0", None]


def test_draft_with_a_small_count_of_requests_is_refused(a_home: home.Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_small_count(protected: Path) -> None:
        write_cooperation(protected, value=3.0)

    monkeypatch.setattr(f"{__name__}._write_requests", write_small_count)
    with pytest.raises(ReleaseError, match=r"The table cooperation .* small counts: 1"):
        make_draft(a_home)


def test_release_has_the_tables_on_cooperation(draft: Draft) -> None:
    assert draft.rows["cooperation"] == 1 and draft.rows["mirror"] == 2
    mirror = pl.read_parquet(draft.folder / "data" / "mirror.parquet")
    assert mirror.select("sent_by", "sent", "received", "state").rows()[1] == ("RS", 8.0, None, "missing")


def test_release_lists_accepted_returns_and_hides_which_are_nil_on_cooperation(draft: Draft) -> None:
    returns = pl.read_parquet(draft.folder / "data" / "submission.parquet")
    assert returns.select("submission_id", "kind", "is_nil").rows() == [("S1", "nil", True), ("S2", None, None)]
    links = pl.read_parquet(draft.folder / "data" / "cooperation_submission.parquet")
    assert links.rows() == [("RS", 2025, 0, "S2")]


def test_release_states_how_many_comparisons_were_tested(draft: Draft) -> None:
    row = pl.read_parquet(draft.folder / "data" / "release.parquet").row(0, named=True)
    assert (row["pairs_tested"], row["comparisons_tested"]) == (3, 2)


def test_release_states_how_many_figures_it_withholds(draft: Draft) -> None:
    folder = draft.folder
    row = pl.read_parquet(folder / "data" / "release.parquet").row(0, named=True)
    withheld = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["withheld"]
    assert withheld == {"figures": 2, "figures_withheld": 1, "annual_totals": 0, "annual_totals_withheld": 0}
    assert {name: row[name] for name in withheld} == withheld


def test_build_draft_links_each_count_to_its_counting_card(a_home: home.Home) -> None:
    table = pl.concat([make_cells(), make_cells(count_unit="furlong").head(1)])
    data = make_draft(a_home, table).folder / "data"
    card_ids = dict(pl.read_parquet(data / "cell.parquet").select("count_unit", "card_id").rows())
    card = pl.read_parquet(data / "counting_card.parquet").filter(card_id=card_ids["person"])
    assert card.select("level", "count_unit", "jurisdictions").rows() == [("prosecution", "person", "RS")]
    assert card_ids["furlong"] == "", "a unit without a rule has no card"


def test_public_files_have_no_places_or_file_names(draft: Draft) -> None:
    # The `place` of a reference is a line of a publisher's table, not of an office's file.
    files = [path for path in (draft.folder / "data").glob("*.parquet") if path.stem != "reference_figure"]
    columns = {c for path in files for c in pl.read_parquet_schema(path)}
    assert not columns & {"place", "filename", "sha256", "sender", "submission_ids", "warnings", "errors"}


def test_build_draft_is_reproducible(a_home: home.Home) -> None:
    first_manifest = json.loads((make_draft(a_home).folder / "manifest.json").read_text())
    second_manifest = json.loads((make_draft(a_home).folder / "manifest.json").read_text())
    assert first_manifest == second_manifest
    assert first_manifest["files"]["data/cell.parquet"]["rows"] == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"value": 3.0}, "small counts: 1"),
        ({"conf_status": "A", "value": None}, "why they are hidden: 1"),
        ({"conf_status": "C"}, "hidden cells with a value: 1"),
    ],
)
def test_build_draft_rejects_unprotected_cells(a_home: home.Home, fault: dict[str, object], words: str) -> None:
    with pytest.raises(ReleaseError, match=words):
        make_draft(a_home, make_cells(**fault))
    assert list(a_home.drafts.iterdir()) == []


def test_build_draft_rejects_data_without_reports(a_home: home.Home) -> None:
    with pytest.raises(ReleaseError, match="no quarter has been reported"):
        make_draft(a_home, make_cells().with_columns(pl.lit(0).alias("n_reported")))


def test_publish_draft_moves_the_draft_and_switches_the_pointer(a_home: home.Home, draft: Draft) -> None:
    assert find_current_release(a_home) is None
    folder = publish_draft(a_home, draft.release)
    assert find_current_release(a_home) == folder.resolve()
    assert list_drafts(a_home) == []
    assert a_home.current.readlink() == Path("releases/2026-Q3")


def test_publish_draft_numbers_a_correction_and_keeps_the_first_edition(a_home: home.Home, draft: Draft) -> None:
    publish_draft(a_home, draft.release)
    second = make_draft(a_home, make_cells(value=13.0))
    assert second.release == "2026-Q3.1"
    publish_draft(a_home, second.release)
    assert pl.read_parquet(a_home.releases / "2026-Q3" / "data" / "cell.parquet")["value"].max() == 12.0
    assert pl.read_parquet(a_home.current / "data" / "cell.parquet")["value"].max() == 13.0
    assert next_release(a_home, "2026-Q3") == "2026-Q3.2"


def test_publish_draft_rejects_a_changed_file(a_home: home.Home, draft: Draft) -> None:
    path = draft.folder / "csv" / "cell.csv"
    path.write_bytes(path.read_bytes().replace(b"12.0", b"21.0"))
    with pytest.raises(ReleaseError, match=r"cell\.csv of release .* is not as it was built"):
        publish_draft(a_home, draft.release)
    assert find_current_release(a_home) is None


def test_verify_files_finds_an_additional_file(draft: Draft) -> None:
    folder = draft.folder
    (folder / "data" / "extra.parquet").write_bytes(b"x")
    with pytest.raises(ReleaseError, match=r"extra\.parquet"):
        verify_files(folder)


def test_publish_draft_without_a_draft_names_the_command(a_home: home.Home) -> None:
    with pytest.raises(ReleaseError, match="rti refresh"):
        publish_draft(a_home)


def test_correction_lists_its_changes_and_counts_up_the_version(a_home: home.Home, draft: Draft) -> None:
    assert pl.read_parquet(draft.folder / "data" / "change.parquet").is_empty()
    publish_draft(a_home, draft.release)
    second = make_draft(a_home, make_cells(value=15.0))
    (row,) = pl.read_parquet(second.folder / "data" / "change.parquet").to_dicts()
    assert (row["change"], row["measure"], row["before"], row["after"]) == ("revised", "indicted", 12.0, 15.0)
    manifest = read_manifest(second.folder)
    assert (manifest["version"], manifest["previous"]) == ("1.0.1", "2026-Q3")
    assert manifest["cells"] == {"shown": 1, "hidden": 1, "missing": 0}
    assert manifest["denominators"]["vintages"] == [{"series": "SP.POP.TOTL", "vintage": "2025"}]
    assert {"code", "rules", "codelists", "declarations", "commit"} <= manifest.keys()
    listed = json.loads((second.folder / "changes.json").read_text(encoding="utf-8"))
    assert (listed["previous"], listed["counts"]["revised"], len(listed["figures"])) == ("2026-Q3", 1, 1)


@pytest.mark.sampled(turn=0)
def test_compare_releases_names_each_kind_of_difference(a_home: home.Home, draft: Draft) -> None:
    again = a_home.root.parent / "again"
    shutil.copytree(draft.folder, again)
    assert compare_releases(draft.folder, again) == [] == find_other_versions(draft.folder, again)
    (again / "csv" / "cell.csv").write_text("changed", encoding="utf-8")
    (again / "README.txt").unlink()
    manifest = read_manifest(again) | {"commit": "0" * 40, "code": "0" * 64}
    (again / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (again / "release.duckdb").chmod(0o644)
    with duckdb.connect(str(again / "release.duckdb")) as connection:
        connection.execute("update cell set value = 13 where value is not null")
    assert [str(item) for item in compare_releases(draft.folder, again)] == [
        "README.txt was not built again",
        "csv/cell.csv has other bytes",
        "manifest.json has another entry `code`",
        "release.duckdb has 1 other rows in table cell",
    ]
    assert find_other_versions(draft.folder, again) == ["code"]


def test_write_csv_escapes_spreadsheet_formulas(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    texts = ["=1+1", "+1", "-x", "@a", "plain"]
    formats.write_csv(pl.DataFrame({"text": texts, "value": [-1.5, 2.0, 3.0, 4.0, 5.0]}), path)
    lines = path.read_bytes().decode("utf-8-sig").split("\r\n")
    assert [line.split(",")[0] for line in lines[1:6]] == ["'=1+1", "'+1", "'-x", "'@a", "plain"]
    assert lines[1].split(",")[1] == "-1.5"


# ------------------------------------------------------------------------------------------------------------ vintages


@pytest.mark.sampled(turn=7)
def test_release_has_revisions_computed_from_releases(a_home: home.Home) -> None:
    """Publish 12, then 15, then 15 again: two rows and a revision by 3, with the quality of the years."""
    for value in (12.0, 15.0, 15.0):
        draft = make_draft(a_home, make_cells(value=value))
        data = {name: pl.read_parquet(draft.folder / "data" / f"{name}.parquet") for name in ("revision", "quality")}
        summary = pl.read_parquet(draft.folder / "data" / "revision_summary.parquet")
        with clock.freeze_time(NOW):
            publish_draft(a_home)
    rows = data["revision"].select("release", "vintage", "value", "is_newest").rows()
    assert rows == [("2026-Q3", 1, 12.0, False), ("2026-Q3.1", 2, 15.0, True)]
    (row,) = summary.to_dicts()
    assert (row["periods"], row["revised"], row["mean"], row["mean_absolute"]) == (1, 1, 3.0, 3.0)
    assert (row["relative_to_later"], row["relative_to_earlier"]) == (3 / 15, 3 / 12)
    indicators = {r["indicator"]: r for r in data["quality"].filter(pl.col("period") == "2024").to_dicts()}
    # The year ended on 31 December 2024, was due on 10 April 2025, arrived on the 12th, and was released on NOW.
    assert indicators["TIMELAG_FIRST"]["value"] == 689
    assert (indicators["PUNCTUALITY_DAYS"]["value"], indicators["PUNCTUALITY_RATE"]["value"]) == (2, 0)
    assert (indicators["COMPLETENESS_RATE"]["value"], indicators["COMPLETENESS_RATE"]["code"]) == (0.75, "R1")
    assert "COHERENCE_RATE" not in indicators, "comparisons between two offices' figures are not public"


def test_withheld_cell_has_no_earlier_figures(a_home: home.Home) -> None:
    make_draft(a_home, make_cells(value=12.0))
    with clock.freeze_time(NOW):
        publish_draft(a_home)
    hidden = make_cells(value=None, obs_status="Q", conf_status="C")
    draft = make_draft(a_home, hidden)
    assert pl.read_parquet(draft.folder / "data" / "revision.parquet").is_empty()
    assert pl.read_parquet(draft.folder / "data" / "revision_summary.parquet").is_empty()


def test_published_comparisons_are_in_the_release_without_invented_figures(draft: Draft) -> None:
    pairs = pl.read_parquet(draft.folder / "data" / "coherence.parquet")
    real = pairs.filter(pl.col("world") == "published")
    verdicts = {(r["territory"], r["period"], r["comparison"]): r["verdict"] for r in real.to_dicts()}
    assert {verdicts["HR", str(year), "sources"] for year in range(2015, 2019)} == {"reconciles"}
    assert verdicts["BA", "2017-2021", "sources"] == "reconciles"
    assert verdicts["RS", "2013-2016", "sources"] == "open"
    assert verdicts["AL", "2014", "al_2014_investigations"] == "explained"
    assert verdicts["ME", "2025", "parts:exploitation"] == "open"
    assert not real["left_source"].str.contains("returns").any()


def test_release_has_a_row_and_a_code_of_every_indicator(draft: Draft) -> None:
    folder = draft.folder
    table, codelist = (pl.read_parquet(folder / "data" / f"{name}.parquet") for name in ("metric", "codelist"))
    declared = sorted(metric.id for metric in metrics.load())
    assert table["metric"].to_list() == declared
    assert codelist.filter(codelist="metric")["code"].to_list() == declared
    assert table["sdmx_concept"].n_unique() == len(declared)
    rate = table.filter(metric="rate").row(0, named=True)
    assert (rate["unit_measure"], rate["per"], rate["interval_method"]) == ("P_HTHAB", 100_000.0, "poisson")
