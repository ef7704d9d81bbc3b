"""Calendar of the demonstration returns: which office sends which return, and when."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import tests.samples.territories as folder
from tests.samples.rows import Period, SampleReturn, make_quarter, make_year, quarters_between
from tests.samples.truth import LAST, Truth

CLOCK = "2026-11-20T09:00:00Z"
"""The demonstration's present; all arrivals are before it."""
FIRST = make_quarter(2022, 4)
FIRST_YEAR = 2022
BACK_YEARS = (2020, 2021, 2022)
BACK_RECEIVED = "2023-01-16T09:00:00Z"


class Series(NamedTuple):
    """The returns of one office for one instrument; `delay` in days after the period's end.

    `since` is the first period where it is later than that of the demonstration.
    """

    jurisdiction: str
    instrument: str
    source: str
    freq: str
    delay: int = 40
    back: bool = False
    since: str = ""


SERIES: tuple[Series, ...] = (
    Series("AL", "justice", "AL_PP", "Q", back=True),
    Series("AL", "victims", "AL_NRM", "Q", 38),
    Series("BA_STATE", "justice", "BA_STATE_PO", "Q", 42, back=True),
    Series("BA_FED", "justice", "BA_FED_PO", "Q", 44, back=True),
    Series("BA_SRP", "justice", "BA_SRP_STAT", "Q", 41, back=True),
    Series("BA_BRC", "justice", "BA_BRC_PO", "Q", 75, back=True),
    Series("BA", "victims", "BA_COORD", "A", 80),
    Series("HR", "justice", "HR_DZS", "Q", 40, back=True),
    Series("HR", "register", "HR_MPU", "Q", 36),
    Series("HR", "victims", "HR_MUP", "Q", 35),
    Series("XK", "justice", "XK_KPC", "Q", 43, back=True),
    Series("XK", "victims", "XK_NATC", "A", 70),
    Series("MK", "justice", "MK_SSO", "Q", 40, back=True),
    Series("MK", "victims", "MK_NRM", "Q", 39),
    Series("ME", "justice", "ME_STAT", "A", 90, back=True),
    Series("ME", "victims", "ME_NATC", "A", 85),
    Series("RS", "justice", "RS_SORS", "Q", 41, back=True),
    Series("RS", "register", "RS_COURTS", "Q", 37),
    Series("RS", "victims", "RS_CENTRE", "Q", 36),
    Series("AL", "cooperation", "AL_MOJ", "Q", 41, since="2024-Q1"),
    Series("BA", "cooperation", "BA_MOJ", "A", 92, since="2025"),
    Series("HR", "cooperation", "HR_MOJ", "A", 75, since="2024"),
    Series("XK", "cooperation", "XK_MOJ", "A", 88, since="2024"),
    Series("MK", "cooperation", "MK_MOJ", "A", 84, since="2024"),
    Series("ME", "cooperation", "ME_MOJ", "A", 94, since="2024"),
    Series("RS", "cooperation", "RS_MOJ", "Q", 43, since="2024-Q1"),
    Series("AL", "requests", "AL_MOJ", "A", 72, since="2024"),
    Series("RS", "requests", "RS_MOJ", "A", 78, since="2024"),
)


@dataclass(frozen=True)
class Due:
    """One return that is due: its periods and the moment at which it arrives."""

    series: Series
    periods: tuple[Period, ...]
    received_at: str
    back: bool = False

    @property
    def period(self) -> Period:
        """The last period of the return."""
        return self.periods[-1]


def arrival_time(period: Period, delay: int, hour: int = 9) -> str:
    """Return the moment `delay` days after the period's end."""
    moment = datetime.combine(period.end + timedelta(days=delay), datetime.min.time()) + timedelta(hours=hour)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def find_series(jurisdiction: str, instrument: str) -> Series:
    """Return the series of a jurisdiction and instrument; raise KeyError if there is none."""
    for series in SERIES:
        if (series.jurisdiction, series.instrument) == (jurisdiction, instrument):
            return series
    raise KeyError((jurisdiction, instrument))


def list_due_returns(jurisdiction: str, instrument: str, years: int = 4) -> list[Due]:
    """Return the returns due in a series, the back-series first, then by period.

    `years` counts back from the last quarter; the demonstration has 4 (16 quarters). The back-series is in the
    demonstration only.
    """
    series = find_series(jurisdiction, instrument)
    due_returns = []
    if series.back and years == 4:
        back = [make_year(number) for number in BACK_YEARS if series.freq == "Q" or number < FIRST_YEAR]
        due_returns.append(Due(series, tuple(back), BACK_RECEIVED, back=True))
    if series.freq == "Q":
        first = (
            make_quarter(LAST.year - years, LAST.quarter + 1)
            if LAST.quarter < 4
            else make_quarter(LAST.year - years + 1, 1)
        )
        due_returns += [
            Due(series, (period,), arrival_time(period, series.delay)) for period in quarters_between(first, LAST)
        ]
    else:
        periods = [make_year(number) for number in range(LAST.year - years, LAST.year)]
        due_returns += [Due(series, (period,), arrival_time(period, series.delay)) for period in periods]
    # Other than in the demonstration, the period before is due too; it is one of the files to try.
    first_code = series.since if years == 4 or not series.since else _period_before(series).code
    return [due for due in due_returns if due.period.code >= first_code]


def _period_before(series: Series) -> Period:
    if series.freq == "A":
        return make_year(int(series.since) - 1)
    year, number = int(series.since[:4]), int(series.since[-1])
    return make_quarter(year, number - 1) if number > 1 else make_quarter(year - 1, 4)


def find_first_try(series: Series) -> Period | None:
    """Return the period before the first of a series that begins later than the demonstration, else None."""
    return _period_before(series) if series.since else None


_is_wanted: ContextVar[Callable[[Due], bool]] = ContextVar("_is_wanted", default=lambda _due: True)


@contextmanager
def limit_returns(is_wanted: Callable[[Due], bool]) -> Iterator[None]:
    """Let `make_returns` make only the wanted returns in the block, with their corrections: each takes 10 to 50 ms."""
    token = _is_wanted.set(is_wanted)
    try:
        yield
    finally:
        _is_wanted.reset(token)


def list_wanted_returns(jurisdiction: str, instrument: str, years: int = 4) -> list[Due]:
    """Return those of `list_due_returns` that `limit_returns` lets through."""
    return [due for due in list_due_returns(jurisdiction, instrument, years) if _is_wanted.get()(due)]


def sender_account(source: str) -> str:
    """Return the account of an office that sends; it is not a person."""
    return f"{source.lower().replace('_', '-')}-sender"


def approver_account(source: str) -> str:
    """Return the account of an office that approves."""
    return f"{source.lower().replace('_', '-')}-approver"


RETURNS: tuple[Due, ...] = tuple(
    item for series in SERIES for item in list_due_returns(series.jurisdiction, series.instrument)
)
"""Every return due in the demonstration; corrections and late extras come on top, from the territories."""


def list_territories() -> list[str]:
    """Return the codes of the territories that have a module here, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(folder.__path__))


def make_returns(truth: Truth, only: Sequence[str] | None = None, years: int = 4) -> Iterator[SampleReturn]:
    """Yield all returns of the named territories (default: all), as their modules make them."""
    for code in only or list_territories():
        module = importlib.import_module(f"tests.samples.territories.{code}")
        yield from module.make_returns(truth, years)


def make_registers(truth: Truth, territory: str) -> list[SampleReturn]:
    """Return the registers of a territory that hold events, by arrival; no other return is made."""
    with limit_returns(lambda due: due.series.instrument == "register"):
        registers = [sample for sample in make_returns(truth, [territory]) if sample.events]
    return sorted(registers, key=lambda sample: sample.received_at)
