"""Say where answers are shown, and make the addresses of their pages, acts and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboards.office.context import PageContext
from pipelines.design import components as ui


def _keep_context(context: PageContext) -> PageContext:
    return context


@dataclass(frozen=True)
class AnswerSection:
    """A part of the pages in which answers are shown.

    `enter` turns the context of a request into the one of the home whose returns are shown. `template` is the page; it
    may extend `answer/page.html` and fill its block `introduction`. Files are uploaded at `upload_page`.
    """

    base: str
    enter: Callable[[PageContext], PageContext] = _keep_context
    template: str = "answer/page.html"
    upload_page: str = "/upload"

    def make_address(self, submission_id: str, *, view: str = "", anchor: str = "") -> str:
        """Return the address of an answer, of one of its views, or of a part of the page."""
        query = {"id": submission_id} | ({"view": view} if view else {})
        return ui.page_address(self.base, **query) + (f"#{anchor}" if anchor else "")

    def act_address(self, act: str) -> str:
        """Return the address to which the form of an act is submitted."""
        return f"{self.base}/{act}"

    def file_address(self, submission_id: str, kind: str) -> str:
        """Return the address of a file that belongs to an answer."""
        return ui.page_address(f"{self.base}/files/{kind}", id=submission_id)


ANSWER = AnswerSection("/answer")
"""The answers to real returns."""
