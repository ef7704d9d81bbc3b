"""Put changes and their causes into words: convictions split into volume and ratio, exits, and breaks in a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines import words
from pipelines.statistics import decomposition
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.warehouse.metrics.spans import span_of
from pipelines.words import FormattedFigure, Row
from pipelines.words.reasons import LEFT_OUT

BREAK_KINDS: Mapping[str, str] = {
    "law": "Law",
    "counting": "Counting",
    "recording": "Recording",
    "source": "Source",
}
SPLIT_READ = (
    "“Due to indictments” is the change if only the number indicted had changed. “Due to conviction ratio” is the "
    "change if only the share convicted had. The two add up to the change. They show what it is made of, not why it "
    f"happened. A change is split only if all four counts are {ENOUGH_EVENTS} or more."
)
NOT_SPLIT = "too few to split"
LEVELS: Mapping[str, str] = {
    "prosecution": "At the prosecutor",
    "first": "At first instance",
    "appeal": "On appeal",
    "final": "Final decisions",
}
REQUALIFIED = "requalified_out"
REQUALIFIED_READ = (
    "Cases requalified to another offence are shown separately: the case continues under another offence and is "
    "neither dropped nor ends in acquittal."
)
REQUALIFIED_NOT_COUNTED = "Requalification to another offence is not counted here, so it is not part of any outcome."

# ------------------------------------------------------------------------------------------------- convictions split


def format_change(row: Row) -> FormattedFigure:
    """Format the change of convictions between two years."""
    plain = words.format_value(row["change"], row["obs_status"], row["conf_status"])
    return plain if plain.kind != "value" else _format_signed_figure(row["change"])


def format_effects(row: Row) -> tuple[FormattedFigure, FormattedFigure]:
    """Format the effects of the number indicted and of the ratio, or the reason in words if the change is not split."""
    if row["state"] == "too_few":
        return (FormattedFigure(NOT_SPLIT, NOT_SPLIT, "note"),) * 2
    if row["state"] != "enough":
        return (format_change(row),) * 2
    rounded = decomposition.round_effect(decomposition.Effect(row["change"], row["volume_effect"], row["ratio_effect"]))
    return _format_signed_figure(rounded.volume or 0.0), _format_signed_figure(rounded.ratio or 0.0)


def _format_signed_figure(value: float) -> FormattedFigure:
    text = format_signed(value)
    return FormattedFigure(text, text, "value", round(value) + 0.0)


def format_before_after(row: Row) -> FormattedFigure:
    """Format the convictions of the year before and of the year."""
    plain = words.format_value(row["count_before"], row["obs_status"], row["conf_status"])
    if plain.kind != "value" or row["count_after"] is None:
        return format_change(row) if plain.kind == "value" else plain
    before, after = words.format_number(row["count_before"]), words.format_number(row["count_after"])
    return FormattedFigure(f"{before} → {after}", f"from {before} to {after}", "value")


def find_newest_change(rows: Sequence[Row]) -> Row:
    """Return the newest change that can be described, else the newest one; `rows` are newest first."""
    return next((row for row in rows if row["state"] in ("enough", "too_few")), rows[0])


_CHANGE = "{name}, {crime}, convictions at first instance, {years}: from {before} to {after} ({change}). {parts}"
_NO_CHANGE = "{name}, {crime}, convictions at first instance, {years}: not shown. {reason}"
_TOO_FEW = f"Too few to split: one of the four counts is under {ENOUGH_EVENTS}."
_VOLUME = {
    -1: "Fewer indictments account for {volume}.",
    0: "The number of indictments made no difference.",
    1: "More indictments account for {volume}.",
}
_RATIO = {
    -1: "A lower conviction ratio accounts for {ratio}.",
    0: "The conviction ratio made no difference.",
    1: "A higher conviction ratio accounts for {ratio}.",
}


def describe_split(row: Row, name: str, crime: str) -> str:
    """Return one change as sentences to quote: from how many to how many, and what the change is made of."""
    about = {"name": name, "crime": crime.lower(), "years": f"{row['previous_period']} to {row['period']}"}
    if row["state"] not in ("enough", "too_few"):
        return _NO_CHANGE.format(**about, reason=describe_reason(row))
    volume, ratio = format_effects(row)
    parts = (
        _TOO_FEW
        if row["state"] == "too_few"
        else f"{_VOLUME[_sign(volume.text)]} {_RATIO[_sign(ratio.text)]}".format(volume=volume.text, ratio=ratio.text)
    )
    return _CHANGE.format(
        **about,
        before=words.format_number(row["count_before"]),
        after=words.format_number(row["count_after"]),
        change=format_signed(row["change"]),
        parts=parts,
    )


def describe_reason(row: Row) -> str:
    """Return the reason why a change is not shown, as a sentence."""
    _, _, reason = str(row["left_out"] or "").partition(":")
    return LEFT_OUT.get(reason, LEFT_OUT["not_both_periods"])


def _sign(text: str) -> int:
    """Return the sign of a formatted effect, so that the words agree with the number as displayed."""
    return 0 if text == "0" else 1 if text.startswith("+") else -1


def format_signed(value: float) -> str:
    """Format a number with its sign: +12, −3, 0."""
    return "0" if round(value) == 0 else f"{value:+,.0f}".replace(",", words.THOUSANDS).replace("-", "\u2212")


# -------------------------------------------------------------------------------------------------------------- exits


def describe_exits(area: str, year: str, crime: str, rows: Sequence[Row], measures: Mapping[str, str]) -> str:
    """Return sentences on how many cases ended in each way, level by level; `rows` are counts."""
    if not any(row["value"] is not None for row in rows):
        return f"{area}, {year}, {crime.lower()}: how cases ended is not available or not public."
    by_level: dict[str, list[str]] = {}
    for row in rows:
        name, count = _exit_name(row["measure"], measures), words.format_count(row)
        part = f"{count.text} {name}" if count.kind == "value" else f"{name} {count.spoken}"
        by_level.setdefault(row["level"], []).append(part)
    sentences = " ".join(f"{LEVELS.get(level, level)}: {', '.join(parts)}." for level, parts in by_level.items())
    unit = words.unit_name(rows[0]["count_unit"]) if rows else ""
    return _EXITS.format(area=area, year=year, crime=crime.lower(), unit=unit, sentences=sentences)


_EXITS = "{area}, {year}, {crime}, {unit} whose case ended without a conviction. {sentences}"


def format_exit_share(row: Row | None) -> FormattedFigure:
    """Format the share of all exits of a level with its range, or the reason why there is none."""
    if row is None:
        return words.format_absent()
    plain = words.format_value(row["value"], row["obs_status"], row["conf_status"])
    if plain.kind != "value":
        return plain
    span = f"{words.format_number(row['low'])}\u2013{words.format_number(row['high'])}"
    return replace(
        plain,
        text=f"{plain.text}% ({span})",
        spoken=f"{plain.text} per cent, 95% confidence interval {span}",
        low=round(row["low"]) + 0.0,
        high=round(row["high"]) + 0.0,
    )


def _exit_name(measure: str, measures: Mapping[str, str]) -> str:
    return str(measures.get(measure, measure)).lower()


# ------------------------------------------------------------------------------------------------------------- breaks


def is_between(row: Row, first: str, last: str) -> bool:
    """Return True if a break falls between the first day of one period and the last day of another (or of the same).

    Same rule as in the marts (`docs/methodology/comparability.md`): the span contains days before and days after the
    break.
    """
    return bool(row["last_day"] > span_of(first).start and row["first_day"] <= span_of(last).end)


def select_breaks(rows: Sequence[Row], measure: str, level: str) -> list[Row]:
    """Return the breaks of one measure at one level: its own, and those of all measures."""
    return [row for row in rows if row["measure"] in ("", measure) and row["level"] in ("", level)]


def describe_break(row: Row) -> str:
    """Describe a break in a sentence: its kind, when it began, its cause."""
    kind = BREAK_KINDS.get(row["kind"], row["kind"])
    return f"{kind}, {words.period_short(row['first_period'])}: {_describe_cause(row)}"


def describe_breaks(rows: Sequence[Row]) -> list[str]:
    """Describe each break once, even if it affects several measures, in order of date."""
    ordered = sorted(rows, key=lambda row: (row["first_day"], row["code"]))
    return list(dict.fromkeys(describe_break(row) for row in ordered))


def _describe_cause(row: Row) -> str:
    """Describe the cause of a break; notation of the declarations (+388, aggregates > register) is put into words."""
    if row["words"] == "law_changed":
        parts = [part.strip() for part in str(row["detail"]).split(",")]
        added, removed = ([part[1:] for part in parts if part.startswith(sign)] for sign in "+-")
        sentences = [f"in force from then: {words.join_words(added)}"] if added else []
        sentences += [f"no longer in force: {words.join_words(removed)}"] if removed else []
        return f"Articles {', '.join(sentences)}."
    return str(row["text"]).replace(" > ", ", then ")


def _split_codes(text: str | None) -> list[str]:
    return [code for code in (text or "").split(",") if code]
