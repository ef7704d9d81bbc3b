"""Results by a link, without an account: those of the link's territory and role next to the region."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.statistics.thresholds import ENOUGH_EVENTS, is_few_part
from pipelines.survey import letters, listed_rounds, public_results
from tests.support.fakes import ledger_fakes
from tests.support.paths import ROOT
from tests.support.service.office_client import Document, Office, Visitor, open_office

ROUND, NOW = "2026-Q3-pulse", "2026-11-24T12:00:00Z"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The offices' pages of a home with the invented rounds."""
    home, engine = ledger_fakes.home_and_ledger(tmp_path_factory.mktemp("results"), lambda _engine: None)
    engine.dispose()
    with clock.freeze_time(clock.parse_time(NOW)):
        listed_rounds.record_rounds(home, ROOT / "raw_samples")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", NOW)
        with open_office(home, patch) as opened:
            yield opened


def open_results(office: Office, territory: str, role: str, change: str = "", round_id: str = ROUND) -> Document:
    surveys = office.client.app.state.survey.survey_desk.surveys  # type: ignore[attr-defined]
    address = letters.result_address(surveys, "", round_id, (territory, role))
    return Visitor(office.client).open_page(address[: len(address) - len(change)] + change)


def read_column(page: Document, question: str, column: int) -> list[str]:
    table = next(t for t in page.find_elements("table") if question in " ".join(t.find("caption").itertext()))
    return ["".join(row.findall("td")[column].itertext()).strip() for row in table.iter("tr") if row.findall("td")]


def test_page_shows_own_territory_and_role_and_the_region(office: Office) -> None:
    page = open_results(office, "AL", "police")
    assert page.status == 200
    assert page.heading == "Results: Quarterly questionnaire, 2026 Q3"
    surveys = office.client.app.state.survey.survey_desk.surveys  # type: ignore[attr-defined]
    table = public_results.read_public_results(surveys)
    assert table is not None
    of_round = table.filter((pl.col("round_id") == ROUND) & (pl.col("question") == "FR01"))
    for column, group in enumerate(("AL", "police", "region")):
        rows = of_round.filter(pl.col("group") == group).sort("code_position")
        fields = read_column(page, "How easy is it to get an answer to a formal request", column)
        if rows["is_withheld"][0]:
            assert set(fields) == {"withheld"}
        else:
            assert fields[0] == f"{100 * rows['share'][0]:.0f}%"
            n, favourable = rows["n"][0], rows.filter(pl.col("code") == "favourable")["count"][0]
            is_few = n < ENOUGH_EVENTS or is_few_part(favourable, n)
            assert fields[-2] == (f"{n}; too few to compare" if is_few else str(n))
            assert is_few == (group != "region"), "both kinds of groups are on the page"
    labels = [row.findtext("th") for row in page.find_elements("table")[1].iter("tr") if row.findall("td")]
    assert "Favourable answers: easy; very easy" in [str(label) for label in labels]
    assert "Up to 7 days" in page.main, "the question has the unit, which its table does not repeat"
    assert page.main.count("Response rate") == 3, "caption, its copy for screen readers, and heading of one table"
    assert "Croatia" not in page.main and "Judge" not in page.main


def read_changes(page: Document) -> set[str]:
    rows = [
        row
        for row in page.find_elements("tbody tr")
        if row.findtext("th") == "Change of favourable answers since last round"
    ]
    assert rows
    return {cell.text_content().strip() for row in rows for cell in row.findall("td")}


def test_change_without_a_comparison_says_why(office: Office) -> None:
    assert read_changes(open_results(office, "AL", "police", round_id="2026-Q2-pulse")) <= {
        "no earlier result", "withheld",
    }  # fmt: skip
    possible_changes = {
        "higher than before",
        "lower than before",
        "no clear change",
        "too few to compare",
        "earlier result withheld",
        "withheld",
    }
    changes = {
        change
        for territory in ("AL", "BA", "HR", "ME", "MK", "RS", "XK")
        for change in read_changes(open_results(office, territory, "judge"))
    }
    assert "earlier result withheld" in changes and changes <= possible_changes


def test_question_without_favourable_answers_has_no_change(office: Office) -> None:
    surveys = office.client.app.state.survey.survey_desk.surveys  # type: ignore[attr-defined]
    table = public_results.read_public_results(surveys)
    assert table is not None
    of_round = table.filter(pl.col("round_id") == ROUND)
    with_favourable = set(of_round.filter(pl.col("code") == "favourable")["series"])
    page = open_results(office, "AL", "police")
    headings = [[row.findtext("th") for row in element.iter("tr")] for element in page.find_elements("table")[1:]]
    assert sum("Change of favourable answers since last round" in rows for rows in headings) == len(with_favourable)
    assert len(headings) == of_round["series"].n_unique() > len(with_favourable)


def test_name_of_kosovo_has_its_footnote(office: Office) -> None:
    page = open_results(office, "XK", "judge")
    assert "1244" in page.text
    assert "Kosovo under UNSCR 1244*" in page.main.replace(" *", "*")


def test_changed_or_cut_links_open_nothing(office: Office) -> None:
    assert open_results(office, "AL", "police", "zz").status == 404
    assert Visitor(office.client).open_page(f"/questionnaire/{ROUND}/results/").status == 404
    assert Visitor(office.client).open_page("/questionnaire/2020-Q1-pulse/results/aaaa").status == 404


def test_invitation_has_the_address_of_the_results(office: Office) -> None:
    surveys = office.client.app.state.survey.survey_desk.surveys  # type: ignore[attr-defined]
    round_ = surveys.invitations.find_round(ROUND)
    invitation = surveys.invitations.list_invitations(ROUND)[0]
    invitee = invitation.invitee
    address = letters.result_address(surveys, "https://example.org", ROUND, (invitee.territory, invitee.role))
    letter = letters.write_letter(surveys, round_, invitation, "https://example.org/x", address)
    assert any(address in note and "26 September 2026" in note for note in letter.notes)
