"""Invented requests, informal exchange and joint investigation teams of all territories."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from tests.samples.rows import Period, make_quarter, quarters_between
from tests.samples.simulation import Draw

FIRST = make_quarter(2022, 1)
LAST = make_quarter(2026, 3)
TERRITORIES = ("AL", "BA", "HR", "XK", "MK", "ME", "RS")
OUTSIDE = ("EU_OTHER", "OTHER")
OFFENCES = {"ICCS0204": 0.7, "ICCS08051": 1.3}
ACTIVITY = {
    "AL": 1.0, "BA": 0.95, "HR": 1.15, "XK": 0.8, "MK": 0.9, "ME": 0.75, "RS": 1.45, "EU_OTHER": 1.6, "OTHER": 0.7,
}  # fmt: skip
"""Requests of a pair in an average quarter are the product of both, times the weight of the offence."""
ASSISTANCE = {
    "evidence": 30, "hearing": 16, "service": 18, "search_seizure": 6, "banking": 9, "controlled_delivery": 2,
    "transfer_proceedings": 5, "confiscation": 3, "spontaneous": 6, "extradition": 10,
}  # fmt: skip
CHANNELS = {"central": 62, "direct": 22, "interpol": 8, "diplomatic": 5, "other": 3}
OUTCOMES = {
    "requests_executed": 64,
    "requests_executed_part": 12,
    "requests_refused": 12,
    "requests_withdrawn": 4,
    "": 8,
}
"""How requests end; those without an outcome stay pending."""
REASONS = {
    "dual_criminality": 1, "form": 4, "language": 3, "information": 5, "not_found": 4, "proceedings": 2, "interests": 1,
    "other": 1,
}  # fmt: skip
EXCHANGE_CHANNELS = {
    "selec": 3.0, "interpol": 6.0, "europol": 2.0, "pcc_see": 1.5, "liaison": 2.5, "direct": 4.0, "other": 0.5,
}  # fmt: skip
"""Requests for information of one territory, direction and offence in an average quarter."""


class Request(NamedTuple):
    """One formal request; `closed` and `reason` are empty while it is pending or not refused."""

    sender: str
    receiver: str
    offence: str
    assistance: str
    legal_basis: str
    channel: str
    sent: date
    received: date
    acknowledged: date | None
    outcome: str
    closed: date | None
    reason: str


class Team(NamedTuple):
    """One joint investigation team."""

    members: tuple[str, ...]
    offence: str
    legal_basis: str
    set_up: date
    extended: tuple[date, ...]
    closed: date | None
    evaluated: date | None


class Exchange(NamedTuple):
    """Requests for information of one quarter."""

    registered: int
    answered: int


@cache
def draw_requests(seed: int) -> tuple[Request, ...]:
    """Draw all requests between two territories, and those of territories with others."""
    places = (*TERRITORIES, *OUTSIDE)
    requests: list[Request] = []
    for sender in places:
        for receiver in places:
            if sender == receiver or {sender, receiver} <= set(OUTSIDE):
                continue
            for offence, weight in OFFENCES.items():
                for quarter in quarters_between(FIRST, LAST):
                    draw = Draw(seed, "requests", sender, receiver, offence, quarter.code)
                    mean = ACTIVITY[sender] * ACTIVITY[receiver] * weight
                    requests += [
                        _draw_request(draw, sender, receiver, offence, quarter) for _ in range(draw.draw_count(mean))
                    ]
    return tuple(requests)


def _draw_request(draw: Draw, sender: str, receiver: str, offence: str, quarter: Period) -> Request:
    sent = quarter.start + timedelta(days=draw.draw_integer(0, (quarter.end - quarter.start).days))
    received = sent + draw.draw_days(9, least=1)
    is_eu = {sender, receiver} == {"HR", "EU_OTHER"}
    assistance = draw.draw_key(ASSISTANCE)
    if assistance == "extradition" and is_eu:
        assistance = "surrender"
    acknowledged = received + draw.draw_days(30, least=2) if draw.draw_chance(0.85) else None
    outcome = draw.draw_key(OUTCOMES)
    closed = received + draw.draw_days(120, least=10) if outcome else None
    if closed is not None and acknowledged is not None:
        acknowledged = min(acknowledged, closed)
    reason = draw.draw_key(REASONS) if outcome == "requests_refused" else ""
    basis = _draw_basis(draw, {sender, receiver}, assistance, is_eu=is_eu)
    channel = draw.draw_key(CHANNELS)
    return Request(
        sender, receiver, offence, assistance, basis, channel, sent, received, acknowledged, outcome, closed, reason
    )


def _draw_basis(draw: Draw, pair: set[str], assistance: str, *, is_eu: bool) -> str:
    if is_eu:
        return "eu"
    if "XK" in pair:  # not a party to the conventions
        return draw.draw_key({"bilateral": 60, "reciprocity": 30, "other": 10})
    convention = "ets24" if assistance in ("extradition", "surrender") else "ets30"
    return draw.draw_key({convention: 50, "bilateral": 35, "untoc": 12, "reciprocity": 3})


@cache
def draw_exchange(seed: int, area: str, direction: str, offence: str, channel: str, quarter: Period) -> Exchange:
    """Draw the requests for information that a territory sent or received in a quarter by one channel."""
    draw = Draw(seed, "exchange", area, direction, offence, channel, quarter.code)
    registered = draw.draw_count(EXCHANGE_CHANNELS[channel] * ACTIVITY[area] * OFFENCES[offence])
    return Exchange(registered, sum(draw.draw_chance(0.8) for _ in range(registered)))


@cache
def draw_teams(seed: int) -> tuple[Team, ...]:
    """Draw the joint investigation teams; there are few."""
    teams: list[Team] = []
    for quarter in quarters_between(FIRST, LAST):
        draw = Draw(seed, "teams", quarter.code)
        for _ in range(draw.draw_count(0.9)):
            first = draw.draw_key({area: ACTIVITY[area] for area in TERRITORIES})
            others = {area: ACTIVITY[area] for area in (*TERRITORIES, "EU_OTHER") if area != first}
            members = [first, draw.draw_key(others)]
            if draw.draw_chance(0.3):
                members.append(draw.draw_key({area: weight for area, weight in others.items() if area not in members}))
            teams.append(_draw_team(draw, tuple(members), quarter))
    return tuple(teams)


def _draw_team(draw: Draw, members: tuple[str, ...], quarter: Period) -> Team:
    set_up = quarter.start + timedelta(days=draw.draw_integer(0, 88))
    extended = set_up + timedelta(days=365)
    closed = set_up + timedelta(days=365 + draw.draw_integer(0, 700))
    is_extended = closed > extended + timedelta(days=60)
    return Team(
        members,
        draw.draw_key(OFFENCES),
        "bilateral" if "XK" in members else draw.draw_key({"ets30": 60, "pcc_see": 25, "untoc": 15}),
        set_up,
        (extended,) if is_extended else (),
        closed,
        closed + timedelta(days=draw.draw_integer(60, 240)) if draw.draw_chance(0.5) else None,
    )
