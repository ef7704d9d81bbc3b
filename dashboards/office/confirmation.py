"""Ask for confirmation before an act that takes something away from somebody at once."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from dashboards.office.requests import SubmittedForm
from dashboards.office.responses import render_page
from pipelines.design import components as ui
from pipelines.web.sign_in.csrf import CSRF_FIELD

CONFIRMED = "confirmed"
"""Field of a form that was confirmed."""


def ask_for_confirmation(
    form: SubmittedForm,
    *,
    title: str,
    question: str,
    consequence: str,
    facts: Sequence[tuple[str, ui.Part]],
    yes: str,
    back: str,
) -> Response:
    """Return a page with a question. Its button submits the same form again, with the field `CONFIRMED`.

    `question` and `consequence` are shown above the facts, `yes` is on the button, and `back` is the address to which
    a refusal leads. Nothing is done yet.
    """
    context = form.context
    return render_page(
        context,
        "confirm.html",
        title=title,
        question=question,
        consequence=consequence,
        facts=facts,
        action=context.request.url.path,
        fields=[(name, value) for name, value in form.fields.multi_items() if name != CSRF_FIELD],
        confirmed=CONFIRMED,
        yes=yes,
        back=back,
    )
