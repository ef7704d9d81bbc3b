"""List the offices' pages, in the order in which they are offered, and who may use them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

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
from dashboards.office.services import OfferedPage, PageGroup
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
    """One page: its path, its title (a source text), its router, the roles that use it (none means everybody), the path
    of the page that links to it if it is not in the list of pages, and the instrument for which the roles must be held.
    """

    path: str
    title: str
    router: APIRouter
    roles: tuple[Role, ...] = ()
    part_of: str = ""
    instrument: str = EVERY

    @property
    def is_listed(self) -> bool:
        """Return True if the page is in the list of pages, False if it is only linked to."""
        return not self.part_of

    def is_offered_to(self, who: Identity) -> bool:
        """Return True if the page is in this person's list of pages: it holds one of the roles for the instrument."""
        return not self.roles or any(
            grant.role in self.roles and (self.instrument == EVERY or grant.instrument in (EVERY, self.instrument))
            for grant in who.grants
        )


_GROUPS: tuple[tuple[str, tuple[PortalPage, ...]], ...] = (
    (
        mark("Reporting"),
        (
            PortalPage("/", mark("Returns"), returns.router),
            PortalPage("/upload", mark("Upload a return"), upload.router, roles_for("receive")),
            PortalPage("/nil", mark("Nothing to report"), nil.router, roles_for("receive")),
            PortalPage("/approve", mark("Approve"), approve.router, roles_for("approve")),
            PortalPage("/board", mark("Submission board"), board.router),
            PortalPage("/templates", mark("Templates"), templates.router),
            PortalPage("/practice", mark("Practice"), practice.router),
            PortalPage("/answer", mark("Validation report"), answer.router, part_of="/"),
            PortalPage("/receipt-keys", mark("Public keys of receipts"), receipt_keys.router, part_of="/"),
        ),
    ),
    (
        mark("Figures and release"),
        (
            PortalPage("/figures", mark("Reported figures"), figures.router),
            PortalPage(
                release_desk.PATH,
                mark("Release desk"),
                release_desk.router,
                (*roles_for("sign_off_release"), *roles_for("approve_release")),
            ),
        ),
    ),
    (
        mark("Guidelines and cooperation"),
        (
            PortalPage(monitoring.PATH, mark("Monitoring of the Guidelines"), monitoring.router, READERS),
            PortalPage(measures.PATH, mark("Corrective measures"), measures.router, READERS),
            PortalPage(survey.PATH, mark("Questionnaire"), survey.router, roles_for("keep_survey")),
            PortalPage(survey_results.PATH, mark("Results of the questionnaire"), survey_results.router, READERS),
            PortalPage(statements.PATH, mark("Statements of institutions"), statements.router, READERS),
            PortalPage(law.PATH, mark("Law on joint teams"), law.router, READERS, instrument=INSTRUMENT),
            PortalPage(
                provisions.PATH,
                mark("What each treaty provides for"),
                provisions.router,
                READERS,
                part_of=law.PATH,
                instrument=INSTRUMENT,
            ),
            PortalPage(
                treaties.PATH, mark("Treaties"), treaties.router, READERS, part_of=law.PATH, instrument=INSTRUMENT
            ),
            PortalPage(model_documents.PATH, mark("Model documents"), model_documents.router),
            PortalPage(
                experts.PATH,
                mark("Network of experts"),
                experts.router,
                roles_for("look_up_experts"),
                instrument=COOPERATION,
            ),
            PortalPage(
                expert_entries.PATH,
                mark("My entry"),
                expert_entries.router,
                roles_for("look_up_experts"),
                part_of=experts.PATH,
                instrument=COOPERATION,
            ),
        ),
    ),
    (
        mark("People and settings"),
        (
            PortalPage("/people", mark("People"), people.router, roles_for("keep_accounts")),
            PortalPage("/account", mark("My account"), account.router),
        ),
    ),
)
"""The pages by what people come to do, each group with its title (a source text)."""
PAGES: tuple[PortalPage, ...] = tuple(page for _, pages in _GROUPS for page in pages)


def list_offered_pages(context: PageContext) -> list[PageGroup]:
    """Return the pages that the person may choose from by group, the one that is shown or that led to it marked."""
    path = context.request.url.path
    leading_paths = {page.path if page.is_listed else page.part_of for page in PAGES if _is_shown(page.path, path)}
    groups = [
        PageGroup(
            context.tell(title),
            [
                OfferedPage(context.tell(page.title), page.path, _mark_current(page.path, path, leading_paths))
                for page in pages
                if page.is_listed and page.is_offered_to(context.session.identity)
            ],
        )
        for title, pages in _GROUPS
    ]
    return [group for group in groups if group.pages]


def _mark_current(page_path: str, path: str, leading_paths: Collection[str]) -> Literal["", "page", "true"]:
    """Return the value of `aria-current`: `true` for the page that leads to the one that is shown."""
    if page_path not in leading_paths:
        return ""
    return "page" if _is_shown(page_path, path) else "true"


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
