"""Tests of the dashboard's SQL statements on a handmade release: what they select, and that they never add up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dashboards.public import queries, tables
from pipelines import words
from pipelines.core import codes
from pipelines.core.home import open_home
from pipelines.publication.disclosure import programme
from pipelines.publication.provenance.figure_ids import figure_id, parse_id
from pipelines.words import regions
from tests.support.releases import release_fixture
from tests.support.releases.release_fixture import PLANTED, RELEASE


@pytest.fixture(scope="module")
def path(release_root: Path) -> str:
    return str(open_home(release_root).current.resolve() / "release.duckdb")


def find_cell(path: str, planted: str, *, unit: str = "person", track: str = "first") -> queries.Row | None:
    area, period, measure = PLANTED[planted]
    freq = "Q" if "-Q" in period else "A"
    rows = queries.read_rows(
        path, "stages", freq, period, "TIP", unit, queries.STAGES[track], ("region", "territory", "jurisdiction")
    )
    return next((row for row in rows if (row["area"], row["measure"]) == (area, measure)), None)


def format_planted_count(path: str, planted: str) -> words.FormattedFigure:
    row = find_cell(path, planted)
    return words.format_absent() if row is None else words.format_count(row)


def list_notes(path: str, planted: str, *, of_rate: bool = False) -> list[str]:
    row, notes = find_cell(path, planted), words.Notes()
    assert row is not None
    words.mark_notes(row, notes, of_rate=of_rate)
    return notes.texts


def test_zero_missing_withheld_and_not_collected_are_distinct(path: str) -> None:
    assert [format_planted_count(path, name).text for name in ("zero", "missing", "withheld", "annual_only")] == [
        "0",
        "not received",
        "withheld",
        "not collected",
    ]
    assert format_planted_count(path, "nil").text == "0"


@pytest.mark.parametrize(
    ("planted", "start"),
    [
        ("nil", "Nil return"),
        ("partial", "Partial"),
        ("derived_ytd", "Calculated from year-to-date figures"),
        ("non_additive", "Persons handed over"),
        ("adults_only", "Adults only"),
    ],
)
def test_mark_notes_explains_planted_situations(path: str, planted: str, start: str) -> None:
    assert any(text.startswith(start) for text in list_notes(path, planted))


def test_total_that_does_not_add_up_has_a_note(path: str) -> None:
    assert any(text.startswith("Not additive") for text in list_notes(path, "non_additive"))


def test_adults_replace_a_total_that_is_not_collected_without_a_rate(path: str) -> None:
    row = find_cell(path, "adults_only")
    assert row is not None and row["age"] == "Y_GE18" and row["value"] == 48
    assert words.format_rate(row).text == "not applicable"


def test_carried_population_is_noted_only_for_rates(path: str) -> None:
    assert any("carried forward" in text for text in list_notes(path, "zero", of_rate=True))
    assert not any("carried forward" in text for text in list_notes(path, "zero"))


def test_rate_uses_period_and_population_of_the_reporters(path: str) -> None:
    row = find_cell(path, "partial")
    assert row is not None
    assert row["rate"] == pytest.approx(row["value"] * 100_000 / row["population"])
    reporters = [code for code in row["reporters"].split(",") if code]
    assert "RS" not in reporters and row["population"] == sum(release_fixture._POPULATION[code] for code in reporters)


def test_region_lists_territories_that_are_missing(path: str) -> None:
    figure = find_cell(path, "partial")
    areas = queries.area_names(path)
    territories = [(code, row["name_en"]) for code, row in areas.items() if row["area_kind"] == "territory"]
    assert figure is not None
    assert words.describe_coverage(figure["reporters"], territories) == ("5 of 7", ["Croatia", "Serbia"])


def test_units_are_never_mixed(path: str) -> None:
    area, period, measure = PLANTED["cases_only"]
    assert words.format_count(find_cell(path, "cases_only") or {}).text == "not received"
    cases = find_cell(path, "cases_only", unit="case")
    assert cases is not None and cases["value"] == 12
    rows_in_other_units = queries.read_rows(path, "other_units", "Q", period, "TIP", "person", queries.STAGES["first"])
    assert [(row["area"], row["measure"], row["count_unit"]) for row in rows_in_other_units] == [
        (area, measure, "case")
    ]


def test_crimes_and_decisions_are_never_mixed(path: str) -> None:
    for crime in ("TIP", "SOM"):
        for track, other_track in (("first", "_final"), ("final", "_first")):
            rows = queries.read_rows(
                path, "stages", "Q", "2026-Q3", crime, "person", queries.STAGES[track], ("region", "territory")
            )
            assert rows and {row["offence_group"] for row in rows} == {crime}
            assert not any(row["measure"].endswith(other_track) for row in rows)
            keys = [(row["area"], row["measure"]) for row in rows]
            assert len(keys) == len(set(keys)), "one row per field"


def test_periods_are_listed_newest_first(path: str) -> None:
    periods = queries.list_periods(path, "TIP")
    assert list(periods) == ["Q", "A", "P3"]
    assert periods["Q"][0] == "2026-Q3" and periods["A"] == ["2025", "2024", "2023"] and periods["P3"] == ["2023-2025"]


def test_annual_figures_are_not_listed_as_quarters(path: str) -> None:
    rows = queries.read_rows(path, "series", "HR", ("Q",), "TIP", "person", queries.STAGES["first"])
    assert not rows
    assert [row["territory"] for row in queries.read_rows(path, "annual_only", "justice")] == ["HR"]


def test_breakdown_has_shares_only_of_published_figures(path: str) -> None:
    rows = queries.read_rows(
        path, "breakdown", dimension="sex", table_id="territory_year_sex", area="AL", period="2025",
        offence_group="TIP", count_unit="person", measures=("indicted", "investigated"),
    )  # fmt: skip
    rows_by_measure_and_sex = {(row["measure"], row["sex"]): row for row in rows}
    assert (
        rows_by_measure_and_sex["indicted", "F"]["value"] is None
        and rows_by_measure_and_sex["indicted", "F"]["share_value"] is None
    )
    assert rows_by_measure_and_sex["indicted", "F"]["share_conf_status"] == "C"
    total = (
        rows_by_measure_and_sex["investigated", "M"]["value"] + rows_by_measure_and_sex["investigated", "F"]["value"]
    )
    expected = pytest.approx(100 * rows_by_measure_and_sex["investigated", "M"]["value"] / total, abs=1)
    assert rows_by_measure_and_sex["investigated", "M"]["share_value"] == expected


def test_difference_needs_two_public_sides_and_never_mixes_real_and_invented_figures(path: str) -> None:
    rows = queries.read_rows(path, "references_beside", "invented", "", "", "TIP")
    assert rows and {row["kind"] for row in rows} == {"invented"}
    for row in rows:
        assert (row["difference"] is None) == (row["value"] is None or row["own_value"] is None)
    published = queries.read_rows(path, "references", "", "", "TIP", "TIP", ("published", "imported"))
    assert published and not {row["kind"] for row in published} & {"invented"}


def test_figure_id_leads_to_the_same_cell_and_its_returns(path: str) -> None:
    figure = find_cell(path, "zero")
    assert figure is not None
    release, table, terms = parse_id(figure_id(RELEASE, figure))
    matching_rows = queries.find_cells(path, table, terms)
    assert release == RELEASE and [row["cell_id"] for row in matching_rows] == [figure["cell_id"]]
    submissions = queries.read_rows(path, "cell_submissions", figure["cell_id"])
    assert [row["territory"] for row in submissions] == ["MK"]


def test_every_cell_has_a_unique_id(path: str) -> None:
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        result = connection.execute("select * from cell")
        columns = [column[0] for column in result.description or ()]
        ids = [figure_id(RELEASE, dict(zip(columns, row, strict=True))) for row in result.fetchall()]
    assert len(ids) == len(set(ids))


def test_stages_and_tables_match_code_lists_and_programme() -> None:
    for track, stages in queries.STAGES.items():
        orders = [int(codes.get_code_attribute("measure", stage, "stage_order")) for stage in stages]
        rules = {codes.get_code_attribute("measure", stage, "level_rule") for stage in stages}
        assert orders == sorted(orders) and rules == {"prosecution", track}
    table_ids = {table.id for table in programme.load().tables}
    used_tables = {*queries.STAGE_TABLES, *queries.BREAKDOWN_TABLES.values(), *queries.VICTIM_TABLES.values()}
    assert used_tables <= table_ids


def test_current_release_names_the_command_without_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.core import home

    monkeypatch.setenv("RTI_HOME", str(tmp_path / "none"))
    with pytest.raises(queries.NoReleaseError, match="rti init"):
        queries.current_release()
    home.initialise_home(tmp_path / "empty", "demonstration")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "empty"))
    with pytest.raises(queries.NoReleaseError, match="rti refresh"):
        queries.current_release()


def test_current_release_reads_a_new_release_at_once(
    release_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(release_root, tmp_path / "home", symlinks=True)
    home = open_home(tmp_path / "home")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    first = queries.current_release()
    assert queries.read_rows(first, "release")[0]["release"] == RELEASE
    second = home.releases / "2026-Q3.1"
    second.mkdir()
    (second / "release.duckdb").write_bytes(Path(first).read_bytes())
    new_link = home.public / "aside"
    new_link.symlink_to("releases/2026-Q3.1")
    new_link.replace(home.current)
    assert queries.current_release() == str(second / "release.duckdb")


def test_render_table_escapes_text() -> None:
    line = tables.Line(tables.Cell("<b>x</b>"), (tables.Cell('"><script>', "<i>", ("1",), 'a"b'),))
    html = tables.render_table("<caption>", ["<c>"], [line])
    assert "<b>" not in html and "<script" not in html and "<i>" not in html and '"a"b"' not in html


def test_describe_stages_names_territories_that_are_not_included(path: str) -> None:
    rows = queries.read_rows(path, "stages", "Q", "2026-Q3", "TIP", "person", queries.MAIN_STAGES["first"], ("region",))
    cells = [(m, next(row for row in rows if row["measure"] == m)) for m in queries.MAIN_STAGES["first"]]
    text = regions.describe_stages(
        "Western Balkans", "2026-Q3", "Trafficking in persons", "first", cells, 7, lambda row: "Not included: Croatia."
    )
    assert text.startswith("Western Balkans, the third quarter of 2026, trafficking in persons ")
    assert "at first instance" in text and "Figures cover 5 of 7 territories. Not included: Croatia." in text
    assert "Figures cover 6 of 7 territories." in text, "Serbia is in the later stages"


def test_statement_names_are_unique() -> None:
    from dashboards.public.queries import opening

    assert len(queries.SQL) == sum(len(family.SQL) for family in opening.FAMILIES)
