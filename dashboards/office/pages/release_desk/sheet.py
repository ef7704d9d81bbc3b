"""Show the sheet of a territory to the people who sign it, and record their signature."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.pages.release_desk.page import (
    ERRORS,
    PATH,
    describe_error,
    describe_signature,
    open_desk,
    render_desk,
)
from dashboards.office.pages.release_desk.sheet_tables import describe_notes, make_changes, make_figures
from dashboards.office.requests import Form, Page
from dashboards.office.responses import redirect_to, render_page, render_refusal
from pipelines.design import components as ui
from pipelines.design.components import Markup
from pipelines.ledger.identity import NotAllowedError
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.verification import manifest_digest
from pipelines.refresh.release_desk import desk as release_desk

router = APIRouter()


@router.get(PATH + "/sheet")
def show_sheet(context: Page) -> Response:
    """Render the sheet of a territory."""
    desk = open_desk(context)
    territory = context.request.query_params.get("territory", "")
    try:
        sheet = release_desk.read_sheet(desk, context.who, territory)
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ReleaseError as error:
        return render_desk(context, ((describe_error(context, error), ""),))
    sign_off = next(item for item in release_desk.list_sheets(desk, context.who) if item.territory == territory)
    draft = release_desk.find_draft(desk)
    assert draft is not None
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
        signed=describe_signature(context, sign_off),
        figures=make_figures(context, sheet),
        changes=make_changes(context, sheet),
        notes=(notes := describe_notes(context, sheet)),
        has_english_notes=any(isinstance(note, Markup) and 'lang="en"' in note for note in notes),
        missing=[
            context.mark_names(
                f"{context.office_name(row['source'], territory)}, "
                f"{context.code_label('instrument', row['instrument'])}, "
                f"{words.format_period(row['period'], context.language)}"
            )
            for row in sheet.missing
        ],
        withheld=context.many(
            "{n} figure of this territory is withheld in the whole release",
            "{n} figures of this territory are withheld in the whole release",
            sheet.withheld,
        ),
    )


@router.post(PATH + "/sign")
def sign_sheet(form: Form) -> Response:
    """Sign the sheet of a territory for the draft that was shown."""
    context, territory = form.context, form.read_text("territory")
    try:
        release_desk.sign_sheet(open_desk(context), context.who, territory, form.read_text("digest"))
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ERRORS as error:
        return render_desk(context, ((describe_error(context, error), ""),))
    message = context.tell("You have signed the sheet of {area}.", area=context.area_name(territory))
    return redirect_to(context, ui.page_address(f"{PATH}/sheet", territory=territory), message=message)
