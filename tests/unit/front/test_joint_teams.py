"""Joint teams with the changes of the law on them: marks on the series, the same in words, and what is not verified."""

from __future__ import annotations

import re
from typing import Any

from pipelines.front.edition import CONVICTION_RATIO, Edition
from pipelines.front.pages import joint_teams
from pipelines.front.pages.territories import compose_profile
from pipelines.front.reader import Reader
from pipelines.front.team_pictures import draw_teams
from pipelines.words.language import read_in
from tests.support.editions import make_edition, make_total

LABELS = {
    "law_element": {"PURPOSE": "Purpose"},
    "law_status": {"met": "Met", "not_met": "Not met"},
    "treaty": {"UNTOC": "Convention", "ETS182": "Second protocol"},
    "treaty_event": {"in_force": "In force"},
    "measure": {"jits_running": "Teams running", "jits_set_up": "Teams set up"},
    "offence_group": {"TIP": "Trafficking"},
}
CODELISTS: list[dict[str, Any]] = [
    {"codelist": name, "code": code, "label": label}
    for name, labels in LABELS.items()
    for code, label in labels.items()
]


def make_teams(area: str, year: int, value: float | None, **more: Any) -> dict[str, Any]:
    return {
        "territory": area, "offence_group": "TIP", "year": year, "since": year, "measure": "jits_running",
        "statistic": "end", "legal_basis": "_T", "partner": "_T", "value": value, "reporters": "AA,BB",
        "obs_status": "A" if value is not None else "Q", "conf_status": "F" if value is not None else "C", **more,
    }  # fmt: skip


def make_law(day: str, result: str, article: str, area: str = "AA") -> dict[str, Any]:
    return {
        "territory": area, "jurisdiction": area, "element": "PURPOSE", "treaty": "UNTOC", "result": result,
        "article": article, "applies_from": day, "result_before": "", "is_current": True,
    }  # fmt: skip


TEAMS = [
    make_teams("WB", 2024, 11.0), make_teams("WB", 2025, 15.0),
    make_teams("AA", 2024, None), make_teams("AA", 2025, None), make_teams("BB", 2025, 12.0),
    make_teams("WB", 2025, 14.0, since=2024, measure="jits_set_up", statistic="count"),
]  # fmt: skip
LAW = [
    make_law("2010-01-01", "not_met", "Article 1"),
    make_law("2023-06-01", "not_met", "Article 2"),
    make_law("2025-04-01", "met", "Article 3"),
    make_law("2025-04-01", "met", "Article 3, read again"),
]
TREATIES = [
    {
        "territory": "BB",
        "treaty": "ETS182",
        "event": "in_force",
        "date": "2024-09",
        "is_verified": False,
        "source": "Treaty office",
        "note": "",
    }
]


def make_reader(**tables: Any) -> Reader:
    all_tables = {"joint_team": TEAMS, "legal_assessment": LAW, "treaty_event": TREATIES} | tables
    return Reader(make_edition(codelist=CODELISTS, **all_tables), "en")


def list_rows(table: Any) -> dict[str, list[str]]:
    return {str(row.heading).partition("<")[0]: [str(field) for field in row.fields] for row in table.rows}


def test_changes_of_the_law_are_marked_on_the_series_of_the_region_and_listed_in_its_table() -> None:
    section = joint_teams.compose_region(make_reader(), "TIP")
    assert section is not None
    (picture,) = section.pictures
    drawing = picture.draw(700)
    assert "(1) September 2024: Bland*, Second protocol (source not yet verified)" in drawing.body
    assert "(2) 1 April 2025: Aland, Article 3" in drawing.body
    assert "Article 2" not in drawing.body and "read again" not in drawing.body, "outside the years; not another law"
    assert "1 April 2025: Aland, Article 3: Purpose: Convention: not met → met" in drawing.description
    events = list_rows(section.tables[-1])
    assert events["Aland"] == [
        "1 April 2025",
        "Article 3",
        'Purpose: Convention: <span class="front-phrase">not\u00a0met\u00a0→ met</span>',
        "Assessed by one person, approved by a second",
    ]
    assert events["Bland"] == ["September 2024", "Second protocol", "In force", "Source not yet verified."]


def test_title_and_citation_have_the_years_and_changes_are_those_of_jurisdictions() -> None:
    page = joint_teams.compose_teams_page(make_reader(), "TIP")
    assert page.title == "Joint investigation teams: trafficking, 2024–2025"
    (section,) = page.values["sections"]
    assert section.tables[-1].corner == "Territory or jurisdiction"


def test_notice_of_a_demonstration_names_the_assessments_of_the_law_and_not_the_treaties() -> None:
    """Require it of the page and of the picture with the marks: "Not met → met" is not a figure."""
    notice = "The assessments of the law, with their articles and dates, are invented too. The treaties and their dates"
    edition = make_reader().edition
    release = [{**edition.release, "demonstration": True}]
    reader = Reader(Edition({**edition.tables, "release": release}), "en")
    page = joint_teams.compose_teams_page(reader, "TIP")
    assert notice in page.demonstration
    (picture,) = page.values["section_pictures"]
    assert notice in " ".join(re.sub("<[^>]*>", " ", picture.draw(700).body).split())
    totals = {"total": [make_total("WB", "2025", 90.0)], "metric": [{"metric": CONVICTION_RATIO, "name": "Ratio"}]}
    profiles = Reader(Edition({**reader.edition.tables, **totals}), "en")
    assert notice in compose_profile(profiles, "TIP", "BB").demonstration
    without = Reader(Edition({**reader.edition.tables, "legal_assessment": [], "treaty_event": []}), "en")
    assert "assessments" not in draw_teams(without, "TIP", "WB").draw(700).body, "no change is marked"


def test_change_by_a_treaty_names_the_source_in_which_it_was_verified() -> None:
    verified = [row | {"is_verified": True} for row in TREATIES]
    section = joint_teams.compose_region(make_reader(treaty_event=verified), "TIP")
    assert section is not None
    assert list_rows(section.tables[-1])["Bland"][-1] == "Treaty office"


def test_region_whose_figures_are_withheld_has_its_changes_and_no_empty_picture() -> None:
    withheld = [make_teams("WB", 2024, None), make_teams("WB", 2025, None)]
    section = joint_teams.compose_region(make_reader(joint_team=withheld), "TIP")
    assert section is not None and not section.pictures
    assert not [text for text in section.texts if "dashed line" in str(text)]
    assert set(list_rows(section.tables[-1])) == {"Aland", "Bland"}


def test_table_of_the_region_has_each_year_and_all_years_together() -> None:
    section = joint_teams.compose_region(make_reader(), "TIP")
    assert section is not None
    table = section.tables[0]
    assert list(table.columns) == ["2024", "2025", "2024–2025, added up"]
    rows = {name: [re.sub("<[^>]+>", "", field) for field in fields] for name, fields in list_rows(table).items()}
    assert rows["Participations: teams running, at the end of the year"][:2] == ["few11, few", "few15, few"]
    assert rows["Participations: teams set up"][2] == "few14, few"


def test_territory_has_its_own_changes_and_no_picture_of_withheld_figures() -> None:
    section = joint_teams.compose_territory(make_reader(), "TIP", "AA")
    assert section is not None and not section.pictures
    assert "withheld" in list_rows(section.tables[0])["Teams running, at the end of the year"][0]
    assert "Some other figures are withheld too" in section.texts[0]
    assert list(section.tables[0].columns) == ["2024", "2025"], "years of a territory are not added up"
    assert list(list_rows(section.tables[1])) == ["Aland"]
    of_other = joint_teams.compose_territory(make_reader(), "TIP", "BB")
    assert of_other is not None and len(of_other.pictures) == 1
    assert "(1) September 2024: Second protocol" in draw_teams(make_reader(), "TIP", "BB").draw(320).body


def test_years_without_a_change_say_so() -> None:
    section = joint_teams.compose_region(make_reader(legal_assessment=LAW[:2], treaty_event=[]), "TIP")
    assert section is not None
    assert "No change to the law on joint teams is known for 2024–2025." in section.texts
    assert joint_teams.compose_region(make_reader(joint_team=[]), "TIP") is None


def make_years(*reporters: str) -> list[dict[str, Any]]:
    """Return the teams of the region in years, and those of each territory that has sent a return."""
    rows = [make_teams("WB", 2024 + n, 11.0 + n, reporters=codes) for n, codes in enumerate(reporters)]
    own_years = [(code, 2024 + n) for n, codes in enumerate(reporters) for code in codes.split(",")]
    return rows + [make_teams(code, year, None, reporters=code) for code, year in own_years]


def test_years_of_different_territories_are_not_joined_and_the_picture_names_who_is_absent() -> None:
    rows = make_years("AA,BB,CC", "AA,BB,CC,DD")
    section = joint_teams.compose_region(make_reader(joint_team=rows), "TIP")
    assert section is not None
    (picture,) = section.pictures
    for width in (320, 700):
        body = picture.draw(width).body
        assert 'class="curve' not in body
        assert "No return on cooperation for 2024: Dland." in body
        spoken = picture.draw(width).description
        assert "2024: 11 (territories included: 3 of 4); 2025: 12 (territories included: 4 of 4)." in spoken
        assert "The figures cover different territories." in spoken and "Highest" not in spoken
        assert "Territories included, of 4" in body and ">3</text>" in body and ">4</text>" in body
    remarks = " ".join(map(str, section.tables[0].notes.remarks))
    assert "2024–2025, added up: each territory is included only for the years for which it sent a return." in remarks


def test_years_of_the_same_territories_are_joined() -> None:
    rows = make_years("AA,BB,CC,DD", "AA,BB,CC,DD")
    section = joint_teams.compose_region(make_reader(joint_team=rows), "TIP")
    assert section is not None
    body = section.pictures[0].draw(700).body
    assert 'class="curve' in body and "No return" not in body
    spoken = section.pictures[0].draw(700).description
    assert "2024: 11. 2025: 12." in spoken and "Highest" not in spoken, "numbers below 20 are not compared"
    assert not section.tables[0].notes.remarks


def test_region_counts_participations_and_a_territory_its_teams() -> None:
    titles = {area: draw_teams(make_reader(), "TIP", area).caption for area in ("WB", "BB")}
    assert titles == {
        "WB": "Western Balkans: participations in joint teams, at the end of the year, trafficking",
        "BB": "Bland*: teams running, at the end of the year, trafficking",
    }


def test_made_up_article_is_named_in_the_language_of_the_page_and_a_real_one_is_marked_as_english() -> None:
    law = [
        make_law("2010-01-01", "not_met", "Article 1"),
        make_law("2024-06-01", "met", "Demonstration article 333"),
        make_law("2025-04-01", "not_met", "Article 3"),
    ]
    reader = make_reader(legal_assessment=law)
    reader = Reader(reader.edition, "mk")
    with read_in("mk"):
        section = joint_teams.compose_region(reader, "TIP")
        assert section is not None
        (events,) = [table.table for table in section.tables if table.name == "teams-law"]
        articles = [str(row.fields[1]) for row in events.rows]
        drawing = section.pictures[0].draw(700).body
    assert articles == [
        "Демонстрациски член 333",
        "Совет на Европа, Втор протокол (182)",
        '<span lang="en">Article 3</span>',
    ]
    assert "Демонстрациски член 333" in drawing and "Demonstration article" not in drawing
    assert events.columns[3] == "Извор или одобрение"


def test_figures_of_the_region_are_called_participations_and_those_of_a_territory_are_not() -> None:
    region = joint_teams.compose_region(make_reader(), "TIP")
    assert region is not None
    (table,) = [table.table for table in region.tables if table.name == "teams"]
    assert table.caption.endswith(": participations in joint investigation teams, trafficking")
    assert next(str(row.heading) for row in table.rows) == "Participations: teams set up"
    territory = joint_teams.compose_territory(make_reader(), "TIP", "BB")
    assert territory is not None
    assert "articipation" not in str(territory.tables[0].table)
