"""Put together what is known about each theme in one territory or the region, for one reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.declarations.treaties import list_legal_areas, list_standards
from pipelines.ledger.permissions import can_read
from pipelines.office.monitoring.outcomes import (
    RECORDS_INSTRUMENT,
    SOURCE_INSTRUMENT,
    CooperationFigures,
    OutcomeRow,
    compute_outcome,
    limit_share,
    read_figures,
)
from pipelines.submissions import assessments, provision_statements
from pipelines.survey import measures, results, service
from pipelines.survey.gaps import Gap, classify_law, classify_share
from pipelines.survey.measures import Measure
from pipelines.survey.monitored_themes import MonitoredOutcome, MonitoredTheme, ReportedDelay, Themes, load_themes

if TYPE_CHECKING:
    from pipelines.declarations.treaties import Provision
    from pipelines.ledger.identity import Identity
    from pipelines.survey.service import SurveyDesk

Row = Mapping[str, Any]
NewestResults = Mapping[tuple[str, str, str], Row]
"""Rows of the protected results by group, series and code."""


@dataclass(frozen=True, slots=True)
class PracticeRow:
    """The favourable share of a question in its newest round, as a row of the protected results; None without any."""

    question: str
    result: Row | None
    gap: Gap


@dataclass(frozen=True, slots=True)
class LawRow:
    """The results of an element of the law on a day: how many treaties of all places have each.

    Every treaty of a place that has not assessed the element counts as not assessed.

    `applies_from` has the first and the last day since when the assessed laws apply, equal for one law, empty without
    any; `articles` are pairs of a place and the article of its law.
    """

    element: str
    results: Mapping[str, int]
    applies_from: tuple[str, str]
    articles: tuple[tuple[str, str], ...]
    gap: Gap


@dataclass(frozen=True, slots=True)
class DelayRow:
    """Delay by respondents, who are not asked by crime, and by returns for each offence group.

    `reported` has share, low, high, count, n and period; None if it is withheld.
    """

    delay: ReportedDelay
    reported: Row | None
    measured: Sequence[OutcomeRow]


@dataclass(frozen=True, slots=True)
class RegionOutcome:
    """In how many territories an outcome shows each kind of gap; figures of territories are never added up.

    `periods` are the years of their figures, in order.
    """

    outcome: MonitoredOutcome
    offence_group: str
    territories: Mapping[Gap, int]
    periods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ThemeReport:
    """Findings on one theme. `outcomes_hidden` is True if the reader may not see the returns."""

    theme: str
    practice: Sequence[PracticeRow] = ()
    law: Sequence[LawRow] = ()
    outcomes: Sequence[OutcomeRow] = ()
    region_outcomes: Sequence[RegionOutcome] = ()
    delays: Sequence[DelayRow] = ()
    measures: Sequence[Measure] = ()
    outcomes_hidden: bool = field(default=False)


def list_monitored_areas(desk: SurveyDesk, who: Identity) -> tuple[str, ...]:
    """Return the territories in which a person has a role, and the region."""
    return (*service.list_result_territories(desk, who), results.REGION)


def build_monitoring(desk: SurveyDesk, who: Identity, area: str) -> list[ThemeReport]:
    """Return the report on each theme of a territory or of the region.

    The caller has checked that the area is one of `list_monitored_areas`. Outcomes are for people who may see the
    returns of cooperation of the territory; of the region, for those who may see all of them. Medians of days are for
    those who may see the records of requests, too. Raises DeclarationError.
    """
    themes = load_themes()
    territories = _list_territories(desk)
    is_region = area == results.REGION
    concerned = territories if is_region else [area]
    may_see = all(can_read(who, territory, SOURCE_INSTRUMENT) for territory in concerned)
    may_see_records = may_see and all(can_read(who, territory, RECORDS_INSTRUMENT) for territory in concerned)
    figures = read_figures(desk.surveys.home) if may_see else CooperationFigures({}, {})
    newest = results.read_newest_results(desk.surveys)
    law = _read_law(desk)
    visible_measures = [item for item in measures.list_measures(desk, who) if item.territory == area]
    reports = []
    for name, theme in themes.items():
        outcomes = [
            compute_outcome(figures, outcome, territory, group)
            for outcome in theme.outcomes
            if may_see_records or outcome.kind != "median"
            for group in figures.offence_groups
            for territory in concerned
        ]
        reports.append(
            ThemeReport(
                name,
                practice=[_find_practice(desk, newest, area, question) for question in theme.questions],
                law=_find_law(desk, law, concerned, theme),
                outcomes=() if is_region else outcomes,
                region_outcomes=_count_territories(outcomes) if is_region else (),
                delays=() if is_region else _compare_delays(desk, newest, figures, area, theme),
                measures=[
                    item for item in visible_measures if desk.surveys.bank.theme_by_question.get(item.question) == name
                ],
                outcomes_hidden=bool(theme.outcomes) and not may_see,
            )
        )
    return reports


def find_measured_change(
    desk: SurveyDesk, who: Identity, measure: Measure, themes: Themes | None = None
) -> list[OutcomeRow]:
    """Return the outcome that a measure should move, for each offence group; nothing if the reader may not see it."""
    from pipelines.survey.monitored_themes import list_outcomes

    outcome = list_outcomes(themes or load_themes()).get(measure.indicator)
    if outcome is None or not can_read(who, measure.territory, SOURCE_INSTRUMENT):
        return []
    if outcome.kind == "median" and not can_read(who, measure.territory, RECORDS_INSTRUMENT):
        return []
    figures = read_figures(desk.surveys.home)
    return [compute_outcome(figures, outcome, measure.territory, group) for group in figures.offence_groups]


def _list_territories(desk: SurveyDesk) -> list[str]:
    return sorted(desk.registry.without_training().territories)


def _find_practice(desk: SurveyDesk, newest: NewestResults, area: str, question_id: str) -> PracticeRow:
    row = _newest_result(desk, newest, area, question_id, "favourable")
    if row is None or row["is_withheld"]:
        return PracticeRow(question_id, row, "unknown")
    return PracticeRow(question_id, row, classify_share(row["low"], row["high"]))


def _newest_result(desk: SurveyDesk, newest: NewestResults, area: str, question_id: str, code: str) -> Row | None:
    """Return the result of a code in the newest round in which the present wording was asked."""
    return newest.get((area, desk.surveys.bank.find_question(question_id).series, code))


@dataclass(frozen=True, slots=True)
class _LawKnown:
    """The approved assessments by place and element, in the order of the law, and what the treaties provide for."""

    history: Mapping[tuple[str, str], Sequence[assessments.Proposal]]
    provisions: tuple[Provision, ...]


def _read_law(desk: SurveyDesk) -> _LawKnown:
    return _LawKnown(
        assessments.order_approved(assessments.read_proposals(desk.engine)),
        provision_statements.read_provisions(desk.engine),
    )


def _find_law(desk: SurveyDesk, law: _LawKnown, territories: Sequence[str], theme: MonitoredTheme) -> list[LawRow]:
    today: date = clock.now().date()
    declared = desk.registry.territories
    places = [place for territory in territories for place in list_legal_areas(declared[territory])]
    rows = []
    for element in theme.law:
        current = [assessments.find_current(law.history.get((place, element), []), today) for place in places]
        assessed = [proposal.content for proposal in current if proposal is not None]
        articles = [
            (place, proposal.content.article)
            for place, proposal in zip(places, current, strict=True)
            if proposal is not None and proposal.content.article
        ]
        days = sorted(assessment.applies_from for assessment in assessed) or [""]
        standards = list_standards(element, law.provisions)
        counted = Counter(
            assessment.results.get(treaty, assessments.UNKNOWN) for assessment in assessed for treaty in standards
        )
        if len(assessed) < len(places):
            counted[assessments.UNKNOWN] += len(standards) * (len(places) - len(assessed))
        rows.append(
            LawRow(
                element,
                dict(counted),
                (days[0], days[-1]),
                tuple(articles),
                classify_law(counted) if assessed else "unknown",
            )
        )
    return rows


def _count_territories(outcomes: Sequence[OutcomeRow]) -> list[RegionOutcome]:
    counted: dict[tuple[str, str], Counter[Gap]] = {}
    by_id = {row.outcome.id: row.outcome for row in outcomes}
    years: dict[tuple[str, str], set[str]] = {}
    for row in outcomes:
        key = (row.outcome.id, row.offence_group)
        counted.setdefault(key, Counter())[row.gap] += 1
        years.setdefault(key, set()).update({row.period} - {""})
    return [
        RegionOutcome(by_id[identity], group, dict(gaps), tuple(sorted(years[identity, group])))
        for (identity, group), gaps in counted.items()
    ]


def _compare_delays(
    desk: SurveyDesk, newest: NewestResults, figures: CooperationFigures, area: str, theme: MonitoredTheme
) -> list[DelayRow]:
    return [
        DelayRow(
            delay,
            _find_reported(desk, newest, area, delay),
            [compute_outcome(figures, delay.outcome, area, group) for group in figures.offence_groups],
        )
        for delay in theme.delays
    ]


def _find_reported(desk: SurveyDesk, newest: NewestResults, area: str, delay: ReportedDelay) -> Row | None:
    """Return the share of respondents who gave one of the answers of a delay, with its exact limits."""
    rows = [_newest_result(desk, newest, area, delay.question, code) for code in delay.answers]
    visible_rows = [row for row in rows if row is not None and not row["is_withheld"]]
    if not visible_rows or len(visible_rows) < len(rows):
        return None
    count, n = sum(row["count"] for row in visible_rows), visible_rows[0]["n"]
    low, high = limit_share(count, n)
    return {
        "share": count / n, "low": low, "high": high, "count": count, "n": n, "period": visible_rows[0]["period"],
    }  # fmt: skip
