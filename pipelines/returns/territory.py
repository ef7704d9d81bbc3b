"""The facts of one territory as frozen pydantic models: `pipelines/territories/<CODE>/territory.yml`.

Belongs here: names, jurisdictions, offices, calendar, counting rules, which source counts, plausibility bounds.
Does not belong here: law and population (CSV files beside it), forms (`form.py`), what is computed from these facts.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.returns.declared import Coded, Declared, Many, PeriodRange

Measure = Annotated[str, Coded("measure")]
Level = Annotated[str, Coded("level")]
Instrument = Annotated[str, Coded("instrument")]
CountUnit = Annotated[str, Coded("count_unit")]
OffenceGroup = Annotated[str, Coded("offence_group")]


QUERY_DAYS = {"Q": 60, "A": 115}
RELEASE_DAYS = {"Q": 75, "A": 130}
"""Days after a period's end where the calendar says nothing else: questions are answered fifteen days after the
collection has closed (quarters on day 45, years on day 100), and the release follows another fifteen days later."""


class Name(Declared):
    """One name in one language. `valid` are years; `accepted` names are read in files but never shown."""

    language: str
    name: str
    official: bool = True
    accepted_only: bool = False
    valid: PeriodRange | None = None
    footnote: str | None = Field(None, description="Text that stands with the name wherever it is shown.")


class Jurisdiction(Declared):
    """A part that reports by itself. The territory as a whole is one too where some office reports for all of it."""

    code: str = Field(pattern=r"^[A-Z]{2}(_[A-Z]+)?$")
    names: Many[Name] = Field(min_length=1)
    part_of_total: bool = Field(True, description="Whether the territory's total is the sum of this and its like.")


class Office(Declared):
    """A reporting body, the `source` of a number."""

    id: str = Field(pattern=r"^[A-Z]{2}[A-Z0-9_]*$")
    jurisdiction: str
    names: Many[Name] = Field(min_length=1)
    note: str | None = None


class CalendarEntry(Declared):
    """What is expected of one office, how often, from when, and by when after the period's end."""

    instrument: Instrument
    jurisdiction: str
    source: str
    freq: Literal["Q", "A"]
    periods: PeriodRange = Field(description="First expected period, and the last where it has ended.")
    deadline_days: int = Field(ge=1, le=400, description="Days after the period's end by which the return is in.")
    query_days: int | None = Field(
        None,
        ge=1,
        le=430,
        description="Days after it by which questions are answered: 60, of a year 115.",
    )
    release_days: int | None = Field(
        None, ge=1, le=460, description="Days after it on which it is released: 75, of a year 130."
    )

    @property
    def days(self) -> tuple[int, int, int]:
        """Days after the period's end: collection, queries, release; those not declared by their defaults, which a
        later collection pushes back."""
        queries = self.query_days or max(QUERY_DAYS[self.freq], self.deadline_days)
        return self.deadline_days, queries, self.release_days or max(RELEASE_DAYS[self.freq], queries)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        collection, queries, release = self.days
        if not collection <= queries <= release:
            raise ValueError(
                f"collection closes on day {collection}, queries on day {queries} and the release is on day {release}; "
                "write deadline_days, query_days and release_days in this order of size"
            )
        return self


class CountingRule(Declared):
    """How a stage counts in a jurisdiction: the unit, what one person counts as, and what happens on transfer."""

    jurisdiction: str
    level: Level
    count_unit: CountUnit
    several_offences: Literal["principal", "each", "not_stated"]
    attempts: Literal["included", "excluded", "not_stated"]
    unknown_perpetrators: Literal["included", "excluded", "not_stated", "not_applicable"]
    transferred_counted_again: bool = Field(
        description="Whether a case taken over from another jurisdiction is counted again here."
    )
    stage_definition: str = Field(description="What the stage is here, in the office's terms, in one English sentence.")
    valid: PeriodRange | None = None
    status: Literal["verified", "unverified", "demonstration"] = "unverified"
    source: str | None = None


class CountsSource(Declared):
    """Which office's figures count for some measures and periods, and in which shape; others are kept and compared."""

    jurisdiction: str
    measures: Many[Measure] = Field(min_length=1)
    source: str
    shape: Literal["aggregates", "register"]
    instrument: Instrument
    periods: PeriodRange


class Bound(Declared):
    """Plausible range of one measure in one period, all persons together; beyond it is a warning, never an error."""

    jurisdiction: str
    measure: Measure
    offence_group: OffenceGroup
    freq: Literal["Q", "A"]
    low: int = Field(0, ge=0)
    high: int = Field(ge=0)


class Territory(Declared):
    """One territory."""

    code: str = Field(pattern=r"^[A-Z]{2}$")
    kind: Literal["national", "training"]
    names: Many[Name] = Field(min_length=1)
    languages: Many[str] = Field(min_length=1)
    alphabets: Many[str] = Field(min_length=1, description="Language tags with script, or letters themselves.")
    encodings: Many[str] = ()
    sort: int = 0
    jurisdictions: Many[Jurisdiction] = Field(min_length=1)
    offices: Many[Office] = Field(min_length=1)
    calendar: Many[CalendarEntry]
    counting_rules: Many[CountingRule]
    counts_source: Many[CountsSource]
    plausibility: Many[Bound] = ()
    note: str | None = None

    @model_validator(mode="after")
    def _references(self) -> Self:
        places = {j.code for j in self.jurisdictions}
        offices = {o.id for o in self.offices}
        if len(places) != len(self.jurisdictions):
            raise ValueError("jurisdictions: a code stands twice")
        if len(offices) != len(self.offices):
            raise ValueError("offices: an id stands twice")
        for code in places:
            if code.partition("_")[0] != self.code:
                raise ValueError(f"jurisdictions: {code} does not begin with {self.code}")
        for part in ("offices", "calendar", "counting_rules", "counts_source", "plausibility"):
            for number, item in enumerate(getattr(self, part)):
                if item.jurisdiction not in places:
                    raise ValueError(
                        f"{part}.{number}.jurisdiction: {item.jurisdiction!r} is not one of {', '.join(sorted(places))}"
                    )
                if (
                    (source := getattr(item, "source", None)) is not None
                    and part in ("calendar", "counts_source")
                    and source not in offices
                ):
                    raise ValueError(
                        f"{part}.{number}.source: {source!r} is not one of the offices {', '.join(sorted(offices))}"
                    )
        if not any(n.language == "en" and not n.accepted_only for n in self.names):
            raise ValueError("names: an English name is missing")
        return self
