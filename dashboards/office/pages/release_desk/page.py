"""Render the release desk: for a steward the checklist of the draft, for everybody the sheets that they sign."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.context import PageContext
from dashboards.office.pages.quarter import make_quarter_table
from dashboards.office.pages.release_desk.checklist import make_checklist
from dashboards.office.requests import Page
from dashboards.office.responses import FieldError, render_page
from pipelines.core import clock
from pipelines.core.home_lock import HomeBusyError
from pipelines.design import components as ui
from pipelines.design.components import Markup
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import has_role_for
from pipelines.ledger.transitions import TransitionError
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.publish import find_current_release
from pipelines.refresh.integrity import IntegrityError
from pipelines.refresh.quarter import measure_progress
from pipelines.refresh.release_desk import desk as release_desk
from pipelines.refresh.release_desk.checklist import CHECKS
from pipelines.refresh.release_desk.desk import ReleaseDesk
from pipelines.refresh.release_desk.review import DEMONSTRATION_REASON
from pipelines.refresh.release_desk.rollback_plan import has_earlier_target

router = APIRouter()
_LOG = logging.getLogger("rti.release_desk")
PATH = "/release-desk"
ROLLBACK = f"{PATH}/rollback"
ERRORS = (ReleaseError, HomeBusyError, IntegrityError, TransitionError)
"""Errors of acts that the desk shows above its page."""


@router.get(PATH)
def show_release_desk(context: Page) -> Response:
    """Render the release desk: for a steward the checklist, for everybody the sheets that they sign."""
    return render_desk(context)


def render_desk(context: PageContext, errors: tuple[FieldError, ...] = (), *, announced_at: str = "") -> Response:
    """Render the desk; after an error also the time that was entered, to be corrected."""
    desk = open_desk(context)
    current = find_current_release(desk.home)
    keeps_desk = is_steward(context)
    draft = release_desk.find_draft(desk)
    review = release_desk.review_draft(desk, context.who) if keeps_desk and draft is not None else None
    sheets = release_desk.list_sheets(desk, context.who)
    rounds = measure_progress(desk.home, desk.engine, desk.registry) if keeps_desk else []
    planned = review.planned.moment if review is not None and review.planned is not None else None
    return render_page(
        context,
        "release_desk.html",
        title=context.tell("Release desk"),
        lead=context.tell("What must be in order before a release, and who has signed it off."),
        errors=errors,
        status=409 if errors else 200,
        release=draft.name if draft is not None else "",
        current=current.name if current is not None else "",
        announced_at=announced_at,
        review=review,
        n_open=sum(result.state == "open" for result in review.checks) if review is not None else 0,
        checks=make_checklist(context, review.checks) if review is not None else None,
        explainable=[
            (result.check.id, context.tell(result.check.title))  # marked in release_desk.checklist
            for result in (review.checks if review is not None else ())
            if result.problems and result.check.can_be_explained
        ],
        can_override=any(
            result.state == "open" and not result.check.is_essential
            for result in (review.checks if review is not None else ())
        ),
        overrides=_list_overrides(context, desk) if keeps_desk else None,
        exceptions=_list_exceptions(context, desk) if keeps_desk else None,
        planned=format_minute(context, planned),
        approval=review.approval if review is not None else None,
        sheets=_list_sheets(context, sheets),
        quarters=[make_quarter_table(context, progress) for progress in rounds],
        readers=_list_readers(context, desk),
        reader_names=[(reader.name, reader.name) for reader in release_desk.list_preview_readers(desk)],
        is_steward=keeps_desk,
        rollback=_describe_rollback(context, desk),
        rollback_address=ROLLBACK,
    )


def is_steward(context: PageContext) -> bool:
    """Return True if a person examines the draft and publishes it."""
    return context.who.token is None and has_role_for(context.who, "approve_release", EVERY, EVERY)


def name_rollback(context: PageContext, current: str, targets: Sequence[str]) -> str:
    """Return the title of the page of a rollback: whether it goes back or undoes an earlier rollback."""
    if targets and not has_earlier_target(current, targets):
        return context.tell("Make a withdrawn release current again")
    return context.tell("Withdraw the current release")


def _describe_rollback(context: PageContext, desk: ReleaseDesk) -> tuple[str, str] | None:
    """Return title and text of the way to the rollback; None if the person or the home has none."""
    current = find_current_release(desk.home)
    if current is None or not release_desk.may_roll_back(context.who):
        return None
    targets = release_desk.list_rollback_targets(desk, context.who)
    if not targets:
        return None
    text = (
        context.tell(
            "Release {release} is current. If it should not have been published, you can make the one before it "
            "current again. Nothing is deleted.",
            release=current.name,
        )
        if has_earlier_target(current.name, targets)
        else context.tell("Release {release} is current, because a newer one was withdrawn.", release=current.name)
    )
    return name_rollback(context, current.name, targets), text


def describe_error(context: PageContext, error: Exception) -> Markup:
    """Return the text of an error of an act in the person's language; the log has the words of the system too.

    A busy home is described without the names of commands and processes.
    """
    _LOG.info("an act on the release desk was refused: %s", error)
    if isinstance(error, HomeBusyError):
        text = context.tell(
            "Nothing was done, because a refresh or another act on releases is running at this moment. Wait a few "
            "minutes, then try again."
        )
        return Markup.escape(text)
    return ui.mark_code(context.localize_error(error))


def open_desk(context: PageContext) -> ReleaseDesk:
    return ReleaseDesk(context.desk.home, context.desk.engine, context.desk.registry)


def format_minute(context: PageContext, moment: datetime | None) -> str:
    return context.tell("{time} UTC", time=f"{moment:%Y-%m-%d %H:%M}") if moment is not None else ""


def _list_sheets(context: PageContext, sheets: Sequence[release_desk.SignOff]) -> ui.PageTable:
    rows = []
    for item in sheets:
        link = ui.render_link(
            context.area_name(item.territory), ui.page_address(f"{PATH}/sheet", territory=item.territory)
        )
        rows.append(ui.PageRow(link, (describe_signature(context, item) or context.tell("not signed"),)))
    return ui.PageTable(
        context.many("{n} sheet", "{n} sheets", len(rows)), context.tell("Territory"), [context.tell("Signature")], rows
    )


def describe_signature(context: PageContext, item: release_desk.SignOff) -> str:
    if item.signed_by is None or item.signed_at is None:
        return ""
    when = format_minute(context, clock.parse_time(item.signed_at))
    return context.tell("signed by {account}, {time}", account=context.name_person(item.signed_by), time=when)


def _list_overrides(context: PageContext, desk: ReleaseDesk) -> ui.PageTable | None:
    entries = [
        (entry.release, entry.at, entry.actor, _describe_reason(context, entry.reason), entry.checks)
        for entry in release_desk.list_overrides(desk, context.who)
    ]
    caption = context.many("{n} override", "{n} overrides", len(entries))
    return _list_decisions(context, entries, caption, context.tell("Open checks"))


def _list_exceptions(context: PageContext, desk: ReleaseDesk) -> ui.PageTable | None:
    entries = [
        (entry.release, entry.at, entry.actor, entry.text, (entry.check,))
        for entry in release_desk.list_exceptions(desk, context.who)
    ]
    caption = context.many("{n} exception", "{n} exceptions", len(entries))
    return _list_decisions(context, entries, caption, context.tell("Check"))


def _list_decisions(
    context: PageContext, entries: Sequence[tuple[str, str, str, str, Sequence[str]]], caption: str, checks_title: str
) -> ui.PageTable | None:
    """Return publications in spite of a check as a table: release, time, account, reason, checks. None without any."""
    if not entries:
        return None
    titles = {check.id: context.tell(check.title) for check in CHECKS}  # marked in release_desk.checklist
    rows = [
        ui.PageRow(
            release,
            (
                ui.render_whole(format_minute(context, clock.parse_time(at))),
                context.name_person(actor),
                ui.mark_code(reason),
                "; ".join(titles.get(check, check) for check in checks),
            ),
        )
        for release, at, actor, reason, checks in entries
    ]
    columns = [context.tell("Time"), context.tell("Account"), context.tell("Reason"), checks_title]
    return ui.PageTable(caption, context.tell("Release"), columns, rows, wide=True)


def _describe_reason(context: PageContext, reason: str) -> str:
    """Return the reason of an override, the program's own in the language of the reader."""
    return context.tell(DEMONSTRATION_REASON) if reason == DEMONSTRATION_REASON else reason


def _list_readers(context: PageContext, desk: ReleaseDesk) -> ui.PageTable | None:
    readers = release_desk.list_preview_readers(desk)
    if not readers:
        return None
    rows = [ui.PageRow(reader.name, (reader.organisation, reader.reason, reader.since[:10])) for reader in readers]
    columns = [context.tell("Organisation"), context.tell("Reason"), context.tell("Added on")]
    return ui.PageTable(context.many("{n} person", "{n} persons", len(rows)), context.tell("Name"), columns, rows)
