"""List the pages of the portal, in the order in which they are offered, and who may use them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.office.pages import (
    account,
    answer,
    approve,
    board,
    figures,
    nil,
    people,
    practice,
    returns,
    templates,
    upload,
)
from pipelines.core.i18n import mark
from pipelines.ledger.permissions import roles_for

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity, Role


@dataclass(frozen=True)
class PortalPage:
    """One page: its path, its title (a source text), its function, the roles that use it (none means everybody), and
    whether it is in the list of pages or only linked to."""

    path: str
    title: str
    show: Callable[[], None]
    roles: tuple[Role, ...] = ()
    default: bool = False
    listed: bool = True

    def is_offered_to(self, who: Identity) -> bool:
        """Return True if the page is in this person's list of pages."""
        return not self.roles or any(grant.role in self.roles for grant in who.grants)


PAGES: tuple[PortalPage, ...] = (
    PortalPage("returns", mark("My returns"), returns.render_page, default=True),
    PortalPage("upload", mark("Upload a return"), upload.render_page, roles_for("receive")),
    PortalPage("answer", mark("Validation report"), answer.render_page, listed=False),
    PortalPage("approve", mark("Approve"), approve.render_page, roles_for("approve")),
    PortalPage("board", mark("Submission board"), board.render_page),
    PortalPage("figures", mark("Our figures"), figures.render_page),
    PortalPage("templates", mark("Templates"), templates.render_page),
    PortalPage("nil", mark("Nothing to report"), nil.render_page, roles_for("receive")),
    PortalPage("practice", mark("Practice"), practice.render_page),
    PortalPage("account", mark("My account"), account.render_page),
    PortalPage("people", mark("People"), people.render_page, roles_for("keep_accounts")),
)


def page_paths() -> tuple[str, ...]:
    """Return the addresses of the pages, without a slash; the address of the first page is empty."""
    return tuple("" if page.default else page.path for page in PAGES)
