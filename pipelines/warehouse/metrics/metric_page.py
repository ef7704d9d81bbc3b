"""The table of declared indicators in `docs/methodology/indicators.md`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipelines.core import codes
from pipelines.warehouse.metrics.metrics import DECLARED, Metric, Term, load_from

PAGE = Path(__file__).resolve().parents[3] / "docs" / "methodology" / "indicators.md"
BEGIN, END = "<!-- indicators: made, do not edit -->", "<!-- indicators: end -->"
_HEADS = (
    "Id", "Name", "Definition", "Formula", "Numerator", "Denominator", "Unit", "Interval", "Fewest", "Units counted",
    "Periods", "Model",
)  # fmt: skip


def table(metrics: Iterable[Metric]) -> str:
    """A Markdown table, one row a metric, then its sources and caveats as lists."""
    all_of_them = list(metrics)
    lines = [_HEADS, ["---"] * len(_HEADS), *(_row(metric) for metric in all_of_them)]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "\n".join(_notes(metric) for metric in all_of_them)
    return f"{rows}\n\n{notes}\n"


def _row(metric: Metric) -> list[str]:
    lower = metric.denominator
    return [
        f"`{metric.id}`",
        metric.name,
        metric.definition,
        metric.formula.replace("|", "\\|"),
        _terms(metric.numerator),
        lower if isinstance(lower, str) else _terms(lower or ()),
        _unit(metric),
        metric.interval.replace("_", " "),
        str(metric.minimum_events or ""),
        ", ".join(metric.count_units) or "all",
        " ".join(metric.freqs),
        f"`{metric.model}`",
    ]


def _unit(metric: Metric) -> str:
    own = codes.label("unit_measure", metric.unit_measure)
    if metric.unit_of_pools is None:
        return own
    return f"{own}; over a pool: {codes.label('unit_measure', metric.unit_of_pools)}"


def _terms(terms: Iterable[Term]) -> str:
    return " + ".join(_term(term) for term in terms)


def _term(term: Term) -> str:
    what = f"each {term.kind}" if term.kind else " + ".join(f"`{measure}`" for measure in term.measures)
    where = [term.level] if term.level else []
    when = [f"at the {term.statistic}"] if term.statistic != "count" else []
    said = ", ".join([*where, *when])
    return f"{what} ({said})" if said else what


def _notes(metric: Metric) -> str:
    return "\n".join(f"- `{metric.id}`: {text}" for text in (*metric.caveats, f"Source: {metric.source}."))


def in_page(page: str, made: str) -> str:
    """A page's text with the table between its two marks. Raises ValueError where a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}; write both on lines of their own")
    return f"{before}{begin}\n\n{made}\n{end}{after}"


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(in_page(PAGE.read_text(encoding="utf-8"), table(load_from((DECLARED,)))), encoding="utf-8")


if __name__ == "__main__":
    main()
