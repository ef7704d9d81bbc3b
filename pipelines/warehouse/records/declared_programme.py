"""The declared programme of figures from case records: which are computed and which are public."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from ruamel.yaml import YAML

from pipelines.core import codes
from pipelines.statistics.stages import STAGES

FILE = Path(__file__).with_name("declared_programme.yml")


def _stage(name: str) -> str:
    if name not in STAGES:
        raise ValueError(f"{name!r} is not a stage; there are {', '.join(STAGES)}")
    return name


def _measure(code: str) -> str:
    if code not in codes.list_codes("measure"):
        raise ValueError(f"{code!r} is not in the code list measure")
    return code


Stage = Annotated[str, AfterValidator(_stage)]
Measure = Annotated[str, AfterValidator(_measure)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lag(_Part):
    """The two sides of a ratio, and the stage whose median duration is its lag."""

    stage: Stage
    denominator: Measure
    numerators: tuple[Measure, ...]

    @model_validator(mode="after")
    def _opens_and_ends(self) -> Self:
        if self.denominator not in {mark.event for mark in STAGES[self.stage].entries}:
            raise ValueError(f"{self.denominator} does not open the stage {self.stage}")
        return self


class PublicDurations(_Part):
    freqs: tuple[Literal["_T", "A"], ...]
    statistics: tuple[Literal["median", "p75", "p90", "open_share"], ...]


class DeclaredDurations(_Part):
    stages: tuple[Stage, ...]
    freqs: tuple[Literal["_T", "A"], ...]
    public: PublicDurations


class PublicPending(_Part):
    statistics: tuple[Literal["median", "p75", "p90"], ...]


class Pending(_Part):
    stages: tuple[Stage, ...]
    public: PublicPending


class PublicCohorts(_Part):
    """`quarters`: the number of quarters after which each cohort is measured."""

    freqs: tuple[Literal["Q", "A"], ...]
    quarters: int
    statistics: tuple[Literal["conviction_ratio", "decided_ratio", "open_share"], ...]

    @model_validator(mode="after")
    def _one_cut(self) -> Self:
        if len(self.freqs) != 1:
            raise ValueError("public cohorts are of quarters or of years: the two together can be subtracted")
        return self


class Cohorts(_Part):
    stages: tuple[Stage, ...]
    freqs: tuple[Literal["Q", "A"], ...]
    quarters: int
    public: PublicCohorts

    @model_validator(mode="after")
    def _followed(self) -> Self:
        if not 0 < self.public.quarters <= self.quarters:
            raise ValueError(f"a cohort is followed for {self.quarters} quarters, not {self.public.quarters}")
        return self


class PublicSentences(_Part):
    freqs: tuple[Literal["Q", "A"], ...]
    statistics: tuple[Literal["p25", "median", "p75", "custodial_share", "suspended_share", "below_minimum"], ...]

    @model_validator(mode="after")
    def _one_cut(self) -> Self:
        if len(self.freqs) != 1:
            raise ValueError("public sentences are of quarters or of years: the two together can be subtracted")
        return self


class Sentences(_Part):
    levels: tuple[Literal["first", "final"], ...]
    freqs: tuple[Literal["Q", "A"], ...]
    public: PublicSentences


class RecordProgramme(_Part):
    """All figures that are computed from case records."""

    lags: tuple[Lag, ...]
    durations: DeclaredDurations
    pending: Pending
    cohorts: Cohorts
    sentences: Sentences


@cache
def load(path: Path = FILE) -> RecordProgramme:
    """Return the declared programme. Raises pydantic's ValidationError, which names the invalid part."""
    return RecordProgramme.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
