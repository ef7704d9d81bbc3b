"""Describe outcomes, gaps and measures of the monitoring in the language of a reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dashboards.office.shares import format_share
from dashboards.office.words import Sign
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.office.monitoring.outcomes import OutcomeRow, WaitSummary
from pipelines.statistics.thresholds import is_few_part
from pipelines.survey.bank import Bank, text_in
from pipelines.survey.gaps import Gap
from pipelines.survey.monitored_themes import MonitoredOutcome, list_outcomes, load_themes
from pipelines.survey.results import REGION
from pipelines.words.language import lower_first, upper_first

if TYPE_CHECKING:
    from dashboards.office.context import PageContext

GAPS: Mapping[Gap, Sign] = {
    "gap": ("error", "✖", mark("gap")),
    "unclear": ("warning", "◐", mark("not clear")),
    "no_gap": ("good", "✔", mark("no gap")),
    "unknown": ("off", "–", mark("not known")),
    "none": ("off", "–", mark("no target")),
}
STATUSES: Mapping[str, Sign] = {
    "planned": ("expected", "○", mark("planned")),
    "under_way": ("draft", "◐", mark("under way")),
    "done": ("good", "✔", mark("done")),
    "dropped": ("off", "⊘", mark("dropped")),
}


def gap_badge(context: PageContext, gap: Gap) -> ui.Markup:
    """Return what was found as a badge."""
    kind, sign, text = GAPS[gap]
    return ui.render_badge(kind, sign, context.tell(text))


def status_badge(context: PageContext, status: str) -> ui.Markup:
    """Return the status of a measure as a badge."""
    kind, sign, text = STATUSES[status]
    return ui.render_badge(kind, sign, context.tell(text))


def name_area(context: PageContext, area: str) -> str:
    """Return the name of a territory or of the region."""
    return context.tell("Region") if area == REGION else context.area_name(area)


def name_question(bank: Bank, question_id: str, language: str) -> str:
    """Return the text of a question; its id for one that was removed."""
    if question_id not in bank.theme_by_question:
        return question_id
    return text_in(bank.find_question(question_id).wording.text, language)


def name_role(bank: Bank, role: str, language: str) -> str:
    """Return the name of a role of the question bank; its code for one that was removed."""
    return text_in(bank.lists.roles[role], language) if role in bank.lists.roles else role


def name_outcome(context: PageContext, outcome: MonitoredOutcome) -> str:
    """Return what an outcome measures, from the labels of its codes."""
    codes = [("measure", outcome.of[0]), ("direction", outcome.direction), ("assistance", outcome.assistance)]
    label = "; ".join(lower_first(context.code_label(codelist, code)) for codelist, code in codes if code)
    if outcome.kind == "median":
        return context.tell("Median days, from records: {what}", what=label)
    if outcome.kind == "within":
        return context.tell("Within {days} days: {what}", days=outcome.days, what=label)
    return context.tell("Share: {what}", what=label) if outcome.kind == "share" else upper_first(label)


def list_indicators(context: PageContext) -> list[tuple[str, str]]:
    """Return the outcomes as options for the indicator that a measure should move."""
    return [(identity, name_outcome(context, item)) for identity, item in list_outcomes(load_themes()).items()]


def name_indicator(context: PageContext, indicator: str) -> str:
    """Return the name of the indicator of a measure; measures of the command line name it in words."""
    outcome = list_outcomes(load_themes()).get(indicator)
    return name_outcome(context, outcome) if outcome is not None else indicator


def format_outcome(context: PageContext, row: OutcomeRow) -> str:
    """Return an outcome with its interval and the counts behind it."""
    if row.days is not None:
        return _format_days(context, row.days)
    if row.value is None:
        return _describe_absence(context, row)
    if row.part is None or row.whole is None:
        return f"{row.value:g}"
    text = f"{format_share(row.value, row.low, row.high)}; {row.part:g}/{row.whole:g}"
    return f"{text}; {context.tell('too few to compare')}" if is_few_part(row.part, row.whole) else text


def _describe_absence(context: PageContext, row: OutcomeRow) -> str:
    if row.territory == REGION:
        return context.tell("only territories have this figure")
    return context.tell("not in the returns on cooperation")


def _format_days(context: PageContext, days: WaitSummary) -> str:
    """Return a median of days with its limits, both quartiles, and the requests that it rests on."""

    def format_days(value: float | None) -> str:
        return context.tell("not reached") if value is None else f"{value:g}"

    interval = f" ({format_days(days.low)}–{format_days(days.high)})" if days.median is not None else ""
    return context.tell(
        "{median}; quartiles: {lower} and {upper}; requests: {n}, still open: {open}",
        median=f"{format_days(days.median)}{interval}",
        lower=format_days(days.lower_quartile),
        upper=format_days(days.upper_quartile),
        n=days.n,
        open=days.n_open,
    )


def format_earlier(context: PageContext, row: OutcomeRow) -> str:
    """Return the value of an outcome in the year before."""
    if row.earlier is None:
        return _describe_absence(context, row)
    return f"{row.earlier:g}" if row.outcome.kind in ("count", "median") else format_share(row.earlier)
