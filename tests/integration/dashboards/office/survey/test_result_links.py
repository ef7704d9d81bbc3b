"""Results by a link, without an account: those of the link's territory and role next to the region."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from pipelines.core import clock
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


def open_results(office: Office, territory: str, role: str, change: str = "") -> Document:
    surveys = office.client.app.state.survey.survey_desk.surveys  # type: ignore[attr-defined]
    address = letters.result_address(surveys, "", ROUND, (territory, role))
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
            assert set(fields) == {"–"}
        else:
            assert fields[0] == f"{100 * rows['share'][0]:.0f}%"
            assert fields[-3] == str(rows["n"][0])
    assert "Croatia" not in page.main and "Judge" not in page.main


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
