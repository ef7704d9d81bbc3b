"""Put the region into words: its figures with their coverage, the spread of its territories, and the period of a
comparison."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.thresholds import ENOUGH_EVENTS, FEWEST_TERRITORIES_IN_RANGE, FEWEST_TERRITORIES_IN_REGION
from pipelines.words import Row
from pipelines.words.language import Texts, lower_first, many, tell, upper_first

NOT_BORROWED = mark("Territories that are not included are not estimated.")
FREQS: Mapping[str, str] = Texts(
    {
        "Q": mark("one quarter"),
        "A": mark("one year"),
        "P3": mark("three years"),
        "P5": mark("five years"),
    }
)

_STAGES = mark("{area}, {period}, {crime}: {figures} ({track} where a court decided). {coverage}")
_LEAD = mark("{area}, {period}, {crime} ({track} where a court decided).")
_ALL = mark("Figures cover all {whole} territories.")
_SOME = mark("Figures cover {n} of {whole} territories.")
_TOO_FEW = mark("Only {n} of {whole} territories can be included; a regional figure needs at least {fewest}.")
_NONE = mark("No territory has reported.")
NO_REGION = mark("no regional figure")
TOO_FEW_TERRITORIES = mark("No regional figure is shown from fewer than {fewest} territories.")
MIXED_TERRITORIES = mark(
    "No regional figure is shown, because not all counts of what was resolved are from the same territories."
)
_FEW_TERRITORIES = mark("{stages}: no regional figure, because only {n} of {whole} territories are included.")


def explain_too_few() -> str:
    """Return the note on a figure of the region from too few territories."""
    return tell(TOO_FEW_TERRITORIES, fewest=FEWEST_TERRITORIES_IN_REGION)


def count_reporters(row: Row) -> int:
    """Return how many territories are in a figure."""
    return len([code for code in str(row["reporters"] or "").split(",") if code])


def is_regional(row: Row | None) -> bool:
    """Return True if enough territories are in a figure to call it a figure of the region."""
    return row is not None and count_reporters(row) >= FEWEST_TERRITORIES_IN_REGION


def is_refused(row: Row | None) -> bool:
    """Return True if a figure of the region is not shown, because too few territories are in it.

    Of a ratio of two stages and of a clearance rate, the release says so: one that lacks a count can list the
    territories of the other one.
    """
    if row is not None and (is_ratio(row) or "undefined" in row):
        return bool(row["state"] == "too_few_territories")
    return row is not None and bool(count_reporters(row)) and not is_regional(row)


def is_ratio(row: Row) -> bool:
    """Return True for a ratio of two stages, which alone has versions."""
    return bool(row.get("version"))


def is_covered(row: Row | None) -> bool:
    """Return True if the territories of a figure of the region are known: those that its value is of.

    A ratio that lacks a count lists the territories of the other one, and a withheld clearance rate those of one term.
    """
    return row is not None and (row["value"] is not None or row.get("state") == "too_few_territories")


def has_members(row: Row) -> bool:
    """Return True if the territories that a row lists are those of its figure: of each count, of a known ratio, and of
    a withheld ratio of two stages, which lists the territories with both counts."""
    return "numerator" not in row or is_covered(row) or (is_ratio(row) and row["state"] == "withheld")


def is_mixed(row: Row | None) -> bool:
    """Return True if a clearance rate of the region is undefined because the terms of its sum are from different
    territories.

    Such a row has the fewest territories of a term, and the names of those of one term.
    """
    return (
        row is not None
        and "undefined" in row
        and row["value"] is None
        and row["area_kind"] == "region"
        and row["n_reported"] != count_reporters(row)
    )


def refuse_figure() -> words.FormattedFigure:
    """Return the text where the region has no figure: from too few territories, or of a kind that is not added up."""
    return words.FormattedFigure(tell(NO_REGION), tell(NO_REGION), "note")


def describe_cover(row: Row, whole: int, absences: str) -> str:
    """Describe how many territories a figure covers, or are too few for one, and which are not in it."""
    n = count_reporters(row)
    if not n:
        return tell(_NONE)
    if is_refused(row):
        text = tell(_TOO_FEW, n=n, whole=whole, fewest=FEWEST_TERRITORIES_IN_REGION)
    else:
        text = tell(_ALL, whole=whole) if n == whole else tell(_SOME, n=n, whole=whole)
    return f"{text} {absences}".strip()


def name_territories(
    area: str, columns: Sequence[tuple[str, Row | None]], territories: Sequence[tuple[str, str]]
) -> str:
    """Name the territories in the region's figures of one row: once if all columns have the same.

    A ratio of which no territory has both counts is left out.
    """
    by_reporters: dict[str, list[str]] = {}
    for column, cell in columns:
        if cell is not None and (cell["reporters"] or not is_ratio(cell)):
            by_reporters.setdefault(str(cell["reporters"] or ""), []).append(lower_first(column))
    texts = []
    for reporters, names in by_reporters.items():
        count, _ = words.describe_coverage(reporters, territories)
        present = words.join_words(name for code, name in territories if code in reporters.split(","))
        covered = tell("no territory has reported")
        if present:
            covered = tell("{count} territories ({names})", count=count, names=present)
        texts.append(covered if len(by_reporters) == 1 else f"{words.join_words(names)}: {covered}")
    return f"{area}, {'; '.join(texts)}" if texts else ""


def count_territories(columns: Sequence[tuple[str, Row | None]], whole: int) -> str:
    """Return how many territories are in the regional figures of a row: '5 of 7 in 2020–2022 and 7 of 7 in 2023–2025'.

    Columns that are not years are named only if the numbers differ. Empty text without columns.
    """
    groups: list[tuple[str, list[str]]] = []
    is_of_years = all(re.fullmatch(r"\d{4}", column) for column, _ in columns)
    for column, row in sorted(columns, key=lambda each: each[0]) if is_of_years else columns:
        has_figure = row is not None and has_members(row) and not is_refused(row) and not is_mixed(row)
        count = tell("{n} of {whole}", n=count_reporters(row), whole=whole) if row and has_figure else tell(NO_REGION)
        if groups and groups[-1][0] == count:
            groups[-1][1].append(column)
        else:
            groups.append((count, [column]))
    if groups and is_of_years:
        texts = [tell("{count} in {years}", count=count, years=_name_group(years)) for count, years in groups]
        return words.join_words(texts)
    if len(groups) == 1:
        return groups[0][0]
    return "; ".join(f"{words.join_words(map(lower_first, names))}: {count}" for count, names in groups)


def _name_group(years: Sequence[str]) -> str:
    """Return years that follow each other as a period, and others one by one."""
    is_whole = int(years[-1]) - int(years[0]) == len(years) - 1
    return words.name_years(years) if is_whole else words.join_words(years)


def describe_stages(
    area: str,
    period: str,
    crime: str,
    track: str,
    cells: Sequence[tuple[str, Row | None]],
    whole: int,
    absences: Callable[[Row], str],
) -> str:
    """Return the sentences to quote on the stages of one area, each group of stages with its own coverage.

    Stages with different reporters never share a sentence, because their numbers have different bases. `absences`
    names the territories that are not in a figure and why.
    """
    groups: dict[str, list[tuple[str, Row | None]]] = {}
    for measure, cell in cells:
        groups.setdefault("" if cell is None else str(cell["reporters"] or ""), []).append((measure, cell))
    about = {
        "area": area,
        "period": words.period_words(period),
        "crime": lower_first(crime),
        "track": words.TRACK_WORDS[track],
    }
    if len(groups) == 1:
        (group,) = groups.values()
        if group and is_regional(group[0][1]):
            figures = words.join_words(_describe_stage(measure, cell) for measure, cell in group)
            coverage = describe_cover(group[0][1] or {}, whole, absences(group[0][1] or {}))
            return tell(_STAGES, **about, figures=figures, coverage=coverage)
    sentences = [tell(_LEAD, **about)]
    sentences += [_describe_group(group, whole, absences) for group in groups.values()]
    return " ".join(sentences)


def _describe_group(group: Sequence[tuple[str, Row | None]], whole: int, absences: Callable[[Row], str]) -> str:
    """Return the sentences on stages with the same reporters."""
    cell = group[0][1]
    if cell is not None and is_regional(cell):
        figures = words.join_words(_describe_stage(measure, stage_cell) for measure, stage_cell in group)
        return f"{upper_first(figures)}. {describe_cover(cell, whole, absences(cell))}"
    stages = upper_first(words.join_words(lower_first(words.stage_name(measure)) for measure, _ in group))
    if cell is None:
        return tell("{stages}: not collected.", stages=stages)
    return tell(_FEW_TERRITORIES, stages=stages, n=count_reporters(cell), whole=whole)


def _describe_stage(measure: str, cell: Row | None) -> str:
    stage = lower_first(words.stage_name(measure))
    figure = words.format_absent() if cell is None else words.format_count(cell)
    if figure.kind == "value" and cell is not None:
        return tell("{count} {stage}", count=words.count_units(cell["value"], cell["count_unit"]), stage=stage)
    unit = words.unit_name("person" if cell is None else cell["count_unit"])
    return tell("{unit} {stage}: {figure}", unit=unit, stage=stage, figure=figure.spoken)


def quote_figure(row: Row | None, digits: int = 0) -> str:
    """Return a figure of the region with its interval for a sentence, or the words for why there is none."""
    if row is None:
        return words.format_absent().spoken
    if is_refused(row) or is_mixed(row):
        return tell(NO_REGION)
    figure = words.format_value(row["value"], row["obs_status"], row["conf_status"], digits)
    if figure.kind != "value" or row.get("low") is None:
        return figure.spoken
    low = words.format_number(row["low"], digits)
    is_open = row.get("high") is None or row["high"] == float("inf")
    return words.add_interval(figure.spoken, low, "" if is_open else words.format_number(row["high"], digits))


# ----------------------------------------------------------------------------------------------- spread of territories


def format_range(row: Row | None, digits: int) -> str:
    """Format the median and the spread of the territories' published figures: '1.60, 0.44 to 1.81 (territories: 5)'.

    A median needs three territories.
    """
    if row is None or not row["n"]:
        return tell("no published figure")
    if row["median"] is None:
        return tell("fewer than three published figures (territories: {n})", n=row["n"])
    low, high = (words.format_number(row[end], digits) for end in ("minimum", "maximum"))
    median = words.format_number(row["median"], digits)
    return tell("{median}, {low} to {high} (territories: {n})", median=median, low=low, high=high, n=row["n"])


_NO_FIGURE = mark("No territory has a published figure.")
_ONE = mark("One territory has a published figure. A median needs three territories.")
_TWO = mark("Two territories have a published figure. A median needs three territories.")
_ALL_FEW = mark("In all of them, the counts are too few to compare.")


def describe_range(row: Row, digits: int = 0) -> str:
    """Describe the published figures of the territories in sentences: median, lowest and highest, who is left out."""
    count = row["n"]
    if count < FEWEST_TERRITORIES_IN_RANGE:
        text = tell((_NO_FIGURE, _ONE, _TWO)[count])  # marked above
    else:
        low, median, high = (words.format_number(row[name], digits) for name in ("minimum", "median", "maximum"))
        text = many(
            "{n} territory has a published figure: median {median}, lowest {low}, highest {high}.",
            "{n} territories have a published figure: median {median}, lowest {low}, highest {high}.",
            count,
            median=median,
            low=low,
            high=high,
        )
    few = count - row["n_enough"]
    sentences = [text]
    if few and few == count:
        sentences.append(tell(_ALL_FEW))
    elif few:
        sentences.append(
            many(
                "In {n} of them, the counts are too few to compare.",
                "In {n} of them, the counts are too few to compare.",
                few,
            )
        )
    if row["n_withheld"]:
        sentences.append(tell("Withheld as well: {n}.", n=row["n_withheld"]))
    return " ".join(sentences)


# -------------------------------------------------------------------------------------------- period of a comparison


def default_window(windows: Sequence[Row]) -> Row | None:
    """Return the period in which a comparison opens; None if the release has none with a period."""
    return next((row for row in windows if row["is_default"] and row["period"]), None)


def choose_opening(windows: Sequence[Row], periods: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Return frequency and period in which the page of the region opens: the newest in which most can be compared.

    Without one, it is the newest year of the windows, because a quarter is too short to compare anything.
    """
    offered = [row for row in windows if row["period"] in periods.get(row["freq"], ())]
    chosen = default_window(offered)
    if chosen is None or not chosen["is_most"]:
        chosen = next((row for row in offered if row["freq"] == "A"), chosen)
    return (chosen["freq"], chosen["period"]) if chosen is not None else None


_REACH = mark("{n} of the {whole} territories that report this have counts of {enough} or more in {period}")
_REACH_OF_SHARE = mark(
    "{n} of the {whole} territories that report this have {enough} or more both in the part and in the rest in {period}"
)
_REACH_NONE = mark("none of the {whole} territories that report this has counts of {enough} or more in {period}")
_REACH_NONE_OF_SHARE = mark(
    "none of the {whole} territories that report this has {enough} or more both in the part and in the rest in {period}"
)
_SHORTEST = mark(
    "Most of the territories that report this have enough cases to compare in {period}, but not in a shorter period. "
    "{reach}."
)
_NEVER = mark("Most territories have too few cases to compare, even over {longest}. {reach}.")
_NEVER_OF_SHARE = mark(
    "Most territories have too few in the part or in the rest to compare, even over {longest}. {reach}."
)
_HALF = mark("Even over {longest}, no more than half of the territories can be compared. {reach}.")
_NEVER_LONGER = mark(
    "Most territories have too few cases to compare, even over {longest} ({span}). The period chosen is {period}: "
    "{reach}."
)
_NEVER_LONGER_OF_SHARE = mark(
    "Most territories have too few in the part or in the rest to compare, even over {longest} ({span}). The period "
    "chosen is {period}: {reach}."
)
_HALF_LONGER = mark(
    "Even over {longest} ({span}), no more than half of the territories can be compared. The period chosen is "
    "{period}: {reach}."
)
_OTHERWISE = mark("Opens in {period}: {reach}.")
_AGAINST = mark("{reach}, against {others}")


def explain_window(windows: Sequence[Row], *, is_share: bool, is_covered: bool = False) -> str:
    """Explain why a comparison opens in its period and what the shorter ones lack.

    Empty without a period, if only one territory has the figure, and for an earlier release, which lacks the number of
    territories that have it in each period. A share needs enough in the part and in the rest.
    How many territories have the figure in the period is left out if `is_covered`: the reader knows it already.
    """
    chosen = default_window(windows)
    if chosen is None or chosen["n_territories"] < 2 or chosen["n_reported"] is None:
        return ""
    if chosen["n_reaching"]:
        template = _REACH_OF_SHARE if is_share else _REACH
    else:
        template = _REACH_NONE_OF_SHARE if is_share else _REACH_NONE
    reach = tell(
        template,  # marked above
        n=chosen["n_reaching"],
        whole=chosen["n_territories"],
        enough=ENOUGH_EVENTS,
        period=words.period_short(chosen["period"]),
    )
    shorter = [row for row in windows if _order(row) < _order(chosen) and row["period"]]
    shorter.sort(key=_order, reverse=True)
    if shorter and chosen["n_reaching"]:
        others = words.join_words(
            tell("{n} in {period}", n=row["n_reaching"], period=words.period_short(row["period"])) for row in shorter
        )
        reach = tell(_AGAINST, reach=reach, others=others)
    name = words.period_short(chosen["period"])
    # A territory can report this in other periods alone.
    is_partial = chosen["n_reported"] < chosen["n_territories"]
    reporting = _count_reporting(chosen) if is_partial and not is_covered else ""
    if any(row["is_most"] for row in windows):
        is_shortest = chosen["is_most"] and not any(row["is_most"] for row in shorter)
        opening = tell(_SHORTEST if is_shortest else _OTHERWISE, period=name, reach=reach)  # marked above
        return f"{opening} {reporting}".strip()
    last = max((row for row in windows if row["period"]), key=_order)
    longest = FREQS[last["freq"]]
    is_small = all(2 * (row["n_reported"] - row["n_reaching"]) > row["n_territories"] for row in (chosen, last))
    if last["period"] == chosen["period"]:
        never = _NEVER_OF_SHARE if is_share else _NEVER
        sentence = tell(never if is_small else _HALF, longest=longest, reach=upper_first(reach))  # marked above
    else:
        never = _NEVER_LONGER_OF_SHARE if is_share else _NEVER_LONGER
        template = never if is_small else _HALF_LONGER
        span = words.period_short(last["period"])
        sentence = tell(template, longest=longest, span=span, period=name, reach=reach)  # marked above
    if is_small:
        return sentence
    return f"{sentence} {reporting}".strip()


def _count_reporting(row: Row) -> str:
    """Return how many territories have a figure in a period of comparison."""
    return many(
        "Only {n} territory has this figure for {period}.",
        "Only {n} territories have this figure for {period}.",
        row["n_reported"],
        period=words.period_short(row["period"]),
    )


_SHORTER = mark("You have chosen a shorter period, in which the figures of most territories are too small to compare.")


def explain_other_window(windows: Sequence[Row], freq: str, period: str) -> str:
    """Return the hint on a period that is not the default; empty for the default itself, and without a default."""
    chosen = default_window(windows)
    if chosen is None or (chosen["freq"], chosen["period"]) == (freq, period):
        return ""
    if (order := list(FREQS).index(freq)) < _order(chosen):
        return tell(_SHORTER)
    return "" if order > _order(chosen) else tell("You have chosen {period}.", period=words.period_short(period))


_USE = mark("To compare territories, use {choices}.")
_USE_FOR = mark("{period} for {stages}")
_USE_FOR_FEW = mark("{period} for {stages}, although most territories have too few cases")


def describe_windows(by_stage: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """Describe the periods to compare several stages in one sentence, grouped by period."""
    together: dict[tuple[str, bool], list[str]] = {}
    for stage, rows in by_stage:
        chosen = default_window(rows)
        if chosen is None:
            continue
        key = (words.period_short(chosen["period"]), bool(chosen["is_most"]))
        together.setdefault(key, []).append(lower_first(stage))
    choices = [
        tell(_USE_FOR if is_most else _USE_FOR_FEW, period=period, stages=words.join_words(stages))  # marked above
        for (period, is_most), stages in together.items()
    ]
    return tell(_USE, choices="; ".join(choices)) if choices else ""


def _order(row: Row) -> int:
    return list(FREQS).index(row["freq"])
