"""Read the declared indicators, one YAML file for each metric, and export them for dbt, releases and pages.

The declarations are in `declared/`; `RTI_METRICS` (a path list of folders) adds others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import polars as pl
from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from pipelines.core import codes
from pipelines.core.settings import DeclarationSettings, read_settings
from pipelines.declarations.base import DeclarationModel, Many
from pipelines.declarations.yaml_file import DeclarationError, load_yaml, validate_data
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.warehouse.contracts import read_source_contracts

DECLARED: Final = Path(__file__).resolve().parent / "declared"
MODELS: Final = Path(__file__).resolve().parents[3] / "dbt_project" / "models" / "indicators"
POOLS: Final = ("P3", "P5")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_CONCEPT = re.compile(r"[A-Z][A-Z0-9_]*")
_PER: Final = {"PC": 100.0, "P_HTHAB": 100_000.0}

Kind = Literal[
    "count", "rate", "share", "ratio", "clearance", "disposition", "balance", "exit", "duration", "pending", "cohort",
    "sentence", "pair", "decomposition",
]  # fmt: skip
EACH: Final = frozenset({"count", "rate", "share", "exit"})
"""Kinds with a separate figure for each measure of the numerator; the other kinds add the measures up."""


def _code_of(codelist: str) -> Any:
    """Return a validator for a code of the code list."""

    def check_code(code: str) -> str:
        if code not in codes.list_codes(codelist):
            raise ValueError(
                f"{code!r} is not in the code list {codelist}; it has {', '.join(codes.list_codes(codelist))}"
            )
        return code

    return AfterValidator(check_code)


def _matching(pattern: re.Pattern[str], example: str) -> Any:
    def check_text(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} is written as {example}")
        return text

    return AfterValidator(check_text)


class Term(DeclarationModel):
    """Measures that are counted, all of one statistic. `kind` means every measure of that kind."""

    measures: Many[Annotated[str, _code_of("measure")]] = ()
    kind: Literal["flow", "entry", "exit", "stock"] | None = None
    statistic: Annotated[str, _code_of("statistic")] = "count"
    level: Annotated[str, _code_of("level")] | None = Field(None, description="for entries and exits, which have none")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.measures) == bool(self.kind):
            raise ValueError("say either which measures are counted or their kind")
        for measure in self.list_measures():
            level_rule = codes.get_code_attribute("measure", measure, "level_rule")
            stock = codes.get_code_attribute("measure", measure, "kind") == "stock"
            if stock == (self.statistic == "count"):
                raise ValueError(
                    f"{measure} is a {'stock' if stock else 'flow'}; its statistic is not {self.statistic}"
                )
            if self.level and level_rule not in ("free", self.level):
                raise ValueError(f"{measure} is of the level {level_rule}, not {self.level}")
        return self

    def list_measures(self) -> tuple[str, ...]:
        """Return the codes of the measures, in the order of the code list if a kind is declared."""
        if self.kind is None:
            return self.measures
        return tuple(
            m for m in codes.list_codes("measure") if codes.get_code_attribute("measure", m, "kind") == self.kind
        )

    def level_of(self, measure: str) -> str:
        """Return the level at which a measure counts in this term, empty for every level."""
        level_rule = codes.get_code_attribute("measure", measure, "level_rule")
        return self.level or "" if level_rule == "free" else level_rule


def _terms(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else value


Terms = Annotated[Many[Term], BeforeValidator(_terms)]
"""One term, or a list of terms that are added up."""
Other = Literal["population", "total"]
"""Denominators other than counts: the population, or the same count over all categories of a dimension."""


class Metric(DeclarationModel):
    """One indicator."""

    id: Annotated[str, _matching(_ID, "small_letters")]
    name: str = Field(description="English text of the catalogues")
    definition: str
    formula: str
    kind: Kind
    unit_measure: Annotated[str, _code_of("unit_measure")]
    unit_of_pools: Annotated[str, _code_of("unit_measure")] | None = None
    per: float = 1.0
    input: Literal["counts", "records"]
    numerator: Terms
    denominator: Other | Terms | None = None
    times: Literal["days"] | None = Field(None, description="the ratio is multiplied by the days of the period")
    nested: bool = Field(False, description="each event of the numerator is an event of the denominator")
    interval: Literal["poisson", "clopper_pearson", "conditional", "kaplan_meier", "none"]
    minimum_events: int = Field(ENOUGH_EVENTS, description="a figure of fewer events is not compared; 0 for balances")
    count_units: Many[Annotated[str, _code_of("count_unit")]] = ()
    freqs: Many[Annotated[str, _code_of("freq")]]
    dimensions: Many[str] = ()
    model: str
    source: str
    caveats: Many[str] = ()
    sdmx_concept: Annotated[str, _matching(_CONCEPT, "CAPITAL_LETTERS")]

    @field_validator("minimum_events")
    @classmethod
    def _check_minimum(cls, value: int) -> int:
        if value not in (0, ENOUGH_EVENTS):
            raise ValueError(f"write 0, or leave it out for {ENOUGH_EVENTS}, the minimum of all comparisons")
        return value

    @field_validator("caveats")
    @classmethod
    def _fill_minimum(cls, caveats: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(caveat.replace("{minimum_events}", str(ENOUGH_EVENTS)) for caveat in caveats)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not self.numerator or not self.freqs:
            raise ValueError("an indicator has a numerator and frequencies")
        if self.nested != (self.interval == "clopper_pearson") and self.interval != "none":
            raise ValueError("Clopper and Pearson's interval is for nested counts, and only for them")
        if self.interval in ("clopper_pearson", "conditional") and self.denominator in (None, "population"):
            raise ValueError(f"the interval {self.interval} needs counts in the denominator")
        if _PER.get(self.unit_measure, self.per) != self.per:
            raise ValueError(f"the unit {self.unit_measure} goes with per: {_PER[self.unit_measure]:g}")
        strange = set(self.dimensions) - set(codes.BREAKDOWNS)
        if strange:
            raise ValueError(f"not a dimension of a count: {', '.join(sorted(strange))}")
        if self.denominator == "population" and self.unit_of_pools is None and set(self.freqs) & set(POOLS):
            raise ValueError("over a pool a rate is by the year: say its unit (unit_of_pools)")
        return self


def metric_folders() -> tuple[Path, ...]:
    """Return the package's folder of declarations, then those of `RTI_METRICS`."""
    return (DECLARED, *read_settings(DeclarationSettings).metrics)


def load() -> tuple[Metric, ...]:
    """Return the metrics in `metric_folders()`, sorted by id. Raises DeclarationError."""
    return load_from(metric_folders())


@cache
def load_from(roots: tuple[Path, ...]) -> tuple[Metric, ...]:
    """Return the metrics in some folders, sorted by id. Raises DeclarationError, with file, line, key and remedy."""
    metrics_by_id: dict[str, Metric] = {}
    concepts: dict[str, str] = {}
    for path in _files(roots):
        metric = validate_data(Metric, load_yaml(path), path)
        if metric.id != path.stem:
            raise _declaration_error(path, "id", f"{metric.id} is in {path.name}", "Rename the file or the id")
        if metric.id in metrics_by_id:
            raise _declaration_error(path, "id", f"{metric.id} is declared twice", "Give each metric an id of its own")
        if metric.sdmx_concept in concepts:
            owner = concepts[metric.sdmx_concept]
            raise _declaration_error(
                path, "sdmx_concept", f"{metric.sdmx_concept} is that of {owner}", "Give each one its own"
            )
        if not (MODELS / f"{metric.model}.sql").is_file():
            raise _declaration_error(
                path, "model", f"there is no model {metric.model}", f"Write {metric.model}.sql in {MODELS.name}"
            )
        metrics_by_id[metric.id], concepts[metric.sdmx_concept] = metric, metric.id
    return tuple(metrics_by_id[id_] for id_ in sorted(metrics_by_id))


def texts_of(path: Path) -> tuple[str, ...]:
    """Return the English name, definition and caveats in one declaration, for the translation catalogues.

    A formula of words is one of them; one of measures has their labels instead.
    """
    metric = validate_data(Metric, load_yaml(path), path)
    formulas = (metric.formula,) if metric.kind == "duration" else ()
    return metric.name, metric.definition, *metric.caveats, *formulas


def metric_name(metric: Metric, language: str = "en") -> str:
    """Return the name of a metric in a language."""
    from pipelines.core.i18n import tell

    return tell(metric.name, language)  # marked in pipelines/warehouse/metrics/declared


def digest_metrics() -> str:
    """Return the SHA-256 over all declarations, for releases and cache keys."""
    sha256 = hashlib.sha256()
    for path in _files(metric_folders()):
        sha256.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha256.hexdigest()


def metric_table(metrics: Iterable[Metric]) -> pl.DataFrame:
    """Return the table `metric`, with one row for each metric. Lists are comma lists, `count_units` empty for all."""
    rows = [
        {
            **metric.model_dump(
                include={"name", "definition", "formula", "kind", "unit_measure", "per", "input", "model"}
            ),
            **metric.model_dump(include={"minimum_events", "source", "sdmx_concept"}),
            "metric": metric.id,
            "position": position,
            "unit_of_pools": metric.unit_of_pools or metric.unit_measure,
            "denominator_of": _denominator_of(metric),
            "times": metric.times or "",
            "is_nested": metric.nested,
            "interval_method": "" if metric.interval == "none" else metric.interval,
            "count_units": ",".join(metric.count_units),
            "freqs": ",".join(metric.freqs),
            "dimensions": ",".join(metric.dimensions),
            "caveats": "\n".join(metric.caveats),
        }
        for position, metric in enumerate(metrics, start=1)
    ]
    return pl.DataFrame(rows, schema=read_source_contracts("declared")["metric"].columns)


def operand_table(metrics: Iterable[Metric]) -> pl.DataFrame:
    """Return the table `metric_operand`, a row for each measure of a side; an empty `level` is every one."""
    rows = [
        (metric.id, side, position, measure, term.level_of(measure), term.statistic)
        for metric in metrics
        for side, terms in (("numerator", metric.numerator), ("denominator", metric.denominator))
        if not isinstance(terms, str)
        for position, (term, measure) in enumerate(
            ((term, measure) for term in terms or () for measure in term.list_measures()), start=1
        )
    ]
    return pl.DataFrame(rows, schema=read_source_contracts("declared")["metric_operand"].columns, orient="row")


def export_metrics(folder: Path) -> dict[str, int]:
    """Write `metric.parquet` and `metric_operand.parquet` for dbt. Return their numbers of rows."""
    tables = {"metric": metric_table(load()), "metric_operand": operand_table(load())}
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
    return {name: table.height for name, table in tables.items()}


def _denominator_of(metric: Metric) -> str:
    if metric.denominator is None:
        return ""
    return metric.denominator if isinstance(metric.denominator, str) else "measures"


def _files(roots: Sequence[Path]) -> list[Path]:
    paths: list[Path] = []
    for root in roots:
        if not root.is_dir():
            raise _declaration_error(root, "", "this folder of metrics does not exist", "Correct RTI_METRICS")
        paths += sorted(root.glob("*.yml"))
    return paths


def _declaration_error(path: Path, key: str, problem: str, remedy: str) -> DeclarationError:
    return DeclarationError(path, None, key, problem, remedy)
