"""The dashboard's statements on a release made by hand: what they select, and that they add nothing up."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards import words
from dashboards.public import queries, tables
from pipelines.core import codes
from pipelines.publication.disclosure import programme
from pipelines.publication.provenance.explain import figure_id, parse_id
from tests.support.releases import release_fixture
from tests.support.releases.release_fixture import PLANTED, RELEASE


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = release_fixture.make_home(tmp_path_factory.mktemp("home") / "home")
    return str(home.current.resolve() / "release.duckdb")


def cell(path: str, planted: str, *, unit: str = "person", track: str = "first") -> queries.Row | None:
    area, period, measure = PLANTED[planted]
    freq = "Q" if "-Q" in period else "A"
    found = queries.read_rows(
        path, "stages", freq, period, "TIP", unit, queries.STAGES[track], ("region", "territory", "jurisdiction")
    )
    return next((row for row in found if (row["area"], row["measure"]) == (area, measure)), None)


def shown(path: str, planted: str) -> words.FormattedFigure:
    found = cell(path, planted)
    return words.format_absent() if found is None else words.format_count(found)


def marks(path: str, planted: str, *, of_rate: bool = False) -> list[str]:
    found, notes = cell(path, planted), words.Notes()
    assert found is not None
    words.mark_notes(found, notes, of_rate=of_rate)
    return notes.texts


def test_zero_missing_withheld_and_not_collected_are_four_things(path: str) -> None:
    assert [shown(path, name).text for name in ("zero", "missing", "withheld", "annual_only")] == ["0", "..", "c", "–"]
    assert shown(path, "nil").text == "0"


@pytest.mark.parametrize(
    ("planted", "start"),
    [
        ("nil", "Nil return"),
        ("partial", "Partial"),
        ("derived_ytd", "Derived: the office counts from January"),
        ("non_additive", "Persons handed over"),
        ("adults_only", "Adults only"),
    ],
)
def test_what_a_reader_must_know_is_noted(path: str, planted: str, start: str) -> None:
    assert any(text.startswith(start) for text in marks(path, planted))


def test_a_total_that_does_not_add_up_says_so(path: str) -> None:
    assert any(text.startswith("Not additive") for text in marks(path, "non_additive"))


def test_adults_stand_in_for_a_total_that_is_not_collected_and_have_no_rate(path: str) -> None:
    found = cell(path, "adults_only")
    assert found is not None and found["age"] == "Y_GE18" and found["value"] == 48
    assert words.format_rate(found).text == "n/a"


def test_a_carried_population_is_noted_beside_the_rate_alone(path: str) -> None:
    assert any("carried forward" in text for text in marks(path, "zero", of_rate=True))
    assert not any("carried forward" in text for text in marks(path, "zero"))


def test_a_rate_is_of_the_period_and_of_those_who_are_in_it(path: str) -> None:
    found = cell(path, "partial")
    assert found is not None
    assert found["rate"] == pytest.approx(found["value"] * 100_000 / found["population"])
    inside = [code for code in found["reporters"].split(",") if code]
    assert "RS" not in inside and found["population"] == sum(release_fixture._POPULATION[code] for code in inside)


def test_the_region_says_who_is_in_it(path: str) -> None:
    found = cell(path, "partial")
    areas = queries.area_names(path)
    territories = [(code, row["name_en"]) for code, row in areas.items() if row["area_kind"] == "territory"]
    assert found is not None
    assert words.describe_coverage(found["reporters"], territories) == ("5 of 7", ["Croatia", "Serbia"])


def test_units_are_chosen_and_never_mixed(path: str) -> None:
    area, period, measure = PLANTED["cases_only"]
    assert words.format_count(cell(path, "cases_only") or {}).text == ".."
    cases = cell(path, "cases_only", unit="case")
    assert cases is not None and cases["value"] == 12
    other = queries.read_rows(path, "other_units", "Q", period, "TIP", "person", queries.STAGES["first"])
    assert [(row["area"], row["measure"], row["count_unit"]) for row in other] == [(area, measure, "case")]


def test_crimes_and_decisions_never_share_an_answer(path: str) -> None:
    for crime in ("TIP", "SOM"):
        for track, other in (("first", "_final"), ("final", "_first")):
            found = queries.read_rows(
                path, "stages", "Q", "2026-Q3", crime, "person", queries.STAGES[track], ("region", "territory")
            )
            assert found and {row["offence_group"] for row in found} == {crime}
            assert not any(row["measure"].endswith(other) for row in found)
            keys = [(row["area"], row["measure"]) for row in found]
            assert len(keys) == len(set(keys)), "one row a field"


def test_periods_stand_newest_first(path: str) -> None:
    periods = queries.list_periods(path, "TIP")
    assert list(periods) == ["Q", "A", "P3"]
    assert periods["Q"][0] == "2026-Q3" and periods["A"] == ["2025", "2024", "2023"] and periods["P3"] == ["2023-2025"]


def test_years_are_no_quarters(path: str) -> None:
    found = queries.read_rows(path, "series", "HR", ("Q",), "TIP", "person", queries.STAGES["first"])
    assert not found
    assert [row["territory"] for row in queries.read_rows(path, "annual_only", "justice")] == ["HR"]


def test_a_breakdown_has_shares_only_of_published_figures(path: str) -> None:
    found = queries.read_rows(
        path, "breakdown", dimension="sex", table_id="territory_year_sex", area="AL", period="2025",
        offence_group="TIP", count_unit="person", measures=("indicted", "investigated"),
    )  # fmt: skip
    by = {(row["measure"], row["sex"]): row for row in found}
    assert by["indicted", "F"]["value"] is None and by["indicted", "F"]["share_value"] is None
    assert by["indicted", "F"]["share_conf_status"] == "C"
    whole = by["investigated", "M"]["value"] + by["investigated", "F"]["value"]
    expected = pytest.approx(100 * by["investigated", "M"]["value"] / whole, abs=1)
    assert by["investigated", "M"]["share_value"] == expected


def test_a_difference_needs_two_public_sides_and_real_figures_never_stand_beside_invented_ones(path: str) -> None:
    found = queries.read_rows(path, "references_beside", "invented", "", "", "TIP")
    assert found and {row["kind"] for row in found} == {"invented"}
    for row in found:
        assert (row["difference"] is None) == (row["value"] is None or row["own_value"] is None)
    published = queries.read_rows(path, "references", "", "", "TIP", "TIP", ("published", "imported"))
    assert published and not {row["kind"] for row in published} & {"invented"}


def test_the_way_back_leads_to_the_same_cell_and_to_its_returns(path: str) -> None:
    found = cell(path, "zero")
    assert found is not None
    release, table, terms = parse_id(figure_id(RELEASE, found))
    again = queries.find_cells(path, table, terms)
    assert release == RELEASE and [row["cell_id"] for row in again] == [found["cell_id"]]
    behind = queries.read_rows(path, "cell_submissions", found["cell_id"])
    assert [row["territory"] for row in behind] == ["MK"]


def test_every_cell_has_an_id_of_its_own(path: str) -> None:
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        found = connection.execute("select * from cell")
        columns = [column[0] for column in found.description or ()]
        ids = [figure_id(RELEASE, dict(zip(columns, row, strict=True))) for row in found.fetchall()]
    assert len(ids) == len(set(ids))


def test_stages_and_tables_are_those_of_the_code_lists_and_the_programme() -> None:
    for track, stages in queries.STAGES.items():
        orders = [int(codes.get_code_attribute("measure", stage, "stage_order")) for stage in stages]
        rules = {codes.get_code_attribute("measure", stage, "level_rule") for stage in stages}
        assert orders == sorted(orders) and rules == {"prosecution", track}
    known = {table.id for table in programme.load().tables}
    named = {*queries.STAGE_TABLES, *queries.BREAKDOWN_TABLES.values(), *queries.VICTIM_TABLES.values()}
    assert named <= known


def test_without_a_release_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.core import home

    monkeypatch.setenv("RTI_HOME", str(tmp_path / "none"))
    with pytest.raises(queries.NoReleaseError, match="rti init"):
        queries.current_release()
    home.initialise_home(tmp_path / "empty", "demonstration")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "empty"))
    with pytest.raises(queries.NoReleaseError, match="rti refresh"):
        queries.current_release()


def test_a_new_release_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = release_fixture.make_home(tmp_path / "home")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    first = queries.current_release()
    assert queries.read_rows(first, "release")[0]["release"] == RELEASE
    second = home.releases / "2026-Q3.1"
    second.mkdir()
    (second / "release.duckdb").write_bytes(Path(first).read_bytes())
    aside = home.public / "aside"
    aside.symlink_to("releases/2026-Q3.1")
    aside.replace(home.current)
    assert queries.current_release() == str(second / "release.duckdb")


def test_text_of_a_release_is_text_and_not_markup() -> None:
    line = tables.Line(tables.Cell("<b>x</b>"), (tables.Cell('"><script>', "<i>", ("1",), 'a"b'),))
    html = tables.render_table("<caption>", ["<c>"], [line])
    assert "<b>" not in html and "<script" not in html and "<i>" not in html and '"a"b"' not in html


def test_the_sentence_names_who_is_missing(path: str) -> None:
    areas = queries.area_names(path)
    territories = [(code, row["name_en"]) for code, row in areas.items() if row["area_kind"] == "territory"]
    found = queries.read_rows(
        path, "stages", "Q", "2026-Q3", "TIP", "person", queries.MAIN_STAGES["first"], ("region",)
    )
    cells = [(m, next(row for row in found if row["measure"] == m)) for m in queries.MAIN_STAGES["first"]]
    text = words.compose_sentence("Western Balkans", "2026-Q3", "Trafficking in persons", "first", cells, territories)
    assert text.startswith("Western Balkans, the third quarter of 2026, trafficking in persons: ")
    assert "at first instance" in text and "missing: Croatia and Serbia" in text


def test_a_statement_has_one_name_in_one_family() -> None:
    from dashboards.public.queries import opening

    assert len(queries.SQL) == sum(len(family.SQL) for family in opening.FAMILIES)
