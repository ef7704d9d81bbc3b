"""Compare a share of each territory with that of the other ones together, by the published counts behind both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front.edition import Edition
from pipelines.front.reader import Reader
from pipelines.statistics.dispersion import of_sum
from pipelines.statistics.others import TESTED, OthersContrast, Share, compare_with_others
from pipelines.statistics.thresholds import DEFAULT_DISPERSION, ENOUGH_EVENTS
from pipelines.words import Row, figures, regions
from pipelines.words.language import Texts, tell

_VERDICTS: Final = Texts[str](
    {
        "higher": mark("This is clearly higher than in the other territories together ({rest})."),
        "lower": mark("This is clearly lower than in the other territories together ({rest})."),
        "no_difference": mark("No clear difference from the other territories together ({rest})."),
        "depends_on_persons_per_case": mark(
            "No clear difference from the other territories together ({rest}), because one case can involve several "
            "people."
        ),
        "too_few": mark(
            "Too few to compare: the other territories together have fewer than {enough} in the part or in the rest."
        ),
        "own_few": mark(
            "Too few to compare with the other territories together: {part} of {whole}, which leaves {rest}. A "
            "comparison needs {enough} or more of both."
        ),
        "absent": mark("Not compared with the other territories, because a figure is missing or withheld."),
        "outside": mark(
            "Not compared with the other territories, because the figure of the region does not include this territory."
        ),
        "version": mark(
            "Not compared with the other territories, because the figures are calculated in different ways."
        ),
        "not_comparable": mark("Not compared with the other territories, because the counting rules differ."),
    }
)
_WITH_CARE: Final = mark("Compare with care: the territories do not all count by the same rules.")
_STRICTER: Final = mark("The test allows for all territories compared at once, so it is stricter than the interval.")
_FAMILY: Final = mark(
    "Each territory is compared with the others together. The test allows for all territories compared at once ({n}), "
    "to avoid false alarms."
)


def describe_difference(reader: Reader, metric: str, crime: str, period: str, area: str) -> str:
    """Return whether a share of a territory differs clearly from that of the others together, or why this is not said.

    A share of few people has a sentence on that, once. `metric` must be a ratio of a count to one that it is part of.
    """
    edition = reader.edition
    ratios = edition.find_ratios(metric, crime, period)
    contrast = _compare_all(edition, metric, crime, period).get(area)
    few = figures.explain_few(ratios.get(area, {}))
    if contrast is None:
        obstacle = _find_obstacle(area, ratios.get(area), ratios.get(edition.region)) or "absent"
        return f"{few} {_VERDICTS[obstacle]}".strip()
    if contrast.verdict == "too_few":
        part, whole = ratios[area]["numerator"], ratios[area]["denominator"]
        counts = {"part": part, "whole": whole, "rest": whole - part}
        key = "own_few" if min(part, whole - part) < ENOUGH_EVENTS else "too_few"
        numbers = {name: words.format_number(count) for name, count in counts.items()}
        return _VERDICTS.fill_text(key, **numbers, enough=ENOUGH_EVENTS)
    others = words.format_number(contrast.others) if contrast.verdict in TESTED else ""
    verdict = _VERDICTS.fill_text(contrast.verdict, rest=others, enough=ENOUGH_EVENTS)
    if contrast.verdict == "no_difference" and _is_outside(ratios[area], contrast.others):
        verdict = f"{verdict} {tell(_STRICTER)}"
    is_with_care = any(row["is_with_care"] for row in _list_pairs(edition, metric, crime, period, area))
    care = tell(_WITH_CARE) if is_with_care and contrast.verdict in TESTED else ""
    return " ".join(filter(None, (few, verdict, care)))


def _is_outside(row: Row, value: float) -> bool:
    """Return True if a value is outside of the interval of a figure."""
    low, high = row["low"], row["high"]
    return low is not None and high is not None and not low <= value <= high


def explain_family(reader: Reader, metric: str, crime: str, period: str) -> str:
    """Return how many territories are compared at once; empty text if at most one is."""
    contrasts = _compare_all(reader.edition, metric, crime, period)
    n_tested = max((contrast.n_tested for contrast in contrasts.values()), default=0)
    return tell(_FAMILY, n=n_tested) if n_tested > 1 else ""


def _compare_all(edition: Edition, metric: str, crime: str, period: str) -> Mapping[str, OthersContrast]:
    """Return the comparison of each territory whose figure and that of the region allow one."""
    ratios = edition.find_ratios(metric, crime, period)
    region = ratios.get(edition.region)
    sides = {
        area: _split_region(area, ratios, region)
        for area in edition.territories
        if region is not None and not _find_obstacle(area, ratios.get(area), region)
    }
    contrasts = compare_with_others(
        {area: pair for area, pair in sides.items() if not _is_counted_otherwise(edition, metric, crime, period, area)}
    )
    otherwise = OthersContrast("not_comparable", float("nan"))
    return {area: contrasts.get(area, otherwise) for area in sides}


def _find_obstacle(area: str, own: Row | None, region: Row | None) -> str:
    """Return why two figures cannot be compared, a key of `_VERDICTS`; empty text if they can."""
    if own is None or region is None or regions.is_refused(region) or regions.is_mixed(region):
        return "absent"
    if own["value"] is None or region["value"] is None:
        return "absent"
    if own["version"] != region["version"] or own["numerator"] is None or region["numerator"] is None:
        return "version"
    return "" if area in _list_members(region) else "outside"


def _list_members(region: Row) -> list[str]:
    return str(region["reporters"] or "").split(",")


def _split_region(area: str, ratios: Mapping[str, Row], region: Row) -> tuple[Share, Share]:
    """Return the share of a territory and that of the rest of its region.

    A member whose own figure is not published counts with a dispersion that is not known.
    """
    row = ratios[area]
    others = [ratios[code] for code in _list_members(region) if code != area and code in ratios]
    published = [each for each in others if each["value"] is not None and each["version"] == region["version"]]
    part, whole = (float(region[side]) - float(row[side]) for side in ("numerator", "denominator"))
    unknown = max(0.0, part - sum(each["numerator"] for each in published))
    counts = [*(each["numerator"] for each in published), unknown]
    of_known, at_default = zip(*(_find_dispersions(each) for each in (*published, None)), strict=True)
    own_dispersion, own_default = _find_dispersions(row)
    return (
        Share(row["numerator"], row["denominator"], own_dispersion, own_default),
        Share(part, whole, of_sum(of_known, counts), of_sum(at_default, counts)),
    )


def _find_dispersions(row: Row | None) -> tuple[float, float]:
    """Return the dispersion of a figure, and the one at which a verdict must hold as well: that of pairs."""
    if row is None:
        return 1.0, DEFAULT_DISPERSION
    own_dispersion = float(row["dispersion"] or 1.0)
    is_bound = row["interval_basis"] == "lower_bound"
    return own_dispersion, max(own_dispersion, DEFAULT_DISPERSION) if is_bound else own_dispersion


def _list_pairs(edition: Edition, metric: str, crime: str, period: str, area: str) -> Sequence[Row]:
    return [row for row in edition.find_pairs(metric, crime, period) if area in (row["area_a"], row["area_b"])]


def _is_counted_otherwise(edition: Edition, metric: str, crime: str, period: str, area: str) -> bool:
    """Return True if the counting rules of a territory do not allow a comparison with one of the others."""
    return any(row["verdict"] == "not_comparable" for row in _list_pairs(edition, metric, crime, period, area))
