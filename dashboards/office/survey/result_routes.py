"""Address of the results for respondents: their territory and their role next to the region, without an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.office.shares import format_rate, format_result, format_share
from dashboards.office.survey.rendering import render_page
from dashboards.office.survey.result_words import (
    FAVOURABLE,
    Results,
    describe_change,
    describe_respondents,
    find_earlier_results,
    name_answer,
)
from dashboards.office.survey.routes import TooManyError, count_wrong_link
from dashboards.office.survey.services import WRONG_LINKS, get_survey_services
from pipelines.core.i18n import mark, tell
from pipelines.core.i18n.periods import format_period
from pipelines.design import components as ui
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.submissions.timetable.names import jurisdiction_name, note_of
from pipelines.survey import public_results, result_links
from pipelines.survey.bank import Bank, text_in
from pipelines.survey.filling_in import LinkError
from pipelines.survey.invitation_store import Round
from pipelines.survey.letters import PATH
from pipelines.survey.results import REGION
from pipelines.survey.surveys import SurveyError
from pipelines.web.guards import client_network
from pipelines.web.sign_in.language import language_of

router = APIRouter()
Row = Mapping[str, Any]


class EarlyResultsError(SurveyError):
    """The results of a round cannot be seen yet."""

    def __init__(self, day: date) -> None:
        super().__init__(mark("Results will be shown here from {day} on."), day=day)


@router.get(PATH + "/{round_id}/results/{token}")
def show_results(request: Request, round_id: str, token: str) -> Response:
    """Render the public results of a round for the territory and role of a link."""
    services, language = get_survey_services(request), language_of(request)
    if seconds := services.rates.check_wait(WRONG_LINKS, client_network(request.scope)):
        raise TooManyError(seconds)
    surveys, registry = services.survey_desk.surveys, services.desk.registry
    territories = list(registry.without_training().territories)
    cell = result_links.find_result_cell(surveys, round_id, token, territories)
    round_ = surveys.invitations.find_round(round_id)
    if cell is None or round_ is None:
        count_wrong_link(request)
        raise LinkError("unknown")
    table = public_results.read_public_results(surveys)
    rows = [row for row in table.iter_rows(named=True) if row["round_id"] == round_id] if table is not None else []
    if table is None or round_.state != "closed" or not rows:
        raise EarlyResultsError(result_links.first_result_day(round_))
    territory, role = cell
    note = note_of(registry, territory, language)
    name = jurisdiction_name(registry, territory, language) + ("*" if note else "")
    role_name = text_in(surveys.bank.lists.roles[role], language)
    every_role = tell("{role}, all territories", language, role=role_name)
    groups = [(("territory", territory), name), (("role", role), every_role)]
    groups.append(((REGION, REGION), tell("Region", language)))
    return render_page(
        request,
        "results.html",
        title=f"{tell('Results', language)}: {_name_round(surveys.bank, round_, language)}",
        address=f"{PATH}/{round_id}/results/{token}",
        territory=name,
        role=role_name,
        footnote=f"* {note}" if note else "",
        enough=ENOUGH_EVENTS,
        rates=_tabulate_rates(rows, groups, language),
        sections=_make_sections(surveys.bank, rows, groups, find_earlier_results(table, round_id), language),
    )


def _name_round(bank: Bank, round_: Round, language: str) -> str:
    return f"{text_in(bank.lists.forms[round_.form], language)}, {format_period(round_.period, language)}"


def _tabulate_rates(rows: Sequence[Row], groups: Sequence[tuple[tuple[str, str], str]], language: str) -> ui.PageTable:
    """Return the response rate of each group, which is that of the questionnaire and not of a question.

    The public results have it only next to questions where it gives no small rest away.
    """
    counts = {
        (row["dimension"], row["group"]): (row["answered"], row["invited"])
        for row in rows
        if not row["is_withheld"] and row["invited"] is not None
    }
    fields = [
        format_rate(*counts[group], language) if group in counts else tell("withheld", language) for group, _ in groups
    ]
    rate = tell("Response rate", language)
    table_rows = [ui.PageRow(name, (field,)) for (_, name), field in zip(groups, fields, strict=True)]
    return ui.PageTable(rate, tell("Group", language), [rate], table_rows, frozenset({0}))


def _make_sections(
    bank: Bank,
    rows: Sequence[Row],
    groups: Sequence[tuple[tuple[str, str], str]],
    earlier_results: Results,
    language: str,
) -> list[tuple[str, list[ui.PageTable]]]:
    """Return a table for each question, by theme: answers as rows, so that it fits on a phone."""
    cells = {(row["series"], row["dimension"], row["group"], row["code"]): row for row in rows}
    ordered = sorted(rows, key=lambda row: (row["question_position"], row["series"], row["code_position"]))
    sections = []
    for theme, themed in groupby(ordered, lambda row: str(row["theme"])):
        tables = [
            _make_table(bank, series, _list_codes(question), cells, groups, earlier_results, language)
            for series, question in groupby(themed, lambda row: str(row["series"]))
        ]
        sections.append((text_in(bank.lists.themes[theme], language), tables))
    return sections


def _list_codes(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(row["code"] for row in rows))


def _make_table(
    bank: Bank,
    series: str,
    codes: Sequence[str],
    cells: Mapping[tuple[str, str, str, str], Row],
    groups: Sequence[tuple[tuple[str, str], str]],
    earlier_results: Results,
    language: str,
) -> ui.PageTable:
    question = bank.find_question(series.partition(".")[0])
    wording = question.wordings[int(series.partition(".")[2]) - 1]
    columns: list[list[str]] = []
    for (dimension, group), _ in groups:
        group_rows = [cells.get((series, dimension, group, code)) for code in codes]
        shown_rows = [row for row in group_rows if row is not None]
        columns.append(_describe_group(shown_rows, codes, earlier_results, language))
    labels = [
        *(name_answer(bank, question, code, language) for code in codes),
        tell("Respondents", language),
        *((tell("Change of favourable answers since last round", language),) if FAVOURABLE in codes else ()),
    ]
    return ui.PageTable(
        text_in(wording.text, language),
        tell("Answer", language),
        [name for _, name in groups],
        [ui.PageRow(label, tuple(fields)) for label, *fields in zip(labels, *columns, strict=True)],
        frozenset(range(len(groups))),
    )


def _describe_group(rows: Sequence[Row], codes: Sequence[str], earlier_results: Results, language: str) -> list[str]:
    """Return the fields of a group: its answers, respondents, and the change of favourable answers."""
    withheld = tell("withheld", language)
    has_change = FAVOURABLE in codes
    if len(rows) < len(codes) or rows[0]["is_withheld"]:
        return [withheld] * (len(codes) + 1 + has_change)
    change = [describe_change(rows[-1], earlier_results, language)] if has_change else []
    return [*(_describe_share(row) for row in rows), describe_respondents(rows, language), *change]


def _describe_share(row: Row) -> str:
    """Return a share; that of favourable answers has its interval."""
    return format_result(row) if row["code"] == FAVOURABLE else format_share(row["share"])
