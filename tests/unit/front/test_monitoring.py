"""The pages of the monitoring: fields are those of the release, and areas and crimes are apart."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

import pytest
import yaml

from pipelines.front import build
from pipelines.front.pages import Page
from pipelines.front.pages.monitoring import compose_all, compose_monitoring
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words.language import read_in
from tests.support.editions import MEMBERS, make_edition, make_metric, make_ratio

Row = dict[str, Any]
LABELS = [
    ("theme", "formal", "Formal requests"), ("question", "FR01.1", "How easy is it?"),
    ("question", "FR02.1", "How long does it take?"), ("answer", "FR02.1.d8_30", "8 to 30"),
]  # fmt: skip
RELEASE = {
    "release": "2026-Q3", "demonstration": True, "reference_period": "2026-Q3", "drafted_at": "2026-11-20T09:00:00Z",
}  # fmt: skip


def make_row(area: str, source: str, item: str, **changes: Any) -> Row:
    return {
        "theme": "formal", "theme_position": 0, "area": area, "source": source, "item": item, "offence_group": "",
        "position": 0, "period": "2026-Q3", "value": None, "low": None, "high": None, "n": None, "invited": None,
        "answered": None, "band": "", "counts": "", "gap": "none", "state": "value", **changes,
    }  # fmt: skip


ROWS = [
    make_row("AA", "practice", "FR01.1", value=35.2, low=15.4, high=48.9, n=20.0, invited=44, answered=31, gap="few"),
    make_row("AA", "practice", "FR06.1", period="", gap="unknown", state="missing"),
    make_row("AA", "delay", "FR02.1", band="d8_30"),
    make_row("AA", "law", "COSTS", counts="met=2 partly=1", period="2021-10-01", gap="gap"),
    make_row("AA", "cooperation", "share_outgoing", offence_group="TIP", period="2025", gap="unknown",
             state="withheld"),
    make_row("AA", "cooperation", "days_executed_outgoing", offence_group="TIP", period="2025", band="D90T180"),
    make_row("AA", "cooperation", "closing_incoming", offence_group="SOM", period="2024", value=16.0),
    make_row("region", "cooperation", "share_outgoing", offence_group="TIP", period="2025", counts="gap=2 unknown=5",
             gap="gap"),
]  # fmt: skip
LAWS = [
    {"territory": "AA", "jurisdiction": "AA", "element": "COSTS", "treaty": treaty, "applies_from": "2021-10-01",
     "is_current": True} for treaty in ("ETS182", "UNTOC", "EU_MLA")
]  # fmt: skip
MEASURES = [
    {"area": "AA", "theme": "formal", "status": status, "deadline": deadline, "changed_on": "2026-10-05"}
    for status, deadline in (("under_way", "2026-11-19"), ("planned", "2026-11-20"), ("done", "2026-01-31"))
]


def compose_pages(language: str = "en", **tables: list[Row]) -> dict[str, Page]:
    labels = [
        {"kind": kind, "code": code, "language": language, "label": label} for kind, code, label in LABELS
    ]  # fmt: skip
    tables_by_name = {
        "monitoring": ROWS, "corrective_measure": MEASURES, "practice_label": labels, "legal_assessment": LAWS, **tables
    }  # fmt: skip
    with read_in(language):
        return {
            page.file: page for page in compose_all(Reader(make_edition(release=[RELEASE], **tables_by_name), language))
        }


def read_fields(table: FigureTable) -> dict[str, list[str]]:
    clean = [[re.sub("<[^>]+>", "", str(part)) for part in (row.heading, *row.fields)] for row in table.table.rows]
    return {fields[0]: fields[1:] for fields in clean}


def test_fields_are_those_of_the_release() -> None:
    page = compose_pages()["monitoring-aa.html"]
    (theme,) = page.values["themes"]
    practice, law, outcome, delays = map(read_fields, theme.tables)
    assert practice == {"How easy is it?": ["few35 (15–49), few", "20", "70", "2026 Q3", "too few to judge"]}, (
        "other questions are not asked"
    )
    assert law == {"COSTS": ["met: 2; partly: 1", "1 October 2021", "gap"]}
    assert outcome["Outgoing requests: executed in full (%)"] == [
        "withheld",
        "2025",
        "Returns on cooperation",
        "not known",
    ]
    assert outcome["Outgoing requests: median days to execution"][:2] == ["D90T180", "2025"]
    assert delays == {"How long does it take?": ["8 to 30", "2026 Q3", "D90T180", "2025"]}
    assert read_fields(page.values["overview"]) == {
        "Formal requests": [
            "too few to judge: 1 (2026 Q3)", "gap: 1 (law in force since 1 October 2021)",
            "not known: 1; no target: 1 (2025)", "2",
        ]
    }  # fmt: skip
    assert "Answers and law are the same for both crimes." in page.values["overview"].notes.remarks


@pytest.mark.parametrize(("source", "item"), [("practice", "FR01.1"), ("cooperation", "share_outgoing")])
@pytest.mark.parametrize("finding", ["gap", "few", "no_gap"])
def test_share_that_the_release_calls_few_has_the_word_and_no_other_finding(
    source: str, item: str, finding: str
) -> None:
    share = {"value": 30.0, "low": 1.0, "high": 99.0, "n": 60.0, "gap": finding}
    crime = {"practice": "", "cooperation": "TIP"}[source]
    page = compose_pages(monitoring=[make_row("AA", source, item, offence_group=crime, **share)])["monitoring-aa.html"]
    (theme,) = page.values["themes"]
    (table,) = theme.tables
    ((field, *_, finding_field),) = read_fields(table).values()
    notes = " ".join(str(text) for _, text in table.visible_notes)
    is_few = finding == "few"
    assert (field.startswith("few"), "Chance alone can change them a lot." in notes) == (is_few, is_few), field
    assert finding_field == ("too few to judge" if is_few else finding.replace("_", " "))


def test_notice_of_a_demonstration_names_assessments_of_the_law_and_measures() -> None:
    monitored = [page for page in compose_pages().values() if page.values["overview"]]
    assert monitored
    for page in monitored:
        assert "The assessments of the law, with their articles and dates, are invented too." in page.demonstration
        assert "The corrective measures are invented too." in page.demonstration


def test_each_crime_has_its_outcomes_and_both_have_answers_and_law() -> None:
    pages = compose_pages()
    (theme,) = pages["monitoring-aa-som.html"].values["themes"]
    practice, law, outcome, _ = map(read_fields, theme.tables)
    assert practice and law
    assert outcome == {
        "Incoming requests: pending at the end": ["few16, few", "2024", "Returns on cooperation", "no target"]
    }


@pytest.mark.parametrize(
    ("file", "in_force", "applies"),
    [
        (
            "monitoring.html",
            "laws that came into force between 1 April 2015 and 3 March 2024",
            "oldest law: 1 April 2015; newest law: 3 March 2024",
        ),
        ("monitoring-aa.html", "law in force since 1 October 2021", "1 October 2021"),
        (
            "monitoring-bb.html",
            "laws that came into force between 1 April 2015 and 3 March 2024",
            "oldest law: 1 April 2015; newest law: 3 March 2024",
        ),
    ],
    ids=["region", "territory with one law", "territory with parts"],
)
def test_laws_of_several_dates_have_the_oldest_and_the_newest(file: str, in_force: str, applies: str) -> None:
    parts = [
        {**LAWS[0], "territory": "BB", "jurisdiction": part, "applies_from": day, "is_current": is_current}
        for part, day, is_current in [("BB_1", "2015-04-01", True), ("BB_2", "2024-03-03", True),
                                      ("BB_2", "2010-01-01", False)]
    ]  # fmt: skip
    law = {"counts": "met=2", "period": "2024-03-03", "gap": "no_gap"}
    rows = [make_row(area, "law", "COSTS", **law) for area in ("region", "AA", "BB")]
    page = compose_pages(monitoring=rows, legal_assessment=[*LAWS, *parts])[file]
    assert read_fields(page.values["overview"])["Formal requests"][1] == f"no gap: 1 ({in_force})"
    (theme,) = page.values["themes"]
    assert read_fields(theme.tables[0])["COSTS"][1] == applies


def test_missing_outcomes_of_one_area_are_not_available_and_those_of_no_area_not_applicable() -> None:
    practice = {"value": 35.2, "low": 15.4, "high": 48.9, "gap": "gap"}
    rows = [
        *ROWS,
        make_row("BB", "practice", "FR01.1", **practice),
        make_row("BB", "practice", "TR01.1", theme="training", **practice),
        make_row("AA", "law", "COSTS", theme="training", counts="met=1", period="2021-10-01", gap="no_gap"),
    ]
    overview = read_fields(compose_pages(monitoring=rows)["monitoring-bb.html"].values["overview"])
    assert overview["Formal requests"][2] == "not available", "Aland has outcomes of this theme"
    assert overview["training"][1:3] == ["not available", "not applicable"], "nobody has outcomes of this theme"


def test_page_explains_which_days_are_judged_and_each_finding() -> None:
    how = " ".join(compose_pages()["monitoring-aa.html"].values["how"])
    assert "Measured days, stocks and ratios of court proceedings are not judged" in how
    lists = yaml.safe_load((resources.files("pipelines.survey") / "questions" / "lists.yml").read_text("utf-8"))
    days = lists["answer_lists"]["days"]
    favourable = [days["answers"][code]["en"] for code in days["favourable"]]
    assert favourable == ["Up to 7", "8 to 30"] and "Answers of up to 30 days count as favourable." in how
    for finding in ("Not clear", "No target", "Not known", "Not assessed", "Too few to judge"):
        assert f"{finding}: " in how
    assert "judged by the same rule" not in how, "figures of few are compared with nothing"


def test_measure_is_overdue_from_the_day_after_its_deadline_while_it_is_open() -> None:
    (theme,) = compose_pages()["monitoring-aa.html"].values["themes"]
    assert read_fields(theme.measures) == {
        "Measure 1: under way": ["19 November 2026 (overdue)", "5 October 2026"],
        "Measure 2: planned": ["20 November 2026", "5 October 2026"],
        "Measure 3: done": ["31 January 2026", "5 October 2026"],
    }


@pytest.mark.parametrize(
    ("low", "high", "gap", "text"),
    [
        (50.45, 80.43, "no_gap", "50.5 to 80.4"),
        (50.04, 80.43, "no_gap", "50.04 to 80.43"),
        (49.7, 80.43, "unclear", ""),
        (51.0, 80.43, "no_gap", ""),
        (20.0, 49.6, "gap", "20.0 to 49.6"),
    ],
)
def test_share_is_a_whole_number_with_a_note_where_rounding_hides_its_side_of_one_half(
    low: float, high: float, gap: str, text: str
) -> None:
    share = {"offence_group": "TIP", "period": "2025", "value": 66.667, "low": low, "high": high, "gap": gap}
    rows = [make_row("AA", "cooperation", "share_incoming", **share)]
    (theme,) = compose_pages(monitoring=rows)["monitoring-aa.html"].values["themes"]
    field = read_fields(theme.tables[0])["Incoming requests: executed in full (%)"][0]
    assert field == f"67 ({low:.0f}–{high:.0f}){'1' if text else ''}"
    notes = [str(note) for _, note in theme.tables[0].visible_notes]
    assert [note for note in notes if "rounding" in note] == (
        [f"Before rounding, the interval is {text}."] if text else []
    )


def test_overview_counts_measures_planned_or_under_way() -> None:
    overview = compose_pages()["monitoring-aa.html"].values["overview"]
    assert overview.table.columns[-1] == "Measures planned or under way"
    assert read_fields(overview)["Formal requests"][-1] == "2", "one is planned and one under way"


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "There are no corrective measures."), ("bs", "Nema korektivnih mjera.")]
)
def test_page_without_measures_names_their_kind(language: str, sentence: str) -> None:
    edition = make_edition(release=[RELEASE], monitoring=[make_row("AA", "practice", "FR01.1", gap="unknown")])
    reader = Reader(edition, language)
    with read_in(language):
        page = compose_monitoring(reader, "AA", "TIP")
        assert f"<p>{sentence}</p>" in build._Writer(
            edition, "style.css", "script.js", build.list_languages()
        ).render_page(page, reader)


def test_region_has_numbers_of_territories_and_links_to_each() -> None:
    pages = compose_pages()
    page = pages["monitoring.html"]
    (theme,) = page.values["themes"]
    assert (
        read_fields(theme.tables[0])["Outgoing requests: executed in full (%)"][0]
        == "gap: 2 territories; not known: 5 territories"
    )
    assert 0 in theme.tables[0].word_columns, "words are aligned left"
    (of_territory,) = (t for t in pages["monitoring-aa.html"].values["themes"][0].tables if "outcome" in t.name)
    assert 0 not in of_territory.word_columns
    assert theme.measures is None and theme.no_measures == (
        "There are no corrective measures for the region as a whole. Measures of territories are on their pages. "
        "Planned or under way: 2; done or dropped: 1."
    )
    assert read_fields(page.values["overview"])["Formal requests"][-1] == "2", "those of a territory are counted"
    addresses = [address for _, address in page.values["areas"]]
    assert addresses == [f"monitoring-{code.lower()}.html" for code in MEMBERS] and set(addresses) < set(pages)


def test_measures_of_the_region_name_those_of_territories_that_the_overview_counts() -> None:
    measure = {"area": "region", "theme": "formal", "status": "planned", "deadline": "2027-01-01"}
    page = compose_pages(corrective_measure=[*MEASURES, measure | {"changed_on": "2026-10-05"}])["monitoring.html"]
    (theme,) = page.values["themes"]
    assert read_fields(page.values["overview"])["Formal requests"][-1] == "3"
    assert (
        "Measures of territories are on their pages. Planned or under way: 2; done or dropped: 1."
        in theme.measures.notes.remarks
    )
    (without,) = compose_pages(corrective_measure=[])["monitoring.html"].values["themes"]
    assert without.no_measures == "There are no corrective measures."


def test_law_without_an_assessment_is_not_assessed_and_a_figure_that_is_withheld_not_known() -> None:
    law = make_row("AA", "law", "COSTS", counts="unknown=5", gap="unknown", state="missing")
    page = compose_pages(monitoring=[*ROWS[:3], law, ROWS[4]])["monitoring-aa.html"]
    fields = read_fields(page.values["overview"])["Formal requests"]
    assert fields[1].startswith("not assessed: 1") and fields[2] == "not known: 1 (2025)"
    (table,) = (table for table in page.values["themes"][0].tables if table.name.startswith("law"))
    assert read_fields(table)["COSTS"][-1] == "not assessed"
    page = compose_pages(monitoring=[*ROWS[:3], law, ROWS[4]], legal_assessment=[])["monitoring-aa.html"]
    (table,) = (table for table in page.values["themes"][0].tables if table.name.startswith("law"))
    assert read_fields(table)["COSTS"][1] == "not applicable", "a law that nobody has assessed has no date"


def test_questions_that_were_asked_and_are_not_monitored_are_named() -> None:
    """Require it of the table, so that nobody reads that no gap was found among all questions."""
    results = [{"theme": "formal", "series": series, "period": "2026-Q3"} for series in ("FR01.1", "FR02.1", "FR02.1")]
    page = compose_pages(practice_result=results)["monitoring-aa.html"]
    notes = page.values["themes"][0].tables[0].notes.remarks
    assert "Also asked in 2026 Q3, and not chosen for the monitoring: How long does it take?" in notes
    assert "Of the questions about a theme, a chosen part is judged here." in " ".join(page.values["how"])
    page = compose_pages(practice_result=results[:1])["monitoring-aa.html"]
    assert not [note for note in page.values["themes"][0].tables[0].notes.remarks if "Also asked" in note]


@pytest.mark.parametrize(("respondents", "text"), [(5.0, "few5, few"), (19.0, "few19, few"), (20.0, "20")])
def test_few_respondents_have_the_word_and_the_rate_is_that_of_the_round(respondents: float, text: str) -> None:
    rows = [ROWS[0] | {"n": respondents}]
    (theme,) = compose_pages(monitoring=rows)["monitoring-aa.html"].values["themes"]
    (table,) = theme.tables
    assert read_fields(table)["How easy is it?"][1] == text
    assert table.columns[2] == "Response rate of the round (%)"
    assert any("that of the whole round" in note for note in table.notes.remarks)


@pytest.mark.parametrize(("respondents", "is_few"), [(13.0, True), (20.0, False), (None, False)])
def test_delay_that_few_reported_has_the_word(respondents: float | None, is_few: bool) -> None:
    rows = [row | {"n": respondents} if row["source"] == "delay" else row for row in ROWS]
    (theme,) = compose_pages(monitoring=rows)["monitoring-aa.html"].values["themes"]
    (table,) = (table for table in theme.tables if table.name.startswith("delay"))
    assert read_fields(table)["How long does it take?"][0] == ("few8 to 30, few" if is_few else "8 to 30")
    assert any("with the word “few”" in str(text) for _, text in table.visible_notes) == is_few
    assert any("Both have ranges of their own" in str(text) for _, text in table.visible_notes), "31 to 90, 90 to 179"


def test_only_figures_on_requests_are_numbers_of_territories_and_law_counts_treaties_of_jurisdictions() -> None:
    rows = [*ROWS, make_row("region", "law", "COSTS", counts="met=20", period="2021-10-01")]
    page = compose_pages(monitoring=rows)["monitoring.html"]
    (law,) = (table for theme in page.values["themes"] for table in theme.tables if "law" in table.name)
    by_area = {
        file: next(table for theme in page.values["themes"] for table in theme.tables if "law" in table.name).columns[0]
        for file, page in compose_pages(monitoring=[*rows, make_row("BB", "law", "COSTS", counts="met=3")]).items()
        if file in ("monitoring-aa.html", "monitoring-bb.html")
    }
    assert by_area == {
        "monitoring-aa.html": "Treaties, by jurisdiction", "monitoring-bb.html": "Treaties",
    }, "Aland has a part, and Bland has none"  # fmt: skip
    assert law.columns[0] == "Treaties, by jurisdiction" and read_fields(law)["COSTS"][0] == "met: 20"
    (about_groups,) = (text for text in page.values["how"] if "territories are in each group" in text)
    assert about_groups.endswith("For the region, figures on requests show how many territories are in each group.")


def test_release_without_monitoring_has_one_empty_page() -> None:
    (page,) = compose_pages(monitoring=[], corrective_measure=[]).values()
    assert (page.file, page.values["overview"], page.values["themes"]) == ("monitoring.html", None, [])


def test_ratio_divided_by_an_earlier_year_has_a_note() -> None:
    code = "convicted_first_per_indicted"
    row = make_row("AA", "justice", code, offence_group="TIP", period="2025", value=80.0, low=60.0, high=100.0)
    ratios = [make_ratio("AA", "2025", version="lagged", lag=1), make_ratio("BB", "2025")]
    pages = compose_pages(
        monitoring=[row, {**row, "area": "BB"}], stage_ratio=ratios, metric=[make_metric(code, "Convicted per 100")]
    )
    notes = {}
    for area in ("aa", "bb"):
        (theme,) = pages[f"monitoring-{area}.html"].values["themes"]
        notes[area] = [text for table in theme.tables for text in table.notes.texts if "earlier stage" in text]
    assert [len(notes[area]) for area in ("aa", "bb")] == [1, 0]
    assert notes["aa"][0].startswith("Divided by those who reached the earlier stage 1 year earlier")
