"""Each page of the public dashboard, run without a browser on a release made by hand."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import words
from dashboards.public import charts, queries
from dashboards.public.pages import cards
from pipelines.core import home
from pipelines.web.guards import TOO_LONG
from tests.support.paths import ROOT
from tests.support.public_pages import UNSCR, html, run
from tests.support.releases import release_fixture, release_ratios

ROUTER = str(ROOT / "dashboards" / "public" / "pages" / "navigation.py")
PAGES = ("region", "territory", "ratios", "durations", "victims", "published", "quality", "source", "about")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_fixture.make_home(tmp_path_factory.mktemp("home") / "home").root


@pytest.fixture(autouse=True)
def _home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_HOME", str(root))


def row(test: AppTest, heading: str) -> list[str]:
    """Fields of the first table row under a heading, without marks."""
    found = rows(test, heading)
    assert found, f"no row {heading!r}"
    return found[0]


def rows(test: AppTest, heading: str) -> list[list[str]]:
    """Fields of every table row under a heading, without marks."""
    out = []
    for found in re.findall(r"<tr[^>]*>(.*?)</tr>", html(test), re.S):
        plain = re.sub(r"<sup>.*?</sup>", "", found)
        fields = [
            re.sub(r"<[^>]+>", "", part).strip() for part in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", plain, re.S)
        ]
        if fields and fields[0] == heading:
            out.append(fields[1:])
    return out


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_and_says_that_its_figures_are_invented(page: str) -> None:
    test = run(page)
    assert f"{charts.DEMONSTRATION}." in html(test)
    assert test.title
    assert "Source: Regional trafficking indicators, release 2026-Q3." in html(test)


def test_the_region_shows_each_kind_of_figure_and_who_is_in_it() -> None:
    test = run("region", freq="Q", period="2026-Q3", crime="TIP", decisions="first")
    assert row(test, "Albania")[1] == "c"
    assert row(test, "Serbia")[0] == ".."
    assert row(test, "Montenegro") == ["0", "0", "0", "0"]
    assert row(test, "Croatia") == ["–", "–", "–", "–"]
    assert row(test, "North Macedonia")[2] == "0"
    assert row(test, "Territories that reported")[0] == "5 of 7"
    text = html(test)
    for note in ("Nil return", "Partial:", "Derived: the office counts from January", "Reports once a year"):
        assert note in text
    assert "Not in the region's figure: Croatia and Serbia." in text
    assert UNSCR in text and "Kosovo under UNSCR 1244" in text


def test_the_counting_cards_of_what_is_shown_stand_below_it() -> None:
    for page, levels in (("region", ("Prosecution", "First instance")), ("victims", ("Outside proceedings",))):
        found = [block for block in run(page, freq="A", period="2025").expander if block.label == cards.TITLE]
        assert len(found) == 1, page
        text = unescape(str(found[0].get("html")[0].proto.body))
        assert all(level in text for level in levels) and "Final" not in text
        assert "Albania" in text and "Kosovo under UNSCR 1244" in text


def test_the_sentence_can_be_quoted() -> None:
    test = run("region", freq="Q", period="2026-Q3")
    said = re.search(r"<blockquote[^>]*>(.*?)</blockquote>", html(test), re.S)
    assert said is not None
    value = row(test, "Western Balkans")[0]
    assert f"{value} persons investigated" in said[1] and "missing: Croatia and Serbia" in said[1]
    assert "release 2026-Q3" in said[1]


def test_crime_and_decisions_are_a_choice_of_one() -> None:
    test = run("region", freq="Q", period="2026-Q3")
    before = row(test, "Bosnia and Herzegovina")
    crime = next(group for group in test.button_group if group.key == "choice.crime")
    crime.set_value("SOM").run()
    assert not test.exception
    assert row(test, "Bosnia and Herzegovina") != before
    assert "Smuggling of migrants, 2026 Q3" in html(test) and "Trafficking in persons, 2026 Q3" not in html(test)
    assert test.query_params["crime"] == ["SOM"] or test.query_params["crime"] == "SOM"


def test_the_address_holds_the_whole_selection() -> None:
    test = run("region", crime="SOM", decisions="final", freq="A", period="2024", show="rate", stages="all")
    text = html(test)
    assert "Smuggling of migrants, 2024, final decisions: rates per 100,000" in text
    assert {"crime", "decisions", "freq", "period", "show", "stages", "release"} <= set(test.query_params)


def test_an_address_that_this_release_cannot_answer_says_so() -> None:
    test = run("region", period="2031-Q1", freq="Q", release="2020-Q1")
    assert any("2031-Q1" in warning.value for warning in test.warning)
    assert any("2020-Q1" in info.value for info in test.info)


@pytest.mark.parametrize("page", ["region", "territory"])
def test_a_long_address_is_not_repeated_on_the_page(page: str) -> None:
    test = run(page, area="A" * 60_000)
    assert [error.value for error in test.error] == [TOO_LONG]
    assert len(html(test)) < 60_000 and "AAAA" not in html(test)


def test_rates_of_adults_only_are_not_made() -> None:
    test = run("region", freq="A", period="2025", show="rate")
    assert row(test, "Croatia")[2] == "n/a"
    assert "Adults only" in html(test)
    assert "never annualised" in html(test)


def test_a_rate_stands_with_its_range_and_what_is_of_few_says_so() -> None:
    """On the first page, too: the bare rate of a handful of persons is what would be quoted."""
    test = run("region", freq="Q", period="2026-Q2", show="rate")
    path = queries.current_release()
    found = {
        (row["area"], row["measure"]): row
        for row in queries.read_rows(
            path, "stages", "Q", "2026-Q2", "TIP", "person", queries.MAIN_STAGES["first"], ("territory",)
        )
        if row["rate"] is not None
    }
    few = {area for area, row in found.items() if row["value"] < 20}
    assert few and few < set(found), "the release has both"
    text = html(test)
    for area, one in found.items():
        shown = words.format_rate(one)
        assert "–" in shown.text and shown.text in text, area
    fields = re.findall(r'<td class="rti-few"[^>]*>(.*?)</td>', text)
    assert fields and all("too few to compare" in field for field in fields)
    assert words.FEW_LEGEND in text
    assert "The interval is a lower bound" in text, "how many persons a case has is not known there"


def test_bars_of_few_say_so() -> None:
    found = run("region", freq="Q", period="2026-Q2").get("vega_lite_chart")
    spoken = " ".join(chart.proto.alt for chart in found)
    assert "too few to compare" in spoken


def test_a_total_that_does_not_add_up_says_so() -> None:
    test = run("region", freq="A", period="2025", stages="all")
    assert "Not additive" in html(test) and "Persons handed over" in html(test)


def test_pools_of_years_stand_as_they_are() -> None:
    test = run("region", freq="P3", period="2023-2025", show="rate")
    assert not any(group.key == "choice.show" for group in test.button_group), "the release has no rates of pools"
    assert "No rates are made for several years together." in html(test)
    assert "Trafficking in persons, 2023–2025" in html(test)


def test_a_stage_known_in_cases_only_is_not_mixed_in() -> None:
    test = run("region", freq="Q", period="2026-Q2", stages="all")
    assert row(test, "Serbia")[0] == ".."
    assert "Reported is known in cases only" in html(test)
    cases = run("region", freq="Q", period="2026-Q2", stages="all", unit="case")
    assert row(cases, "Serbia")[0] == "12"


def test_a_territory_shows_series_breakdowns_card_and_returns() -> None:
    test = run("territory", territory="AL", by="sex", year="2025")
    text = html(test)
    assert row(test, "2026 Q3")[2] == "c"
    counts, shares = rows(test, "Female")
    place = counts.index("c")
    assert shares[place] == "c", "a withheld figure has a withheld share"
    assert "Counting card of Albania" in text
    assert "Persons whom an authority registered as victims" in text, "metadata of an instrument"
    assert "SALCORRECTION000" in text and "carried forward" in text
    assert len(test.get("vega_lite_chart")) == 6


def test_a_year_is_never_shown_as_quarters() -> None:
    test = run("territory", territory="HR", over="Q")
    assert any("no quarterly figures" in info.value for info in test.info)
    yearly = run("territory", territory="HR", over="A")
    assert row(yearly, "2025")[0] not in ("", "–")


def test_jurisdictions_stand_under_their_territory() -> None:
    test = run("territory", territory="BA")
    assert row(test, "Brčko District")[1] == "c"
    assert row(test, "Republika Srpska")[1] == "10"


def test_kosovo_carries_its_footnote_on_its_own_page_and_in_its_charts() -> None:
    test = run("territory", territory="XK")
    assert UNSCR in html(test)
    for chart in test.get("vega_lite_chart"):
        assert "Kosovo under UNSCR 1244*" in chart.proto.spec and "Security Council" in chart.proto.spec


def test_charts_have_a_text_and_say_that_they_are_invented() -> None:
    for test in (run("region"), run("territory", territory="RS"), run("victims")):
        found = test.get("vega_lite_chart")
        assert found
        for chart in found:
            assert charts.DEMONSTRATION in chart.proto.alt
            assert charts.DEMONSTRATION in chart.proto.spec


def test_victims_stand_apart_with_their_coverage() -> None:
    test = run("victims", freq="A", period="2025", territory="AL", victims_by="exploitation")
    assert row(test, "Montenegro")[2] == "c"
    assert row(test, "Several forms") == ["0"]
    assert "Figures are from 6 of 7 territories; missing: Serbia" in html(test)


def test_real_figures_never_stand_beside_invented_ones() -> None:
    beside = html(run("published", view="beside", of="all"))
    assert "Invented observatory" in beside
    assert "US DoS" not in beside and "GRETA" not in beside
    figures = html(run("published", view="figures", of="all"))
    assert "Invented observatory" not in figures and "US DoS" in figures and "conflict" in figures


def test_every_figure_of_the_region_leads_to_its_way_back() -> None:
    test = run("region", freq="Q", period="2026-Q3")
    links = re.findall(r'href="source\?cell=([^"]+)"', "\n".join(str(e.proto.body) for e in test.get("html")))
    assert len(links) == 28, "four stages of the region and of the six territories that report by quarter"
    for link in links[:3]:
        assert quote("2026-Q3/area_quarter/area=", safe="") in link


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-Q3/area_quarter/area=MK;period=2026-Q3;measure=investigated;count_unit=person;offence_group=TIP", "25"),
        ("area=AL;period=2026-Q3;measure=indicted;offence_group=TIP", "withheld"),
    ],
)
def test_the_way_back_of_a_figure(cell: str, expected: str) -> None:
    test = run("source", cell=cell)
    text = html(test)
    assert expected in text and "Stages of proceedings by quarter" in text
    assert test.code[0].value.startswith("rti explain '2026-Q3/area_quarter/area=")
    if expected != "withheld":
        assert "Returns behind the figure" in text
        assert ".xlsx" not in text, "file names belong to the office"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("nonsense", "not the id of a figure"),
        ("area=MK;period=1999-Q1", "has no figure"),
        ("area=MK", "More than one figure"),
    ],
)
def test_an_id_that_names_no_figure_is_answered_in_words(cell: str, says: str) -> None:
    test = run("source", cell=cell)
    assert any(says in warning.value for warning in test.warning)


def test_downloads_are_the_files_of_the_release() -> None:
    test = run("about")
    text = html(test)
    assert UNSCR in text and "Published tables" in text
    labels = [button.proto.label for button in test.get("download_button")]
    assert {"manifest.json", "README.txt", "cell.csv", "cell.parquet"} <= set(labels)


@pytest.mark.parametrize("page", PAGES)
def test_without_a_release_every_page_names_the_command(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.initialise_home(tmp_path / "empty", "demonstration")
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "empty"))
    test = run(page)
    assert test.title[0].value == "Nothing has been published yet"
    assert any("rti refresh --publish" in text.value for text in test.markdown)


def test_the_router_runs() -> None:
    test = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not test.exception
    assert test.title[0].value == "The region side by side"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_on_the_demonstration_release(page: str, demonstration: home.Home) -> None:
    test = run(page)
    assert test.title[0].value != "Nothing has been published yet"
    assert f"{charts.DEMONSTRATION}." in html(test)


def test_each_territory_and_period_of_the_demonstration_can_be_opened(demonstration: home.Home) -> None:
    path = queries.current_release()
    for code, row in queries.area_names(path).items():
        if row["area_kind"] == "territory":
            run("territory", territory=code, over="A")
    for crime in ("TIP", "SOM"):
        for freq, periods in queries.list_periods(path, crime).items():
            run("region", crime=crime, freq=freq, period=periods[-1], show="rate", stages="all", decisions="final")


def test_the_region_shows_what_the_mart_of_stages_says(demonstration: home.Home) -> None:
    """The page reads `cell`, for its marks and the way back; `mart_pipeline` chooses by the same rule."""
    import duckdb

    path = queries.current_release()
    stages = ("reported", "investigated", "indicted", "adjudicated", "convicted", "sentenced")
    with duckdb.connect(path, read_only=True) as connection:
        found = connection.execute(
            f"select area, freq, period, offence_group, track, {', '.join(stages)} from pipeline "
            "where area_kind in ('region', 'territory')"
        ).fetchall()
    assert found
    for area, freq, period, group, track, *values in found:
        measures = queries.STAGES[track]
        cells = queries.read_rows(path, "stages", freq, period, group, "person", measures, ("region", "territory"))
        shown = {(cell["area"], cell["measure"]): cell["value"] for cell in cells}
        assert [shown.get((area, measure)) for measure in measures] == values


RATIO = {"crime": "TIP", "ratio": release_ratios.METRIC, "freq": "A", "period": release_ratios.PERIOD}


def test_a_ratio_stands_with_its_range_and_its_version() -> None:
    test = run("ratios", **RATIO)
    assert row(test, "Albania") == ["80 (62–103)", "no records"]
    assert row(test, "Serbia") == ["80 (62–103)", "65 (50–84), over 1 year before"]
    assert "Shown first is the lagged version" in html(test)
    assert "Western Balkans 80, range 62 to 103, from 3 of 7 territories" in html(test)
    assert "4 of 7 territories have enough to be compared" in html(test)


def test_a_ratio_of_too_few_says_so_and_a_withheld_one_stays_withheld() -> None:
    test = run("ratios", **RATIO)
    assert row(test, "Montenegro")[0] == "too few to compare: 80 (62–103)"
    assert "under 20" in html(test)
    assert row(test, "Kosovo under UNSCR 1244")[0] == words.WITHHELD
    assert row(test, "North Macedonia")[0].startswith("127") and "Over 100 per cent" in html(test)


def test_a_ratio_of_two_units_is_refused_with_its_reason() -> None:
    test = run("ratios", **RATIO)
    assert row(test, "Bosnia and Herzegovina")[0] == words.NOT_APPLICABLE
    assert "The two sides differ in the count unit." in html(test)


def test_a_share_stands_with_its_range_and_says_where_it_is_of_few() -> None:
    test = run("territory", territory="AL", by="sex", year="2025")
    shares = [row for heading in ("Female", "Male") for row in rows(test, heading)[1:]]
    told = [field for row in shares for field in row if field not in ("c", "")]
    assert told and all(re.fullmatch(r"\d+ \(\d+–\d+\)", field) for field in told), told
    assert 'class="rti-few"' in html(test) and "share: too few to compare" in html(test)
    assert "Too few to compare: one of the two numbers is under 20." in html(test)


def test_shares_that_can_be_told_apart_are_told_by_their_odds() -> None:
    text = html(run("territory", territory="AL", by="sex", year="2025"))
    assert "Female: 3 of 21 pairs were compared; 2 differ significantly, the others do not." in text
    # 30 of 60 and 20 of 80: 50 and 25 per cent, and the odds 30:30 and 20:60, three to one.
    assert "Albania is higher than Croatia: 50 against 25 per cent; the odds 3.00 times, range 1.32 to 6.94." in text
    endless = "Bosnia and Herzegovina is higher than Croatia: 100 against 25 per cent; the odds without end, range 1.75"
    assert f"{endless} or more." in text, "nobody is left over"
    assert "None" not in text and "nan" not in text


def test_older_returns_stand_below_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboards.public.pages import territory

    monkeypatch.setattr(territory, "_NEWEST", 1)
    test = run("territory", territory="AL")
    [older] = [one for one in test.expander if "older return" in one.label]
    number = int(older.label.split()[0])
    assert (
        len(re.findall(r"<tr", html(test).split("Older returns accepted", 1)[1].split("</table>", 1)[0])) == number + 1
    )


def test_pairs_are_told_in_words_and_never_ranked() -> None:
    test = run("ratios", **RATIO)
    text = html(test)
    assert any("the others do not. Comparing many pairs finds some" in said.value for said in test.markdown), (
        "that many are compared is said"
    )
    assert "Albania is lower than North Macedonia: 0.63 times, range 0.45 to 0.88." in text
    assert "do not differ significantly on these numbers. With care: Not stated for both sides: attempts." in text
    assert " are not compared. The two sides differ in the version of the ratio." in text
    assert any("public figure of this ratio, both counts of one period: median" in one.value for one in test.markdown)
    assert "United Nations Security Council resolution 1244" in text


def test_quality_is_told_of_each_territory_and_none_is_made_up() -> None:
    test = run("quality")
    assert row(test, "Albania") == ["98.4 %", "75.0 %", "\u22126.5", "92.0", "11", "10.7 %"]
    assert row(test, "Serbia") == [".."] * 6
    text = html(test)
    assert "No return has come." in text, "why there is none"
    assert "Albania: of 25 totals published in two releases or more, 4 changed." in text
    assert "Croatia: no total has been published in two releases yet." in text and "BA_FED" not in text
    assert "Of 3 pairs: 1 agree, 1 differ for declared reasons and 1 differ without a declared reason." in text
    assert row(test, "Albania") and "71: cases under investigation (One)" in text and ">+25<" in text
    assert "Investigations carried over are counted with the new ones." in text


@pytest.mark.parametrize(
    ("area", "told"),
    [
        ("AL", ["2014", "71", "46", "+25", "for declared reasons"]),
        ("BA", ["306", "They agree"]),
        ("HR", ["2015", "2016", "2017", "2018", "38", "30", "29", "76", "They agree"]),
        ("ME", ["2025", "50", "43", "+7", "without a declared reason"]),
        ("RS", ["296", "191", "+105", "without a declared reason"]),
    ],
)
def test_what_two_publishers_say_of_one_thing_stands_with_their_figures(
    demonstration: home.Home, area: str, told: list[str]
) -> None:
    """The five real cases, each as it was published; nothing invented is among them."""
    found = html(run("published", of=area)).split("Two published figures of one thing")
    assert len(found) > 1, area
    text = found[-1]
    assert all(part in text for part in told), [part for part in told if part not in text]
    assert "nvented" not in text.split("</table>")[0]


def test_a_ratio_opens_in_its_window_and_says_why() -> None:
    test = run("ratios", crime="TIP", ratio=release_ratios.METRIC)
    assert (
        "A comparison opens in 2023–2025 (three years), the shortest window in which most territories have enough: "
        in (html(test))
    )
    assert "7 of 7 territories have 20 or more, against 3 in 2025 and none in 2026 Q3." in html(test)


def test_a_shorter_window_is_called_one() -> None:
    assert "You have chosen a shorter period" in html(run("ratios", **RATIO))


def test_the_region_stands_with_coverage_median_range_and_n() -> None:
    test = run("region", freq="A", period="2025")
    convicted = next(found for found in (row(test, "Convicted"),) if len(found) == 4)
    assert convicted == ["1.25", "5 of 7", "1.60, from 0.44 to 1.81 (n = 5)", "4 of 5"]
    assert row(test, "Sentenced") == ["too few to compare: 0.50", "2 of 7", "from 0.30 to 0.90 (n = 2)", "0 of 2"]
    text = html(test)
    assert (
        "1.25, from 5 of 7 territories. Over 5 territories with a public figure of this rate: median 1.60, from "
        in text
    )
    assert "the figure of 2 is withheld" in text
    assert "2025 for convicted (4 of 7); 2023–2025, where most still have not for sentenced (3 of 7)." in text


def test_a_change_of_the_region_says_over_whom_it_is() -> None:
    test = run("region", freq="A", period="2025")
    assert "over the 2 of 7 territories that have both years" in html(test)
    assert "from 50 to 60 (+10); +22 goes with the number of persons indicted and \u221212 with how many" in html(test)
    assert row(test, "2024 to 2025") == ["50 → 60", "+10", "+22", "\u221212"]
    assert "Left out: Bosnia and Herzegovina (not in both years); " in html(test)
    assert "Kosovo under UNSCR 1244* and Montenegro (a count is withheld)" in html(test)


def test_a_change_that_is_too_few_or_withheld_is_a_state_and_no_number() -> None:
    test = run("territory", territory="AL")
    assert row(test, "2022 to 2023") == ["50 → 60", "+10", "+22", "\u221212"]
    assert row(test, "2023 to 2024") == ["19 → 25", "+6", "too few to split", "too few to split"]
    assert row(test, "2024 to 2025") == ["c", "c", "c", "c"]
    assert "too few to split into number and ratio, since a count behind it is under 20" in html(test)


def test_ways_out_stand_by_level_and_requalification_by_itself() -> None:
    test = run("territory", territory="AL")
    assert row(test, "Rejected (prosecution)") == ["30 (15–45)", "60 % (30–90)"]
    assert row(test, "Discontinued (prosecution)")[1] == "too few to compare: 30 % (15–45)"
    assert row(test, "Acquitted (first instance)") == ["c", "c"]
    text = html(test)
    assert "persons who left, before the prosecutor: rejected 30, discontinued 15, " in text
    assert "Cases requalified to another offence are shown separately" in text


def test_what_is_reported_once_a_year_stays_a_point_a_year() -> None:
    test = run("territory", territory="HR", over="Q")
    assert any("A year is never divided into quarters" in info.value for info in test.info)
    assert row(test, "2025") and '<th scope="row">2026 Q' not in html(test)


def test_a_break_is_in_the_notes_of_the_series_in_words(demonstration: home.Home) -> None:
    text = html(run("territory", territory="HR", over="Q"))
    assert "Break in the series. Source, 2023 Q1: First-instance figures come from the register of courts." in text
    assert "aggregates >" not in text


@pytest.mark.parametrize("fault", ["cut", "deleted"])
def test_a_damaged_release_is_told_in_words_and_comes_back_when_it_is_restored(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    copied = tmp_path / "home"
    shutil.copytree(root, copied, symlinks=True)
    monkeypatch.setenv("RTI_HOME", str(copied))
    path = (copied / "public" / "current").resolve() / "release.duckdb"
    whole = path.read_bytes()
    path.unlink()
    if fault == "cut":
        path.write_bytes(whole[:300_000])
    test = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not test.exception
    assert [one.value for one in test.title] == ["These figures cannot be shown at the moment"]
    told = " ".join(one.value for one in test.markdown)
    assert "release 2026-Q3 is damaged" in told
    assert "not lost" in told and "rti audit verify" in told
    assert str(copied) not in told
    path.write_bytes(whole)
    again = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not again.exception
    assert "These figures cannot be shown" not in str([one.value for one in again.title])


def test_page_names_release_of_older_software(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    copied = tmp_path / "home"
    shutil.copytree(root, copied, symlinks=True)
    monkeypatch.setenv("RTI_HOME", str(copied))
    path = (copied / "public" / "current").resolve() / "release.duckdb"
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table cell drop column is_total")
    test = AppTest.from_file(ROUTER, default_timeout=60).run()
    assert not test.exception
    assert test.title[-1].value == "These figures cannot be shown at the moment"
    assert "Release 2026-Q3 was made by an older version" in " ".join(one.value for one in test.markdown)
