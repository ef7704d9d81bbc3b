"""The page of durations, cohorts, sentences and clearance, on a release with planted situations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.public import charts, queries
from dashboards.public.pages import cards
from dashboards.words import durations, reasons
from pipelines.core import home
from tests.support.public_pages import UNSCR, html, run
from tests.support.releases import release_fixture

WITHOUT = (
    "Albania",
    "Bosnia and Herzegovina",
    "Kosovo under UNSCR 1244",
    "North Macedonia",
    "Montenegro",
)
TABLES = {
    "times": "Time from indictment to the decision at first instance.",
    "ages": "Age of cases pending at first instance, on 30 September 2026.",
    "cohorts": "Of those indicted, what became of them at first instance.",
    "shares": "Imprisonment as the principal sanction",
    "lengths": "Imprisonment to be served, in months, as imposed.",
    "clearance": "Clearance and disposition, first instance.",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_fixture.make_home(tmp_path_factory.mktemp("home") / "home").root


@pytest.fixture(scope="module")
def page(root: Path) -> Iterator[AppTest]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_HOME", str(root))
        yield run("durations", crime="TIP")


def rows(test: AppTest, table: str) -> dict[str, list[str]]:
    """Fields by heading of the one table whose caption begins so, with the numbers of notes as `[1]`."""
    found = [part for part in html(test).split('<div class="rti-caption"')[1:] if f">{TABLES[table]}" in part[:400]]
    assert len(found) == 1, f"{table}: {len(found)} tables"
    body = found[0].split("<tbody>")[1].split("</tbody>")[0]
    out = {}
    for line in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S):
        heading, marked = line.split("</th>", 1)
        plain = re.sub(r"<sup>.*?</sup>", "", heading) + "</th>" + re.sub(r"<sup>(.*?)</sup>", r"[\1]", marked)
        heading, *fields = [
            re.sub(r"<[^>]+>", "", part).strip() for part in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", plain, re.S)
        ]
        out[heading] = fields
    return out


def bare(fields: list[str]) -> list[str]:
    return [re.sub(r"\[.*?\]", "", field) for field in fields]


def test_times_stand_with_limits_and_a_band_and_others_have_no_records(page: AppTest) -> None:
    found = rows(page, "times")
    assert found["Croatia"] == ["260 (210–330)", "370 (270–570)", "550 (390 or more)", "c", "100–199"]
    assert found["Serbia"] == ["210 (180–330)", "410 (300–510)", "not reached[1]", "20 (10–30)", "100–199"]
    assert durations.NOT_REACHED_NOTE in html(page)
    for table in ("times", "ages", "cohorts", "shares", "lengths"):
        for name in WITHOUT:
            first, *others = rows(page, table)[name]
            assert first == "no records" and not any(others), "never a number"


def test_the_sentence_says_the_medians_and_who_has_no_records(page: AppTest) -> None:
    said = re.search(r"<blockquote[^>]*>(.*?)<cite>", html(page), re.S)
    assert said is not None
    assert "Croatia 260 days, range 210 to 330; Serbia 210 days, range 180 to 330." in said[1]
    assert "No records: Albania, Bosnia and Herzegovina, Kosovo under UNSCR 1244" in said[1]
    assert UNSCR in html(page)


def test_ages_of_few_say_that_they_are_too_few(page: AppTest) -> None:
    found = rows(page, "ages")
    assert found["Croatia"] == ["too few to compare: 170[1]", "too few to compare: 320[1]", "c", "10–19"]
    assert found["Serbia"] == ["180", "290", "480", "20–49"], "twenty and more are enough"
    assert durations.FEW_NOTE in html(page)
    assert "Croatia, Half: too few to compare, 170" in html(page)


def test_a_cohort_that_is_not_followed_long_enough_has_no_share(page: AppTest) -> None:
    found = rows(page, "cohorts")
    few = "too few to compare: "
    assert bare(found["Serbia, 2023"]) == [f"{few}60 (45–75)", f"{few}65 (45–80)", f"{few}5 (0–10)", "20–49"]
    assert bare(found["Serbia, 2025"]) == ["..", "..", "..", "20–49"]
    assert "its people have not been followed for 8 quarters" in html(page)
    assert found["Croatia"] == ["–", "–", "–", "–"], "records, but not of this: not collected, and no 'no records'"


def test_sentences_stand_beside_the_law_and_claim_no_time_served(page: AppTest) -> None:
    assert bare(rows(page, "shares")["Serbia"]) == ["55 (40–70)", "too few to compare: 30 (15–45)", "50–99"]
    assert rows(page, "shares")["Croatia"][:2] == ["c", "c"]
    found = rows(page, "lengths")
    below = "too few to compare: 30 (5–60)"
    assert bare(found["Serbia"]) == ["30 (0–48)", "48 (36–84)", "84 (48–108)", below, "36–144", "20–49"]
    assert bare(found["Croatia"])[3:5] == ["n/a", "not stated"]
    assert durations.NO_LEAST in html(page)
    assert any("time served is not claimed" in text.value for text in page.markdown)


def test_clearance_has_a_table_of_its_own_and_says_why_a_figure_is_undefined(page: AppTest) -> None:
    found, text = rows(page, "clearance"), html(page)
    assert bare(found["Albania"]) == ["126 (83–192)", "243"]
    assert bare(found["Western Balkans"]) == ["120 (100–143)", ".."]
    assert bare(found["Montenegro"]) == ["n/a", "n/a"]
    assert bare(found["Kosovo under UNSCR 1244"]) == ["too few to compare: 93 (40–213)", "c"]
    assert "Kosovo under UNSCR 1244, Clearance rate, per cent: too few to compare, 93, range 40 to 213" in text
    assert found["Croatia"] == ["–", "–"]
    for code in ("reporters_differs", "stock_missing", "no_incoming", "no_resolved"):
        assert text.count(reasons.UNDEFINED[code]) == 1
    assert "who reported" not in text, "a reason that the note of the figure tells is not told twice"
    assert not any("isposition" in title for title in [*rows(page, "times"), *rows(page, "ages")])
    assert any("365 days" in text.value for text in page.markdown)


def test_charts_show_durations_alone_and_have_a_text(page: AppTest) -> None:
    found = page.get("vega_lite_chart")
    assert [chart.proto.alt.split(":")[0] for chart in found] == ["Croatia", "Serbia†"]
    for chart in found:
        assert charts.DEMONSTRATION in chart.proto.alt and charts.DEMONSTRATION in chart.proto.spec
        assert "isposition" not in chart.proto.spec and "243" not in chart.proto.spec
    assert "Nine in ten: 550, range 390 or more" in found[0].proto.alt
    assert "Nine in ten: not reached" in found[1].proto.alt


def test_the_counting_cards_stand_beside_every_section_with_figures(page: AppTest) -> None:
    """Times, ages, cohorts, sentences of the two territories with records, and clearance of those that have it."""
    sections = [block for block in page.expander if block.label == cards.TITLE]
    assert len(sections) == 5
    told = [unescape(str(block.get("html")[0].proto.body)) for block in sections]
    assert [text.count("Croatia") > 0 for text in told] == [True, True, False, True, False]
    assert all("Serbia" in text for text in told[:4]) and "Albania" in told[4]
    for text in (told[0], told[2]):
        assert "Prosecution" in text and "First instance" in text, "of those who entered, and of what came"


def test_of_a_crime_without_records_nothing_is_made_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_HOME", str(root))
    test = run("durations", crime="SOM")
    assert any("no times from records of smuggling" in text.value for text in test.markdown)
    assert not test.get("vega_lite_chart") and "<table" not in html(test)


def test_a_release_of_earlier_software_says_that_it_has_no_durations(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_HOME", str(root))
    monkeypatch.setattr(queries, "has_table", lambda path, table: table != "duration")
    test = run("durations")
    assert any("before durations were published" in info.value for info in test.info)
    assert "<table" not in html(test)


def test_every_way_level_and_year_of_the_demonstration_can_be_opened(demonstration: home.Home) -> None:
    path = queries.current_release()
    assert queries.has_table(path, "duration"), "the demonstration is published by this software"
    for crime in ("TIP", "SOM"):
        for way in queries.read_rows(path, "duration_ways", crime):
            test = run("durations", crime=crime, way=way["stage"])
            assert way["name"] in html(test)
        for level in queries.read_rows(path, "clearance_levels", crime):
            for track in ("first", "final"):
                run("durations", crime=crime, level=level["level"], decisions=track, freq="Q")
