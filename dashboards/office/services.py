"""Hold what all requests to the offices' pages share, created once when the application starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from itsdangerous import URLSafeTimedSerializer

from pipelines.design.assets import STYLE, Assets
from pipelines.design.environment import make_environment

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.requests import HTTPConnection

    from dashboards.office.context import PageContext
    from dashboards.office.uploads import Uploads
    from pipelines.submissions.service import Desk
    from pipelines.web.sign_in.sessions import Sessions

_HERE = Path(__file__).parent
ASSETS = Assets({"office.css": STYLE, "office.js": (_HERE / "static" / "upload.js",)})


@dataclass(frozen=True)
class OfferedPage:
    """An entry of the list of pages; `current` is the value of its attribute `aria-current`."""

    title: str
    address: str
    current: Literal["", "page", "true"]


@dataclass(frozen=True)
class PageGroup:
    """A part of the list of pages with its title."""

    title: str
    pages: Sequence[OfferedPage]


@dataclass(frozen=True)
class OfficeServices:
    """The desk, the sessions, the uploads, and what renders pages.

    `list_pages` returns the pages that a person may choose from, by group. `secret` signs the results that are shown
    after a redirect.
    """

    desk: Desk
    sessions: Sessions
    uploads: Uploads
    list_pages: Callable[[PageContext], list[PageGroup]]
    secret: str = field(repr=False)
    environment: Environment = field(default_factory=lambda: make_environment(_HERE / "templates"))

    @property
    def result_signer(self) -> URLSafeTimedSerializer:
        """Return the signer of the cookie that carries the result of an action to the next page."""
        return URLSafeTimedSerializer(self.secret, salt="result")


def get_services(connection: HTTPConnection) -> OfficeServices:
    """Return the services of the application that answers a request."""
    services: OfficeServices = connection.app.state.office
    return services
