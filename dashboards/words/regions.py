"""Put the region into words: its figure with who is included, the range of its territories, and the window of a
comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards import words
from dashboards.words import Row, indicators
from pipelines.statistics.thresholds import ENOUGH_EVENTS

NOT_BORROWED = "Nothing is estimated for the others."
FREQS: Mapping[str, str] = {"Q": "one quarter", "A": "one year", "P3": "three years", "P5": "five years"}


def format_range(row: Row | None, digits: int) -> str:
    """Format the median and range of the territories with a public figure: '1.60, from 0.44 to 1.81 (n = 5)'."""
    if row is None or not row["n"]:
        return "no territory has a public figure"
    if row["median"] is None:
        return f"too few territories for a range (n = {row['n']})"
    low, high = (words.format_number(row[end], digits) for end in ("minimum", "maximum"))
    return f"{words.format_number(row['median'], digits)}, from {low} to {high} (n = {row['n']})"


def describe_range(row: Row, what: str, digits: int = 0) -> str:
    """Describe the range of one indicator in a sentence: how many territories, median, lowest and highest, who is left
    out.

    `what` follows the number: `persons convicted per 100,000 inhabitants`.
    """
    count = row["n"]
    hidden = f"; the figure of {row['n_withheld']} is withheld" if row["n_withheld"] else ""
    if not count:
        return f"No territory has a public figure of {what}{hidden}."
    if row["median"] is None:
        has = "territory has" if count == 1 else "territories have"
        text = f"Only {count} {has} a public figure of {what}: too few for a median or a range"
    else:
        low, high = (words.format_number(row[end], digits) for end in ("minimum", "maximum"))
        median = words.format_number(row["median"], digits)
        text = f"Over {count} territories with a public figure of {what}: median {median}, from {low} to {high}"
    few = count - row["n_enough"]
    which = "all of these are" if few == count else "one of these is" if few == 1 else f"{few} of these are"
    few_told = f"; {which} {indicators.TOO_FEW}" if few else ""
    return f"{text}{few_told}{hidden}."


def default_window(windows: Sequence[Row]) -> Row | None:
    """Return the window in which a comparison opens; None if the release has none with a period."""
    return next((row for row in windows if row["is_default"] and row["period"]), None)


def explain_window(windows: Sequence[Row]) -> str:
    """Explain why a comparison opens in its window and what the shorter ones lack; empty without a window."""
    chosen = default_window(windows)
    if chosen is None:
        return ""
    reach = f"{chosen['n_reaching']} of {chosen['n_territories']} territories have {ENOUGH_EVENTS} or more"
    name = f"{words.period_short(chosen['period'])} ({FREQS[chosen['freq']]})"
    shorter = [row for row in windows if _order(row) < _order(chosen) and row["period"]]
    lacking = words.join_words(
        f"{row['n_reaching'] or 'none'} in {words.period_short(row['period'])}" for row in shorter
    )
    if not chosen["is_most"]:
        return (
            f"In no window do most territories have enough. A comparison opens in {name}, where the most have: {reach}"
            f"{f', against {lacking}' if lacking else ''}."
        )
    text = f"A comparison opens in {name}, the shortest window in which most territories have enough: {reach}"
    return f"{text}, against {lacking}." if lacking else f"{text}."


def explain_other_window(windows: Sequence[Row], freq: str, period: str) -> str:
    """Return the hint on a window that is not the default; empty for the default itself, and without a default."""
    chosen = default_window(windows)
    if chosen is None or (chosen["freq"], chosen["period"]) == (freq, period):
        return ""
    if (order := list(FREQS).index(freq)) < _order(chosen):
        return "You have chosen a shorter period, in which the figures of most territories are too small to compare."
    return "" if order > _order(chosen) else f"You look at {words.period_short(period)} instead."


def describe_windows(by_stage: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """Describe the windows of several stages in one sentence, grouped by window."""
    together: dict[str, list[str]] = {}
    for stage, rows in by_stage:
        chosen = default_window(rows)
        if chosen is None:
            continue
        name = words.period_short(chosen["period"])
        lacks = "" if chosen["is_most"] else ", where most still have not"
        together.setdefault(f"{name}{lacks}", []).append(
            f"{stage.lower()} ({chosen['n_reaching']} of {chosen['n_territories']})"
        )
    if not together:
        return ""
    windows = "; ".join(f"{name} for {words.join_words(stages)}" for name, stages in together.items())
    return (
        f"To compare territories, take the shortest window in which most of them have {ENOUGH_EVENTS} or more: "
        f"{windows}."
    )


def _order(row: Row) -> int:
    return list(FREQS).index(row["freq"])
