"""Invented victims of trafficking: dates of registration and status."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from tests.samples.rows import Period
from tests.samples.simulation import DEMONSTRATION, Draw, World, average_size

WEIGHTS = {"AL": 22.0, "BA": 14.0, "HR": 10.0, "XK": 9.0, "MK": 6.0, "ME": 6.0, "RS": 24.0}
"""Victims registered in an average quarter; `BA` is the whole territory."""


class Victim(NamedTuple):
    """`status`: presumed or identified when registered on `day`; `injured` the day as injured party, if ever."""

    area: str
    day: date
    status: str
    injured: date | None
    sex: str
    age: int
    exploitation: str
    citizenship: str


def draw_victims(seed: int, area: str, period: Period, world: World = DEMONSTRATION) -> list[Victim]:
    """Draw the victims registered in one quarter, in the order of drawing."""
    draw = Draw(seed, "victims", area, period.code)
    mean = WEIGHTS[area] * (0.75 + 0.5 * draw.random()) * world.draw_growth(seed, area, period)
    if world == DEMONSTRATION:
        return [_draw_victim(draw, area, period) for _ in range(draw.draw_count(mean))]
    sizes = {str(size): weight for size, weight in enumerate(world.group_sizes, start=1)}
    victims: list[Victim] = []
    for _ in range(draw.draw_count(mean / average_size(world.group_sizes))):
        victims += _draw_group(draw, area, period, int(draw.draw_key(sizes)), world.likeness)
    return victims


def _draw_group(draw: Draw, area: str, period: Period, size: int, likeness: float) -> list[Victim]:
    """Draw victims who are registered on one day, some of whom resemble the first."""
    first, *others = (_draw_victim(draw, area, period) for _ in range(size))
    resembling = [first._replace(injured=victim.injured) if draw.draw_chance(likeness) else victim for victim in others]
    return [first, *(victim._replace(day=first.day) for victim in resembling)]


def _draw_victim(draw: Draw, area: str, period: Period) -> Victim:
    day = period.start + timedelta(days=draw.draw_integer(0, (period.end - period.start).days))
    status = draw.draw_key({"presumed": 42, "identified": 58})
    injured = day + draw.draw_days(80) if draw.draw_chance(0.35) else None
    sex = draw.draw_key({"F": 68, "M": 32})
    low, high = (
        int(part)
        for part in draw.draw_key(
            {"6-13": 13, "14-17": 27, "18-24": 24, "25-39": 24, "40-62": 12},
        ).split("-")
    )
    form: dict[str, float] = {
        "sexual": 44,
        "begging": 14,
        "labour": 17,
        "marriage": 7,
        "criminality": 5,
        "multiple": 10,
    }
    form |= {"other": 2, "organs": 0.4, "_U": 1}
    where: dict[str, float] = {"own": 74, "region": 12, "eu": 2, "other": 10, "stateless": 0.5, "_U": 1.5}
    return Victim(
        area, day, status, injured, sex, draw.draw_integer(low, high), draw.draw_key(form), draw.draw_key(where)
    )
