"""The pages of the portal, in the order in which they are offered, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.portal_pages import (
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
    """One page: its path, its title (a source text), what it does, by which roles it is used (all by none),
    and whether it stands in the list of pages or is only linked to."""

    path: str
    title: str
    show: Callable[[], None]
    roles: tuple[Role, ...] = ()
    default: bool = False
    listed: bool = True

    def offered(self, who: Identity) -> bool:
        """Whether it stands in somebody's list of pages."""
        return not self.roles or any(grant.role in self.roles for grant in who.grants)


PAGES: tuple[PortalPage, ...] = (
    PortalPage("returns", mark("My returns"), returns.show, default=True),
    PortalPage("upload", mark("Upload a return"), upload.show, roles_for("receive")),
    PortalPage("answer", mark("Validation report"), answer.show, listed=False),
    PortalPage("approve", mark("Approve"), approve.show, roles_for("approve")),
    PortalPage("board", mark("Submission board"), board.show),
    PortalPage("figures", mark("Our figures"), figures.show),
    PortalPage("templates", mark("Templates"), templates.show),
    PortalPage("nil", mark("Nothing to report"), nil.show, roles_for("receive")),
    PortalPage("practice", mark("Practice"), practice.show),
    PortalPage("account", mark("My account"), account.show),
    PortalPage("people", mark("People"), people.show, roles_for("keep_accounts")),
)


def paths() -> tuple[str, ...]:
    """The addresses of the pages, without a slash; the first page's is empty."""
    return tuple("" if page.default else page.path for page in PAGES)
