"""Put one figure into words: its number with its interval, or the word that is shown instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words.language import Texts, format_number, tell

Row = Mapping[str, Any]

WITHHELD = mark("withheld")
UNAVAILABLE = mark("not available")
NOT_COLLECTED = mark("not collected")
LEGEND: Mapping[str, tuple[str, ...]] = Texts(
    {
        "zero": ("0", mark("Zero: the office reported that there was none.")),
        "withheld": (
            WITHHELD,
            mark("Hidden to protect individuals. The figure may be small, larger, or zero."),
        ),
        "unreceived": (mark("not received"), mark("No data from the office for this period so far.")),
        "unavailable": (UNAVAILABLE, mark("Part of the data is missing or cannot be used.")),
        "not_collected": (
            NOT_COLLECTED,
            mark("The office does not count this, or not for this kind of period."),
        ),
        "not_applicable": (mark("not applicable"), mark("The figure cannot exist here.")),
        "elsewhere": (mark("in another category"), mark("Included in another category of the same office.")),
        "few": (
            mark("few"),
            mark(
                "Fewer than {enough}: too few to compare. Chance alone can change such a figure a lot. In charts its "
                "bar or dot is hollow."
            ),
        ),
    },
    enough=ENOUGH_EVENTS,
)
"""Word shown instead of or next to a figure, and its explanation, by the kind of the field."""
UNNAMED = "unnamed"
"""Flag of a category that an office records, and that its data of a year do not name."""
NOT_NAMED = mark("not in the data")
TOO_FEW = mark("too few to compare")
"""State of a figure if one of its numbers is below the minimum of a comparison."""


@dataclass(frozen=True)
class FormattedFigure:
    """One figure as displayed: short text, the same in words, and the kind that selects its style.

    The numbers are rounded as displayed, for downloads; `high` is infinite if the interval has no upper end.
    """

    text: str
    spoken: str
    kind: str  # value, or a key of LEGEND
    value: float | None = None
    low: float | None = None
    high: float | None = None


def format_value(
    value: float | None, obs_status: str | None, conf_status: str | None, digits: int = 0
) -> FormattedFigure:
    """Format a figure as text, keeping zero, missing, not applicable and withheld distinct."""
    if value is not None:
        text = format_number(value, digits)
        return FormattedFigure(text, text, "value", round_half_up(value, digits))
    if conf_status not in (None, "F") or obs_status == "Q":
        return format_status("withheld")
    return format_status(
        {"M": "not_applicable", "K": "elsewhere", "L": "not_collected"}.get(str(obs_status), "unavailable")
    )


def format_status(kind: str) -> FormattedFigure:
    """Return the word that is shown instead of a figure, for a kind of LEGEND."""
    text, _ = LEGEND[kind]
    return FormattedFigure(text, text, kind)


def format_absent() -> FormattedFigure:
    """Return the text for a cell that was never collected: the release has no row for it."""
    return format_status("not_collected")


def format_count(cell: Row) -> FormattedFigure:
    """Format the count of a cell; "not received" if no office that reports it has sent anything."""
    if is_unnamed(cell):
        return format_unnamed()
    figure = format_value(cell["value"], cell["obs_status"], cell["conf_status"])
    if figure.kind == "unavailable" and is_awaited(cell):
        return format_status("unreceived")
    return figure


def is_unnamed(row: Row) -> bool:
    """Return True if an office records a category, and its data of the year do not name it."""
    return row.get("flags") == UNNAMED


def format_unnamed() -> FormattedFigure:
    """Return the text for a category that the data of an office do not name; a note of its table explains it."""
    return FormattedFigure(tell(NOT_NAMED), tell(NOT_NAMED), "unavailable")


def is_awaited(row: Row) -> bool:
    """Return True if no office has sent a figure without a value. The region is not awaited: what no territory counts
    as a whole is not late. Neither is a year of which some quarters were received."""
    return row.get("n_reported") == 0 and row.get("area_kind") != "region" and not lacks_quarter(row)


def lacks_quarter(row: Row) -> bool:
    """Return True if a figure of a year is missing because some of its quarters are, and others were received."""
    return "quarter_missing" in str(row.get("flags") or "").split(",")


def format_rate(cell: Row) -> FormattedFigure:
    """Format the rate of a cell; "not applicable" if there is a count but no rate is defined for it."""
    if cell.get("rate") is None and cell.get("rate_obs_status") is None and cell["value"] is not None:
        return format_value(None, "M", "F")
    if cell.get("rate_obs_status") is None:
        return format_count(cell)
    plain = format_value(cell["rate"], cell["rate_obs_status"], cell["rate_conf_status"], 2)
    low, high = cell.get("rate_low"), cell.get("rate_high")
    if plain.kind != "value" or low is None or high is None:
        return plain
    ends = format_number(low, 2), format_number(high, 2)
    return replace(
        plain,
        text=f"{plain.text} ({ends[0]}–{ends[1]})",
        spoken=speak_interval(plain.text, *ends),
        low=round_half_up(low, 2),
        high=round_half_up(high, 2),
    )


def speak_interval(value: str, low: str, high: str = "") -> str:
    """Return a figure with its 95% confidence interval in words, without `high` one that has no upper end."""
    if not high:
        return tell("{value}, 95% confidence interval {low} or more", value=value, low=low)
    return tell("{value}, 95% confidence interval {low} to {high}", value=value, low=low, high=high)


def add_interval(value: str, low: str, high: str = "") -> str:
    """Return a figure with its 95% confidence interval for a sentence, without `high` one that has no upper end."""
    if not high:
        return tell("{value} (95% confidence interval {low} or more)", value=value, low=low)
    return tell("{value} (95% confidence interval {low} to {high})", value=value, low=low, high=high)


def is_few(cell: Row) -> bool:
    """Return True if a count, and therefore its rate, is below the limit for comparison (`statistics.thresholds`)."""
    return cell["value"] is not None and cell["value"] < ENOUGH_EVENTS


def explain_few_share() -> str:
    """Return what the word "few" next to a share means, for the legend of a table of shares."""
    return tell(
        "Fewer than {enough} in the part or in the rest: too few to compare. Chance alone can change such a share a "
        "lot.",
        enough=ENOUGH_EVENTS,
    )


def describe_few_state(*, is_share: bool = False) -> str:
    """Return the words of a picture or a downloaded table for a figure below the minimum of a comparison."""
    if is_share:
        return tell("fewer than {enough} in the part or in the rest: too few to compare", enough=ENOUGH_EVENTS)
    return tell("fewer than {enough}: too few to compare", enough=ENOUGH_EVENTS)
