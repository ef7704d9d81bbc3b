"""Prepare a copied demonstration home so that every page of the offices has something to show, and serve it."""

from __future__ import annotations

import email
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from email.policy import default
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core.home import Home, open_home
from pipelines.ledger.identity import Grant, Identity
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from pipelines.submissions.experts.letters import remind_experts
from pipelines.submissions.experts.model import ExpertDetails
from pipelines.submissions.service import expert_links, experts, law, practice
from pipelines.survey import letters, measures, statements
from pipelines.survey import service as survey
from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import open_surveys
from tests.support import surveys
from tests.support.demonstration import CLOCK, copy_home, frozen_at
from tests.support.releases import release_fixture
from tests.support.service import portal_fixture
from tests.support.service.example_returns import get_identity, upload_draft
from tests.support.service.running import Service, run_service
from tests.support.service.visitor import visit_service

PEOPLE: Mapping[str, tuple[Grant, ...]] = {
    "al-office": (Grant("submitter", "AL"), Grant("approver", "AL")),
    "al-drafter": (Grant("submitter", "AL", "questionnaire"),),
    "region-lawyer": (Grant("submitter", "*", "legislation"),),
}
"""Accounts besides those of the tests of the pages."""
SENDER, OFFICE, STEWARD, LATE_OFFICE = "al-sender", "al-office", "secretariat", "ba-brc-sender"
_EXPERT = ExpertDetails(
    "XK", "Basic Prosecution Office", "Prosecutor for joint teams", "prosecution",
    ("sq", "en", "sr"), ("TIP", "SOM"), ("joint_team", "financial_investigation"), "North",
)  # fmt: skip
ROUND = "2026-Q4-pulse"
ROUND_DAYS = date(2026, 11, 16), date(2026, 12, 4)
"""First and last day of the open round: three weeks within its quarter, as the demonstration's rounds have them."""
ANNOUNCED = "2026-12-14T09:00"
"""Minute of the release that is announced, on the day that the timetable has for the release of the third quarter."""


@dataclass(frozen=True)
class Scene:
    """A running service, and the addresses and numbers of what its pages can show."""

    service: Service
    broken: str
    warned: str
    sent: str
    accepted: str
    practised: str
    link: str
    """Address of an open questionnaire, and of one that has not been begun."""
    fresh_link: str
    results: str
    """Address of the public results of a closed round."""
    expert_link: str
    expert: str
    measure: str
    element: str
    """Query of an element of the law with a proposal that waits for a decision."""
    upload: str = ""
    """Addresses of the pages with the card of a recognised file and of one that cannot be read."""
    failed_upload: str = ""
    practice_upload: str = ""


@contextmanager
def serve_scene(home: Path) -> Iterator[Scene]:
    """Copy a built demonstration home, prepare the copy and yield the scene with its running service."""
    with tempfile.TemporaryDirectory(prefix="rti-pictures-") as folder:
        root = Path(folder) / "home"
        copy_home(home.resolve(), root)
        with frozen_at(CLOCK, root):
            desk = service.open_desk(open_home(root))
            prepared = _prepare(desk)
            desk.engine.dispose()
        with run_service(root, Path(folder) / "service") as running:
            yield _upload_files(replace(prepared, service=running))


def set_languages(scene: Scene, language: str) -> None:
    """Let every account of the scene read its pages in a language."""
    with frozen_at(CLOCK, scene.service.home.root):
        desk = service.open_desk(scene.service.home)
        for account in (*PEOPLE, *portal_fixture.ACCOUNTS):
            accounts.set_language(desk.engine, account, language, by=account)
        desk.engine.dispose()


def _prepare(desk: service.Desk) -> Scene:
    home, engine = desk.home, desk.engine
    portal_fixture.make_accounts(engine)
    accounts.create_many(
        engine, [accounts.NewAccount(name, name, grants, must_change=False) for name, grants in PEOPLE.items()],
        by="system",
    )  # fmt: skip
    steward, office = get_identity(desk, STEWARD), get_identity(desk, OFFICE)
    accepted = next(
        entry.submission_id
        for entry in service.list_submissions(desk, office, states=("approved", "published"))
        if any((block.instrument, block.jurisdiction) == ("justice", "AL") for block in entry.blocks)
    )
    broken = upload_draft(desk, SENDER, portal_fixture.BROKEN, "broken.xlsx")
    warned = upload_draft(desk, SENDER, {**portal_fixture.UNUSUAL, "A1": "Prokuroria 2"}, "unusual.xlsx")
    sent = _send_unusual_return(desk)
    practised = _practise(desk)
    link, fresh_link, results = _open_round(desk, steward)
    expert, expert_link = _enter_experts(desk, steward)
    survey_desk = SurveyDesk(open_surveys(home), engine, desk.registry)
    bank = survey_desk.surveys.bank
    question = bank.find_question(statements.list_questions(bank)[0])
    answers = {question.series: bank.list_codes(question)[0]}
    statement = statements.Statement("AL", "Central authority", "2026", answers)
    statements.draft_statement(engine, desk.registry, bank, statement, actor="al-drafter")
    _write_releases(home)
    return Scene(
        service=None,  # type: ignore[arg-type]
        broken=broken, warned=warned, sent=sent, accepted=accepted, practised=practised,
        link=link, fresh_link=fresh_link, results=results, expert_link=expert_link, expert=expert,
        measure=measures.read_measures(engine)[0].measure_id, element=_find_waiting_element(desk, steward),
    )  # fmt: skip


def _send_unusual_return(desk: service.Desk) -> str:
    number = upload_draft(desk, SENDER, portal_fixture.UNUSUAL, "third.xlsx")
    sender = get_identity(desk, SENDER)
    service.justify_warnings(
        desk, sender, number, None, "large_case", "One operation in September led to reports against 84 persons."
    )
    service.send_submission(desk, sender, number, reason="late_data")
    return number


def _practise(desk: service.Desk) -> str:
    """Upload the first file of the practice, which has an error, and let the colleague send one; return the first."""
    person = get_identity(desk, SENDER)
    practice_desk = practice.open(desk, person)
    file = practice.make_practice_files("en")[0]
    uploaded = service.upload_file(
        practice_desk, practice.make_practice_identity(practice_desk, person), file.data, file.name
    )
    practice.colleague_sends(practice_desk, person)
    practice_desk.engine.dispose()
    assert uploaded.submission_id is not None
    return uploaded.submission_id


def _enter_experts(desk: service.Desk, steward: Identity) -> tuple[str, str]:
    """Enter two experts, of whom the first has confirmed; return its id and the path of the second one's link."""
    tokens: list[str] = []
    for details in (_EXPERT, replace(_EXPERT, position="Adviser on evidence")):
        experts.save_expert(desk, steward, details, f"expert{len(tokens)}@xk.example")
        remind_experts(desk.home, desk.engine)
        tokens += [token for token in _read_letters(desk.home, r"/expert-link/([\w-]+)") if token not in tokens]
    expert_links.confirm_by_link(desk, tokens[0])
    [confirmed] = [entry for entry in experts.list_kept_experts(desk, steward) if entry.state == "confirmed"]
    return confirmed.expert_id, f"/expert-link/{tokens[1]}"


def _read_letters(home: Home, pattern: str) -> list[str]:
    matches: list[str] = []
    for path in sorted((home.restricted / "outbox").glob("*.eml")):
        body: Any = email.message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",))
        matches += re.findall(pattern, body.get_content())
    return matches


def _open_round(desk: service.Desk, steward: Identity) -> tuple[str, str, str]:
    """Open a round of the questionnaire; return the paths of two links and of the results of the round before."""
    survey_desk = SurveyDesk(open_surveys(desk.home), desk.engine, desk.registry)
    invitees = surveys.make_invitees([("XK", "police", 4), ("AL", "judge", 4)])
    survey.plan_round(survey_desk, steward, "pulse", "2026-Q4", *ROUND_DAYS, invitees)
    survey.open_round(survey_desk, steward, ROUND)
    letters.send_letters(survey_desk.surveys)
    begun, fresh = (f"{letters.PATH}/{ROUND}/{sent[0]}" for sent in list(surveys.read_outbox(desk.home).values())[:2])
    results = letters.result_address(survey_desk.surveys, "", "2026-Q3-pulse", ("AL", "police"))
    return begun, fresh, results


def _find_waiting_element(desk: service.Desk, steward: Identity) -> str:
    for place in law.list_law_jurisdictions(desk, steward):
        for view in law.list_proposals(desk, steward, place):
            if view.proposal.state == "waiting":
                return f"place={place}&element={view.proposal.content.element}"
    raise AssertionError("no assessment of the demonstration waits for a decision")


def _write_releases(home: Home) -> None:
    """Publish a correction, so that there is a release to go back to, and write the draft of a second correction.

    The fourth quarter has not ended, so that it has no release. Both have the tables of the home's own release: with
    other figures and offices, the release desk would contradict the other pages.
    """
    published = {path.stem: pl.read_parquet(path) for path in (home.current / "data").glob("*.parquet")}
    release_fixture.write_draft(home, "2026-Q3.1", **published)
    release_fixture.publish_draft(home, "2026-Q3.1")
    release_fixture.write_draft(home, "2026-Q3.2", **published)


def _upload_files(scene: Scene) -> Scene:
    """Upload files over HTTP, since only the running service knows the cards of its uploads."""
    files = {
        "upload": ("/upload", "fourth.xlsx", portal_fixture.make_workbook({**portal_fixture.UNUSUAL, "A1": "No. 4"})),
        "failed_upload": ("/upload", "notes.txt", b"This file has no table."),
        "practice_upload": ("/practice", *_read_practice_file()),
    }
    addresses: dict[str, Any] = {}
    with visit_service(scene.service, SENDER) as visitor:
        for name, (page, filename, content) in files.items():
            form = visitor.open_page(page)
            card = form.submit_form("Upload and check", files=[("files", (filename, content))])
            addresses[name] = card.address
        desk_page = _announce_release(scene)
    assert desk_page == 200
    return replace(scene, **addresses)


def _read_practice_file() -> tuple[str, bytes]:
    file = practice.make_practice_files("en")[1]
    return file.name, file.data


def _announce_release(scene: Scene) -> int:
    """Announce the draft and explain one check at the release desk; return the status of its page."""
    with visit_service(scene.service, STEWARD) as visitor:
        page = visitor.open_page("/release-desk")
        page = page.submit_form("Save", check="coverage", text="The office has announced its return for Friday.")
        page = page.submit_form("Announce", at=ANNOUNCED, reason="")
        reason = "The head signs the release."
        return page.submit_form("Add", name="Head of statistics", organisation="Ministry", reason=reason).status
