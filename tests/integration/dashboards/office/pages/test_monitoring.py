"""The pages "Monitoring of the Guidelines" and "Corrective measures": what a reader sees, and how measures change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from dashboards.office.monitoring_words import GAPS
from pipelines.core import clock, file_states, i18n
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts
from pipelines.survey.gaps import Gap
from pipelines.survey.invitation_store import Round
from pipelines.survey.service import SurveyDesk
from tests.support import monitoring as fakes
from tests.support.fakes.ledger_fakes import home_and_ledger, time_at
from tests.support.service.office_client import Document, Office, open_office

NOW = "2026-11-15T09:00:00Z"
PEOPLE = {
    "al-cooperation": (Grant("viewer", "AL", "cooperation"),),
    "al-records": (Grant("viewer", "AL", "cooperation"), Grant("viewer", "AL", "requests")),
    "al-law-1": (Grant("submitter", "AL", "legislation"),),
    "al-law-2": (Grant("approver", "AL", "legislation"),),
    "al-steward": (Grant("steward", "AL"),),
}
MEASURE = {
    "area": "AL", "question": "FR01", "text": "Name one contact for urgent requests.", "owner": "central_authority",
    "deadline": "2026-11-01", "indicator": "executed_outgoing",
}  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The pages of a home with results of the questionnaire, figures of cooperation, and one assessed element."""
    new = [accounts.NewAccount(name, name, grants) for name, grants in PEOPLE.items()]

    def create_people(engine: Any) -> None:
        with clock.freeze_time(time_at(0)):
            accounts.create_many(engine, new, by=SYSTEM)

    home, _ = home_and_ledger(tmp_path_factory.mktemp("monitoring"), create_people)
    fakes.write_counts(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", NOW)
        with open_office(home, patch) as opened:
            desk: SurveyDesk = opened.client.app.state.survey.survey_desk  # type: ignore[attr-defined]
            fakes.write_results(desk)
            fakes.assess_law(desk, "al-law-1", "al-law-2")
            yield opened


def read_row(page: Document, heading: str) -> list[str]:
    """Return the cells of the first row with this heading."""
    for row in page.find_elements("table tbody tr"):
        cells = [cell.text_content().replace("\xa0", " ").strip() for cell in row]
        if cells[0] == heading:
            return cells[1:]
    raise AssertionError(f"no row {heading!r}")


def read_delays(page: Document) -> list[list[str]]:
    """Return the rows on answers within 30 days in the table of delays."""
    return [
        [cell.text_content().replace("\xa0", " ").strip() for cell in row][1:]
        for table in page.find_elements("table")
        if "Reported and measured delay" in table.text_content()
        for row in table.cssselect("tbody tr")
        if "Within 30 days: requests executed in full; outgoing" in row.text_content()
    ]


EASE = "How easy is it to get an answer to a formal request for assistance from another territory?"
EXECUTED = "Share: requests executed in full; outgoing"


def test_practice_law_and_outcome_have_date_source_and_gap(office: Office) -> None:
    page = office.open("al-cooperation", "/monitoring", area="AL")
    assert [heading.text_content() for heading in page.find_elements("h2")][:1] == ["Formal requests"]
    practice = read_row(page, EASE)
    assert practice[0] == "Favourable answers: easy; very easy"
    assert practice[1] == "17% (2–48); n = 12; too few to compare" and practice[2] == "2026 Q4"
    assert "“Too few to compare”: fewer than 20 people or requests" in page.main
    assert "response rate 92%" in practice[3] and practice[4].endswith("gap")
    outcome = read_row(page, EXECUTED)
    assert outcome[1] == "12% (3–31); 3/25; too few to compare" and outcome[2] == "2025" and outcome[4].endswith("gap")
    law = read_row(page, "Costs, language and evaluation")
    assert law[1] == "Met: 1; Partly met: 1" and law[2] == "2024-05"
    assert law[3] == "Article 12, Act on Cooperation" and law[4].endswith("gap")
    assert read_row(page, "Specific purpose" if "Specific purpose" in page.text else "Purpose")[4].endswith("not known")
    assert "nobody here has answered this question in a round that has ended" in page.main
    assert "Add a measure" not in page.main, "only a steward of the territory adds one"


_EXPLAINED: tuple[Gap, ...] = ("unclear", "none", "unknown")


@pytest.mark.parametrize("language", i18n.list_languages())
def test_legend_explains_the_states_in_the_words_of_their_badges(office: Office, language: str) -> None:
    accounts.set_language(office.desk.engine, "al-cooperation", language, by="al-cooperation")
    try:
        page = office.open("al-cooperation", "/monitoring", area="AL")
    finally:
        accounts.set_language(office.desk.engine, "al-cooperation", "en", by="al-cooperation")
    text = page.main.replace("\xa0", " ")
    for state in _EXPLAINED:
        word = i18n.tell(GAPS[state][2], language).replace("\xa0", " ")
        assert f"{word[:1].upper()}{word[1:]}" in text, (language, state)


MEDIAN = "Median days, from records: requests executed in full; outgoing"


def test_median_of_days_from_records_is_for_those_who_may_see_the_records(office: Office) -> None:
    cells = read_row(office.open("al-records", "/monitoring", area="AL"), MEDIAN)
    # With two partners, whose requests may be alike, the upper limit is not known.
    assert cells[1] == "40 (35–not reached); quartiles: 37 and 150; requests: 12, still open: 3"
    assert cells[2] == "2025" and cells[4].endswith("no target")
    assert MEDIAN not in office.open("al-cooperation", "/monitoring", area="AL").text


def test_overview_counts_gaps_of_each_theme(office: Office) -> None:
    page = office.open("al-cooperation", "/monitoring", area="AL")
    practice, law, outcome, measures = read_row(page, "Formal requests")
    assert practice.endswith("gap: 1; not known: 5") and (law, measures) == ("not applicable", "0")
    assert outcome.endswith("gap: 1; not clear: 1; not known: 3; no target: 1")
    assert page.find_elements("table a[href='#joint_teams']") and page.find_elements("h2#joint_teams")


def test_reported_delay_is_next_to_the_measured_one(office: Office) -> None:
    page = office.open("al-cooperation", "/monitoring", area="AL")
    rows = read_delays(page)
    # Nobody in this territory answered the question on days.
    assert rows[0] == [
        "Reported by practitioners",
        "not asked by crime",
        "no answers, or too few to show",
        "not applicable",
    ]
    assert ["Measured in returns", "Trafficking in persons", "33% (1–91); 1/3; too few to compare", "2025"] in rows
    assert sum(row[0] == "Reported by practitioners" for row in rows) == 1, "practitioners are not asked by crime"


def test_outcomes_are_hidden_from_those_who_may_not_see_the_returns(office: Office) -> None:
    page = office.open("al-law-1", "/monitoring", area="AL")
    assert "17% (2–48)" in page.main and "Article 12" in page.main
    assert "3/25" not in page.main and "Outcomes are not shown" in page.main
    region = office.open("al-cooperation", "/monitoring", area="region")
    assert "Outcomes are not shown" in region.main and "3/25" not in region.main


def test_other_territories_are_not_shown(office: Office) -> None:
    page = office.open("al-cooperation", "/monitoring", area="XK")
    assert "Kosovo" not in page.main and "17% (2–48)" in page.main


def test_groups_that_are_too_small_are_withheld(office: Office) -> None:
    page = office.open("xk-viewer", "/monitoring", area="XK")
    cells = read_row(page, EASE)
    assert "fewer than 5 people" in cells[1] and cells[4].endswith("not known")
    assert "1244" in page.text


def test_region_counts_territories_and_adds_no_figures(office: Office) -> None:
    page = office.open("secretariat", "/monitoring", area="region")
    cells = read_row(page, EXECUTED)
    assert cells[1] == "gap: 1 territory; not known: 6 territories" and cells[2] == "2025"
    assert cells[4].endswith("gapAdd a measure")
    link, *_ = page.find_elements(f"tbody tr:contains('{EXECUTED}') a[href*=indicator]")
    form = page.visitor.open_page(link.get("href"))
    assert form.find_elements("select[name=question] option[selected]") and form.find_elements("#indicator [selected]")
    assert cells[3] == "Returns on cooperation", "the unit is next to the numbers"
    whole = {element.text_content() for element in page.find_elements("td .rti-whole")}
    assert {"gap: 1 territory", "not known: 6 territories"} <= whole, "no line ends within a number and its unit"
    assert "Answers to a question are judged for the whole region." in page.main
    columns = [element.text_content() for element in page.find_elements("table")[0].cssselect("thead th")]
    assert columns[1:4] == ["Practice: questions", "Law: elements", "Outcome: indicators by crime and territory"]
    # Two treaties of Albania are assessed; both of each other legal area count as not assessed, as treaties do there.
    counts = read_row(page, "Costs, language and evaluation")[1]
    assert counts.startswith("Met: 1; Partly met: 1; Not assessed: ") and int(counts.rpartition(" ")[2]) % 2 == 0
    assert "Albania: Article 12" in read_row(page, "Costs, language and evaluation")[3]
    assert "3/25" not in page.main


def test_measure_is_added_from_a_gap_changed_and_compared(office: Office) -> None:
    steward = office.start_visit("al-steward")
    form = steward.open_page("/monitoring?area=AL").follow_link("Add a measure")
    assert form.find_elements("select[name=question] option[selected]")[0].get("value") == "FR01"
    refused = form.submit_form("Add the measure", **{**MEASURE, "deadline": "soon"})
    assert refused.status == 409 and "Enter the deadline as a day" in refused.text
    assert refused.wrong_fields == ["deadline"]
    assert "Name one contact" in refused.response.text, "nothing entered is lost"
    page = form.submit_form("Add the measure", **MEASURE)
    assert "The measure is added" in page.main and "overdue" in page.main
    measure_page = page.follow_link("Name one contact for urgent requests.")
    favourable = "Favourable answers: easy; very easy"
    few = "too few to compare"
    before = f"r1: 100% (69–100); n = 10; {few}"
    assert read_row(measure_page, favourable) == [before, f"r2: 17% (2–48); n = 12; {few}"]
    invitations = office.client.app.state.survey.survey_desk.surveys.invitations  # type: ignore[attr-defined]
    invitations.add_round(Round("r2", "pulse", "2026-Q3", "2026-09-07", "2026-09-25", "planned"), [])
    measure_page = measure_page.visitor.open_page(measure_page.address)
    assert read_row(measure_page, favourable) == [before, f"2026 Q3: 17% (2–48); n = 12; {few}"]
    measured = read_row(measure_page, EXECUTED + "; trafficking in persons")[1]
    assert measured == f"12% (3–31); 3/25; {few} (2025)"
    refused = measure_page.submit_form("Save the changes", status="done", evidence="soon")
    assert refused.status == 409 and "at least 10 characters" in refused.text
    assert refused.wrong_fields == ["evidence"]
    finished = measure_page.submit_form("Save the changes", status="done", evidence="Order 12 of the ministry, 2026")
    assert "The measure is changed" in finished.main and "Order 12" in finished.main
    listed = office.open("al-cooperation", "/monitoring", area="AL")
    assert "Name one contact for urgent requests." in listed.main and "done" in listed.main
    assert "Save the changes" not in office.open("al-cooperation", measure_page.address).main


def test_results_lead_to_reported_next_to_measured_delay(office: Office) -> None:
    page = office.open("al-cooperation", "/survey-results", territory="AL").follow_link("Reported and measured delay")
    assert page.find_elements("h2")[0].get("id") == "formal_requests"
    assert "Measured in returns" in page.main


def test_only_stewards_of_the_territory_keep_measures(office: Office) -> None:
    assert "Add the measure" not in office.open("al-cooperation", "/measures").main
    steward = office.start_visit("al-steward")
    page = steward.open_page("/measures")
    assert [e.get("value") for e in page.find_elements("#area option")] == ["AL"]
    token = page.find_elements("input[name=csrf]")[0].get("value")
    answer = steward.post_raw("/measures/add", data=MEASURE | {"area": "ME", "csrf": token})
    assert answer.status == 403
    assert steward.open_page("/measures/one?id=M00000000").status == 404


def test_figures_of_a_newer_or_changed_build_are_shown_at_the_next_view(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", -1.0)
    figures = [read_row(office.open("al-cooperation", "/monitoring", area="AL"), EXECUTED)[1] for _ in range(2)]
    assert figures == ["12% (3–31); 3/25; too few to compare"] * 2
    first = office.desk.home.warehouse / "counts-000001.duckdb"
    newer = first.with_name("counts-000002.duckdb")
    shutil.copyfile(first, newer)
    try:
        for value in (4, 5):
            with duckdb.connect(str(newer)) as connection:
                connection.execute(
                    "update mart_cooperation set value = ? where measure = 'requests_executed' and period = '2025' "
                    "and value = ?",
                    [value, value - 1],
                )
            page = office.open("al-cooperation", "/monitoring", area="AL")
            assert read_row(page, EXECUTED)[1].endswith(f"; {value}/{22 + value}; too few to compare")
    finally:
        newer.unlink()
    assert read_row(office.open("al-cooperation", "/monitoring", area="AL"), EXECUTED)[1] == figures[0]
