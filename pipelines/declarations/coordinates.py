"""Coordinates that a place in a table gives to its number, and the scope that supplies the missing ones."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.declarations.base import Coded, DeclarationModel, Many, PeriodRange

Use = Literal["value", "check", "ignore", "section"]
Unknown = Literal["included", "excluded", "not_stated", "not_applicable"]
PERIOD_PARTS = ("year", "quarter", "period")
FREE_PARTS = ("text", "day", "month", "n")
"""Placeholders without a coordinate: any words, parts of a date, a number. They are written as empty text."""

Measure = Annotated[str, Coded("measure")]
Level = Annotated[str, Coded("level")]
CountUnit = Annotated[str, Coded("count_unit")]
Statistic = Annotated[str, Coded("statistic")]
UnitMeasure = Annotated[str, Coded("unit_measure")]
Offence = Annotated[str, Coded("offence")]
PersonType = Annotated[str, Coded("person_type")]
VictimStatus = Annotated[str, Coded("victim_status")]
Sex = Annotated[str, Coded("sex")]
Age = Annotated[str, Coded("age")]
AgeBasis = Annotated[str, Coded("age_basis")]
Exploitation = Annotated[str, Coded("exploitation")]
Citizenship = Annotated[str, Coded("citizenship")]
SentenceType = Annotated[str, Coded("sentence_type")]
SentenceBand = Annotated[str, Coded("sentence_band")]
Partner = Annotated[str, Coded("partner")]
Direction = Annotated[str, Coded("direction")]
Assistance = Annotated[str, Coded("assistance")]
LegalBasis = Annotated[str, Coded("legal_basis")]
Channel = Annotated[str, Coded("channel")]
RefusalReason = Annotated[str, Coded("refusal_reason")]
DaysBand = Annotated[str, Coded("days_band")]
Accumulation = Annotated[str, Coded("accumulation")]
DateBasis = Annotated[str, Coded("date_basis")]
ObsStatus = Annotated[str, Coded("obs_status")]
Instrument = Annotated[str, Coded("instrument")]

COORDINATES: Many[str] = (
    "measure", "level", "count_unit", "statistic", "unit_measure", "offence", "article", "person_type", "victim_status",
    "sex", "age", "age_basis", "exploitation", "citizenship", "sentence_type", "sentence_band", "partner",
    "direction", "assistance", "legal_basis", "channel", "refusal_reason", "days_band",
    "accumulation", "date_basis", "year", "quarter", "period",
)  # fmt: skip
"""Coordinates that the place of a cell in a table can give to its number."""


class Coordinate(DeclarationModel):
    """Part of the coordinates of a number; missing ones come from other parts of its place or from the scope."""

    measure: Measure | None = None
    level: Level | None = None
    count_unit: CountUnit | None = None
    statistic: Statistic | None = None
    unit_measure: UnitMeasure | None = None
    offence: Offence | None = None
    article: str | None = Field(
        None,
        description="An article of the jurisdiction's law.csv: 188, 110/a, 350(2) where a paragraph is meant; "
        "_T for all together (only with use: check).",
    )
    person_type: PersonType | None = None
    victim_status: VictimStatus | None = None
    sex: Sex | None = None
    age: Age | None = None
    age_basis: AgeBasis | None = None
    exploitation: Exploitation | None = None
    citizenship: Citizenship | None = None
    sentence_type: SentenceType | None = None
    sentence_band: SentenceBand | None = None
    partner: Partner | None = None
    direction: Direction | None = None
    assistance: Assistance | None = None
    legal_basis: LegalBasis | None = None
    channel: Channel | None = None
    refusal_reason: RefusalReason | None = None
    days_band: DaysBand | None = None
    accumulation: Accumulation | None = None
    date_basis: DateBasis | None = None
    year: str | None = Field(None, pattern=r"^\d{4}$")
    quarter: str | None = Field(None, pattern=r"^[1-4]$")
    period: str | None = Field(None, pattern=r"^\d{4}(-Q[1-4])?$")

    def declared_codes(self) -> dict[str, str]:
        """Return the coordinates that are set."""
        return {name: value for name in COORDINATES if (value := getattr(self, name)) is not None}


class HeadingLine(Coordinate):
    """A declared heading path or row label.

    `use` is the role of its cells: `value` (observations), `check` (a printed total that is used only by `adds_up` and
    never becomes an observation), `ignore` (running numbers, shares), or, for rows, `section` (a row with only words,
    whose coordinates apply to the rows below it up to the next section).
    """

    use: Use = "value"
    optional: bool = Field(False, description="Its absence from a return is not a finding.")
    valid: PeriodRange | None = None


class CodeEntry(DeclarationModel):
    """One line of a code table: the spellings of the office (the first is used for writing) and their meaning.

    If the labels are codes of a file (`P01`), `words` is the name that the office uses, for its workbook.
    """

    labels: Many[str] = Field(min_length=1)
    words: str | None = Field(None, min_length=1, description="The office's words where `labels` are a file's codes.")
    code: str | None = None
    set: Coordinate | None = None
    valid: PeriodRange | None = None

    @model_validator(mode="after")
    def _has_code_or_set(self) -> Self:
        if (self.code is None) == (self.set is None):
            raise ValueError("an entry has either `code` or `set`")
        return self


CodeTable = dict[str, str | Coordinate] | Many[CodeEntry]
"""Short form `{label: code}` or `{label: {measure: …}}`; long form a list of entries with spellings and validity.

A table named after a dimension has codes of that dimension; a table with another name has coordinates, so that one
label can set several dimensions at once (such as measure, level and unit)."""


class Scope(DeclarationModel):
    """Whom and what the form counts: the values of dimensions that a table does not name.

    `offence` may be `named` only if every number names its offence or article. Sex and citizenship default to
    everyone (`_T`).
    """

    age: Age
    age_basis: AgeBasis
    person_type: PersonType
    attempts: Unknown
    unknown_perpetrators: Unknown
    offence: Offence | Literal["named"] = Field(
        description="The offence of all numbers, or `named` where each number names its offence or article."
    )
    sex: Sex = "_T"
    victim_status: VictimStatus | None = None
    exploitation: Exploitation | None = None
    citizenship: Citizenship = "_T"
    note: str | None = None
