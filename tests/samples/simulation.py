"""The way of an invented case through prosecutor and courts: persons, dated events, and the stocks between them.

Only `random.Random(...).random()` is used, whose sequence Python guarantees; every cohort has its own seed, so that a
further article, territory or year shifts no other number. Chances and lags are invented.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from tests.samples.articles import Article
from tests.samples.rows import Period

PERSONS_PER_CASE = 1.62
ADULT = 18
EXITS_OF_COURT = ("acquitted", "rejected", "discontinued")


class Person(NamedTuple):
    """A defendant, always a natural person; `age` in completed years at the offence, `imprisonment` in months."""

    number: str
    jurisdiction: str
    article: str
    offence: str
    sex: str
    age: int
    imprisonment: tuple[int, int]


class Happening(NamedTuple):
    """One event of one person in one proceeding; sanction and months only at sentencing."""

    measure: str
    level: str
    day: date
    person: Person
    proceeding: str
    sentence_type: str = "_Z"
    months: int | None = None


class Stay(NamedTuple):
    """How long a person is pending: from `since` until before `until`, open where None."""

    stock: str
    person: Person
    proceeding: str
    since: date
    until: date


@dataclass(frozen=True)
class World:
    """How widely the invented figures vary; the defaults are those of the demonstration.

    The demonstration varies little: co-defendants are drawn independently of each other, groups of victims do not
    exist, and every year is like the others but for a common trend.  `case_sizes` are weights of one, two, … persons;
    `likeness` is the chance that a person shares sex, age and sanction with the first of the case, and a victim the
    form of exploitation, citizenship, sex and age with the first of the group; `group_sizes` are weights of one, two, …
    victims registered together; `yearly_change` is the largest growth or fall of an article or area in a year.
    """

    case_sizes: tuple[float, ...] = (62, 22, 9, 5, 2)
    likeness: float = 0.0
    group_sizes: tuple[float, ...] = (1,)
    yearly_change: float = 0.0

    def draw_growth(self, seed: int, name: str, period: Period) -> float:
        """Return the factor of an article or area in a period, 1 in 2024."""
        if not self.yearly_change:
            return 1.0
        rate = self.yearly_change * (2 * Draw(seed, "growth", name).random() - 1)
        return math.exp(rate * max(-4, period.year - 2024))


DEMONSTRATION = World()
CLUSTERED = World(
    case_sizes=(52, 22, 11, 6, 4, 2, 1, 1, 1), likeness=0.35, group_sizes=(70, 15, 7, 4, 2, 1, 1), yearly_change=0.12
)
"""Larger cases of persons who resemble each other, groups of victims, and a trend of up to 12 % a year."""


def average_size(weights: tuple[float, ...]) -> float:
    """Return the mean of the sizes one, two, … with these weights."""
    return sum(size * weight for size, weight in enumerate(weights, start=1)) / sum(weights)


@dataclass
class Cohort:
    """Everything that the cases of one article and quarter lead to, however late."""

    happenings: list[Happening] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    world: World = DEMONSTRATION


class Draw:
    """Random draws with a seed of their own."""

    def __init__(self, *seed: object) -> None:
        self.random = Random("|".join(str(part) for part in seed)).random

    def draw_chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return self.random() < probability

    def draw_days(self, mean: float, least: int = 5) -> timedelta:
        """Draw days, Weibull with shape 1.5, so that most are near the mean and a few far beyond."""
        scale = mean / math.gamma(1 + 1 / 1.5)
        return timedelta(days=least + int(scale * (-math.log(1 - self.random())) ** (1 / 1.5)))

    def draw_count(self, mean: float) -> int:
        """Draw a Poisson number by Knuth's product method."""
        limit, product, number = math.exp(-mean), self.random(), 0
        while product > limit:
            product *= self.random()
            number += 1
        return number

    def draw_key(self, weights: Mapping[str, float]) -> str:
        """Draw a key by its weight."""
        point = self.random() * sum(weights.values())
        for key, weight in weights.items():
            point -= weight
            if point < 0:
                return key
        return list(weights)[-1]

    def draw_integer(self, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return low + int(self.random() * (high - low + 1))


def _person(draw: Draw, article: Article, number: str) -> Person:
    women = 0.24 if article.offence.startswith(("ICCS0204", "ICCS02031")) else 0.08
    sex = "F" if draw.draw_chance(women) else "M"
    band = draw.draw_key({"14-17": 4, "18-20": 10, "21-24": 17, "25-34": 33, "35-44": 22, "45-67": 14})
    low, high = (int(part) for part in band.split("-"))
    age = draw.draw_integer(low, high)
    return Person(number, article.jurisdiction, article.article, article.offence, sex, age, article.imprisonment)


def _sentence(draw: Draw, person: Person) -> tuple[str, int | None]:
    """Draw the principal sanction and its months; trafficking is punished harder than smuggling."""
    if person.age < ADULT:
        return "juvenile", None
    hard = person.offence.startswith(("ICCS0204", "ICCS02031"))
    kinds = (
        {"prison": 84, "prison_suspended": 11, "fine": 1, "community": 2, "other": 2}
        if hard
        else {"prison": 48, "prison_suspended": 38, "fine": 7, "community": 5, "other": 2}
    )
    kind = draw.draw_key(kinds)
    if kind == "prison":
        low, high = person.imprisonment
        # most sentences are in the lower half of the frame
        return kind, low + int((high - low) * draw.random() * (0.5 + 0.5 * draw.random()))
    if kind == "prison_suspended":
        return kind, draw.draw_integer(4, 24)
    return kind, None


@dataclass
class _Court:
    """A proceeding between indictment and finality."""

    proceeding: str
    indicted: date
    decided: date


def draw_cohort(
    seed: int, article: Article, period: Period, factor: float = 1.0, world: World = DEMONSTRATION
) -> Cohort:
    """Draw all cases of one article reported in one quarter."""
    draw = Draw(seed, article.jurisdiction, article.article, period.code)
    cohort = Cohort(world=world)
    per_case = PERSONS_PER_CASE if world == DEMONSTRATION else average_size(world.case_sizes)
    earlier: _Court | None = None
    season = 0.8 + 0.4 * draw.random()
    days = (period.end - period.start).days
    for index in range(draw.draw_count(article.weight * factor * season / per_case)):
        day = period.start + timedelta(days=draw.draw_integer(0, days))
        name = f"{article.jurisdiction}-{article.article}-{period.code}-{index + 1:02d}"
        if article.is_valid_on(day):
            earlier = _case(draw, cohort, article, name, day, earlier)
    return cohort


def _case(draw: Draw, cohort: Cohort, article: Article, name: str, day: date, earlier: _Court | None) -> _Court | None:
    world = cohort.world
    size = 1 + int(draw.draw_key({str(number): weight for number, weight in enumerate(world.case_sizes)}))
    people = [_person(draw, article, f"{name}-{number + 1}") for number in range(size)]
    if world.likeness:
        first = people[0]
        people[1:] = [
            person._replace(sex=first.sex, age=first.age) if draw.draw_chance(world.likeness) else person
            for person in people[1:]
        ]
    entry = "requalified_in" if draw.draw_chance(0.03) else "reported"
    return draw_prosecution(draw, cohort, people, name, day, entry, earlier)


def draw_prosecution(
    draw: Draw,
    cohort: Cohort,
    people: list[Person],
    name: str,
    day: date,
    entry: str,
    earlier: _Court | None = None,
) -> _Court | None:
    """Draw from the report to the prosecutor's decision on each person; the indicted go on to court."""
    investigated = day + draw.draw_days(30)
    decided = investigated + draw.draw_days(130)
    rejected = day + draw.draw_days(75)
    indicted: list[Person] = []
    for person in people:
        cohort.happenings.append(Happening(entry, "prosecution", day, person, name))
        way = draw.draw_key({"indicted": 72, "rejected": 13, "discontinued": 13, "requalified_out": 2})
        if way != "rejected":
            cohort.happenings.append(Happening("investigated", "prosecution", investigated, person, name))
        disposed = rejected if way == "rejected" else decided
        cohort.happenings.append(Happening("report_disposed", "prosecution", disposed, person, name))
        cohort.stays.append(Stay("pending_prosecution", person, name, day, disposed))
        cohort.happenings.append(Happening(way, "prosecution", disposed, person, name))
        if way == "indicted":
            indicted.append(person)
        elif way == "rejected" and draw.draw_chance(0.05):
            _reopen(draw, cohort, person, name, disposed)
    if not indicted:
        return earlier
    court = _Court(name, decided, decided + draw.draw_days(240, least=20))
    if len(indicted) == 1 and earlier and draw.draw_chance(0.08):
        court = _join(draw, cohort, indicted[0], court, earlier)
    elif len(indicted) >= 3 and draw.draw_chance(0.15):
        _sever(draw, cohort, indicted.pop(), court)
    _try(draw, cohort, indicted, court)
    return court


def _reopen(draw: Draw, cohort: Cohort, person: Person, name: str, rejected: date) -> None:
    reopened = rejected + draw.draw_days(90)
    indicted = reopened + draw.draw_days(120)
    cohort.happenings += [
        Happening("reopened", "prosecution", reopened, person, name),
        Happening("report_disposed", "prosecution", indicted, person, name),
        Happening("indicted", "prosecution", indicted, person, name),
    ]
    cohort.stays.append(Stay("pending_prosecution", person, name, reopened, indicted))
    _try(draw, cohort, [person], _Court(name, indicted, indicted + draw.draw_days(240, least=20)))


def _join(draw: Draw, cohort: Cohort, person: Person, court: _Court, earlier: _Court) -> _Court:
    """Join a small case to another one of the same article, if that one is still before the court."""
    joined = court.indicted + draw.draw_days(40)
    if not earlier.indicted <= joined < earlier.decided:
        return court
    cohort.happenings.append(Happening("joined", "first", joined, person, court.proceeding))
    return _Court(earlier.proceeding, court.indicted, earlier.decided)


def _sever(draw: Draw, cohort: Cohort, person: Person, court: _Court) -> None:
    severed = court.indicted + draw.draw_days(50)
    severed_court = _Court(f"{court.proceeding}S", court.indicted, severed + draw.draw_days(200, least=20))
    cohort.happenings.append(Happening("severed", "first", severed, person, severed_court.proceeding))
    _try(draw, cohort, [person], severed_court)


def _try(draw: Draw, cohort: Cohort, people: list[Person], court: _Court) -> None:
    """Draw first instance, appeal and finality of the persons who are judged together."""
    lodged = court.decided + draw.draw_days(25, least=8)
    heard = lodged + draw.draw_days(130, least=15)
    again = heard + draw.draw_days(120, least=95)  # a new trial is never decided in the quarter of the appeal
    shared: tuple[str, int | None] | None = None
    for person in people:
        cohort.stays.append(Stay("pending_first", person, court.proceeding, court.indicted, court.decided))
        outcome, sentence = _decide(draw, cohort, person, court.proceeding, court.decided, shared)
        shared = shared or (sentence if person.age >= ADULT else None)
        final = court.decided + timedelta(days=30)
        if outcome in ("convicted", "acquitted") and draw.draw_chance(0.55):
            cohort.happenings += [
                Happening("appealed", "appeal", lodged, person, court.proceeding),
                Happening("decided_on_appeal", "appeal", heard, person, court.proceeding),
            ]
            cohort.stays.append(Stay("pending_appeal", person, court.proceeding, lodged, heard))
            final = heard
            if draw.draw_chance(0.12):
                cohort.happenings.append(Happening("remitted", "first", heard, person, court.proceeding))
                cohort.stays.append(Stay("pending_first", person, court.proceeding, heard, again))
                outcome, sentence = _decide(draw, cohort, person, court.proceeding, again)
                final = again + timedelta(days=30)
            elif sentence and sentence[1] and sentence[1] > 12 and draw.draw_chance(0.2):
                sentence = (sentence[0], sentence[1] * 3 // 4)
        _record(cohort, person, court.proceeding, final, "final", outcome, sentence)


def _decide(
    draw: Draw,
    cohort: Cohort,
    person: Person,
    proceeding: str,
    day: date,
    shared: tuple[str, int | None] | None = None,
) -> tuple[str, tuple[str, int | None] | None]:
    """Draw outcome and sentence of one person; `shared` is a co-defendant's sentence, which may be imposed on both."""
    outcome = draw.draw_key({"convicted": 72, "acquitted": 13, "rejected": 4, "discontinued": 11})
    sentence = _sentence(draw, person) if outcome == "convicted" and not draw.draw_chance(0.02) else None
    likeness = cohort.world.likeness
    if likeness and sentence and shared and person.age >= ADULT and draw.draw_chance(likeness):
        sentence = shared
    _record(cohort, person, proceeding, day, "first", outcome, sentence)
    return outcome, sentence


def _record(
    cohort: Cohort,
    person: Person,
    proceeding: str,
    day: date,
    level: str,
    outcome: str,
    sentence: tuple[str, int | None] | None,
) -> None:
    cohort.happenings.append(Happening(f"adjudicated_{level}", level, day, person, proceeding))
    if outcome in EXITS_OF_COURT:
        cohort.happenings.append(Happening(outcome, level, day, person, proceeding))
        return
    cohort.happenings.append(Happening(f"convicted_{level}", level, day, person, proceeding))
    if sentence:
        cohort.happenings.append(Happening(f"sentenced_{level}", level, day, person, proceeding, *sentence))


def draw_transfer(seed: int, giver: Article, taker: Article, reported: date, handed: date, size: int) -> Cohort:
    """Draw one case that `giver`'s prosecutor hands to `taker`'s on a day; persons stay the same, articles differ."""
    draw = Draw(seed, "transfer", giver.jurisdiction, taker.jurisdiction, handed)
    cohort = Cohort()
    name = f"{giver.jurisdiction}-{giver.article}-{handed}-T"
    people = [_person(draw, giver, f"{name}-{number + 1}") for number in range(size)]
    for person in people:
        cohort.happenings += [
            Happening("reported", "prosecution", reported, person, name),
            Happening("report_disposed", "prosecution", handed, person, name),
            Happening("transferred_out", "prosecution", handed, person, name),
        ]
        cohort.stays.append(Stay("pending_prosecution", person, name, reported, handed))
    moved = [
        person._replace(
            jurisdiction=taker.jurisdiction,
            article=taker.article,
            offence=taker.offence,
            imprisonment=taker.imprisonment,
        )
        for person in people
    ]
    draw_prosecution(draw, cohort, moved, f"{name}F", handed + timedelta(days=7), "transferred_in")
    return cohort
