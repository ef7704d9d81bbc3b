"""List the offices' pages, in the order in which they are offered, and who may use them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends

from dashboards.office.pages import (
    account,
    answer,
    approve,
    board,
    expert_entries,
    experts,
    figures,
    language,
    law,
    measures,
    model_documents,
    monitoring,
    nil,
    people,
    practice,
    provisions,
    receipt_keys,
    release_desk,
    returns,
    statements,
    survey,
    survey_results,
    templates,
    treaties,
    upload,
)
from dashboards.office.requests import require_role
from dashboards.office.services import OfferedPage
from pipelines.core.i18n import mark
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import READERS, roles_for
from pipelines.submissions.experts.model import INSTRUMENT as COOPERATION
from pipelines.submissions.law_proposals import INSTRUMENT

if TYPE_CHECKING:
    from dashboards.office.context import PageContext
    from pipelines.ledger.identity import Identity, Role


@dataclass(frozen=True)
class PortalPage:
    """One page: its path, its title (a source text), its router, the roles that use it (none means everybody), whether
    it is in the list of pages or only linked to, and the instrument for which the roles must be held."""

    path: str
    title: str
    router: APIRouter
    roles: tuple[Role, ...] = ()
    listed: bool = True
    instrument: str = EVERY

    def is_offered_to(self, who: Identity) -> bool:
        """Return True if the page is in this person's list of pages: it holds one of the roles for the instrument."""
        return not self.roles or any(
            grant.role in self.roles and (self.instrument == EVERY or grant.instrument in (EVERY, self.instrument))
            for grant in who.grants
        )


PAGES: tuple[PortalPage, ...] = (
    PortalPage("/", mark("Returns"), returns.router),
    PortalPage("/upload", mark("Upload a return"), upload.router, roles_for("receive")),
    PortalPage("/answer", mark("Validation report"), answer.router, listed=False),
    PortalPage("/receipt-keys", mark("Public keys of receipts"), receipt_keys.router, listed=False),
    PortalPage("/approve", mark("Approve"), approve.router, roles_for("approve")),
    PortalPage("/board", mark("Submission board"), board.router),
    PortalPage("/figures", mark("Reported figures"), figures.router),
    PortalPage("/templates", mark("Templates"), templates.router),
    PortalPage(model_documents.PATH, mark("Model documents"), model_documents.router),
    PortalPage("/nil", mark("Nothing to report"), nil.router, roles_for("receive")),
    PortalPage("/practice", mark("Practice"), practice.router),
    PortalPage("/law", mark("Law on joint teams"), law.router, READERS, instrument=INSTRUMENT),
    PortalPage(
        provisions.PATH,
        mark("What each treaty provides for"),
        provisions.router,
        READERS,
        listed=False,
        instrument=INSTRUMENT,
    ),
    PortalPage(treaties.PATH, mark("Treaties"), treaties.router, READERS, listed=False, instrument=INSTRUMENT),
    PortalPage(
        experts.PATH, mark("Network of experts"), experts.router, roles_for("look_up_experts"), instrument=COOPERATION
    ),
    PortalPage(
        expert_entries.PATH,
        mark("My entry"),
        expert_entries.router,
        roles_for("look_up_experts"),
        listed=False,
        instrument=COOPERATION,
    ),
    PortalPage(
        release_desk.PATH,
        mark("Release desk"),
        release_desk.router,
        (*roles_for("sign_off_release"), *roles_for("approve_release")),
    ),
    PortalPage(survey_results.PATH, mark("Results of the questionnaire"), survey_results.router, READERS),
    PortalPage(monitoring.PATH, mark("Monitoring of the Guidelines"), monitoring.router, READERS),
    PortalPage(measures.PATH, mark("Corrective measures"), measures.router, READERS),
    PortalPage(statements.PATH, mark("Statements of institutions"), statements.router, READERS),
    PortalPage(survey.PATH, mark("Questionnaire"), survey.router, roles_for("keep_survey")),
    PortalPage("/people", mark("People"), people.router, roles_for("keep_accounts")),
    PortalPage("/account", mark("My account"), account.router),
)


def list_offered_pages(context: PageContext) -> list[OfferedPage]:
    """Return the pages that the person may choose from, the one that is shown marked."""
    path = context.request.url.path
    return [
        OfferedPage(context.tell(page.title), page.path, _is_shown(page.path, path))
        for page in PAGES
        if page.listed and page.is_offered_to(context.session.identity)
    ]


def _is_shown(page_path: str, path: str) -> bool:
    return path == page_path or (page_path != "/" and path.startswith(f"{page_path}/"))


@cache
def create_router() -> APIRouter:
    """Return the routes of all pages, each open only to the people to whom its page is offered."""
    whole = APIRouter()
    whole.include_router(language.router)
    for page in PAGES:
        whole.include_router(page.router, dependencies=[Depends(require_role(page.is_offered_to))])
    return whole
