"""Put changes and their causes into words: convictions split into volume and ratio, exits, and breaks in a series."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.statistics import decomposition
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.warehouse.metrics.spans import span_of
from pipelines.words import FormattedFigure, Row
from pipelines.words.language import Texts, lower_first, tell
from pipelines.words.reasons import LEFT_OUT, TOO_FEW_TO_SPLIT

_NAMES_OF_BREAKS: Mapping[str, str] = Texts(
    {
        "law": mark("Change in the law"),
        "counting": mark("Change in counting"),
        "recording": mark("Change in recording"),
        "source": mark("Change of source"),
    }
)
_REAL_LAW = mark("This change in the law is real, unlike the figures of this demonstration.")
_UNVERIFIED_LAW = mark(
    "This change in the law is not part of the demonstration, but its source has not been verified yet."
)
SPLIT_READ = mark(
    "“Due to indictments” is what the change would be if only the number indicted had changed. “Due to conviction "
    "ratio” is what it would be if only the share convicted had. The two add up to the change. They show what it is "
    "made of, not why it happened. If a change is not clear, its parts are not clear either. A change is split only "
    "if all four counts are {enough} or more, and never across a break in the series."
)
NOT_SPLIT = mark("too few to split")
_NOT_SPLIT_ACROSS_BREAK = mark("not split: break")
_ACROSS_BREAK = mark(
    "The change is neither compared nor split, because there is a break in the series between the two years. {breaks}"
)
LEVELS: Mapping[str, str] = Texts(
    {
        "prosecution": mark("At the prosecutor"),
        "first": mark("At first instance"),
        "appeal": mark("On appeal"),
        "final": mark("Final decisions"),
    }
)
RECLASSIFIED = "requalified_out"
RECLASSIFIED_READ = mark(
    "Cases reclassified as another offence are shown separately: the case continues under another offence and "
    "is neither dropped nor ends in acquittal."
)
RECLASSIFIED_NOT_COUNTED = mark(
    "Reclassification as another offence is not counted here, so it is not part of any outcome."
)

# ------------------------------------------------------------------------------------------------- convictions split


def format_change(row: Row) -> FormattedFigure:
    """Format the change of convictions between two years; 'not compared' across a break in the series."""
    plain = words.format_value(row["change"], row["obs_status"], row["conf_status"])
    if plain.kind == "value" and crosses_break(row):
        text = tell("not compared")
        return FormattedFigure(text, text, "note")
    return plain if plain.kind != "value" else _format_signed_figure(row["change"])


def crosses_break(row: Row) -> bool:
    """Return True if a break in the series is between the two years of a change."""
    return bool(row.get("breaks"))


def format_effects(row: Row) -> tuple[FormattedFigure, FormattedFigure]:
    """Format the effects of the number indicted and of the ratio, or the reason in words if the change is not split."""
    if row["state"] in _DESCRIBED and crosses_break(row):
        text = tell(_NOT_SPLIT_ACROSS_BREAK)
        return (FormattedFigure(text, text, "note"),) * 2
    if row["state"] == "too_few":
        return (FormattedFigure(tell(NOT_SPLIT), tell(NOT_SPLIT), "note"),) * 2
    if row["state"] != "enough":
        return (format_change(row),) * 2
    rounded = decomposition.round_effect(decomposition.Effect(row["change"], row["volume_effect"], row["ratio_effect"]))
    return _format_signed_figure(rounded.volume or 0.0), _format_signed_figure(rounded.ratio or 0.0)


def _format_signed_figure(value: float) -> FormattedFigure:
    text = format_signed(value)
    return FormattedFigure(text, text, "value", round_half_up(value))


def format_before_after(row: Row) -> FormattedFigure:
    """Format the convictions of the year before and of the year."""
    plain = words.format_value(row["count_before"], row["obs_status"], row["conf_status"])
    if plain.kind != "value" or row["count_after"] is None:
        return format_change(row) if plain.kind == "value" else plain
    before, after = words.format_number(row["count_before"]), words.format_number(row["count_after"])
    spoken = tell("from {before} to {after}", before=before, after=after)
    return FormattedFigure(spoken, spoken, "value")


def find_newest_change(rows: Sequence[Row]) -> Row:
    """Return the newest change that can be described, else the newest one; `rows` are newest first."""
    return next((row for row in rows if row["state"] in _DESCRIBED), rows[0])


def is_split(row: Row) -> bool:
    """Return True if a change is shown with its parts."""
    return bool(row["state"] == "enough" and not crosses_break(row))


_DESCRIBED = ("enough", "too_few")
"""States of a change whose counts are all published."""
_CHANGE_ACROSS_BREAK = mark(
    "{name}, {crime}, convictions at first instance, {first} to {last}: from {before} to {after}. {reason}"
)
_CHANGE = mark(
    "{name}, {crime}, convictions at first instance, {first} to {last}: from {before} to {after} ({change}). {parts}"
)
_NO_CHANGE = mark("{name}, {crime}, convictions at first instance, {first} to {last}: not shown. {reason}")
_VOLUME: Texts[str] = Texts(
    {
        "-": mark("Due to fewer indictments: {volume}."),
        "0": mark("The number of indictments made no difference."),
        "+": mark("Due to more indictments: {volume}."),
    }
)
_RATIO: Texts[str] = Texts(
    {
        "-": mark("Due to a lower conviction ratio: {ratio}."),
        "0": mark("The conviction ratio made no difference."),
        "+": mark("Due to a higher conviction ratio: {ratio}."),
    }
)


def explain_split() -> str:
    """Return the sentences on how to read a change that is split."""
    return tell(SPLIT_READ, enough=ENOUGH_EVENTS)


def describe_split(row: Row, name: str, crime: str, verdict: str, breaks: str = "") -> str:
    """Return one change as sentences to quote: from how many to how many, and what the change is made of.

    `verdict` is the sentence on whether the change is clear. It comes before the parts. `breaks` describes the breaks
    between the two years.
    """
    about = {"name": name, "crime": lower_first(crime), "first": row["previous_period"], "last": row["period"]}
    if row["state"] not in _DESCRIBED:
        return tell(_NO_CHANGE, **about, reason=describe_reason(row))
    counts = {end: words.format_number(row[f"count_{end}"]) for end in ("before", "after")}
    if crosses_break(row):
        return tell(_CHANGE_ACROSS_BREAK, **about, **counts, reason=describe_reason(row, breaks))
    volume, ratio = format_effects(row)
    if row["state"] == "too_few":
        parts = tell(TOO_FEW_TO_SPLIT, enough=ENOUGH_EVENTS)
    else:
        parts = " ".join(
            (
                verdict,
                _VOLUME.fill_text(_sign(volume.text), volume=volume.text),
                _RATIO.fill_text(_sign(ratio.text), ratio=ratio.text),
            )
        )
    return tell(
        _CHANGE,
        **about,
        **counts,
        change=format_signed(row["change"]),
        parts=parts,
    )


def describe_reason(row: Row, breaks: str = "") -> str:
    """Return the reason why a change is not shown, or not split across `breaks`, in sentences; empty without one."""
    if row["state"] in _DESCRIBED:
        return tell(_ACROSS_BREAK, breaks=breaks).strip() if crosses_break(row) else ""
    _, _, reason = str(row["left_out"] or "").partition(":")
    return LEFT_OUT.get(reason, LEFT_OUT["not_both_periods"])


def _sign(text: str) -> str:
    """Return the sign of a formatted effect, so that the words agree with the number as displayed."""
    return text if text == "0" else "+" if text.startswith("+") else "-"


def format_signed(value: float) -> str:
    """Format a number with its sign: +12, −3, 0."""
    if round_half_up(value) == 0:
        return "0"
    return ("+" if value > 0 else "\u2212") + words.format_number(abs(value))


# -------------------------------------------------------------------------------------------------------------- exits


def describe_exits(area: str, year: str, crime: str, rows: Sequence[Row], measures: Mapping[str, str]) -> str:
    """Return sentences on how many cases ended in each way, level by level; `rows` are counts."""
    if not any(row["value"] is not None for row in rows):
        return tell(
            "{area}, {year}, {crime}: how cases ended is not available or not public.",
            area=area,
            year=year,
            crime=lower_first(crime),
        )
    by_level: dict[str, list[str]] = {}
    for row in rows:
        name, count = _exit_name(row["measure"], measures), words.format_count(row)
        part = (
            tell("{count} {outcome}", count=count.text, outcome=name)
            if count.kind == "value"
            else f"{name}: {count.spoken}"
        )
        by_level.setdefault(row["level"], []).append(part)
    sentences = " ".join(f"{LEVELS.get(level, level)}: {', '.join(parts)}." for level, parts in by_level.items())
    unit = words.unit_name(rows[0]["count_unit"]) if rows else ""
    return tell(
        "{area}, {year}, {crime}, {unit} whose case ended without a conviction. {sentences}",
        area=area,
        year=year,
        crime=lower_first(crime),
        unit=unit,
        sentences=sentences,
    )


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
        spoken=tell("{share} per cent, 95% confidence interval {span}", share=plain.text, span=span),
        low=round_half_up(row["low"]),
        high=round_half_up(row["high"]),
    )


def _exit_name(measure: str, measures: Mapping[str, str]) -> str:
    return lower_first(str(measures.get(measure, measure)))


# ------------------------------------------------------------------------------------------------------------- breaks


_SHAPES: Mapping[str, str] = Texts({"aggregates": mark("summary returns"), "register": mark("records of a register")})
"""Kinds of returns in the notation of breaks."""


def is_between(row: Row, first: str, last: str) -> bool:
    """Return True if a break falls between the first day of one period and the last day of another (or of the same).

    Same rule as in the marts (`docs/methodology/comparability.md`): the span contains days before and days after the
    break.
    """
    return bool(row["last_day"] > span_of(first).start and row["first_day"] <= span_of(last).end)


def find_first_place(periods: Sequence[str], named: str) -> int:
    """Return the position of the first period that ends on or after the first day of the period `named`, the last
    position if none does."""
    first = span_of(named).start
    return next((place for place, period in enumerate(periods) if span_of(period).end >= first), len(periods) - 1)


def place_breaks(periods: Sequence[str], cuts: Mapping[int, Sequence[Row]]) -> dict[int, list[Row]]:
    """Return the breaks that cut a series by the position of the period that each names, as pictures mark them.

    `cuts` are those of `find_cuts`. A break within a period cuts the series before the next one, too.
    """
    placed: dict[int, list[Row]] = {}
    for row in (row for crossed in cuts.values() for row in crossed):
        rows = placed.setdefault(find_first_place(periods, str(row["first_period"])), [])
        if row not in rows:
            rows.append(row)
    return placed


def list_counted(row: Row | None, territories: Collection[str]) -> frozenset[str]:
    """Return `territories`, those that a figure is of, if it is published or withheld; none if nothing was counted."""
    if row is None or (row["value"] is None and words.format_count(row).kind != "withheld"):
        return frozenset()
    return frozenset(territories)


def find_cuts(
    periods: Sequence[str],
    counted: Sequence[Collection[str]],
    breaks: Sequence[Row],
    find_territory: Callable[[Row], str],
) -> dict[int, list[Row]]:
    """Return the positions of the periods before which a series is cut, each with the breaks that cut it.

    `counted` has the territories that the figure of each period is of, as by `list_counted`, and `find_territory`
    returns the territory of a break. A break before the first figure of its territory is before the series and cuts
    nothing, nor does one in a period whose figure is of other territories only.
    """
    begun: set[str] = set()
    cuts = {}
    for place in range(1, len(periods)):
        begun |= set(counted[place - 1])
        affected = begun & set(counted[place]) if counted[place] else begun
        crossed = [
            row
            for row in breaks
            if find_territory(row) in affected and is_between(row, periods[place - 1], periods[place])
        ]
        if crossed:
            cuts[place] = crossed
    return cuts


def select_breaks(rows: Sequence[Row], measure: str, level: str) -> list[Row]:
    """Return the breaks of one measure at one level: its own, and those of all measures."""
    return [row for row in rows if row["measure"] in ("", measure) and row["level"] in ("", level)]


def describe_break(row: Row, area: str = "") -> str:
    """Describe a break in a sentence: its kind, when it began, the area if one is given, its cause.

    In a demonstration, whose figures are invented, a second sentence says that a change of law is not.
    """
    described = f"{name_break(row, area)}: {describe_cause(row)}"
    if not row.get("is_demonstration") or row["kind"] != "law" or row["status"] == "demonstration":
        return described
    return f"{described} {tell(_REAL_LAW if row['status'] == 'verified' else _UNVERIFIED_LAW)}"  # marked above


def name_break(row: Row, area: str = "", *others: Row) -> str:
    """Return the kind of a break and when it began, and the name of the area that it is of, if one is given.

    `others` are breaks of the same area at the same time: 'Change of source and change in recording, 2023 Q1, Croatia'.
    """
    kinds = name_kinds(str(each["kind"]) for each in (row, *others))
    return ", ".join(filter(None, (kinds, words.period_short(row["first_period"]), area)))


def name_kinds(kinds: Iterable[str]) -> str:
    """Return the names of kinds of breaks, each once: 'Change of source and change in recording'."""
    first, *more = (_NAMES_OF_BREAKS.get(kind, kind) for kind in dict.fromkeys(kinds))
    return words.join_words([first, *map(lower_first, more)])


def describe_breaks(rows: Sequence[Row], name_owner: Callable[[Row], str] = lambda _: "") -> list[str]:
    """Describe each break once, even if it affects several measures, in order of date.

    `name_owner` returns the name of the area that a break is of, empty if it is clear where the text is shown.
    """
    ordered = sorted(rows, key=lambda row: (row["first_day"], row["code"]))
    return list(dict.fromkeys(describe_break(row, name_owner(row)) for row in ordered))


def describe_cause(row: Row) -> str:
    """Describe the cause of a break; notation of the declarations (+388, aggregates > register) is put into words."""
    if row["words"] == "law_changed":
        parts = [part.strip() for part in str(row["detail"]).split(",")]
        added, removed = ([part[1:] for part in parts if part.startswith(sign)] for sign in "+-")
        sentences = (
            [tell("Articles in force from then: {articles}.", articles=words.join_words(added))] if added else []
        )
        if removed:
            sentences.append(tell("Articles no longer in force: {articles}.", articles=words.join_words(removed)))
        return " ".join(sentences)
    if row["words"] == "shape_changed" and " > " in str(row["detail"]):
        before, after = (_SHAPES.get(shape, shape) for shape in str(row["detail"]).split(" > ", 1))
        return tell(
            "Counts come from another kind of return: {before} before, {after} since then.", before=before, after=after
        )
    return tell(str(row["text"])).replace(" > ", ", then ")  # marked in the declarations of the territories
