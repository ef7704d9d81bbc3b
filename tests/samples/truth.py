"""The invented truth and counts from it: the figures that every office would report if it made no mistake.

Counts are consistent by construction, since all come from the same persons: start of a stock plus entries less exits
is its end, sex and age add up to the total, the convicted are a part of the adjudicated, a year is its four quarters.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from datetime import date, timedelta
from functools import cache, lru_cache
from operator import attrgetter

from tests.samples.articles import ARTICLES, Article
from tests.samples.cooperation.requests import Request
from tests.samples.rows import LEVELS, Period, make_quarter, quarters_between
from tests.samples.simulation import DEMONSTRATION, Happening, Stay, World, draw_cohort, draw_transfer
from tests.samples.victims import WEIGHTS, Victim, draw_victims
from tests.support.paths import ROOT

FIRST_COHORT = make_quarter(2011, 1)
"""Cases are drawn from here on, years before the first return, so that stocks and lags have filled."""
LAST = make_quarter(2026, 3)
QUIET = {"BA_BRC": make_quarter(2024, 1)}
"""A quarter in which nothing happened, for its nil return: what was drawn in it happens on the first day after."""
_EventTable = dict[tuple[str, str, str, str, str | None], list[Happening]]
"""Events by jurisdiction, measure, level, quarter, and article; of all articles under None."""
_day_of = attrgetter("day")
_CODELISTS = ROOT / "dbt_project" / "seeds" / "codelists"


@cache
def _bounds(codelist: str, low: str, high: str) -> dict[str, tuple[float, float]]:
    with (_CODELISTS / f"{codelist}.csv").open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row[low]]
    return {row["code"]: (float(row[low]), float(row[high] or "inf")) for row in rows}


def _within(codelist: str, low: str, high: str, code: str, value: float | None) -> bool:
    if value is None:
        return False
    lower, upper = _bounds(codelist, low, high)[code]
    return lower <= value < upper


@cache
def of_age(age: int | None, code: str) -> bool:
    """Return True if an age in years belongs to a code of the list `age`; `_T` takes all, `_Z` only unknown ages."""
    if code == "_T":
        return True
    return age is None if code == "_Z" else _within("age", "lower", "upper", code, age)


@cache
def in_band(months: int | None, code: str) -> bool:
    """Return True if a length belongs to a code of the list `sentence_band` (half-open); `_T` takes every sentence."""
    return code == "_T" or _within("sentence_band", "lower_months", "upper_months", code, months)


def trend_factor(offence: str, period: Period) -> float:
    """Return the invented trend: smuggling rises to 2023 and falls again, the rest grows by 3 % a year."""
    years = period.year + (period.quarter - 1) / 4 - 2023
    if offence.startswith("ICCS08051"):
        return 0.7 + 0.5 * math.exp(-((years / 2.5) ** 2))
    return min(1.15, max(0.8, 1 + 0.03 * years))


def age_code(age: int | None, codes: Iterable[str]) -> str:
    """Return the code among `codes` that holds the age; `_Z` without an age."""
    return "_Z" if age is None else next(code for code in codes if code != "_T" and of_age(age, code))


class Truth:
    """All persons, events, stocks and victims of one seed up to the end of `LAST`."""

    def __init__(self, seed: int, world: World = DEMONSTRATION) -> None:
        self.seed = seed
        self.world = world
        self.late_requests: tuple[Request, ...] = ()
        self._events: _EventTable = defaultdict(list)
        self._firsts: _EventTable = defaultdict(list)
        self._since: dict[tuple[str, str, str, str], list[date]] = defaultdict(list)
        self._until: dict[tuple[str, str, str, str], list[date]] = defaultdict(list)
        self._victims: dict[tuple[str, str, str], list[Victim]] = defaultdict(list)
        self._all: dict[str, list[Happening]] = defaultdict(list)
        self._draw_justice()
        self._draw_victims()

    def copy_tables(self) -> Truth:
        """Return a copy to which cases and victims can be added."""
        same = copy(self)
        for name in ("_events", "_firsts", "_since", "_until", "_victims", "_all"):
            table = getattr(self, name)
            setattr(same, name, defaultdict(list, {key: list(items) for key, items in table.items()}))
        return same

    # -- drawing

    def _draw_justice(self) -> None:
        happenings: list[Happening] = []
        cohorts = [
            draw_cohort(self.seed, article, period, self._growth(article, period), self.world)
            for article in ARTICLES
            for period in quarters_between(FIRST_COHORT, LAST)
        ]
        by_article = {(article.jurisdiction, article.article): article for article in ARTICLES}
        cohorts.append(
            draw_transfer(
                self.seed,
                by_article["BA_STATE", "186"],
                by_article["BA_FED", "210a"],
                reported=date(2024, 2, 12),
                handed=date(2024, 5, 20),
                size=3,
            )
        )
        last_day = LAST.end
        for cohort in cohorts:
            happenings += [
                happening for happening in map(_move_from_quiet, cohort.happenings) if happening.day <= last_day
            ]
            for stay in cohort.stays:
                person = stay.person
                since, until = (_not_quiet(person.jurisdiction, day) for day in (stay.since, stay.until))
                for sex in ("_T", person.sex):
                    key = (person.jurisdiction, stay.stock, person.article, sex)
                    self._since[key].append(since)
                    self._until[key].append(until)
        for days in (*self._since.values(), *self._until.values()):
            days.sort()
        counted_cases: set[tuple[str, str, str]] = set()
        for happening in sorted(
            happenings, key=lambda happening: (happening.day, happening.proceeding, happening.person.number)
        ):
            _add_event(self._events, happening)
            self._all[happening.person.jurisdiction].append(happening)
            case = (happening.measure, happening.level, happening.proceeding)
            if case not in counted_cases:
                counted_cases.add(case)
                _add_event(self._firsts, happening)

    def _growth(self, article: Article, period: Period) -> float:
        name = f"{article.jurisdiction} {article.article}"
        return trend_factor(article.offence, period) * self.world.draw_growth(self.seed, name, period)

    def _draw_victims(self) -> None:
        for area in WEIGHTS:
            for period in quarters_between(FIRST_COHORT, LAST):
                for victim in draw_victims(self.seed, area, period, self.world):
                    self._victims[area, victim.status, period.code].append(victim)
                    if victim.injured and victim.injured <= LAST.end:
                        self._victims[area, "injured_party", _quarter_code(victim.injured)].append(victim)

    def add_case(self, happenings: Iterable[Happening], stays: Iterable[Stay]) -> None:
        """Add the events of one case and how long its persons are pending, as if they had been drawn."""
        for happening in happenings:
            _add_event(self._events, happening)
            _add_event(self._firsts, happening)
            insort(
                self._all[happening.person.jurisdiction],
                happening,
                key=lambda happening: (happening.day, happening.proceeding, happening.person.number),
            )
        for stay in stays:
            for sex in ("_T", stay.person.sex):
                stock = (stay.person.jurisdiction, stay.stock, stay.person.article, sex)
                insort(self._since[stock], stay.since)
                insort(self._until[stock], stay.until)

    def add_victim(self, victim: Victim) -> None:
        """Add a victim, as if drawn."""
        self._victims[victim.area, victim.status, _quarter_code(victim.day)].append(victim)

    # -- counting

    def count_events(
        self,
        jurisdiction: str,
        period: Period,
        measure: str,
        *,
        level: str | None = None,
        unit: str = "person",
        article: str | None = None,
        sex: str = "_T",
        age: str = "_T",
        person_type: str = "_T",
        sentence_type: str = "_T",
        band: str = "_T",
        ytd: bool = False,
    ) -> int:
        """Count persons (or cases, `unit="case"`) with an event in the period; `level` only for entries and exits.

        A case counts in the period of its first such event.  `ytd` counts from 1 January to the end of the period.
        """
        table = self._firsts if unit == "case" else self._events
        where = level or LEVELS[measure]
        if person_type not in ("_T", "natural"):
            return 0
        events: list[Happening] = []
        for code in _quarter_codes(period, ytd):
            events += table.get((jurisdiction, measure, where, code, article), ())
        # Most cells name few dimensions, and a hundred thousand cells are counted for one history.
        if sex != "_T":
            events = [event for event in events if event.person.sex == sex]
        if age != "_T":
            events = [event for event in events if of_age(event.person.age, age)]
        if sentence_type != "_T":
            events = [event for event in events if event.sentence_type == sentence_type]
        if band != "_T":
            events = [event for event in events if in_band(event.months, band)]
        return len(events)

    def count_pending(
        self,
        jurisdiction: str,
        period: Period,
        measure: str,
        statistic: str,
        *,
        article: str | None = None,
        sex: str = "_T",
    ) -> int:
        """Count persons pending at the `start` or `end` of the period."""
        day = period.end if statistic == "end" else period.start - timedelta(days=1)
        matching_articles = [
            row.article for row in ARTICLES if row.jurisdiction == jurisdiction and article in (None, row.article)
        ]
        keys = [(jurisdiction, measure, name, sex) for name in matching_articles]
        return sum(
            bisect_right(self._since.get(key, []), day) - bisect_right(self._until.get(key, []), day) for key in keys
        )

    def count_victims(
        self,
        area: str,
        period: Period,
        status: str,
        *,
        sex: str = "_T",
        age: str = "_T",
        exploitation: str = "_T",
        citizenship: str = "_T",
        ytd: bool = False,
    ) -> int:
        """Count victims registered with a status in the period; `_T` is presumed and identified together.

        `foreign` takes every citizenship but the own and the unknown.
        """
        kinds = ("presumed", "identified") if status == "_T" else (status,)
        return sum(
            1
            for code in _quarter_codes(period, ytd)
            for kind in kinds
            for victim in self._victims.get((area, kind, code), ())
            if (sex == "_T" or victim.sex == sex)
            and of_age(victim.age, age)
            and (exploitation in ("_T", victim.exploitation))
            and (
                citizenship in ("_T", victim.citizenship)
                or (citizenship == "foreign" and victim.citizenship not in ("own", "_U"))
            )
        )

    def list_events(self, jurisdiction: str, period: Period, measures: Iterable[str]) -> list[Happening]:
        """Return events of the measures in the period, by day, proceeding and person, as a register would hold them."""
        chosen_measures = frozenset(measures)
        events = self._all[jurisdiction]
        first = bisect_left(events, period.start, key=_day_of)
        last = bisect_right(events, period.end, key=_day_of)
        return [happening for happening in events[first:last] if happening.measure in chosen_measures]


def _add_event(table: _EventTable, happening: Happening) -> None:
    key = (happening.person.jurisdiction, happening.measure, happening.level, _quarter_code(happening.day))
    for article in (None, happening.person.article):
        table[*key, article].append(happening)


def _move_from_quiet(happening: Happening) -> Happening:
    jurisdiction = happening.person.jurisdiction
    return happening._replace(day=_not_quiet(jurisdiction, happening.day)) if jurisdiction in QUIET else happening


def _not_quiet(jurisdiction: str, day: date) -> date:
    if jurisdiction not in QUIET:
        return day
    quiet = QUIET[jurisdiction]
    return quiet.end + timedelta(days=1) if quiet.start <= day <= quiet.end else day


def _quarter_code(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


@cache
def _quarter_codes(period: Period, ytd: bool) -> list[str]:
    last = 4 if period.freq == "A" else period.quarter
    first = 1 if period.freq == "A" or ytd else period.quarter
    return [f"{period.year}-Q{number}" for number in range(first, last + 1)]


def draw_truth(seed: int = 2026, world: World = DEMONSTRATION) -> Truth:
    """Return the truth of a seed; the last few are drawn once per process."""
    return _draw_truth(seed, world)


_draw_truth = lru_cache(maxsize=4)(Truth)
