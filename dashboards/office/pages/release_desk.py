"""Show the release desk: the checklist of the draft, the sheets that territories sign, and the acts of the steward."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.context import PageContext
from dashboards.office.figure_words import format_number
from dashboards.office.pages.quarter import make_quarter_table
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import redirect_to, render_page, render_refusal
from pipelines.core import clock, codes
from pipelines.core.home_lock import HomeBusyError
from pipelines.core.i18n import SOURCE_LANGUAGE, mark
from pipelines.design import components as ui
from pipelines.design.components import Markup
from pipelines.ledger.identity import EVERY, NotAllowedError
from pipelines.ledger.permissions import has_role_for
from pipelines.ledger.transitions import TransitionError
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.verification import manifest_digest
from pipelines.refresh.integrity import IntegrityError
from pipelines.refresh.quarter import measure_progress
from pipelines.refresh.release_desk import desk as release_desk
from pipelines.refresh.release_desk.checklist import CHECKS, DraftCheckResult
from pipelines.refresh.release_desk.desk import ReleaseDesk
from pipelines.refresh.release_desk.problems import NOT_ASSESSED, Problem
from pipelines.refresh.release_desk.sheets import Row, TerritorySheet
from pipelines.warehouse.metrics import metrics
from pipelines.words.language import lower_first, read_in
from pipelines.words.sources import has_statement, split_ending

router = APIRouter()
PATH = "/release-desk"
_KINDS = ("level", "statistic", "victim_status")
"""Columns that distinguish figures of one measure, such as acquittals of two instances, or a stock at the start."""
_BREAKDOWNS = ("offence_group", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band")
_ANY_LEVEL = "free"
"""Rule of measures whose names do not say their level."""
_STATES: dict[str, words.Sign] = {
    "good": ("good", "✔", mark("in order")),
    "explained": ("draft", "◐", mark("explained")),
    "overridden": ("draft", "◑", mark("overridden")),
    "open": ("overdue", "✖", mark("open")),
}
_CHANGES: dict[str, str] = {
    "added": mark("Added"),
    "revised": mark("Revised"),
    "withdrawn": mark("No longer published"),
    "newly_hidden": mark("Newly withheld"),
    "newly_shown": mark("Withheld before, published now"),
}
_LISTED = 200
"""Changes that a sheet lists."""
_ERRORS = (ReleaseError, HomeBusyError, IntegrityError, TransitionError)


@router.get(PATH)
def show_release_desk(context: Page) -> Response:
    """Render the release desk: for a steward the checklist, for everybody the sheets that they sign."""
    return _render_desk(context)


def _render_desk(context: PageContext, errors: tuple[str, ...] = ()) -> Response:
    desk = _open_desk(context)
    is_steward = context.who.token is None and has_role_for(context.who, "approve_release", EVERY, EVERY)
    draft = release_desk.find_draft(desk)
    review = release_desk.review_draft(desk, context.who) if is_steward and draft is not None else None
    sheets = release_desk.list_sheets(desk, context.who)
    rounds = measure_progress(desk.home, desk.engine, desk.registry) if is_steward else []
    planned = review.planned.moment if review is not None and review.planned is not None else None
    return render_page(
        context,
        "release_desk.html",
        title=context.tell("Release desk"),
        lead=context.tell("What must be in order before a release, and who has signed it off."),
        errors=[(text, "") for text in errors],
        status=409 if errors else 200,
        release=draft.name if draft is not None else "",
        review=review,
        n_open=sum(result.state == "open" for result in review.checks) if review is not None else 0,
        checks=_make_checklist(context, review.checks) if review is not None else None,
        explainable=[
            (result.check.id, context.tell(result.check.title))  # marked in release_desk.checklist
            for result in (review.checks if review is not None else ())
            if result.problems and result.check.can_be_explained
        ],
        can_override=any(
            result.state == "open" and not result.check.is_essential
            for result in (review.checks if review is not None else ())
        ),
        overrides=_list_overrides(context, desk) if is_steward else None,
        planned=_format_minute(context, planned),
        approval=review.approval if review is not None else None,
        sheets=_list_sheets(context, sheets),
        quarters=[make_quarter_table(context, progress) for progress in rounds],
        readers=_list_readers(context, desk),
        reader_names=[(reader.name, reader.name) for reader in release_desk.list_preview_readers(desk)],
        is_steward=is_steward,
    )


@router.get(PATH + "/sheet")
def show_sheet(context: Page) -> Response:
    """Render the sheet of a territory."""
    desk = _open_desk(context)
    territory = context.request.query_params.get("territory", "")
    try:
        sheet = release_desk.read_sheet(desk, context.who, territory)
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ReleaseError as error:
        return _render_desk(context, (str(error),))
    sign_off = next(item for item in release_desk.list_sheets(desk, context.who) if item.territory == territory)
    draft = release_desk.find_draft(desk)
    assert draft is not None
    _add_footnotes(context, sheet.notes)
    return render_page(
        context,
        "release_sheet.html",
        title=context.tell(
            "Sheet of {area} for release {release}", area=context.area_name(territory), release=sheet.release
        ),
        lead=context.tell("What the release will show about this territory. Read it before you sign it."),
        territory=territory,
        digest=manifest_digest(draft),
        may_sign=release_desk.may_sign(desk, context.who, territory),
        signed=_describe_signature(context, sign_off),
        figures=_make_figures(context, sheet),
        changes=_make_changes(context, sheet),
        notes=(notes := _describe_notes(context, sheet)),
        has_english_notes=any(isinstance(note, Markup) and 'lang="en"' in note for note in notes),
        missing=[
            f"{context.office_name(row['source'], territory)}, {context.code_label('instrument', row['instrument'])}, "
            f"{row['period']}"
            for row in sheet.missing
        ],
        withheld=context.many("{n} figure is withheld", "{n} figures are withheld", sheet.withheld),
    )


@router.post(PATH + "/sign")
def sign_sheet(form: Form) -> Response:
    """Sign the sheet of a territory for the draft that was shown."""
    context, territory = form.context, form.read_text("territory")
    try:
        release_desk.sign_sheet(_open_desk(context), context.who, territory, form.read_text("digest"))
    except NotAllowedError as error:
        return render_refusal(context, error)
    except _ERRORS as error:
        return _render_desk(context, (context.localize_error(error),))
    message = context.tell("You have signed the sheet of {area}.", area=context.area_name(territory))
    return redirect_to(context, ui.page_address(f"{PATH}/sheet", territory=territory), message=message)


@router.post(PATH + "/explain")
def explain_check(form: Form) -> Response:
    """Explain the problems of a check."""
    desk, who = _open_desk(form.context), form.context.who
    return _act(
        form,
        lambda: release_desk.explain_check(desk, who, form.read_text("check"), form.read_text("text")),
        mark("The explanation is saved. It counts for this draft only."),
    )


@router.post(PATH + "/override")
def override_checklist(form: Form) -> Response:
    """Override the checks that are open."""
    desk, who = _open_desk(form.context), form.context.who
    return _act(
        form,
        lambda: release_desk.override_checklist(desk, who, form.read_text("reason")),
        mark("The open checks are overridden for this draft."),
    )


@router.post(PATH + "/announce")
def announce_release(form: Form) -> Response:
    """Announce the minute of the release, or change it."""
    context = form.context
    try:
        moment = datetime.fromisoformat(form.read_text("at")).replace(tzinfo=UTC)
    except ValueError:
        return _render_desk(context, (context.tell("Enter a day and a time, such as 2027-02-15T09:00."),))
    desk = _open_desk(context)
    return _act(
        form,
        lambda: release_desk.announce_release(desk, context.who, moment, form.read_text("reason")),
        mark("The release is announced in the public calendar."),
    )


@router.post(PATH + "/publish")
def publish_release(form: Form) -> Response:
    """Publish the draft, or approve it for its announced minute, after a confirmation."""
    context, desk = form.context, _open_desk(form.context)
    try:
        review = release_desk.review_draft(desk, context.who)
    except NotAllowedError as error:
        return render_refusal(context, error)
    except _ERRORS as error:
        return _render_desk(context, (context.localize_error(error),))
    if not form.has_field(CONFIRMED):
        moment = review.planned.moment if review.planned is not None else None
        return ask_for_confirmation(
            form,
            title=context.tell("Publish release {release}", release=review.release),
            question=context.tell("Do you want to publish release {release}?", release=review.release),
            consequence=context.tell("A published release never changes. A correction makes a new release."),
            facts=[(context.tell("Published at"), _format_minute(context, moment) or context.tell("at once"))],
            yes=context.tell("Publish it"),
            back=PATH,
        )
    return _act(
        form,
        lambda: release_desk.publish_release(desk, context.who),
        mark("The release is published, or will be at its announced time."),
    )


@router.post(PATH + "/withdraw-approval")
def withdraw_approval(form: Form) -> Response:
    """Withdraw the approval of the draft that waits for its minute."""
    desk, who = _open_desk(form.context), form.context.who
    return _act(form, lambda: release_desk.withdraw_approval(desk, who), mark("The approval is withdrawn."))


@router.post(PATH + "/preview")
def grant_preview(form: Form) -> Response:
    """Add a person to the public list of those who see a draft before."""
    desk, who = _open_desk(form.context), form.context.who
    person = (form.read_text("name"), form.read_text("organisation"), form.read_text("reason"))
    return _act(form, lambda: release_desk.grant_preview(desk, who, *person), mark("The public list is changed."))


@router.post(PATH + "/end-preview")
def end_preview(form: Form) -> Response:
    """Remove a person from the list."""
    desk, who = _open_desk(form.context), form.context.who
    name = form.read_text("name")
    return _act(form, lambda: release_desk.end_preview(desk, who, name), mark("The public list is changed."))


def _act(form: SubmittedForm, act: Callable[[], object], message: str) -> Response:
    """Do an act of the steward and return to the desk with its result, or show why it was refused."""
    context = form.context
    try:
        act()
    except NotAllowedError as error:
        return render_refusal(context, error)
    except _ERRORS as error:
        return _render_desk(context, (context.localize_error(error),))
    return redirect_to(context, PATH, message=context.tell(message))  # marked by the callers


def _open_desk(context: PageContext) -> ReleaseDesk:
    return ReleaseDesk(context.desk.home, context.desk.engine, context.desk.registry)


def _format_minute(context: PageContext, moment: datetime | None) -> str:
    return context.tell("{time} UTC", time=f"{moment:%Y-%m-%d %H:%M}") if moment is not None else ""


def _make_checklist(context: PageContext, results: Sequence[DraftCheckResult]) -> ui.PageTable:
    rows = []
    for result in sorted(results, key=lambda item: ["open", "overridden", "explained", "good"].index(item.state)):
        kind, sign, text = _STATES[result.state]
        badge = ui.render_badge(kind, sign, context.tell(text))
        remedy = context.tell(result.check.remedy) if result.problems else ""  # marked in release_desk.checklist
        if result.state == "open" and result.check.is_essential:
            remedy += " " + context.tell("This check cannot be overridden.")
        title = context.tell(result.check.title)  # marked in release_desk.checklist
        evidence = result.list_evidence(lambda problem: _describe_problem(context, problem))
        rows.append(
            ui.PageRow(
                title,
                (badge, evidence, ui.mark_code(result.explanation or result.override or remedy)),
                anchor=result.check.id,
            )
        )
    return ui.PageTable(
        context.many("{n} check", "{n} checks", len(rows)),
        context.tell("Check"),
        [context.tell("State"), context.tell("Found"), context.tell("What to do, or explanation")],
        rows,
        wide=True,
    )


def _describe_problem(context: PageContext, problem: Problem) -> str:
    """Return a problem of a draft with the names of its office or area, and the labels of its codes."""
    if isinstance(problem, str):
        return context.tell(NOT_ASSESSED) if problem == NOT_ASSESSED else problem
    name = context.office_name(problem.office, problem.area) if problem.office else context.area_name(problem.area)
    labels = [context.code_label(codelist, code) for codelist, code in problem.codes]
    period = [words.format_period(problem.period, context.language)] if problem.period else []
    text = ", ".join([name, *labels, *period])
    note = context.tell(NOT_ASSESSED) if problem.note == NOT_ASSESSED else problem.note
    return f"{text}: {note}" if note else text


def _list_sheets(context: PageContext, sheets: Sequence[release_desk.SignOff]) -> ui.PageTable:
    rows = []
    for item in sheets:
        link = ui.render_link(
            context.area_name(item.territory), ui.page_address(f"{PATH}/sheet", territory=item.territory)
        )
        rows.append(ui.PageRow(link, (_describe_signature(context, item) or context.tell("not signed"),)))
    return ui.PageTable(
        context.many("{n} sheet", "{n} sheets", len(rows)), context.tell("Territory"), [context.tell("Signed")], rows
    )


def _describe_signature(context: PageContext, item: release_desk.SignOff) -> str:
    if item.signed_by is None or item.signed_at is None:
        return ""
    when = _format_minute(context, clock.parse_time(item.signed_at))
    return context.tell("signed by {account}, {time}", account=item.signed_by, time=when)


def _list_overrides(context: PageContext, desk: ReleaseDesk) -> ui.PageTable | None:
    overrides = release_desk.list_overrides(desk, context.who)
    if not overrides:
        return None
    titles = {check.id: context.tell(check.title) for check in CHECKS}  # marked in release_desk.checklist
    rows = [
        ui.PageRow(
            entry.release,
            (
                _format_minute(context, clock.parse_time(entry.at)),
                entry.actor,
                ui.mark_code(entry.reason),
                "; ".join(titles.get(check_id, check_id) for check_id in entry.checks),
            ),
        )
        for entry in overrides
    ]
    columns = [context.tell("Time"), context.tell("Account"), context.tell("Reason"), context.tell("Open checks")]
    caption = context.many("{n} override", "{n} overrides", len(rows))
    return ui.PageTable(caption, context.tell("Release"), columns, rows, wide=True)


def _list_readers(context: PageContext, desk: ReleaseDesk) -> ui.PageTable | None:
    readers = release_desk.list_preview_readers(desk)
    if not readers:
        return None
    rows = [ui.PageRow(reader.name, (reader.organisation, reader.reason, reader.since[:10])) for reader in readers]
    columns = [context.tell("Organisation"), context.tell("Reason"), context.tell("Added on")]
    return ui.PageTable(context.many("{n} person", "{n} persons", len(rows)), context.tell("Name"), columns, rows)


def _make_figures(context: PageContext, sheet: TerritorySheet) -> ui.PageTable:
    rows = [
        ui.PageRow(
            _name_figure(context, row),
            (
                context.code_label("offence_group", row["offence_group"]),
                context.code_label("count_unit", row["count_unit"]),
                words.format_period(row["period"], context.language),
                _format_value(context, row),
                _format_number(context, row["before"]),
            ),
        )
        for row in sheet.figures
    ]
    tell = context.tell
    columns = [tell("Crime"), tell("Unit"), tell("Period"), tell("Now"), tell("Before")]
    return ui.PageTable(context.tell("Totals"), context.tell("Measure"), columns, rows, frozenset({3, 4}), wide=True)


def _name_figure(context: PageContext, row: Row) -> str:
    """Return the measure of a figure, with its level, start or end, or status of victims."""
    name, terms = context.code_label("measure", row["measure"]), _describe_terms(context, row, _KINDS)
    return f"{name}: {lower_first(terms)}" if terms else name


def _name_metric(context: PageContext, metric: str) -> str:
    """Return the name of an indicator, or the code of an undeclared one."""
    name = next((item.name for item in metrics.load() if item.id == metric), metric)
    return context.tell(name)  # marked where it is declared


def _make_changes(context: PageContext, sheet: TerritorySheet) -> ui.PageTable | None:
    if not sheet.changes:
        return None
    rows = [
        ui.PageRow(
            context.tell(_CHANGES[row["change"]]),
            (
                context.code_label("measure", row["measure"])
                if row["measure"]
                else _name_metric(context, row["metric"]),
                words.format_period(row["period"] or row["cohort"] or row["entered"], context.language),
                _describe_terms(context, row, (*_KINDS, *_BREAKDOWNS)),
                _format_number(context, row["before"]),
                _format_number(context, row["after"]),
            ),
        )
        for row in sheet.changes[:_LISTED]
    ]
    tell = context.tell
    columns = [tell("Measure"), tell("Period"), tell("Broken down by"), tell("Before"), tell("Now")]
    caption = context.many("{n} figure has changed", "{n} figures have changed", len(sheet.changes))
    return ui.PageTable(caption, context.tell("Change"), columns, rows, frozenset({3, 4}), wide=True)


def _describe_notes(context: PageContext, sheet: TerritorySheet) -> list[str]:
    """Return the caveats: those with a translation in the reader's language, the others marked as English.

    Notes on territories and offices are published in English, as they were declared (docs/translating.md).
    """
    notes: list[str] = []
    with read_in(context.language):
        for text in filter(has_statement, sheet.notes):
            statement, remark = split_ending(text)
            translation = context.tell(statement)  # marked in sims.yml
            is_english = translation == statement and context.language != SOURCE_LANGUAGE
            words_shown = Markup('<span lang="en">{}</span>').format(statement) if is_english else translation
            notes.append(Markup("{} {}").format(words_shown, remark) if remark else words_shown)
    return notes


def _add_footnotes(context: PageContext, texts: Sequence[str]) -> None:
    """Put the footnote of each territory whose name begins with a word of the texts at the end of the page."""
    present = {word for text in texts for word in re.findall(r"\w+", text)}
    for code, territory in context.desk.registry.territories.items():
        if present & {name.name.split()[0] for name in territory.names}:
            context.footnote_mark(code)


def _describe_terms(context: PageContext, row: Row, names: Sequence[str]) -> str:
    return ", ".join(context.code_label(name, row[name]) for name in names if _distinguishes_figure(row, name))


def _distinguishes_figure(row: Row, name: str) -> bool:
    """Return True if the code of a column distinguishes a figure from others of its measure."""
    if name == "level":
        measure = codes.read_codelist("measure").get(row["measure"])
        return measure is not None and measure["level_rule"] == _ANY_LEVEL and row[name] != "none"
    # The total of victims counts two statuses, and its label names them.
    return row[name] not in (("", "_Z") if name == "victim_status" else ("", "_T", "_Z", "count"))


def _format_value(context: PageContext, row: Row) -> str:
    if row["conf_status"] == "C":
        return context.tell("withheld")
    return (
        _format_number(context, row["value"])
        if row["value"] is not None
        else context.code_label("obs_status", row["obs_status"])
    )


def _format_number(context: PageContext, value: float | None) -> str:
    """Format a figure of a sheet: counts are whole, other figures have two decimals."""
    if value is None:
        return ""
    return format_number(context, value, 0 if float(value).is_integer() else 2)
