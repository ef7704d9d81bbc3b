"""Write the table of declared indicators into `docs/methodology/indicators.md`."""

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


def render_table(metrics: Iterable[Metric]) -> str:
    """Return a Markdown table with one row for each metric, followed by lists of sources and caveats."""
    metric_list = list(metrics)
    lines = [_HEADS, ["---"] * len(_HEADS), *(_row(metric) for metric in metric_list)]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "\n".join(_notes(metric) for metric in metric_list)
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
    label = codes.get_code_label("unit_measure", metric.unit_measure)
    if metric.unit_of_pools is None:
        return label
    return f"{label}; over a pool: {codes.get_code_label('unit_measure', metric.unit_of_pools)}"


def _terms(terms: Iterable[Term]) -> str:
    return " + ".join(_term(term) for term in terms)


def _term(term: Term) -> str:
    measures = f"each {term.kind}" if term.kind else " + ".join(f"`{measure}`" for measure in term.measures)
    where = [term.level] if term.level else []
    when = [f"at the {term.statistic}"] if term.statistic != "count" else []
    qualifiers = ", ".join([*where, *when])
    return f"{measures} ({qualifiers})" if qualifiers else measures


def _notes(metric: Metric) -> str:
    return "\n".join(f"- `{metric.id}`: {text}" for text in (*metric.caveats, f"Source: {metric.source}."))


def in_page(page: str, made: str) -> str:
    """Return the page with the table between its two markers. Raises ValueError if a marker is missing."""
    before, begin, after_begin = page.partition(BEGIN)
    _, end, after = after_begin.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}; write both on lines of their own")
    return f"{before}{begin}\n\n{made}\n{end}{after}"


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(in_page(PAGE.read_text(encoding="utf-8"), render_table(load_from((DECLARED,)))), encoding="utf-8")


if __name__ == "__main__":
    main()
