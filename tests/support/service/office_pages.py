"""All pages of the offices' application, each with an account that may open it and a state in which it has content.

The list is compared with the routes of the application: a new page without an entry fails
(`tests/integration/dashboards/office/test_doors.py`). Accessibility and widths are checked, and times measured,
for each page of this list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx
    from starlette.routing import BaseRoute

    from pipelines.ledger.identity import Identity
    from pipelines.submissions.service import Desk

STEWARD, SENDER, APPROVER = "secretariat", "sender", "approver"
"""The head steward, and the demonstration's people who send and approve for every office."""
VIEWS = ("findings", "beside", "changes", "quarters", "files", "events")
"""Parts of a validation report."""
STRANGERS = ("mk-sender", "xk-viewer", "nobody", "ba-brc-sender")
"""Accounts of `portal_fixture` to which nothing of the state below belongs, except as `OfficePage.open_to` says."""
INSTITUTION = "Central authority of the tests"
SOURCE = "Register of treaties of the tests"
PUBLIC_SOURCE = "Text of a treaty of the tests"
POSITION = "Expert 7 of the tests"
MEASURE = "Name one contact for the tests."
DRAFT = "2026-Q4"
NO_ROUTE = "no route"
"""Route of the page that is shown for an address without a page."""
PRIVATE = (INSTITUTION, SOURCE, MEASURE)
"""Words of the state below that nobody without a role in Albania sees on any page."""
_FORM, _PERIOD = "RS-VICTIMS-1", "2026-Q3"
"""Of a return that waits for approval without a file. It has a warning, since others had figures before it."""
_REASON, _TEXT, _REVISION = "large_case", "Nobody was identified in these months.", "late_data"


@dataclass(frozen=True)
class OfficePage:
    """A page: its route, an address with fields of the state, and who may open it.

    `account` is None for pages without a sign-in. `content` is a CSS selector of something that the page has only if it
    has content. `open_to` are the strangers who may open it, too, with what is their own; they do not see the words of
    `hides`. `status` differs from 200 for pages of errors.
    """

    route: str
    address: str
    account: str | None
    content: str
    open_to: tuple[str, ...] = ()
    status: int = 200
    hides: str = ""

    def fill_address(self, state: Mapping[str, str]) -> str:
        """Return the address in a home with this state."""
        return self.address.format_map(state)


def _make_page(
    address: str,
    account: str | None,
    content: str,
    *,
    open_to: tuple[str, ...] = (),
    route: str = "",
    status: int = 200,
    hides: str = "",
) -> OfficePage:
    return OfficePage(route or address.partition("?")[0], address, account, content, open_to, status, hides)


_WITH_ROLE = ("mk-sender", "xk-viewer", "ba-brc-sender")
_SENDERS = ("mk-sender", "ba-brc-sender")
_SENDS_AND_APPROVES = ("mk-sender",)
_LINK = "/questionnaire/{round_id}/{token}"
_OPEN_LINK = "/questionnaire/{round}/{link}"

PAGES: tuple[OfficePage, ...] = (
    _make_page("/", STEWARD, "tbody tr:nth-child(20)", open_to=STRANGERS),
    _make_page("/upload", SENDER, "form[data-upload]", open_to=_SENDERS),
    _make_page("/answer", STEWARD, "#content p", open_to=STRANGERS),
    *(_make_page(f"/answer?id={{answer}}&view={view}", "al-sender", "#verdict") for view in VIEWS),
    _make_page("/answer?id={waiting}", APPROVER, "form[action='/answer/approve']"),
    _make_page("/receipt-keys", SENDER, "tbody tr", open_to=STRANGERS),
    _make_page("/approve", APPROVER, "tbody tr", open_to=_SENDS_AND_APPROVES),
    _make_page("/board", STEWARD, "tbody tr", open_to=STRANGERS),
    _make_page("/figures", STEWARD, "tbody tr", open_to=STRANGERS),
    _make_page("/templates", SENDER, "a[download]", open_to=STRANGERS),
    _make_page("/model-documents", SENDER, "section h2", open_to=STRANGERS),
    _make_page("/model-documents/form?document=jit_agreement", SENDER, "form textarea", open_to=STRANGERS),
    _make_page("/nil", SENDER, "form[action='/nil/confirm'] input[type=checkbox]", open_to=_SENDERS),
    _make_page("/practice", SENDER, "form[data-upload]", open_to=_WITH_ROLE),
    _make_page("/practice/reset", SENDER, "form[action='/practice/reset']", open_to=_WITH_ROLE),
    _make_page("/account", STEWARD, "form[action='/account/token/revoke']", open_to=STRANGERS),
    _make_page("/law?place=AL", APPROVER, ".rti-box-warning a", open_to=_WITH_ROLE),
    _make_page("/law/element?place=AL&element=COSTS", APPROVER, "form[action='/law/approve']"),
    _make_page("/provisions?treaty=PCC_SEE&element=COSTS", APPROVER, "form[action='/provisions/approve']",
               open_to=_WITH_ROLE),
    _make_page("/treaties?area=AL&treaty=ETS182", APPROVER, "form[action='/treaties/approve']"),
    _make_page("/experts?search=1", APPROVER, "tbody tr", open_to=_WITH_ROLE),
    _make_page("/experts/counterpart?from=RS&territory=AL&crime=TIP", APPROVER, "tbody tr", open_to=_WITH_ROLE),
    _make_page("/experts/entry?id={expert}", APPROVER, "form[action='/experts/message']", open_to=_WITH_ROLE),
    _make_page("/experts/own", APPROVER, "form[action='/experts/own/erase']", open_to=_WITH_ROLE),
    _make_page("/experts/kept?id={expert}", APPROVER, "form[action='/experts/kept/erase']",
               open_to=_WITH_ROLE, hides=POSITION),
    _make_page("/experts/log", STEWARD, "tbody tr"),
    _make_page("/release-desk", STEWARD, "form[action='/release-desk/end-preview']", open_to=_SENDS_AND_APPROVES),
    _make_page("/release-desk/sheet?territory=AL", APPROVER, "form[action='/release-desk/sign']"),
    _make_page("/release-desk/rollback", STEWARD, "form[action='/release-desk/rollback'] option:nth-child(1)"),
    _make_page("/survey-results?territory=AL&role=police", STEWARD, "tbody tr"),
    _make_page("/monitoring?area=AL", STEWARD, "tbody tr", open_to=_WITH_ROLE),
    _make_page("/monitoring?area=region", STEWARD, "tbody tr", open_to=_WITH_ROLE),
    _make_page("/measures?area=AL", STEWARD, "tbody tr", open_to=_WITH_ROLE),
    _make_page("/measures/one?id={measure}", STEWARD, "form[action='/measures/change']"),
    _make_page("/statements?place=AL", APPROVER, "form[action='/statements/clear']", open_to=_WITH_ROLE),
    _make_page("/survey?round={round}", STEWARD, "form[action='/survey/close']"),
    _make_page("/people?account=mk-sender", STEWARD, "form[action='/people/revoke']"),
    _make_page("/people?account=al-sender", "mk-sender", "h1", open_to=(), status=403),
    _make_page("/nothing-here", STEWARD, "#content a", route=NO_ROUTE, status=404),
    _make_page("/sign-in", None, "form input"),
    _make_page("/password", None, "input[type=password]"),
    _make_page("/questionnaire/sent", None, "h1"),
    _make_page(_OPEN_LINK, None, "main a", route=_LINK),
    _make_page(f"{_OPEN_LINK}/1", None, "input[type=radio]", route=f"{_LINK}/{{number:int}}"),
    _make_page(f"{_OPEN_LINK}/check", None, "form[action$='/send']", route=f"{_LINK}/check"),
    _make_page(f"{_OPEN_LINK}/workbook", None, "input[type=file]", route=f"{_LINK}/workbook"),
    _make_page("{results}", None, "tbody tr", route="/questionnaire/{round_id}/results/{token}"),
    _make_page("/questionnaire/cut-off", None, "h1", route="/questionnaire/{rest:path}", status=404),
    _make_page("/expert-link/{expert_link}", None, "form[action$='/erase']", route="/expert-link/{token}"),
)  # fmt: skip
"""Every page, and the pages of errors."""

_WAYS_BACK = (
    "send", "approve", "return", "override", "explain", "change-explanation", "explain-as-before", "request-withdrawal",
    "withdraw", "withdraw/confirm",
)  # fmt: skip
FILES: tuple[OfficePage, ...] = (
    *(_make_page(f"/answer/files/{kind}?id={{answer}}", "al-sender", "", route="/answer/files/{kind}")
      for kind in ("original", "report")),
    _make_page("/receipt-keys/{key}", SENDER, "", route="/receipt-keys/{identity}", open_to=STRANGERS),
    _make_page("/board/timetable.ics", STEWARD, "", open_to=STRANGERS),
    _make_page("/templates/workbook?form=AL-JUSTICE-1&period=2026-Q4", SENDER, ""),
    _make_page("/model-documents/empty?document=jit_agreement&language=en&format=docx", SENDER, "", open_to=STRANGERS),
    _make_page("/practice/file?number=0", SENDER, "", open_to=_WITH_ROLE),
    _make_page("/experts/own/data", APPROVER, ""),
    _make_page("/expert-link/{expert_link}/data", None, "", route="/expert-link/{token}/data"),
    _make_page(f"{_OPEN_LINK}/workbook/file", None, "", route=f"{_LINK}/workbook/file"),
)  # fmt: skip
"""Files that are downloaded from pages."""
OTHER_ROUTES: Mapping[str, str] = {
    "/returns": "the same page as /",
    **{f"{base}/{act}": "leads back from an act" for base in ("/answer", "/practice") for act in _WAYS_BACK},
    "/practice/files/{kind}": "files of a person's own practice, as those of answers",
    "/upload/events": "events of an upload", "/practice/events": "events of an upload",
    f"{_LINK}/send": "leads to the check of the answers",
    "/live": "health", "/ready": "health", "/health": "health", "/static/{path:path}": "style sheet and scripts",
}  # fmt: skip
"""Routes that are neither pages nor files that somebody opens, with the reason."""


def list_get_routes(routes: Iterable[BaseRoute]) -> set[str]:
    """Return the paths of an application that can be opened, without those of applications mounted in it."""
    from fastapi.routing import iter_route_contexts

    return {str(route.path) for route in iter_route_contexts(list(routes)) if "GET" in (route.methods or ())}


def find_unlisted_routes(routes: Iterable[BaseRoute]) -> set[str]:
    """Return the routes that can be opened and are neither pages, files nor others of this list."""
    return list_get_routes(routes) - {page.route for page in (*PAGES, *FILES)} - OTHER_ROUTES.keys()


# ---------------------------------------------------------------------------------------------------------------- state


def prepare_pages(desk: Desk, waiting: str) -> dict[str, str]:
    """Give every page content in a home of the demonstration with the accounts of `portal_fixture`.

    `waiting` is the number of a return that waits for approval. Return the fields of the addresses, and the ids of the
    proposals, the statement and the sheet that wait. A draft of a release is written and a second release is published,
    so the home must be a copy. Time must be frozen at or after the demonstration's.
    """
    from pipelines.publication.releases.verification import manifest_digest
    from pipelines.submissions import receipt_keys
    from pipelines.submissions.accounts import accounts, tokens
    from tests.support.releases import release_fixture, two_editions

    def find_person(account: str) -> Identity:
        return accounts.get_identity(desk.engine, account)

    steward, sender, approver = map(find_person, (STEWARD, SENDER, APPROVER))
    two_editions.publish_newer(desk.home)
    release_fixture.write_draft(desk.home, DRAFT)
    _name_preview_reader(desk, steward)
    tokens.issue_token(desk.engine, steward, "a program of the tests")
    return {
        "answer": _find_return_with_findings(desk),
        "waiting": waiting,
        "key": next(iter(receipt_keys.list_public_keys(desk.home))),
        "digest": manifest_digest(desk.home.drafts / DRAFT),
        **_propose_law(desk, sender, approver),
        **_fill_network(desk, approver),
        **_fill_survey(desk, steward, sender, approver),
    }


def _name_preview_reader(desk: Desk, steward: Identity) -> None:
    from pipelines.refresh.release_desk import desk as release_desk

    releases = release_desk.ReleaseDesk(desk.home, desk.engine, desk.registry)
    reason = "Reads the draft before its release, as agreed."
    release_desk.grant_preview(releases, steward, "Reader of the tests", "Office of the tests", reason)


def send_nil_return(desk: Desk) -> str:
    """Send a nil return for approval and return its number."""
    from pipelines.submissions import service
    from pipelines.submissions.accounts import accounts

    sender = accounts.get_identity(desk.engine, SENDER)
    number = service.declare_nil(desk, sender, _FORM, [_PERIOD], send=False).submission_id
    assert number is not None
    service.justify_warnings(desk, sender, number, None, _REASON, _TEXT)
    service.send_submission(desk, sender, number, reason=_REVISION)
    return number


def send_nil_return_to(client: httpx.Client) -> str:
    """Send the same through the API of a running service, which has loaded all that this needs, as its sender."""
    number = client.post("/nil", json={"form": _FORM, "periods": [_PERIOD], "send": False}).json()["submission_id"]
    client.post(f"/submissions/{number}/justify", json={"reason": _REASON, "text": _TEXT}).raise_for_status()
    client.post(f"/submissions/{number}/send", json={"reason": _REVISION}).raise_for_status()
    return str(number)


def _find_return_with_findings(desk: Desk) -> str:
    """Return the return of Albania's prosecution service that has most warnings, the newest of several."""
    from pipelines.ledger import queries

    rows = [row for row in queries.list_submissions(desk.engine, territory="AL") if row.instrument == "justice"]
    return max(rows, key=lambda row: (row.warnings or 0, row.received_at)).submission_id


def _propose_law(desk: Desk, sender: Identity, approver: Identity) -> dict[str, str]:
    """Approve a proposal of each kind, and let a second one wait."""
    from pipelines.submissions import assessments
    from pipelines.submissions.provision_statements import ProvisionStatement
    from pipelines.submissions.service import law
    from pipelines.submissions.treaty_statements import TreatyStatement

    for number in (1, 2):
        results = dict.fromkeys(assessments.list_standards("COSTS", law.list_provisions(desk, sender)), "met")
        article, day = f"Article {number}", f"2024-0{number}"
        assessment = assessments.Assessment("AL", "COSTS", results, article, SOURCE, day, "judge")
        treaty = TreatyStatement("AL", "ETS182", "signed", f"200{number}", SOURCE)
        provision = ProvisionStatement("PCC_SEE", "COSTS", number == 1, PUBLIC_SOURCE)
        proposals = {
            "proposal of law": law.propose_assessment(desk, sender, assessment),
            "proposal of treaties": law.propose_statement(desk, sender, treaty),
            "proposal of provisions": law.propose_provision_statement(desk, sender, provision),
        }
        if number == 1:
            for proposal in proposals.values():
                law.approve_proposal(desk, approver, proposal)
    return proposals


def _fill_network(desk: Desk, approver: Identity) -> dict[str, str]:
    """Confirm an entry that the approver keeps and the approver's own, look them up, and make a link to use later."""
    from pipelines.ledger.database import open_write_transaction
    from pipelines.submissions.accounts import accounts
    from pipelines.submissions.experts import store
    from pipelines.submissions.experts.model import ExpertDetails
    from pipelines.submissions.service import expert_links, experts

    details = ExpertDetails(
        "AL",
        "Prosecution of the tests",
        POSITION,
        "prosecution",
        ("sq", "en"),
        ("TIP", "SOM"),
        ("joint_team",),
        "North",
    )
    expert_id = experts.save_expert(desk, approver, details, "expert@tests.example")
    # Experts answer to the address of the account that writes to them.
    accounts.set_email(desk.engine, approver.account, "approver@tests.example", by=approver.account)
    own_expert_id = experts.save_own_expert(desk, approver, details, "approver@tests.example")
    with open_write_transaction(desk.engine) as connection:
        links = [store.add_link(connection, expert) for expert in (expert_id, own_expert_id)]
    for link in links:
        expert_links.confirm_by_link(desk, link)
    with open_write_transaction(desk.engine) as connection:
        unused_link = store.add_link(connection, expert_id)
    experts.search_experts(desk, approver, experts.ExpertQuery(territory="AL"))
    return {"expert": expert_id, "expert_link": unused_link}


def _fill_survey(desk: Desk, steward: Identity, sender: Identity, approver: Identity) -> dict[str, str]:
    """Open a round, clear a statement and let another wait, and find a measure and results of the demonstration."""
    from pipelines.core import clock
    from pipelines.survey import letters, measures, service, statements
    from pipelines.survey.invitation_store import Invitee
    from pipelines.survey.links import make_link
    from pipelines.survey.statements import Statement
    from pipelines.survey.surveys import open_surveys

    survey = service.SurveyDesk(open_surveys(desk.home), desk.engine, desk.registry)
    today, bank = clock.now().date(), survey.surveys.bank
    invitees = [Invitee("police", INSTITUTION, "AL", f"Person {n}", f"{n}@tests.example", "en") for n in (1, 2)]
    planned = service.plan_round(survey, steward, "pulse", "2026-Q4", today, today + timedelta(days=20), invitees)
    service.open_round(survey, steward, planned.round_id)
    link = make_link()
    invitation = survey.surveys.invitations.list_invitations(planned.round_id)[0]
    survey.surveys.invitations.add_link(invitation.invitation_id, link.invitation_digest)
    closed = [
        item for item in survey.surveys.invitations.list_rounds() if item.state == "closed" and item.form == "pulse"
    ]
    for year in ("2025", "2026"):
        statement = Statement("AL", INSTITUTION, year, {bank.find_question("TR08").series: "2"})
        drafted = statements.draft_statement(desk.engine, desk.registry, bank, statement, actor=sender.account)
        if year == "2025":
            statements.clear_statement(desk.engine, drafted, actor=approver.account)
    added = measures.add_measure(
        survey, steward, "AL", "FR01", MEASURE, "police", date(2026, 1, 1), "executed_outgoing"
    )
    return {
        "round": planned.round_id, "link": link.token, "measure": added.measure_id, "statement": drafted,
        "results": letters.result_address(survey.surveys, "", closed[-1].round_id, ("AL", "police")),
    }  # fmt: skip
