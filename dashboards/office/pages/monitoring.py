"""Show how the Guidelines are applied in a territory or the region: practice, law and outcome of each theme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import monitoring_words as monitoring
from dashboards.office.context import PageContext
from dashboards.office.pages.measures import PATH as MEASURES
from dashboards.office.pages.measures import tabulate_measures
from dashboards.office.requests import Page
from dashboards.office.responses import render_page
from dashboards.office.shares import format_rate
from dashboards.office.survey.result_words import describe_sample, explain_favourable
from dashboards.office.survey.services import get_survey_services
from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.core.i18n.periods import format_period
from pipelines.design import components as ui
from pipelines.office.monitoring.report import (
    LawRow,
    PracticeRow,
    RegionOutcome,
    ThemeReport,
    build_monitoring,
    list_monitored_areas,
)
from pipelines.statistics.thresholds import ENOUGH_EVENTS, FEWEST_RESPONDENTS
from pipelines.survey import measures
from pipelines.survey.bank import Bank, text_in
from pipelines.survey.gaps import Gap
from pipelines.survey.results import REGION

router = APIRouter()
PATH = "/monitoring"
_NO_ANSWERS = mark("nobody here has answered this question in a round that has ended")
_NO_ANSWERS_SHOWN = mark("no answers, or too few to show")


@router.get(PATH)
def show_monitoring(context: Page) -> Response:
    """Render the report of one territory or of the region."""
    desk = get_survey_services(context.request).survey_desk
    areas = list_monitored_areas(desk, context.who)
    area = context.request.query_params.get("area", "")
    area = area if area in areas else areas[0]
    bank = desk.surveys.bank
    reports = build_monitoring(desk, context.who, area)
    may_keep = area in measures.list_kept_areas(desk, context.who)
    return render_page(
        context,
        "monitoring.html",
        title=context.tell("Monitoring of the Guidelines"),
        lead=context.tell("Practice, law and outcome of each theme, with date, source and gap. Not for publication."),
        areas=[(code, monitoring.name_area(context, code)) for code in areas],
        area=area,
        sections=[_describe_theme(context, desk, bank, area, report, may_keep) for report in reports],
        overview=_tabulate_overview(context, bank, reports, is_region=area == REGION),
        is_region=area == REGION,
        enough=ENOUGH_EVENTS,
        measures_address=ui.page_address(MEASURES, area=area),
    )


def _tabulate_overview(
    context: PageContext, bank: Bank, reports: Sequence[ThemeReport], *, is_region: bool
) -> ui.PageTable:
    """Return how often each theme shows a gap in practice, law and outcome; each theme leads to its section.

    The columns name their units, which differ: outcomes of the region are counted once for each territory.
    """
    tell = context.tell
    rows = []
    for report in reports:
        region_gaps = [gap for row in report.region_outcomes for gap, n in row.territories.items() for _ in range(n)]
        n_open = sum(item.status in ("planned", "under_way") for item in report.measures)
        rows.append(
            ui.PageRow(
                ui.render_link(text_in(bank.lists.themes[report.theme], context.language), f"#{report.theme}"),
                (
                    _count_gaps(context, [row.gap for row in report.practice]),
                    _count_gaps(context, [row.gap for row in report.law]),
                    _count_gaps(context, [*(row.gap for row in report.outcomes), *region_gaps]),
                    str(n_open),
                ),
            )
        )
    columns = [
        tell("Practice: questions"),
        tell("Law: elements"),
        tell("Outcome: indicators by crime and territory") if is_region else tell("Outcome: indicators by crime"),
        tell("Measures for the whole region, planned or under way")
        if is_region
        else tell("Measures planned or under way"),
    ]
    # No column of numbers: their headings stay on one line, and this one would take half of the page for a digit.
    return ui.PageTable(tell("Overview: number of findings"), tell("Theme"), columns, rows)


def _count_gaps(context: PageContext, gaps: Sequence[Gap]) -> ui.Part:
    """Return how many findings are of each kind, the worst first, with the badge of the worst."""
    counted = {gap: gaps.count(gap) for gap in monitoring.GAPS if gap in gaps}
    if not counted:
        return context.tell("not applicable")
    texts = [f"{context.tell(monitoring.GAPS[gap][2])}: {number}" for gap, number in counted.items()]  # marked there
    kind, sign, _ = monitoring.GAPS[next(iter(counted))]
    return ui.render_badge(kind, sign, _join_counts(texts))


def _join_counts(texts: Iterable[str]) -> ui.Markup:
    """Join states with their numbers; each stays on one line."""
    return ui.join_parts(map(ui.render_whole, texts), "; ")


def _describe_theme(
    context: PageContext, desk: Any, bank: Bank, area: str, report: ThemeReport, may_keep: bool
) -> dict[str, Any]:
    # A measure is about a question: a gap in the law or in the returns has the first one of its theme.
    question = report.practice[0].question if may_keep and report.practice else ""
    rows = [_describe_practice(context, bank, area, row, may_keep) for row in report.practice]
    rows += [_describe_law(context, area, row, question) for row in report.law]
    rows += [
        ui.PageRow(
            monitoring.name_outcome(context, row.outcome),
            (
                context.code_label("offence_group", row.offence_group),
                monitoring.format_outcome(context, row),
                row.period or context.tell("not known"),
                context.tell("Returns on cooperation"),
                _offer_measure(context, area, row.gap, question, row.outcome.id),
            ),
        )
        for row in report.outcomes
    ]
    rows += [_describe_region(context, area, row, question) for row in report.region_outcomes]
    tell = context.tell
    columns = [tell("For"), tell("Found"), tell("Date"), tell("Source"), tell("Gap")]
    return {
        "anchor": report.theme,
        "title": text_in(bank.lists.themes[report.theme], context.language),
        "table": ui.PageTable(
            tell("Practice, law and outcome"), tell("Question, element or indicator"), columns, rows, wide=True
        ),
        "hidden": report.outcomes_hidden,
        "delays": _tabulate_delays(context, report) if report.delays else None,
        "measures": tabulate_measures(context, desk, report.measures, areas=False) if report.measures else None,
    }


def _describe_practice(context: PageContext, bank: Bank, area: str, row: PracticeRow, may_keep: bool) -> ui.PageRow:
    result, tell = row.result, context.tell
    text = monitoring.name_question(bank, row.question, context.language)
    if result is None:
        finding, day, source = tell(_NO_ANSWERS), tell("not applicable"), tell("Questionnaire")  # marked above
    else:
        day = format_period(result["period"], context.language)
        rate = format_rate(result["answered"], result["invited"], context.language)
        source = tell("Questionnaire, response rate {rate}", rate=rate)
        withheld = tell("fewer than {n} people, or withheld to protect others", n=FEWEST_RESPONDENTS)
        finding = withheld if result["is_withheld"] else describe_sample(result, context.language)
    gap = _offer_measure(context, area, row.gap, row.question if may_keep else "")
    is_in_bank = row.question in bank.theme_by_question
    favourable = explain_favourable(bank, bank.find_question(row.question), context.language) if is_in_bank else ""
    return ui.PageRow(text, (favourable, finding, day, source, gap))


def _offer_measure(context: PageContext, area: str, gap: Gap, question: str, indicator: str = "") -> ui.Part:
    """Return the badge of a gap, with a way to add a measure about a question if the person may keep measures."""
    badge = monitoring.gap_badge(context, gap)
    if not question or gap not in ("gap", "unclear"):
        return badge
    query = {"area": area, "question": question} | ({"indicator": indicator} if indicator else {})
    link = ui.render_link(context.tell("Add a measure"), ui.page_address(MEASURES, **query) + "#add")
    return ui.join_parts([badge, link], "<br>")


def _describe_law(context: PageContext, area: str, row: LawRow, question: str) -> ui.PageRow:
    finding = _join_counts(
        f"{context.code_label('law_status', code)}: {row.results[code]}"
        for code in codes.list_codes("law_status")
        if code in row.results
    )
    has_places = area == REGION or len({place for place, _ in row.articles}) > 1
    articles = [f"{context.area_name(place)}: {article}" if has_places else article for place, article in row.articles]
    source = context.mark_names("; ".join(dict.fromkeys(articles))) or context.tell("Law on joint teams")
    element = context.code_label("law_element", row.element)
    badge = _offer_measure(context, area, row.gap, question)
    first, last = row.applies_from
    day = context.tell("oldest law: {first}; newest: {last}", first=first, last=last) if first != last else first
    day = day or context.tell("not known")
    return ui.PageRow(
        element,
        (context.tell("Treaties, by jurisdiction"), finding or context.tell("not available"), day, source, badge),
    )


def _describe_region(context: PageContext, area: str, row: RegionOutcome, question: str) -> ui.PageRow:
    """Describe in how many territories each kind of gap was found; the badge is the worst of them."""
    finding = _join_counts(
        # The text is marked in monitoring_words.
        f"{context.tell(text)}: {context.many('{n} territory', '{n} territories', row.territories[gap])}"
        for gap, (_, _, text) in monitoring.GAPS.items()
        if gap in row.territories
    )
    worst = next(gap for gap in monitoring.GAPS if gap in row.territories)
    return ui.PageRow(
        monitoring.name_outcome(context, row.outcome),
        (
            context.code_label("offence_group", row.offence_group),
            finding,
            ", ".join(row.periods) or context.tell("not known"),
            context.tell("Returns on cooperation"),
            _offer_measure(context, area, worst, question, row.outcome.id),
        ),
    )


def _tabulate_delays(context: PageContext, report: ThemeReport) -> ui.PageTable:
    """Return each delay as practitioners report it, whatever the crime, and below it as the returns measure it."""
    tell = context.tell
    rows = []
    for row in report.delays:
        name = monitoring.name_outcome(context, row.delay.outcome)
        reported = (
            tell("Reported by practitioners"),
            tell("not asked by crime"),
            describe_sample(row.reported, context.language) if row.reported else tell(_NO_ANSWERS_SHOWN),
            format_period(row.reported["period"], context.language) if row.reported else tell("not applicable"),
        )
        rows.append(ui.PageRow(name, reported))
        rows += [
            ui.PageRow(
                name,
                (
                    tell("Measured in returns"),
                    context.code_label("offence_group", measured.offence_group),
                    monitoring.format_outcome(context, measured),
                    measured.period or tell("not known"),
                ),
            )
            for measured in row.measured
        ]
    columns = [tell("Source"), tell("Crime"), tell("Found"), tell("Date")]
    return ui.PageTable(tell("Reported and measured delay"), tell("Delay"), columns, rows, wide=True)
