"""Show the results of the questionnaire: a territory and a role next to the region, for people of that territory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.context import PageContext
from dashboards.office.pages.survey import name_round
from dashboards.office.requests import Page
from dashboards.office.responses import render_page, render_refusal
from dashboards.office.shares import format_rate, format_result
from dashboards.office.survey.result_words import (
    FAVOURABLE,
    Results,
    describe_change,
    describe_respondents,
    find_earlier_results,
    name_answer,
)
from dashboards.office.survey.services import get_survey_services
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.statistics.thresholds import ENOUGH_EVENTS, FEWEST_RESPONDENTS
from pipelines.survey import service
from pipelines.survey.bank import Bank, text_in
from pipelines.survey.results import REGION

if TYPE_CHECKING:
    import polars as pl

    from pipelines.survey.service import SurveyDesk

router = APIRouter()
PATH = "/survey-results"
Row = Mapping[str, Any]


@router.get(PATH)
def show_results(context: Page) -> Response:
    """Render the results of one round."""
    desk = get_survey_services(context.request).survey_desk
    query = context.request.query_params
    territories = service.list_result_territories(desk, context.who)
    roles = desk.surveys.bank.lists.roles
    territory = query.get("territory") or (territories[0] if territories else "")
    role = query.get("role", "") if query.get("role") in roles else next(iter(roles))
    try:
        table = service.read_results(desk, context.who, territory, role)
    except NotAllowedError as error:
        return render_refusal(context, error)
    rounds = [] if table is None else list(dict.fromkeys(table.sort("position", descending=True)["round_id"]))
    round_id = query.get("round", "") if query.get("round") in rounds else (rounds[0] if rounds else "")
    groups = _list_groups(context, desk.surveys.bank, territory, role)
    return render_page(
        context,
        "survey_results.html",
        title=context.tell("Results of the questionnaire"),
        lead=context.tell(
            "How practitioners rate international cooperation. These results are for the offices of the territories. A "
            "release contains those that the public may see."
        ),
        territories=[(code, context.area_name(code)) for code in territories],
        roles=[(code, text_in(texts, context.language)) for code, texts in roles.items()],
        rounds=[(code, _name_round(context, desk, code)) for code in rounds],
        chosen=(round_id, territory, role),
        fewest=FEWEST_RESPONDENTS,
        enough=ENOUGH_EVENTS,
        rates=_tabulate_rates(context, table, round_id, groups) if table is not None and round_id else None,
        sections=(
            _make_sections(context, desk.surveys.bank, table, round_id, groups)
            if table is not None and round_id
            else []
        ),
    )


def _name_round(context: PageContext, desk: SurveyDesk, round_id: str) -> str:
    """Return the name of a round; its id if only its results are in this home."""
    round_ = desk.surveys.invitations.find_round(round_id)
    return name_round(context, desk, round_) if round_ is not None else round_id


def _list_groups(context: PageContext, bank: Bank, territory: str, role: str) -> tuple[tuple[str, str], ...]:
    """Return the groups of the page with their names: a territory, a role, and the region."""
    return (
        (territory, context.area_name(territory)),
        (role, context.tell("{role}, all territories", role=text_in(bank.lists.roles[role], context.language))),
        (REGION, context.tell("Region")),
    )


def _tabulate_rates(
    context: PageContext, table: pl.DataFrame, round_id: str, groups: Sequence[tuple[str, str]]
) -> ui.PageTable:
    """Return how many people of each group answered the questionnaire, whichever questions they were asked."""
    import polars as pl

    tell = context.tell
    people = table.filter((pl.col("round_id") == round_id) & ~pl.col("is_withheld"))
    counts = {group: (invited, answered) for group, invited, answered in
             people.select("group", "invited", "answered").unique(maintain_order=True).iter_rows()}  # fmt: skip
    rows = []
    for group, name in groups:
        fields = (tell("withheld"),) * 3
        if group in counts:
            invited, answered = counts[group]
            fields = (str(invited), str(answered), format_rate(answered, invited, context.language))
        rows.append(ui.PageRow(name, fields))
    columns = [tell("Invited"), tell("Have answered"), tell("Response rate")]
    return ui.PageTable(tell("Response rate"), tell("Group"), columns, rows, frozenset({0, 1, 2}))


def _make_sections(
    context: PageContext, bank: Bank, table: pl.DataFrame, round_id: str, groups: Sequence[tuple[str, str]]
) -> list[tuple[str, list[ui.PageTable]]]:
    """Return a table for each question, by theme."""
    import polars as pl

    rows = {
        (row["series"], row["group"], row["code"]): row
        for row in table.filter(pl.col("round_id") == round_id).iter_rows(named=True)
    }
    earlier_results = find_earlier_results(table, round_id)
    sections: dict[str, list[ui.PageTable]] = {}
    for question in bank.questions:
        for wording in question.wordings:
            series = f"{question.id}.{wording.version}"
            answers = bank.answer_list(question)
            if answers is None or not any(key[0] == series for key in rows):
                continue
            theme = text_in(bank.lists.themes[bank.theme_by_question[question.id]], context.language)
            listed = [*answers.answers, *([FAVOURABLE] if answers.favourable else [])]
            codes = [(code, name_answer(bank, question, code, context.language)) for code in listed]
            question_table = ui.PageTable(
                text_in(wording.text, context.language),
                context.tell("Group"),
                [
                    *(text for _, text in codes),
                    context.tell("Respondents"),
                    context.tell("Change of favourable answers since last round"),
                ],
                [
                    ui.PageRow(name, _describe_group(context, rows, series, group, codes, earlier_results))
                    for group, name in groups
                ],
                frozenset(range(len(codes) + 1)),
                wide=True,
            )
            # A question without favourable answers has no change.
            sections.setdefault(theme, []).append(ui.drop_empty_columns(question_table))
    return list(sections.items())


def _describe_group(
    context: PageContext,
    rows: Mapping[tuple[str, str, str], Row],
    series: str,
    group: str,
    codes: list[tuple[str, str]],
    earlier_results: Results,
) -> tuple[str, ...]:
    group_rows = [rows.get((series, group, code)) for code, _ in codes]
    first = group_rows[0]
    has_change = codes[-1][0] == FAVOURABLE
    if first is None or first["is_withheld"]:
        return (*(context.tell("withheld"),) * (len(codes) + 1), context.tell("withheld") if has_change else "")
    shares = [format_result(row) if row is not None else context.tell("not available") for row in group_rows]
    last = group_rows[-1]
    change = describe_change(last, earlier_results, context.language) if last is not None and has_change else ""
    return (*shares, describe_respondents([row for row in group_rows if row is not None], context.language), change)
