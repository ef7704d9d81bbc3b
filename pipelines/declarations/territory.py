"""Models of `pipelines/territories/<CODE>/territory.yml`, the facts of one territory."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from pipelines.declarations.base import Coded, DeclarationModel, Many, PeriodRange

Measure = Annotated[str, Coded("measure")]
Level = Annotated[str, Coded("level")]
Instrument = Annotated[str, Coded("instrument")]
CountUnit = Annotated[str, Coded("count_unit")]
OffenceGroup = Annotated[str, Coded("offence_group")]
DateBasis = Annotated[str, Coded("date_basis")]
SentenceType = Annotated[str, Coded("sentence_type")]
Included = Literal["included", "excluded", "not_stated", "not_applicable"]


QUERY_DAYS = {"Q": 60, "A": 115}
RELEASE_DAYS = {"Q": 75, "A": 130}
"""Default days after the end of a period: questions are answered fifteen days after the collection closes (quarters on
day 45, years on day 100), and the release follows fifteen days later."""


class Name(DeclarationModel):
    """One name in one language. `valid` are years; `accepted` names are read in files but never shown."""

    language: str
    name: str
    official: bool = True
    accepted_only: bool = False
    valid: PeriodRange | None = None
    footnote: str | None = Field(None, description="Text that is shown with the name everywhere.")


class Jurisdiction(DeclarationModel):
    """A part of a territory that reports separately; also the whole territory if an office reports for all of it."""

    code: str = Field(pattern=r"^[A-Z]{2}(_[A-Z]+)?$")
    names: Many[Name] = Field(min_length=1)
    part_of_total: bool = Field(True, description="Whether the territory's total is the sum of this and its like.")


class Office(DeclarationModel):
    """A reporting body, the `source` of a number."""

    id: str = Field(pattern=r"^[A-Z]{2}[A-Z0-9_]*$")
    jurisdiction: str
    names: Many[Name] = Field(min_length=1)
    note: str | None = None


class CalendarEntry(DeclarationModel):
    """The returns expected from an office: how often, for which periods, and the deadline after the end of a period."""

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
        description=f"Days after it by which questions are answered: {QUERY_DAYS['Q']}, of a year {QUERY_DAYS['A']}.",
    )
    release_days: int | None = Field(
        None,
        ge=1,
        le=460,
        description=f"Days after it on which it is released: {RELEASE_DAYS['Q']}, of a year {RELEASE_DAYS['A']}.",
    )

    @property
    def days(self) -> tuple[int, int, int]:
        """Days after the end of the period for collection, queries and release.

        The defaults move back if the step before them is later.
        """
        queries = self.query_days or max(QUERY_DAYS[self.freq], self.deadline_days)
        return self.deadline_days, queries, self.release_days or max(RELEASE_DAYS[self.freq], queries)

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        collection, queries, release = self.days
        if not collection <= queries <= release:
            raise ValueError(
                f"collection closes on day {collection}, queries on day {queries} and the release is on day {release}; "
                "write deadline_days, query_days and release_days in this order of size"
            )
        return self


STATEMENTS = (
    "count_unit", "input_or_output", "counted_at", "several_offences", "attempts", "juveniles", "legal_persons",
    "unknown_perpetrators", "transferred_counted_again",
)  # fmt: skip
"""Statements of a counting rule, in the display order of counting cards."""


class CountingRule(DeclarationModel):
    """How a stage counts in a jurisdiction: the unit, the moment, the persons covered, and the effect of transfers.

    The law in force is not repeated here: `law.csv` has it by date.
    """

    jurisdiction: str
    level: Level
    count_unit: CountUnit
    input_or_output: Literal["input", "output", "both", "not_stated"] = Field(
        "not_stated",
        description="Counted on entering the stage, on leaving it, or each measure at its own end (reports received, "
        "indictments filed).",
    )
    counted_at: DateBasis | Literal["not_stated"] = Field(
        "not_stated", description="The moment whose date puts a count into a period."
    )
    several_offences: Literal["principal", "each", "not_stated"]
    attempts: Literal["included", "excluded", "not_stated"]
    juveniles: Included = "not_stated"
    legal_persons: Included = "not_stated"
    unknown_perpetrators: Included
    transferred_counted_again: bool = Field(
        description="Whether a case taken over from another jurisdiction is counted again here."
    )
    stage_definition: str = Field(description="What the stage is here, in the office's terms, in one English sentence.")
    valid: PeriodRange | None = None
    status: Literal["verified", "unverified", "demonstration"] = "unverified"
    read: Many[str] = Field(
        (), description="Keys of this rule that `source` was read to say; they are verified, the others are `status`."
    )
    source: str | None = None

    @model_validator(mode="after")
    def _has_source_if_read(self) -> Self:
        for key in self.read:
            if key not in STATEMENTS:
                raise ValueError(f"read: {key!r} is not a statement of a rule; write one of {', '.join(STATEMENTS)}")
            if getattr(self, key) == "not_stated":
                raise ValueError(f"read: {key} is not_stated, so nothing was read of it; write what was read")
        if self.read and not self.source:
            raise ValueError("source: name the document in which the keys under `read` were read")
        return self


class CountsSource(DeclarationModel):
    """The office whose figures are used for some measures and periods, and their shape; others are only compared."""

    jurisdiction: str
    measures: Many[Measure] = Field(min_length=1)
    source: str
    shape: Literal["aggregates", "register"]
    instrument: Instrument
    periods: PeriodRange


class PlausibleRange(DeclarationModel):
    """Plausible range of a measure in a period for all persons; values outside it give a warning, never an error."""

    jurisdiction: str
    measure: Measure
    offence_group: OffenceGroup
    freq: Literal["Q", "A"]
    low: int = Field(0, ge=0)
    high: int = Field(ge=0)


class LongestSentence(DeclarationModel):
    """The longest term of a sanction that the law of a jurisdiction knows, whatever the article; in months."""

    jurisdiction: str
    sentence_type: SentenceType
    months: int = Field(gt=0)
    status: Literal["verified", "unverified"] = "unverified"
    source: str = Field(description="The provision, and where it was read.")


class MapTile(DeclarationModel):
    """The place of a territory on a map of tiles, from the top left; 0 is the first column and row."""

    column: int = Field(ge=0)
    row: int = Field(ge=0)


Point = Annotated[
    tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]], Strict(False)
]
"""Longitude and latitude in degrees."""


class Territory(DeclarationModel):
    """One territory."""

    code: str = Field(pattern=r"^[A-Z]{2}$")
    kind: Literal["national", "training"]
    names: Many[Name] = Field(min_length=1)
    languages: Many[str] = Field(min_length=1)
    alphabets: Many[str] = Field(min_length=1, description="Language tags with script, or letters themselves.")
    encodings: Many[str] = ()
    sort: int = 0
    tile: MapTile | None = Field(None, description="Without one for each territory, pages show a list and no map.")
    outline: Many[Many[Point]] = Field(
        (),
        description="Rings of a schematic map, without islands, as longitude and latitude. Drawn by hand for this "
        "project; neighbours have the same points along their common line. Without one for each territory, pages show "
        "tiles.",
    )
    jurisdictions: Many[Jurisdiction] = Field(min_length=1)
    offices: Many[Office] = Field(min_length=1)
    calendar: Many[CalendarEntry]
    counting_rules: Many[CountingRule]
    counts_source: Many[CountsSource]
    plausibility: Many[PlausibleRange] = ()
    longest_sentences: Many[LongestSentence] = ()
    note: str | None = None
    mentions: Many[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] = Field(
        (),
        description="Other territories that the note, footnotes, notes on offices or breaks of this one name. Pages "
        "that show these texts also show the footnotes of their names.",
    )

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        places = {j.code for j in self.jurisdictions}
        offices = {o.id for o in self.offices}
        if len(places) != len(self.jurisdictions):
            raise ValueError("jurisdictions: a code appears twice")
        if len(offices) != len(self.offices):
            raise ValueError("offices: an id appears twice")
        for code in places:
            if code.partition("_")[0] != self.code:
                raise ValueError(f"jurisdictions: {code} does not begin with {self.code}")
        for part in ("offices", "calendar", "counting_rules", "counts_source", "plausibility", "longest_sentences"):
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

    @model_validator(mode="after")
    def _rules_do_not_overlap(self) -> Self:
        for number, rule in enumerate(self.counting_rules):
            for prior in self.counting_rules[:number]:
                key = (rule.jurisdiction, rule.level, rule.count_unit)
                if key == (prior.jurisdiction, prior.level, prior.count_unit) and ranges_overlap(
                    rule.valid, prior.valid
                ):
                    raise ValueError(
                        f"counting_rules.{number}: two rules for {' '.join(key)} hold at one time "
                        f"({prior.valid or 'always'} and {rule.valid or 'always'}); end one where the other begins"
                    )
        return self


def ranges_overlap(one: str | None, other: str | None) -> bool:
    """Return True if two ranges share a quarter; None means no limit."""

    def convert_to_quarters(valid: str | None) -> tuple[str, str]:
        start, _, end = (valid or "0000..9999").partition("..")
        end = end or "9999"
        return start if len(start) > 4 else f"{start}-Q1", end if len(end) > 4 else f"{end}-Q4"

    (first, last), (other_first, other_last) = convert_to_quarters(one), convert_to_quarters(other)
    return first <= other_last and other_first <= last
