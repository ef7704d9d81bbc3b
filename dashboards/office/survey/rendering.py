"""Render the pages of the questionnaire in the language of the respondent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from dashboards.office.line_breaks import keep_numbers_whole
from dashboards.office.services import ASSETS, get_services
from pipelines.core import i18n
from pipelines.core.i18n import mark, tell
from pipelines.core.i18n.periods import format_period
from pipelines.survey.answer_rules import LONGEST_TEXT, Fault
from pipelines.survey.bank import text_in
from pipelines.web.sign_in.language import LANGUAGE_COOKIE, language_of, remember_language

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipelines.survey.bank_model import Question
    from pipelines.survey.filling_in import Visit
    from pipelines.survey.surveys import SurveyError

FAULTS: Mapping[Fault, str] = {
    "missing": mark("This question needs an answer. You can also answer that it does not apply to your work."),
    "unknown": mark("This answer is not in the list. Choose one of the answers shown."),
    "several": mark("Choose one answer only."),
    "exclusive": mark("One of your answers excludes the others. Choose either it or the others."),
}


def render_page(
    request: Request,
    template: str,
    *,
    title: str,
    status: int = 200,
    errors: Iterable[tuple[str, str]] = (),
    address: str = "",
    **values: Any,
) -> HTMLResponse:
    """Return a page. `address` is where it can be read again, for its links to other languages.

    Without one, a page that was opened links to itself, and the answer to a form has no such links. The links of a
    page that opened nothing do not repeat its address, which may be somebody's secret.
    """
    language = language_of(request)
    form_errors = list(errors)
    has_address = bool(address) or request.method == "GET"
    html = (
        get_services(request)
        .environment.get_template(f"survey/{template}")
        .render(
            tell=partial(tell, language=language),
            lang=i18n.html_lang(language),
            asset=ASSETS.find_address,
            demonstration=get_services(request).desk.home.kind == "demonstration",
            title=title,
            errors=form_errors,
            field_errors=defaultdict(str, {field: text for text, field in form_errors}),
            language=language,
            languages=[
                (code, i18n.html_lang(code), name, f"{address}?lang={code}" if has_address else "")
                for code, name in i18n.language_names().items()
            ],
            **values,
        )
    )
    html = keep_numbers_whole(html, language)
    response = HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})
    requested = request.query_params.get("lang")
    if requested in i18n.list_languages() and request.cookies.get(LANGUAGE_COOKIE) != requested:
        remember_language(response, requested, secure=request.url.scheme == "https")
    return response


def render_problem(request: Request, error: SurveyError, status: int) -> HTMLResponse:
    """Return the page of a link that opens no questionnaire."""
    language = language_of(request)
    title = tell("The questionnaire cannot be opened", language)
    return render_page(request, "problem.html", title=title, status=status, reason=error.localize_message(language))


def form_title(visit: Visit, language: str) -> str:
    """Return the name of the questionnaire with its period."""
    form = text_in(visit.questionnaire.bank.lists.forms[visit.round.form], language)
    return f"{form}, {format_period(visit.round.period, language)}"


def describe_question(visit: Visit, question: Question, language: str) -> dict[str, Any]:
    """Return what a template shows of a question: its text, its answers, and which were given."""
    bank = visit.questionnaire.bank
    given_answers = visit.answers.get(question.id, ())
    return {
        "id": question.id,
        "kind": question.kind,
        "text": text_in(question.wording.text, language),
        "options": [(code, bank.answer_text(question, code, language)) for code in bank.list_codes(question)],
        "chosen": given_answers,
        "is_required": visit.questionnaire.is_required(question),
        "longest": LONGEST_TEXT,
    }


def describe_answer(visit: Visit, question: Question, language: str) -> str:
    """Return the answer to a question in words; empty without one."""
    values = visit.answers.get(question.id, ())
    if question.kind == "free_text":
        return " ".join(values)
    return "; ".join(visit.questionnaire.bank.answer_text(question, code, language) for code in values)
