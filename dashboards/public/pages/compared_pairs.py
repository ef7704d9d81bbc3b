"""Show which of the chosen territories differ clearly, by tests that allow for all pairs that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from dashboards.public import comparison, layout, queries
from dashboards.public.pages.compared import Compared
from pipelines.core.i18n import mark
from pipelines.words import Row, indicators, regions
from pipelines.words.language import lower_first, tell

_NO_TEST = mark(
    "The release has no tests of differences for this indicator. Two intervals that do not overlap suggest a "
    "difference. Intervals that overlap do not rule one out."
)
_NO_TEST_OF_COUNTS = mark(
    "Counts are not tested against each other, because territories differ in population. Choose rates, ratios or "
    "shares to see which differences are statistically clear."
)
_COUNTS_BY_POPULATION = mark(
    "The tests compare each count with the population of its territory: “higher” means more per inhabitant."
)
_OTHER_VERSION = mark(
    "Only the recommended versions are tested against each other. Choose “Recommended” to see the tests."
)
_FEW_PAIRS = 3
"""Pairs of three territories, which are listed in full."""


@layout.keep_part
def show_pairs(frame: layout.Frame, compared: Compared, freq: str, period: str) -> None:
    """Show the differences of an indicator that has periods."""
    layout.put_heading(tell("Is the difference real?"))
    choice = compared.choice
    if compared.version != comparison.RECOMMENDED:
        layout.put_text(tell(_OTHER_VERSION))
        return
    if len(compared.areas) < 2:
        layout.put_text(tell("Choose at least two territories."))
        return
    metric = comparison.name_tested_metric(choice)
    rows = queries.read_rows(frame.path, "pairs", metric, freq, period, compared.crime, choice.unit)
    family = comparison.select_family(rows, choice)
    if not family and choice.kind in ("count", "clearance"):
        layout.put_text(tell(_NO_TEST_OF_COUNTS if choice.kind == "count" else _NO_TEST))  # marked above
        return
    pairs = comparison.select_pairs(family, compared.areas)
    if not pairs:
        layout.put_text(tell("No two territories have figures of this kind."))
        return
    if choice.kind == "count":
        layout.put_text(tell(_COUNTS_BY_POPULATION))
    list_pairs(frame, pairs, len(compared.areas))
    if choice.kind in ("rate", "ratio"):
        _show_spread(compared, metric, freq, period)


def list_pairs(frame: layout.Frame, pairs: Sequence[Row], areas: int = 0) -> None:
    """Show how many pairs of `areas` differ and which; many pairs are listed in full only when that list is opened."""
    names = {code: frame.marked_name(code) for code, _ in frame.territories}
    order = {code: position for position, code in enumerate(names)}
    pairs = sorted(pairs, key=lambda row: sorted((order[row["area_a"]], order[row["area_b"]])))
    layout.put_text(indicators.describe_pairs(pairs, areas))
    if len(pairs) <= _FEW_PAIRS:
        layout.put_html(_render_pairs(pairs, names))
        return
    layout.put_html(_render_pairs([row for row in pairs if row["verdict"] in indicators.APART], names))
    with layout.open_fold(tell("All pairs")):
        layout.put_html(_render_pairs(pairs, names))


def _render_pairs(rows: Sequence[Row], names: Mapping[str, str]) -> str:
    """Return pairs in words as a list."""
    items = "".join(f"<li>{escape(indicators.describe_pair(row, names))}</li>" for row in rows)
    return f"<ul>{items}</ul>" if items else ""


def _show_spread(compared: Compared, metric: str, freq: str, period: str) -> None:
    """Show the median and the range of all territories that have a figure."""
    choice, frame = compared.choice, compared.frame
    rows = queries.read_rows(frame.path, "region_range", metric, freq, period, compared.crime, choice.unit)
    for row in rows:
        if choice.kind == "rate" and row["measure"] != choice.measure:
            continue
        text = regions.describe_range(row, compared.digits)
        if row.get("version") == "same_period":
            text = f"{indicators.name_version('same_period', freq)}: {lower_first(text)}"
        is_whole = row["n"] >= len(frame.territories)
        layout.put_text(text if is_whole else f"{text} {tell(regions.NOT_BORROWED)}")
