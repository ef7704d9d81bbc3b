"""Counts of one territory from the invented requests, by its own dates and definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from tests.samples.cooperation.requests import (
    EXCHANGE_CHANNELS,
    Request,
    Team,
    draw_exchange,
    draw_requests,
    draw_teams,
)
from tests.samples.rows import Period, make_quarter

BANDS = {"D0T30": (0, 30), "D30T90": (30, 90), "D90T180": (90, 180), "D180T365": (180, 365), "D365T": (365, 10**6)}
CENTRAL_ONLY = frozenset({"RS", "MK"})
"""Territories whose ministry does not learn of requests that came to its courts and prosecutors directly."""
BY_PERSON = "XK"
"""The territory that counts outgoing requests to hear persons once for each person: two on average, here always two."""
_DIMENSIONS = ("partner", "assistance", "legal_basis", "channel", "refusal_reason", "days_band")
Codes = Mapping[str, str]


def _weigh(area: str, direction: str, request: Request) -> int:
    if direction == "incoming" and area in CENTRAL_ONLY and request.channel == "direct":
        return 0
    return 2 if (area, direction, request.assistance) == (BY_PERSON, "outgoing", "hearing") else 1


def is_counted_by_person(area: str, codes: Codes) -> bool:
    """Return True if a territory marks a figure because it counts these requests by person."""
    return (area, codes.get("direction")) == (BY_PERSON, "outgoing") and codes.get("assistance", "_T") in (
        "_T",
        "hearing",
    )


class Counts:
    """The counts of one territory."""

    def __init__(self, seed: int, area: str, late: Sequence[Request] = ()) -> None:
        self.seed = seed
        self.area = area
        self._tables: dict[Period, Counter[tuple[str, ...]]] = {}
        self.requests: list[tuple[Request, str, str, date, int]] = []
        for request in (*draw_requests(seed), *late):
            for direction, area_of_request, partner, day in (
                ("outgoing", request.sender, request.receiver, request.sent),
                ("incoming", request.receiver, request.sender, request.received),
            ):
                if area_of_request == area and (weight := _weigh(area, direction, request)):
                    self.requests.append((request, direction, partner, day, weight))

    def count_cell(self, period: Period, codes: Codes) -> int:
        """Return the count that a cell with these codes should have.

        A cell names partner and type, or one of the other dimensions.
        """
        measure = codes["measure"]
        if measure.startswith("exchanges_"):
            return self._count_exchange(period, codes)
        if measure.startswith("jits_"):
            return sum(self._is_team_counted(team, period, codes) for team in draw_teams(self.seed))
        if period not in self._tables:
            self._tables[period] = self._tabulate(period)
        dimension_codes = (codes.get(name, "_T") for name in _DIMENSIONS)
        return self._tables[period][
            (measure, codes.get("statistic", "count"), codes["direction"], codes["offence"], *dimension_codes)
        ]

    def _tabulate(self, period: Period) -> Counter[tuple[str, ...]]:
        table: Counter[tuple[str, ...]] = Counter()
        for request, direction, partner, day, weight in self.requests:
            fixed = {"legal_basis": request.legal_basis, "channel": request.channel}
            for measure, statistic, more in _list_counted(request, day, period):
                values = {"partner": partner, "assistance": request.assistance, **fixed, **more}
                codes_of_cells = [{}, *({name: value} for name, value in values.items())]
                codes_of_cells.append({"partner": partner, "assistance": request.assistance})
                for codes in codes_of_cells:
                    dimensions = (codes.get(name, "_T") for name in _DIMENSIONS)
                    table[(measure, statistic, direction, request.offence, *dimensions)] += weight
        return table

    def _count_exchange(self, period: Period, codes: Codes) -> int:
        quarters = [period] if period.freq == "Q" else [make_quarter(period.year, number) for number in range(1, 5)]
        channels = EXCHANGE_CHANNELS if codes.get("channel", "_T") == "_T" else (codes["channel"],)
        exchanges = [
            draw_exchange(self.seed, self.area, codes["direction"], codes["offence"], channel, quarter)
            for channel in channels
            for quarter in quarters
        ]
        return sum(e.registered if codes["measure"] == "exchanges_registered" else e.answered for e in exchanges)

    def _is_team_counted(self, team: Team, period: Period, codes: Codes) -> bool:
        partner = codes.get("partner", "_T")
        if self.area not in team.members or team.offence != codes["offence"]:
            return False
        if partner != "_T" and partner not in team.members:
            return False
        if codes["measure"] == "jits_running":
            day = _stock_day(period, codes)
            return team.set_up <= day and (team.closed is None or team.closed > day)
        days: Any = {
            "jits_set_up": (team.set_up,),
            "jits_extended": team.extended,
            "jits_closed": (team.closed,),
            "jits_evaluated": (team.evaluated,),
        }[codes["measure"]]
        return any(day is not None and period.start <= day <= period.end for day in days)


def _stock_day(period: Period, codes: Codes) -> date:
    return period.start - timedelta(days=1) if codes["statistic"] == "start" else period.end


def _list_counted(request: Request, day: date, period: Period) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield measure, statistic and further codes of what a request counts for in a period."""
    for statistic, stock_day in (("start", period.start - timedelta(days=1)), ("end", period.end)):
        if day <= stock_day and (request.closed is None or request.closed > stock_day):
            yield "pending_requests", statistic, {}
    if period.start <= day <= period.end:
        yield "requests_registered", "count", {}
    for measure, event in (("requests_acknowledged", request.acknowledged), (request.outcome, request.closed)):
        if event is not None and period.start <= event <= period.end:
            days = max((event - day).days, 0)
            band = next(code for code, (lower, upper) in BANDS.items() if lower <= days < upper)
            yield measure, "count", {"days_band": band, "refusal_reason": request.reason}
