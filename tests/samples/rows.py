"""Meaning of a file: rows in the key of an observation, written without any reader's help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple


class Period(NamedTuple):
    """A quarter `2026-Q3` or a year `2026`."""

    freq: str
    code: str

    @property
    def year(self) -> int:
        return int(self.code[:4])

    @property
    def quarter(self) -> int:
        """1 to 4; raises ValueError for a year."""
        if self.freq != "Q":
            raise ValueError(f"{self.code} is not a quarter")
        return int(self.code[6])

    @property
    def start(self) -> date:
        return _first_day(self)

    @property
    def end(self) -> date:
        return _last_day(self)


@cache
def _first_day(period: Period) -> date:
    return date(period.year, 1 if period.freq == "A" else 3 * period.quarter - 2, 1)


@cache
def _last_day(period: Period) -> date:
    month = 12 if period.freq == "A" else 3 * period.quarter
    return (date(period.year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def make_quarter(year: int, number: int) -> Period:
    return Period("Q", f"{year}-Q{number}")


def make_year(number: int) -> Period:
    return Period("A", str(number))


def quarters_between(first: Period, last: Period) -> list[Period]:
    """Return all quarters from first to last, both included."""
    steps = range(first.year * 4 + first.quarter - 1, last.year * 4 + last.quarter)
    return [make_quarter(step // 4, step % 4 + 1) for step in steps]


class Row(NamedTuple):
    """The key of an observation in the order of `model.long_tables.OBSERVATION_KEY`, then value and status."""

    territory: str
    jurisdiction: str
    instrument: str
    source: str
    freq: str
    period: str
    period_start: date
    period_end: date
    accumulation: str
    date_basis: str
    measure: str
    level: str
    count_unit: str
    statistic: str
    unit_measure: str
    offence: str
    law_article: str
    person_type: str
    victim_status: str
    sex: str
    age: str
    age_basis: str
    exploitation: str
    citizenship: str
    sentence_type: str
    sentence_band: str
    partner: str
    direction: str
    assistance: str
    legal_basis: str
    channel: str
    refusal_reason: str
    days_band: str
    value: float | None
    obs_status: str


class Event(NamedTuple):
    """One case event of a register's file; the columns of `case_event` before lineage."""

    territory: str
    jurisdiction: str
    source: str
    freq: str
    period: str
    proceeding: str
    person: str
    event: str
    level: str
    event_date: date
    cutoff_date: date
    offence: str
    law_article: str
    sex: str
    age: str
    sentence_type: str
    sentence_months: float | None
    partner: str = "_Z"
    direction: str = "_Z"
    assistance: str = "_Z"


LEVELS = {
    "reported": "prosecution",
    "report_disposed": "prosecution",
    "investigated": "prosecution",
    "indicted": "prosecution",
    "adjudicated_first": "first",
    "convicted_first": "first",
    "sentenced_first": "first",
    "appealed": "appeal",
    "decided_on_appeal": "appeal",
    "adjudicated_final": "final",
    "convicted_final": "final",
    "sentenced_final": "final",
    "pending_prosecution": "prosecution",
    "pending_first": "first",
    "pending_appeal": "appeal",
    "victims_detected": "none",
    **dict.fromkeys(
        (
            "requests_registered",
            "requests_acknowledged",
            "requests_executed",
            "requests_executed_part",
            "requests_refused",
            "requests_withdrawn",
            "pending_requests",
            "exchanges_registered",
            "exchanges_answered",
            "jits_set_up",
            "jits_extended",
            "jits_closed",
            "jits_evaluated",
            "jits_running",
        ),
        "cooperation",
    ),
}
"""Level of the measures whose level is fixed; for entries and exits the caller names it."""

COOPERATION = ("direction", "assistance", "legal_basis", "channel", "refusal_reason", "days_band")
"""Dimensions of international cooperation, which other instruments do not have."""
JUSTICE = {"victim_status": "_Z", "exploitation": "_Z", "citizenship": "_T"}
VICTIMS = {"person_type": "_Z", "age_basis": "identification", "level": "none"}
PERSON_DIMENSIONS = ("person_type", "sex", "age", "age_basis", "citizenship")
"""Dimensions that do not apply where cases or decisions are counted, unless the office names them."""
WITHOUT_PERSONS = frozenset({"case", "decision", "request", "referral", "event"})
SENTENCES = frozenset({"sentenced_first", "sentenced_final"})
STOCKS = frozenset({"pending_prosecution", "pending_first", "pending_appeal"})


@dataclass(frozen=True)
class Office:
    """The constant part of one office's rows; `codes` overrides the defaults of its instrument."""

    territory: str
    jurisdiction: str
    instrument: str
    source: str
    date_basis: str = "registration"
    accumulation: str = "discrete"
    codes: Mapping[str, str] = field(default_factory=dict)

    def make_row(self, period: Period, measure: str, value: float | None, obs_status: str = "A", **codes: Any) -> Row:
        """Return one observation; `codes` are the dimensions that the file gives, others take the office's defaults.

        An `accumulation` of `ytd` starts the period on 1 January.  Raises TypeError for an unknown dimension.
        """
        fixed: dict[str, Any] = {
            "territory": self.territory,
            "jurisdiction": self.jurisdiction,
            "instrument": self.instrument,
            "source": self.source,
            "freq": period.freq,
            "period": period.code,
            "period_start": period.start,
            "period_end": period.end,
            "accumulation": self.accumulation,
            "date_basis": self.date_basis,
            "measure": measure,
            "level": LEVELS.get(measure, ""),
            "count_unit": "person",
            "statistic": "count",
            "unit_measure": "NR",
            "law_article": "_Z",
            "person_type": "_T",
            "sex": "_T",
            "age": "_T",
            "age_basis": "offence",
            "sentence_type": "_T" if measure in SENTENCES else "_Z",
            "sentence_band": "_T" if measure in SENTENCES else "_Z",
            "partner": "_Z",
            **dict.fromkeys(COOPERATION, "_Z"),
            "exploitation": "_T",
            "citizenship": "_T",
            **(VICTIMS if self.instrument == "victims" else JUSTICE),
            **self.codes,
            **(dict.fromkeys(PERSON_DIMENSIONS, "_Z") if codes.get("count_unit") in WITHOUT_PERSONS else {}),
            **codes,
            "value": None if value is None else float(value),
            "obs_status": obs_status,
        }
        if fixed["accumulation"] == "ytd":
            fixed["period_start"] = date(period.year, 1, 1)
        if not fixed["level"]:
            raise TypeError(f"{measure} needs its level")
        return Row(**fixed)


@dataclass(frozen=True)
class SampleReturn:
    """One file as an office sends it, and its meaning.

    `path` is below the output folder; `meaning` holds the observations (empty for a register), `events` the case events
    (empty otherwise), both with known source errors corrected only if the territory's `corrections.yml` corrects them:
    `meaning` is always what the pipeline should hold.  For a patch, `meaning` has the rows of the file itself.
    """

    path: str
    data: bytes
    jurisdiction: str
    instrument: str
    source: str
    form: str
    periods: tuple[Period, ...]
    received_at: str
    meaning: tuple[Row, ...] = ()
    events: tuple[Event, ...] = ()
    kind: str = "full"
    corrects: str = ""
    justification_reason: str = ""
    justification_text: str = ""
    sender: str = ""
    approver: str = ""

    @property
    def territory(self) -> str:
        return self.path.split("/")[0]

    @property
    def series(self) -> str:
        """The name under which this office's returns supersede each other, whatever their layout."""
        return f"{self.jurisdiction}-{self.instrument.upper()}-{self.source}"
