"""Expected parameters of sentences on counts, rates, shares and changes from year to year."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import log
from typing import Any

from scipy.optimize import brentq, minimize_scalar
from scipy.stats import beta, chi2
from scipy.stats.contingency import odds_ratio

from tests.oracles.sentences import (
    BEGINS,
    CRIMES,
    ENOUGH,
    FEWEST_IN_REGION,
    PARTS,
    STAGES,
    UNITS,
    Expected,
    Params,
    Release,
    Row,
    Selection,
    add_interval,
    count_units,
    describe_absent,
    describe_cover,
    expect_parameters,
    find_compared,
    find_span,
    find_unit,
    format_day,
    format_number,
    format_period,
    format_signed,
    join_words,
    list_figures_of_region,
    list_instruments,
    list_measures,
    lower_first,
    name_stage,
    round_number,
    spell_period,
    split_codes,
    upper_first,
)

TRACKS = {"first": "at first instance", "final": "by final decision"}
WHOLE = {
    "{area}, {period}: {crime}, {measure}: {value}.",
    "{area}, {period}: {crime}, {measure} ({details}): {value}.",
    "{sentence} Rate per 100,000 inhabitants: {rate}.",
    "{sentence} Share of the total by {dimension}: {share}.",
    "{area}, {period}: {crime}, {name}: {value}.",
    "{area}, {period}: {crime}, {name}, {details}: {value}.",
    "{area}: {crime}, {name}: {value}.",
    "Records: {span}.",
    "Number of people: {n}.",
}
"""Sentences on one figure, which have everything that is said about it."""
PARTS |= {f"{{n}} {several}" for _, several in UNITS.values()}
PARTS |= {"{n} days", "{n} months", "{value} per cent"}

KINDS_OF_BREAKS = {
    "law": "Change in the law",
    "counting": "Change in counting",
    "recording": "Change in recording",
    "source": "Change of source",
}


# ------------------------------------------------------------------------------------------------- stages of the region


def describe_stage(r: Release, row: Row | None, measure: str, unit: str) -> str:
    """Return '190 persons investigated' or 'persons investigated: withheld'."""
    name = lower_first(name_stage(measure))
    if row is None:
        return f"persons {name}: not collected"
    if row["value"] is None:
        return f"{UNITS[unit][1]} {name}: {describe_absent(row)}"
    return f"{count_units(row['value'], unit)} {name}"


def group_stages(r: Release, s: Selection) -> dict[str, list[tuple[str, Row | None]]]:
    """Return the stages of a selection by the territories in them."""
    groups: dict[str, list[tuple[str, Row | None]]] = {}
    for measure in list_measures(s):
        row = r.find_total(r.region, s["period"], s["crime"], measure, find_unit(s))
        groups.setdefault("" if row is None else str(row["reporters"] or ""), []).append((measure, row))
    return groups


@expect_parameters("{area}, {period}, {crime}: {figures} ({track} where a court decided). {coverage}")
def expect_figures_of_stages(r: Release, s: Selection, p: Params) -> Expected:
    ((_, group),) = group_stages(r, s).items()
    unit = find_unit(s)
    first = group[0][1]
    assert first is not None
    return {
        **_describe_selection(r, s),
        "figures": join_words(describe_stage(r, row, measure, unit) for measure, row in group),
        "coverage": describe_cover(r, first, s["crime"], group[0][0], unit, list_instruments(s)),
    }


def _describe_selection(r: Release, s: Selection) -> dict[str, Any]:
    return {
        "area": r.plain[r.region],
        "period": spell_period(s["period"]),
        "crime": lower_first(CRIMES[s["crime"]]),
        "track": TRACKS[s["decisions"]],
    }


@expect_parameters("{area}, {period}, {crime} ({track} where a court decided).")
def expect_opening_of_headline(r: Release, s: Selection, p: Params) -> Expected:
    return _describe_selection(r, s)


def compose_headline(r: Release, s: Selection) -> str:
    """Return all sentences on the stages of the region, as one text."""
    groups, unit = group_stages(r, s), find_unit(s)
    about = "{area}, {period}, {crime}".format(**_describe_selection(r, s))
    in_court = f"({TRACKS[s['decisions']]} where a court decided)"
    texts = []
    for group in groups.values():
        row = group[0][1]
        if row is not None and len(split_codes(row["reporters"])) >= FEWEST_IN_REGION:
            figures = join_words(describe_stage(r, cell, measure, unit) for measure, cell in group)
            coverage = describe_cover(r, row, s["crime"], group[0][0], unit, list_instruments(s))
            if len(groups) == 1:
                return f"{about}: {figures} {in_court}. {coverage}"
            texts.append(f"{upper_first(figures)}. {coverage}")
        else:
            names = upper_first(join_words(lower_first(name_stage(measure)) for measure, _ in group))
            n = 0 if row is None else len(split_codes(row["reporters"]))
            whole = len(r.territories)
            texts.append(
                f"{names}: not collected."
                if row is None
                else f"{names}: no regional figure, because only {n} of {whole} territories are included."
            )
    return " ".join([f"{about} {in_court}.", *texts])


@expect_parameters("{stages}: no regional figure, because only {n} of {whole} territories are included.")
def expect_too_few_territories(r: Release, s: Selection, p: Params) -> Expected:
    options = set()
    for reporters, group in group_stages(r, s).items():
        names = upper_first(join_words(lower_first(name_stage(measure)) for measure, _ in group))
        options.add((names, str(len(split_codes(reporters)))))
    return {("stages", "n"): options, "whole": str(len(r.territories))}


@expect_parameters("{count} {stage}")
def expect_count_of_stage(r: Release, s: Selection, p: Params) -> Expected:
    rows = {
        lower_first(name_stage(m)): r.find_total(r.region, s["period"], s["crime"], m, find_unit(s))
        for m in list_measures(s)
    }
    row = rows[p["stage"]]
    assert row is not None
    return {"count": count_units(row["value"], find_unit(s))}


@expect_parameters("{unit} {stage}: {figure}")
def expect_absent_stage(r: Release, s: Selection, p: Params) -> Expected:
    rows = {
        lower_first(name_stage(m)): r.find_total(r.region, s["period"], s["crime"], m, find_unit(s))
        for m in list_measures(s)
    }
    return {"figure": describe_absent(rows[p["stage"]])}


# -------------------------------------------------------------------------------------------------------- rates, spread


@expect_parameters("{area}, {period}, {crime}, {stage} ({unit}) {per}: {figure}. {coverage} {spread}")
def expect_rate_of_stage(r: Release, s: Selection, p: Params) -> Expected:
    unit, crime = find_unit(s), s["crime"]
    rows = {
        row["measure"]: row
        for row in r.index_rows("region", "metric", "period", "offence_group", "count_unit").get(
            ("rate", s["period"], crime, unit), ()
        )
    }
    measures = [m for m in list_measures(s) if m in rows]
    measure = next((m for m in measures if m.startswith("convicted")), measures[-1])
    row, cell = rows[measure], r.find_total(r.region, s["period"], crime, measure, unit)
    rate = r.indicators.get((cell["cell_id"], "rate", "_Z")) if cell else None
    per = "per 100,000 inhabitants" if s["freq"] in ("Q", "A") else "per 100,000 inhabitants a year"
    few = f"Fewer than {ENOUGH}: too few to compare. " if row["state"] == "too_few" else ""
    return {
        "area": r.plain[r.region],
        "period": spell_period(s["period"]),
        "crime": lower_first(CRIMES[crime]),
        "unit": UNITS[unit][1],
        "stage": lower_first(r.label["measure", measure]),
        "per": per,
        "figure": describe_regional_figure(row, rate, 2),
        "coverage": f"{few}{describe_cover(r, row, crime, measure, unit, list_instruments(s))}",
        "spread": describe_spread(row, 2),
    }


def is_mixed(row: Row) -> bool:
    """Return True if the kinds of what was resolved in the region are from different territories, so have no sum."""
    if "undefined" not in row or row["value"] is not None or row["area"] != "WB":
        return False
    return bool(len(split_codes(row["reporters"])) != row["n_reported"])


def describe_regional_figure(row: Row | None, limits: Row | None, digits: int = 0) -> str:
    """Return a figure of the region with its interval, as sentences quote it."""
    if row is None:
        return "not collected"
    is_of_few = 0 < len(split_codes(row["reporters"])) < FEWEST_IN_REGION
    if "undefined" in row:  # a clearance rate, which has its state in the release
        is_of_few = row["state"] == "too_few_territories"
    if is_of_few:
        return "no regional figure"
    if is_mixed(row):
        return "no regional figure"
    if row["value"] is None:
        return describe_absent({**row, "n_reported": None})
    value = format_number(row["value"], digits)
    if limits is None or limits["low"] is None or round(limits["value"] - row["value"], 9) != 0:
        return value
    return add_interval(value, limits["low"], limits["high"], digits)


def describe_spread(row: Row, digits: int) -> str:
    """Return the sentences on the published figures of the territories."""
    n = row["n"]
    if n < 3:
        text = [
            "No territory has a published figure.",
            "One territory has a published figure. A median needs three territories.",
            "Two territories have a published figure. A median needs three territories.",
        ][n]
    else:
        median, low, high = (format_number(row[name], digits) for name in ("median", "minimum", "maximum"))
        text = f"{n} territories have a published figure: median {median}, lowest {low}, highest {high}."
    few = n - row["n_enough"]
    if few and few == n:
        text += " In all of them, the counts are too few to compare."
    elif few:
        text += f" In {few} of them, the counts are too few to compare."
    if row["n_withheld"]:
        text += f" Withheld as well: {row['n_withheld']}."
    return text


def list_spreads(r: Release, s: Selection) -> list[Row]:
    """Return the rows on the spread of territories that a selection shows."""
    is_compared = s["page"] == "compare"
    metric = s["indicator"] if is_compared and s["kind"] == "ratio" else "rate"
    rows = r.index_rows("region", "metric", "period", "offence_group", "count_unit").get(
        (metric, s["period"], s["crime"], find_unit(s)), []
    )
    rows = [x for x in rows if x["victim_status"] in ("_T", "_Z")]
    return [x for x in rows if metric != "rate" or not is_compared or x["measure"] == s["indicator"]]


@expect_parameters(
    "{n} territories have a published figure: median {median}, lowest {low}, highest {high}.",
    "In {n} of them, the counts are too few to compare.",
    "Withheld as well: {n}.",
    "{median}, {low} to {high} (territories: {n})",
    "fewer than three published figures (territories: {n})",
)
def expect_spread_of_territories(r: Release, s: Selection, p: Params) -> Expected:
    digits = 0 if s["page"] == "compare" and s["kind"] == "ratio" else 2
    rows = list_spreads(r, s)
    if "median" in p:
        return {
            ("n", "median", "low", "high"): {
                (str(x["n"]), *(format_number(x[name], digits) for name in ("median", "minimum", "maximum")))
                for x in rows
                if x["median"] is not None
            }
        }
    return {"n": {str(n) for x in rows for n in (x["n"], x["n_withheld"], x["n"] - x["n_enough"])}}


@expect_parameters("{count} of these reach {enough}")
def expect_territories_above_limit(r: Release, s: Selection, p: Params) -> Expected:
    return {"count": {f"{x['n_enough']} of {x['n']}" if x["n"] else "none" for x in list_spreads(r, s)}}


# ------------------------------------------------------------------------------------------------ change of convictions


def find_change(r: Release, s: Selection, p: Params) -> Row:
    (row,) = [
        row
        for row in r.index_rows("decomposition", "area", "offence_group", "count_unit")[
            s["area"], s["crime"], find_unit(s)
        ]
        if (row["previous_period"], row["period"]) == (p["first"], p["last"])
    ]
    return row


def split_change(row: Row) -> float:
    """Return the part of a change in convictions C = V x R that is due to V: (V1 - V0) (R0 + R1) / 2."""
    v0, v1, c0, c1 = (float(row[name]) for name in ("volume_before", "volume_after", "count_before", "count_after"))
    return (v1 - v0) * (c0 / v0 + c1 / v1) / 2


@expect_parameters(
    "{name}, {crime}, convictions at first instance, {first} to {last}: from {before} to {after} ({change}). {parts}"
)
def expect_change_of_convictions(r: Release, s: Selection, p: Params) -> Expected:
    before, after = (
        r.find_total(s["area"], year, s["crime"], "convicted_first", find_unit(s)) for year in (p["first"], p["last"])
    )
    assert before is not None and after is not None
    row = find_change(r, s, p)
    change = after["value"] - before["value"]
    counts = [row[name] for name in ("volume_before", "volume_after", "count_before", "count_after")]
    parts: set[str] = {f"Too few to split: at least one of the four counts is under {ENOUGH}."}
    if min(counts) >= ENOUGH:
        volume = int(round_number(split_change(row)))
        effects = describe_effects(volume, int(round_number(change)) - volume)
        parts = {f"{verdict} {effects}" for verdict in list_verdicts_on_counts(before, after, ())}
    return {
        "name": r.marked[s["area"]],
        "crime": lower_first(CRIMES[s["crime"]]),
        "first": p["first"],
        "last": str(int(p["first"]) + 1),
        "before": format_number(before["value"]),
        "after": format_number(after["value"]),
        "change": format_signed(change),
        "parts": parts,
    }


def list_verdicts_on_counts(before: Row, after: Row, breaks: Sequence[Row]) -> set[str]:
    """Return what may be said of a change between two counts that are enough.

    Whether a change of single people also holds for several in one case is not decided here.
    """
    if breaks:
        return {f"Not tested across a break in the series. {' '.join(dict.fromkeys(map(describe_break, breaks)))}"}
    low, high = find_limits_of_counts(before, after)
    limits = f"{format_number(low, 2)} to {format_number(high, 2)}"
    if before["value"] == after["value"]:
        return {f"The figure is the same in both years (95% confidence interval of the ratio: {limits})."}
    ratio = f"{format_number(after['value'] / before['value'], 2)} times as many (95% confidence interval {limits})."
    if low <= 1 <= high:
        return {f"This is not a clear change: {ratio}"}
    unclear = "This is not called a clear change, because it may not hold if one case involves several people."
    return {f"This is a clear {'rise' if low > 1 else 'fall'}: {ratio}", f"That is {ratio} {unclear}"}


def find_limits_of_counts(before: Row, after: Row) -> tuple[float, float]:
    """Return Clopper and Pearson's limits of the share of the last count in the sum of both, as odds."""
    x, n = after["value"], after["value"] + before["value"]
    low, high = (share / (1 - share) for share in (beta.ppf(0.025, x, n - x + 1), beta.ppf(0.975, x + 1, n - x)))
    return low, high


def describe_effects(volume: int, ratio: int) -> str:
    first = {
        -1: f"Due to fewer indictments: {format_signed(volume)}.",
        0: "The number of indictments made no difference.",
        1: f"Due to more indictments: {format_signed(volume)}.",
    }[(volume > 0) - (volume < 0)]
    second = {
        -1: f"Due to a lower conviction ratio: {format_signed(ratio)}.",
        0: "The conviction ratio made no difference.",
        1: f"Due to a higher conviction ratio: {format_signed(ratio)}.",
    }[(ratio > 0) - (ratio < 0)]
    return f"{first} {second}"


PARTS |= {
    "Due to fewer indictments: {volume}.",
    "Due to more indictments: {volume}.",
    "Due to a lower conviction ratio: {ratio}.",
    "Due to a higher conviction ratio: {ratio}.",
}


@expect_parameters(
    "{name}, {crime}, convictions at first instance, {first} to {last}: from {before} to {after}. {reason}"
)
def expect_counts_across_a_break(r: Release, s: Selection, p: Params) -> Expected:
    row = find_change(r, s, p)
    return {
        "name": r.marked[s["area"]],
        "crime": lower_first(CRIMES[s["crime"]]),
        "first": p["first"],
        "last": str(int(p["first"]) + 1),
        "before": format_number(row["count_before"]),
        "after": format_number(row["count_after"]),
        "reason": f"{ACROSS_BREAK} {describe_crossed(r, s, row)}",
    }


ACROSS_BREAK = "The change is neither compared nor split, because there is a break in the series between the two years."


def describe_crossed(r: Release, s: Selection, row: Row) -> str:
    """Return the breaks that a change between two years crosses, each with the part of the area that it is of."""
    members = split_codes(row["reporters"]) if s["area"] == r.region else [s["area"]]
    areas = {code for member in members for code in (member, *r.list_parts(member))}
    start, end = find_span(row["previous_period"])[0], find_span(row["period"])[1]
    rows = [
        b
        for b in r.read_rows("break")
        if b["area"] in areas
        and b["code"] in split_codes(row["breaks"])
        and b["offence_group"] in ("", "_T", s["crime"])
        and b["last_day"] > start
        and b["first_day"] <= end
    ]
    texts = []
    for b in sorted(rows, key=lambda b: (b["first_day"], b["code"])):
        name, cause = describe_break(b).split(": ", 1)
        owner = b["of_area"]
        texts.append(f"{name}: {cause}" if owner == s["area"] else f"{name}, {r.marked[owner]}: {cause}")
    return " ".join(dict.fromkeys(texts))


@expect_parameters(f"{ACROSS_BREAK} {{breaks}}")
def expect_breaks_of_a_change(r: Release, s: Selection, p: Params) -> Expected:
    rows = r.index_rows("decomposition", "area", "offence_group", "count_unit")[s["area"], s["crime"], find_unit(s)]
    return {"breaks": {describe_crossed(r, s, row) for row in rows if row["breaks"]}}


@expect_parameters("{name}, {crime}, convictions at first instance, {first} to {last}: not shown. {reason}")
def expect_change_not_shown(r: Release, s: Selection, p: Params) -> Expected:
    newest = r.index_rows("decomposition", "area", "offence_group", "count_unit")[s["area"], s["crime"], find_unit(s)]
    assert not any(row["state"] in ("enough", "too_few") for row in newest)
    return {
        "name": r.marked[s["area"]],
        "crime": lower_first(CRIMES[s["crime"]]),
        "first": p["first"],
        "last": max(row["period"] for row in newest),
    }


@expect_parameters("from {before} to {after}")
def expect_counts_before_and_after(r: Release, s: Selection, p: Params) -> Expected:
    rows = r.index_rows("decomposition", "area", "offence_group", "count_unit")[s["area"], s["crime"], find_unit(s)]
    pairs = set()
    for row in rows:
        ends = [
            r.find_total(s["area"], row[name], s["crime"], "convicted_first", find_unit(s))
            for name in ("previous_period", "period")
        ]
        if all(end is not None and end["value"] is not None for end in ends):
            pairs.add(tuple(format_number(end["value"]) for end in ends if end is not None))
    return {("before", "after"): pairs}


@expect_parameters("{first} to {last}")
def expect_first_and_last_period(r: Release, s: Selection, p: Params) -> Expected:
    if s.get("part") == "show_splits":
        rows = r.index_rows("decomposition", "area", "offence_group", "count_unit")[s["area"], s["crime"], find_unit(s)]
        return {("first", "last"): {(row["previous_period"], row["period"]) for row in rows}}
    rows = r.read_rows("submission")
    return {
        ("first", "last"): {
            (format_period(x["first_period"]), format_period(x["last_period"])) for x in rows if x["first_period"]
        }
    }


# ----------------------------------------------------------------------------------------------------- change over time


def list_crossed_breaks(r: Release, area: str, crime: str, first: str, last: str, row: Row | None) -> list[Row]:
    """Return the breaks of a series between two periods; those of the region are those of its territories."""
    if row is None:
        return []
    members = split_codes(row["reporters"]) if area == r.region else [area]
    codes = {code for member in members for code in (member, *r.list_parts(member))}
    start, end = find_span(first)[0], find_span(last)[1]
    rows = [
        b
        for b in r.read_rows("break")
        if b["area"] in codes
        and b["offence_group"] in ("", "_T", crime)
        and b["measure"] in ("", row["measure"])
        and b["level"] in ("", row["level"])
        and b["last_day"] > start
        and b["first_day"] <= end
    ]
    return sorted(rows, key=lambda b: (b["first_day"], b["code"]))


def describe_break(b: Row) -> str:
    """Return a break in words."""
    cause = str(b["text"]).replace(" > ", ", then ")
    if b["words"] == "law_changed":
        parts = [part.strip() for part in str(b["detail"]).split(",")]
        added, removed = ([part[1:] for part in parts if part.startswith(sign)] for sign in "+-")
        texts = [f"Articles in force from then: {join_words(added)}."] if added else []
        texts += [f"Articles no longer in force: {join_words(removed)}."] if removed else []
        cause = " ".join(texts)
    if b["words"] == "shape_changed":
        shapes = {"aggregates": "summary returns", "register": "records of a register"}
        before, after = (shapes.get(shape, shape) for shape in str(b["detail"]).split(" > "))
        cause = f"Counts come from another kind of return: {before} before, {after} since then."
    if b["kind"] == "law":
        # The release that is walked is a demonstration: its figures are invented, but laws are not.
        cause += {
            "verified": " This change in the law is real, unlike the figures of this demonstration.",
            "unverified": " This change in the law is not part of the demonstration, but its source has not been "
            "verified yet.",
        }[b["status"]]
    kind = KINDS_OF_BREAKS[b["kind"]]
    return f"{kind}, {format_period(b['first_period'])}: {cause}"


def find_trend_ends(r: Release, s: Selection, area: str, measure: str = "") -> tuple[Row | None, Row | None, str, str]:
    first, last, only, unit = read_trend_selection(r, s)
    keys = [(area, period, s["crime"], measure or only, unit) for period in (first, last)]
    ends = [r.totals.get((*key, "_T") if unit == "victim" else key) for key in keys]
    if area == r.region:
        ends = [x if x is not None and len(split_codes(x["reporters"])) >= FEWEST_IN_REGION else None for x in ends]
    return ends[0], ends[1], first, last


def read_trend_selection(r: Release, s: Selection) -> tuple[str, str, str, str]:
    """Return the first and the last year of a change, and the measure and unit of its counts."""
    if s.get("part") == "victims_change":
        rows = r.index_rows("cell", "table_id", "offence_group", "freq")["victims_year", s["crime"], "A"]
        years = sorted({x["period"] for x in rows})
        return [year for year in years if year < s["year"]][-2:][0], s["year"], "victims_detected", "victim"
    if s.get("part") == "show_trends":
        return s["since"], r.periods[s["crime"], "A"][0], s["change_of"], find_unit(s)
    if s.get("part") == "show_splits":
        last = max(
            row["period"]
            for row in r.index_rows("decomposition", "area", "offence_group", "count_unit")[
                s["area"], s["crime"], find_unit(s)
            ]
            if row["state"] == "enough"
            and (s["area"] != r.region or len(split_codes(row["reporters"])) >= FEWEST_IN_REGION)
        )
        return str(int(last) - 1), last, "convicted_first", find_unit(s)
    if "first" in s:
        return s["first"], s["last"], "convicted_first", "person"
    earlier = [year for year in sorted(r.periods[s["crime"], "A"]) if year < s["year"]][-2:]
    return earlier[0], s["year"], s.get("measure", "convicted_first"), "person"


def list_trends(r: Release, s: Selection) -> list[tuple[str, str]]:
    """Return the area and the measure of each line of a table of changes, or of the one change of a sentence."""
    if "first" in s or s.get("part") == "show_splits":
        return [(s.get("area", r.region), "convicted_first")]
    if s.get("part") == "own_changes":
        return [(s["area"], measure) for measure in dict.fromkeys((*STAGES["first"], *STAGES["final"]))]
    measure = read_trend_selection(r, s)[2]
    return [(area, measure) for area in (r.region, *r.territories)]


@expect_parameters("Not tested across a break in the series. {breaks}")
def expect_breaks_not_tested(r: Release, s: Selection, p: Params) -> Expected:
    return {"breaks": {" ".join(dict.fromkeys(map(describe_break, breaks))) for breaks in list_all_crossed(r, s)}}


@expect_parameters(
    "The figure of {period} is divided by a count of {earlier}, so breaks from {earlier} on are included."
)
def expect_earlier_count(r: Release, s: Selection, p: Params) -> Expected:
    """Return the periods of the first figure of each ratio with a time lag that is not tested across a break."""
    ends = list_ratio_ends(r, s) if s.get("part") in RATIO_CHANGES else list_compared_ends(r, s)
    crossed = list_all_crossed(r, s)
    return {
        ("period", "earlier"): {
            (format_period(first["period"]), format_period(first["denominator_period"]))
            for (first, _), breaks in zip(ends, crossed, strict=True)
            if first is not None and breaks and (first.get("lag") or 0) > 0
        }
    }


def list_all_crossed(r: Release, s: Selection) -> list[list[Row]]:
    """Return the breaks within the span of each line of a table of changes."""
    if s.get("part") in RATIO_CHANGES:
        return [list_ratio_breaks(r, s["metric"], s["crime"], *ends) for ends in list_ratio_ends(r, s)]
    if s.get("part") == "show_changes":
        return [list_compared_breaks(r, s, *ends) for ends in list_compared_ends(r, s)]
    if s.get("part") == "median_changes":
        areas = {x["area"] for x in r.read_rows("sentence")}
        first, last = find_median_span(r, s)
        row = {"measure": f"sentenced_{s['track']}", "level": s["track"], "reporters": ""}
        return [list_crossed_breaks(r, area, s["crime"], first, last, row) for area in areas]
    crossed = []
    for area, measure in list_trends(r, s):
        before, _, first, last = find_trend_ends(r, s, area, measure)
        crossed.append(list_crossed_breaks(r, area, s["crime"], first, last, before))
    return crossed


def is_tested(r: Release, s: Selection, area: str, measure: str = "") -> bool:
    before, after, first, last = find_trend_ends(r, s, area, measure)
    if before is None or after is None or before["value"] is None or after["value"] is None:
        return False
    if list_crossed_breaks(r, area, s["crime"], first, last, before) or before["reporters"] != after["reporters"]:
        return False
    return min(before["value"], after["value"]) >= ENOUGH


def has_rates(r: Release, s: Selection, area: str, measure: str) -> bool:
    """Return True if both counts of a change have a rate."""
    rates = r.index_rows("indicator", "metric", "cell_id")
    ends = find_trend_ends(r, s, area, measure)[:2]
    return all(any(x["value"] is not None for x in rates.get(("rate", end["cell_id"]), [])) for end in ends if end)


@expect_parameters("Changes tested: {n}. About one in 20 tests finds a clear change by chance alone.")
def expect_number_of_tests(r: Release, s: Selection, p: Params) -> Expected:
    if s.get("part") in RATIO_CHANGES:
        return {"n": str(sum(is_ratio_tested(r, s, *ends) for ends in list_ratio_ends(r, s)))}
    if s.get("part") == "show_changes":
        return {"n": str(sum(is_compared_tested(r, s, *ends) for ends in list_compared_ends(r, s)))}
    if s.get("part") == "median_changes":
        first, last = find_median_span(r, s)
        medians = r.index_rows("sentence", "offence_group", "level", "statistic", "sentence_type", "sentence_band")
        rows = medians[s["crime"], s["track"], "median", "prison", "_T"]
        at = {(x["area"], x["source"], x["period"]): x for x in rows if x["value"] is not None}
        enough = {key for key, x in at.items() if x["state"] == "enough"}
        return {"n": str(sum((area, source, first) in enough for area, source, period in enough if period == last))}
    if s.get("part") == "cooperation":
        return {"n": count_requests_tested(r, s["crime"])}
    lines = list_trends(r, s)
    if s.get("part") == "own_changes":  # one table for each instance
        first, final = (lines[:6], lines[6:])
        return {"n": {str(sum(is_tested(r, s, *line) for line in table)) for table in (first, final)}}
    if s.get("part") == "count_changes":  # one table of counts, and one of rates, which some counts do not have
        tested = [line for line in lines if is_tested(r, s, *line)]
        return {"n": {str(len(tested)), str(sum(has_rates(r, s, *line) for line in tested))}}
    return {"n": str(sum(is_tested(r, s, *line) for line in lines))}


def count_requests_tested(r: Release, crime: str) -> set[str]:
    """Return how many changes of registered requests have enough of them, and how many of the share executed."""
    totals = {
        (x["year"], x["territory"], x["direction"]): x["value"]
        for x in r.read_rows("cooperation")
        if (x["offence_group"], x["measure"], x["partner"], x["statistic"])
        == (crime, "requests_registered", "_T", "count")
    }
    outcomes = {
        (x["year"], x["territory"], x["direction"]): x
        for x in r.read_rows("cooperation_outcome")
        if x["offence_group"] == crime
    }
    first, *_, last = sorted({year for year, *_ in totals})[-3:]
    enough = {key for key, value in totals.items() if value is not None and value >= ENOUGH}
    with_parts = {
        key
        for key, x in outcomes.items()
        if None not in (x["executed"], x["closed"]) and min(x["executed"], x["closed"] - x["executed"]) >= ENOUGH
    }
    return {str(sum((last, *key[1:]) in group for key in group if key[0] == first)) for group in (enough, with_parts)}


# ------------------------------------------------------------------------------------------------- changes of ratios


RATIO_CHANGES = ("ratio_changes", "clearance_changes")


def list_ratio_ends(r: Release, s: Selection) -> list[tuple[Row | None, Row | None]]:
    """Return the ratio or clearance rate of each area in the first and the last year of its test."""
    table = "clearance" if s["part"] == "clearance_changes" else "stage_ratio"
    rows = r.index_rows(table, "metric", "offence_group", "count_unit", "freq")[s["metric"], s["crime"], "person", "A"]
    by_key: dict[tuple[str, str], Row] = {}
    for x in rows:
        if x.get("is_default") or x.get("version") in (None, "same_period"):
            key = (x["area"], x["period"])
            by_key[key] = x if x.get("is_default") or key not in by_key else by_key[key]
    first, last = find_ratio_span(r, s, by_key)
    return [(by_key.get((area, first)), by_key.get((area, last))) for area in (r.region, *r.territories)]


def find_ratio_span(r: Release, s: Selection, by_key: Mapping[tuple[str, str], Row]) -> tuple[str, str]:
    if s["part"] == "clearance_changes":
        years = {period for (area, period), x in by_key.items() if area != r.region and x["value"] is not None}
    else:
        years = {period for _, period in by_key} & set(r.periods[s["crime"], "A"])
    newest = sorted(years)[-3:]
    return newest[0], newest[-1]


def list_ratio_breaks(r: Release, metric: str, crime: str, before: Row | None, after: Row | None) -> list[Row]:
    if before is None or after is None:
        return []
    operands = [x for x in r.read_rows("metric_operand") if x["metric"] == metric]
    start = min(before["period"], before.get("denominator_period") or before["period"])
    rows = {
        id(b): b
        for x in operands
        for b in list_crossed_breaks(
            r, before["area"], crime, start, after["period"],
            {"measure": x["measure"], "level": x["level"], "reporters": before["reporters"]},
        )
    }  # fmt: skip
    return sorted(rows.values(), key=lambda b: (b["first_day"], b["code"]))


def is_ratio_tested(r: Release, s: Selection, before: Row | None, after: Row | None) -> bool:
    if before is None or after is None or before["value"] is None or after["value"] is None:
        return False
    if list_ratio_breaks(r, s["metric"], s["crime"], before, after):
        return False
    return has_enough_to_test(before, after, is_part=bool(r.metric[s["metric"]]["is_nested"]))


def has_enough_to_test(before: Row, after: Row, *, is_part: bool) -> bool:
    """Return True if two ratios are of the same version and territories, and all counts behind them are enough."""
    is_same = all(before.get(name) == after.get(name) for name in ("version", "reporters"))
    counts = [x[name] for x in (before, after) for name in ("numerator", "denominator")]
    if not is_same or None in counts:
        return False
    if is_part:
        counts += [x["denominator"] - x["numerator"] for x in (before, after)]
    return min(counts) >= ENOUGH


def list_compared_ends(r: Release, s: Selection) -> list[tuple[Row | None, Row | None]]:
    """Return the figures of the page "Compare" in the chosen and in the newest period, of the region and each area."""
    rows = find_compared(r, s)
    periods = {
        period
        for (area, period), x in rows.items()
        if area != r.region and x["value"] is not None and x["freq"] == s["freq"]
    }
    last = max(periods)
    return [(rows.get((area, s["from"])), rows.get((area, last))) for area in (r.region, *s["areas"].split(","))]


def list_compared_breaks(r: Release, s: Selection, before: Row | None, after: Row | None) -> list[Row]:
    if before is None or after is None:
        return []
    if s["kind"] in ("ratio", "clearance"):
        return list_ratio_breaks(r, s["indicator"], s["crime"], before, after)
    return list_crossed_breaks(r, before["area"], s["crime"], before["period"], after["period"], before)


def is_compared_tested(r: Release, s: Selection, before: Row | None, after: Row | None) -> bool:
    if before is None or after is None or before["value"] is None or after["value"] is None:
        return False
    if list_compared_breaks(r, s, before, after):
        return False
    if s["kind"] in ("count", "rate"):
        counts = [r.cells[x["cell_id"]]["value"] for x in (before, after)]
        return before["reporters"] == after["reporters"] and min(counts) >= ENOUGH
    is_part = s["kind"] == "share" or bool(r.metric[s["indicator"]]["is_nested"])
    return has_enough_to_test(before, after, is_part=is_part)


@expect_parameters("{area}: {crime}, {name}: {after} in {last}, {before} in {first}.")
def expect_ends_of_region(r: Release, s: Selection, p: Params) -> Expected:
    if s["part"] in RATIO_CHANGES:
        before, after = list_ratio_ends(r, s)[0]
        first, last = (x["period"] for x in (before or {}, after or {}))
    else:
        _, _, first, last = find_trend_ends(r, s, r.region)
        _, _, only, unit = read_trend_selection(r, s)
        keys = [(r.region, period, s["crime"], only, unit) for period in (first, last)]
        before, after = (r.totals.get((*key, "_T") if unit == "victim" else key) for key in keys)
    texts = [
        "no regional figure"
        if x is not None
        and (
            x.get("state") == "too_few_territories"
            or (not {"version", "undefined"} & x.keys() and 0 < len(split_codes(x["reporters"])) < FEWEST_IN_REGION)
            or is_mixed(x)
        )
        else describe_absent(x)
        if x is None or x["value"] is None
        else format_number(x["value"])
        for x in (before, after)
    ]
    if "measure" in s:
        name = f"{r.label['measure', s['measure']]}, persons"
    else:
        name = r.metric[s["metric"]]["name"] + (", per cent" if s["metric"].startswith("clearance_rate") else "")
    about = {"first": first, "last": last, "crime": lower_first(CRIMES[s["crime"]]), "name": lower_first(name)}
    return about | r.describe_ends(r.region, texts, (before, after))


@expect_parameters(
    "This is a clear rise: {ratio} times as high (95% confidence interval {low} to {high}).",
    "This is a clear fall: {ratio} times as high (95% confidence interval {low} to {high}).",
    "This is not a clear change: {ratio} times as high (95% confidence interval {low} to {high}).",
    "That is {ratio} times as high (95% confidence interval {low} to {high}). This is not a clear change, "
    "because one case can involve several people.",
)
def expect_change_of_ratio(r: Release, s: Selection, p: Params) -> Expected:
    before, after = list_ratio_ends(r, s)[0]
    assert before is not None and after is not None and is_ratio_tested(r, s, before, after)
    is_part = bool(r.metric[s["metric"]]["is_nested"])
    find_limits = find_limits_of_parts if is_part else find_limits_of_ratios
    low, high = find_limits(before, after)
    message = str(p[""])
    if low <= 1 <= high:
        assert message.startswith("This is not a clear change: "), message
    else:
        clear = f"This is a clear {'rise' if low > 1 else 'fall'}"
        assert message.startswith(clear) or "This is not called a clear change, because" in message, message
    ratio = after["value"] / before["value"]
    return {"ratio": format_number(ratio, 2), "low": format_number(low, 2), "high": format_number(high, 2)}


def find_limits_of_parts(before: Row, after: Row) -> tuple[float, float]:
    """Return the ratios of two shares at which Koopman's chi-squared, over the best shares, reaches its 95% point."""
    (x, n), (y, m) = (
        (row["numerator"] / (row["dispersion"] or 1), row["denominator"] / (row["dispersion"] or 1))
        for row in (before, after)
    )
    point = chi2.ppf(0.95, 1)

    def exceed_limit(ratio: float) -> float:
        def measure_deviance(share: float) -> float:
            last_share = ratio * share
            return -(x * log(share) + (n - x) * log(1 - share) + y * log(last_share) + (m - y) * log(1 - last_share))

        share = minimize_scalar(
            measure_deviance, bounds=(1e-9, min(1, 1 / ratio) - 1e-9), method="bounded", options={"xatol": 1e-12}
        ).x
        pairs = ((x, n, share), (y, m, ratio * share))
        return float(sum((part - whole * p) ** 2 / (whole * p * (1 - p)) for part, whole, p in pairs) - point)

    estimate = (y / m) / (x / n)
    return brentq(exceed_limit, estimate / 50, estimate), brentq(exceed_limit, estimate, estimate * 50)


def find_limits_of_ratios(before: Row, after: Row) -> tuple[float, float]:
    """Return the exact limits of the ratio of two ratios: the odds ratios at which a tail has 2.5%."""
    last, first = (
        tuple(int(row[name] // (row.get("dispersion") or 1)) for name in ("numerator", "denominator"))
        for row in (after, before)
    )
    return find_limits_of_odds(last, first)


@cache
def find_limits_of_odds(last: tuple[int, ...], first: tuple[int, ...]) -> tuple[float, float]:
    """Return the limits of an odds ratio, once for the same counts: half a second of processor time for all pages."""
    limits = odds_ratio([[*last], [*first]], kind="conditional").confidence_interval(0.95)
    return limits.low, limits.high


def find_median_span(r: Release, s: Selection) -> tuple[str, str]:
    rows = r.index_rows("sentence", "offence_group", "level", "statistic", "sentence_type", "sentence_band", "freq")
    medians = rows[s["crime"], s["track"], "median", "prison", "_T", "A"]
    newest = sorted({x["period"] for x in medians if x["value"] is not None})[-3:]
    return newest[0], newest[-1]


@expect_parameters(
    "This is a clear rise: {ratio} times as many (95% confidence interval {low} to {high}).",
    "This is a clear fall: {ratio} times as many (95% confidence interval {low} to {high}).",
    "This is not a clear change: {ratio} times as many (95% confidence interval {low} to {high}).",
    "That is {ratio} times as many (95% confidence interval {low} to {high}). This is not called a clear change, "
    "because it may not hold if one case involves several people.",
)
def expect_ratio_of_change(r: Release, s: Selection, p: Params) -> Expected:
    before, after, _, _ = find_trend_ends(r, s, s.get("area", r.region))
    assert before is not None and after is not None
    ratio, (low, high) = after["value"] / before["value"], find_limits_of_counts(before, after)
    message = str(p[""])
    if low <= 1 <= high:
        assert message.startswith("This is not a clear change: "), message
    else:
        clear = f"This is a clear {'rise' if low > 1 else 'fall'}"
        assert message.startswith(clear) or "This is not called a clear change, because" in message, message
    return {"ratio": format_number(ratio, 2), "low": format_number(low, 2), "high": format_number(high, 2)}


@expect_parameters("The figure is the same in both years (95% confidence interval of the ratio: {low} to {high}).")
def expect_same_figure(r: Release, s: Selection, p: Params) -> Expected:
    expect_change = expect_change_of_ratio if "metric" in s else expect_ratio_of_change
    expected = expect_change(r, s, {**p, "": "This is not a clear change: "})
    assert expected["ratio"] == "1.00", expected
    return {"low": expected["low"], "high": expected["high"]}


@expect_parameters(
    "{area}: {crime}, people convicted at first instance: {after} in {last}, {before} in {first}.",
    "{area}: {crime}, presumed and identified victims: {after} in {last}, {before} in {first}.",
)
def expect_counts_of_trend(r: Release, s: Selection, p: Params) -> Expected:
    area = s.get("area", r.region)
    before, after, first, last = find_trend_ends(r, s, area)
    texts = [
        describe_absent(x) if x is None or x["value"] is None else format_number(x["value"]) for x in (before, after)
    ]
    about = {"first": first, "last": last, "crime": lower_first(CRIMES[s["crime"]])}
    return about | r.describe_ends(area, texts, (before, after))


@expect_parameters("{area}: {crime}, people convicted at first instance in {period}: {figure}.")
def expect_figure_of_stage(r: Release, s: Selection, p: Params) -> Expected:
    year = choose_year(r, s["crime"])
    row = r.find_total(r.region, year, s["crime"], "convicted_first")
    limits = r.indicators.get((row["cell_id"], "count", "_Z")) if row else None
    about = {"area": r.name_counted_area(r.region, row), "crime": lower_first(CRIMES[s["crime"]])}
    return about | {"period": year, "figure": describe_regional_figure(row, limits)}


@expect_parameters(
    "Headlines on convictions compare {last} with {previous}. Tables of changes, and the texts on victims and "
    "indicators, compare {last} with {first}, because a slow change shows over a longer time only. So the results can "
    "differ."
)
def expect_spans_of_headlines_and_tables(r: Release, s: Selection, p: Params) -> Expected:
    """Count back one year for headlines, and two for tables."""
    last = choose_year(r, s["crime"])
    return {"last": last, "previous": str(int(last) - 1), "first": str(int(last) - 2)}


def choose_year(r: Release, crime: str) -> str:
    """Return the newest year in which most territories have enough convictions, else the newest year."""
    rows = r.index_rows("window", "metric", "offence_group", "count_unit").get(("rate", crime, "person"), [])
    rows = [x for x in rows if x["measure"] == "convicted_first" and x["freq"] == "A"]
    years = r.periods[crime, "A"]
    return next((x["period"] for x in rows if x["period"] in years), years[0])


# ---------------------------------------------------------------------------------------- one figure and its dimensions

DIMENSIONS = {
    "offence": "offence",
    "person_type": "persons",
    "victim_status": "status of the victim",
    "sex": "sex",
    "age": "age",
    "exploitation": "form of exploitation",
    "citizenship": "citizenship",
    "sentence_type": "principal sanction",
    "sentence_band": "length of imprisonment",
}


def describe_covered_area(r: Release, row: Row) -> str:
    """Return the name of an area with the territories or jurisdictions in its figure, unless all are."""
    name, present = r.marked[row["area"]], [code for code in r.areas if code in split_codes(row["reporters"])]
    names, whole = join_words(r.marked[code] for code in present), len(r.territories)
    if row["area_kind"] == "region":
        if not present:
            return name if row.get("version") else f"{name} (no territory has reported)"
        return (
            f"{name} (all {whole} territories)"
            if len(present) == whole
            else (f"{name} ({len(present)} of {whole} territories: {names})")
        )
    expected = row.get("n_expected") or 0
    if row["area_kind"] == "territory" and 0 < len(present) < expected:
        return f"{name} ({len(present)} of {expected} jurisdictions: {names})"
    return name


@expect_parameters(
    "{area} ({present} of {all} territories: {names})",
    "{area} (all {all} territories)",
    "{area} (no territory has reported)",
    "{area} ({present} of {all} jurisdictions: {names})",
)
def expect_covered_areas(r: Release, s: Selection, p: Params) -> Expected:
    row = find_figure(r, s)
    present = [code for code in r.areas if code in split_codes(row["reporters"])]
    whole = len(r.territories) if row["area_kind"] == "region" else row["n_expected"]
    return {
        "area": r.marked[row["area"]],
        "present": str(len(present)),
        "all": str(whole),
        "names": join_words(r.marked[code] for code in present),
    }


def find_figure(r: Release, s: Selection) -> Row:
    """Return the row that the page of a figure's source is about."""
    if "cell_id" in s:
        return r.cells[s["cell_id"]]
    if "row" in s:
        return r.read_rows(s["table"])[int(s["row"])]
    if s.get("part") == "static_victims":
        years = r.index_rows("cell", "table_id", "offence_group", "area", "freq")
        rows = [
            x for x in years["victims_year", s["crime"], r.region, "A"] if x["victim_status"] == "_T" and x["is_total"]
        ]
        regional = [x for x in rows if len(split_codes(x["reporters"])) >= FEWEST_IN_REGION]
        return max(regional or rows, key=lambda x: str(x["period"]))
    rows = [x for x in list_figures_of_region(r, s) if x["victim_status"] in ("_T", "presumed", "identified")]
    return next((x for x in rows if x["victim_status"] == "_T"), rows[0])


ABSENT_IN_SENTENCES = {
    "withheld": "withheld to protect individuals",
    "not received": "not received from the office",
    "not available": "not available, because part of the data is missing or cannot be used",
    "not collected": "not collected by the office",
    "not applicable": "not applicable",
    "in another category": "included in another category of the same office",
}


@expect_parameters(
    "{area}, {period}: {crime}, {measure}: {value}.", "{area}, {period}: {crime}, {measure} ({details}): {value}."
)
def expect_count_of_cell(r: Release, s: Selection, p: Params) -> Expected:
    row = find_figure(r, s)
    unit = row["count_unit"]
    if row["value"] is not None:
        value = count_units(row["value"], unit)
    else:
        value = f"{UNITS[unit][1]}, {ABSENT_IN_SENTENCES[describe_absent(row)]}"
    if unit == "victim":  # "detected victims: 335", and not "335 victims"
        value = value.removesuffix(" victims").removesuffix(" victim").removeprefix("victims, ")
    if row["value"] is not None and s["page"] != "source":  # the headline on the victims of the region
        limits = r.indicators.get((row["cell_id"], "count", "_Z"), {"low": None, "high": None})
        value = add_interval(value, limits["low"], limits["high"], 0)
    expected = {
        "area": describe_covered_area(r, row),
        "period": spell_period(row["period"]),
        "crime": lower_first(r.label["offence_group", row["offence_group"]]),
        "measure": lower_first(r.label["measure", row["measure"]]),
        "value": value,
    }
    details = [
        f"{title}: {r.label[name, row[name]]}"
        for name, title in DIMENSIONS.items()
        if row[name] not in (None, "_T", "_Z")
    ]
    kind = f"kind: {r.label['statistic', row['statistic']]}"
    details += [kind] if row["statistic"] != "count" else []
    # The level is named_details unless the name of the measure says it.
    named_details = [part for part in str(p.get("details", "")).split("; ") if part]
    level = f"level: {r.label.get(('level', row['level']))}"
    assert sorted(part for part in named_details if part != level) == sorted(details), (details, named_details)
    return expected | ({"details": p["details"]} if named_details else {})


REVISION_KEY = (
    "area",
    "measure",
    "level",
    "count_unit",
    "statistic",
    "offence_group",
    "offence",
    "person_type",
    "victim_status",
    "sex",
    "age",
    "exploitation",
    "citizenship",
    "sentence_type",
    "sentence_band",
    "period",
)
"""Columns that identify a figure in all releases."""


@expect_parameters("Revised: {value} in release {release}.")
def expect_earlier_value(r: Release, s: Selection, p: Params) -> Expected:
    row = find_figure(r, s)
    earlier = [
        x
        for x in r.index_rows("revision", *REVISION_KEY).get(tuple(row[name] for name in REVISION_KEY), ())
        if x["release"] != r.id
    ]
    return {
        ("value", "release"): {(format_number(x["value"]), x["release"]) for x in earlier if x["value"] is not None}
    }


@expect_parameters("{sentence} Rate per 100,000 inhabitants: {rate}.")
def expect_rate_of_cell(r: Release, s: Selection, p: Params) -> Expected:
    rate = r.indicators[s["cell_id"], "rate", "_Z"]
    return {"sentence": BEGINS, "rate": format_figure(rate, 2, "NR")}


@expect_parameters("{sentence} Share of the total by {dimension}: {share}.")
def expect_share_of_cell(r: Release, s: Selection, p: Params) -> Expected:
    share = r.indicators[s["cell_id"], "share", s["dimension"]]
    return {"sentence": BEGINS, "share": format_figure(share, 0, "PC"), "dimension": DIMENSIONS[s["dimension"]]}


def format_figure(row: Row, digits: int, unit: str) -> str:
    """Return an indicator in its unit with its interval, as a sentence says it."""
    if row.get("state") == "too_few_territories" or is_mixed(row):
        return "no regional figure"
    if row["value"] is None:
        return ABSENT_IN_SENTENCES[describe_absent({**row, "n_reported": None})]
    value = format_number(row["value"], digits)
    is_one = round(row["value"]) == 1
    value = {
        "D": f"{value} day" + "s" * (not is_one),
        "MO": f"{value} month" + "s" * (not is_one),
        "PC": f"{value} per cent",
    }.get(unit, value)
    return add_interval(value, row.get("low"), row.get("high"), digits)


FIGURES_OF_REGION: dict[str, Callable[[Release, Selection, Params], Expected]] = {}
"""Functions by page that return the parameters of the sentence on a figure of the region."""


@expect_parameters(
    "{area}, {period}: {crime}, {name}: {value}.",
    "{area}, {period}: {crime}, {name}, {details}: {value}.",
    "{area}: {crime}, {name}: {value}.",
)
def expect_indicator_of_cell(r: Release, s: Selection, p: Params) -> Expected:
    if s["page"] in FIGURES_OF_REGION:
        return FIGURES_OF_REGION[s["page"]](r, s, p)
    row = find_figure(r, s)
    if s["table"] in RECORDS:
        return expect_record(r, s, row)
    expected = {
        "area": describe_covered_area(r, row),
        "period": spell_period(row["period"]),
        "crime": lower_first(r.label["offence_group", row["offence_group"]]),
        "name": lower_first(r.metric[row["metric"]]["name"]),
        "value": format_figure(row, 0, row["unit_measure"]),
    }
    if "details" in p:
        details = []
        if row.get("version"):
            same = "same year" if row["freq"] == "A" else "same period"
            names = {"same_period": same, "lagged": "with time lag", "cohort": "followed cases"}
            details.append(names[row["version"]])
        if row.get("measure"):
            details += [lower_first(r.label["measure", row["measure"]]), lower_first(r.label["level", row["level"]])]
        expected["details"] = ", ".join(details)
    return expected


RECORDS = ("duration", "pending", "cohort", "sentence")
"""Tables of figures from case records."""
STATISTICS = {
    "duration": {"median": "median", "p75": "75% within", "p90": "90% within", "open_share": "still open"},
    "pending": {"median": "median", "p75": "75% within", "p90": "90% within"},
    "cohort": {
        "conviction_ratio": "convicted, of all",
        "decided_ratio": "convicted, of those adjudicated",
        "open_share": "still open",
    },
    "sentence": {"median": "median", "p25": "lower quartile", "p75": "upper quartile"},
}
"""Statistics in words, unless the name of their metric has them."""


def expect_record(r: Release, s: Selection, row: Row) -> Expected:
    """Return the parameters of the sentence of one figure from case records."""
    table = s["table"]
    name = lower_first(r.metric[row["metric"]]["name"])
    if row["statistic"] in STATISTICS[table]:
        name = f"{name}, {STATISTICS[table][row['statistic']]}"
    elif row["statistic"] == "share":
        parts = [
            r.label[part, row[part]] for part in ("sentence_type", "sentence_band") if row[part] not in ("_T", "_Z")
        ]
        name = ", ".join([name, *map(lower_first, parts)])
    is_reached = row["value"] is not None or (row["obs_status"], row["unit_measure"]) != ("M", "D")
    expected = {
        "area": r.marked[row["area"]],
        "crime": lower_first(r.label["offence_group", row["offence_group"]]),
        "name": name,
        "value": format_figure(row, 0, row["unit_measure"]) if is_reached else "not reached",
    }
    if table == "pending":
        return expected | {"period": format_day(row["as_at"])}
    period = row[{"cohort": "cohort", "sentence": "period"}.get(table, "entered")]
    return expected if period == "_T" else expected | {"period": spell_period(str(period))}


# ---------------------------------------------------------------------------------------------------- pictures in words


@expect_parameters("{title}. Highest: {highest}. Lowest: {lowest}.")
def expect_ends_of_bars(r: Release, s: Selection, p: Params) -> Expected:
    """Return the longest and the shortest bar of an area, with its stages or with the victims of each category."""
    marked, _, subject = str(p["title"]).partition(": " if s["page"] == "region" else ", ")
    area = next(code for code in r.areas if r.marked[code] == marked)
    bars = list_bars_of_stages(r, s, area) if s["page"] == "region" else list_bars_of_victims(r, s, area)
    expected: dict[str, Any] = {}
    for name, choose in (("highest", max), ("lowest", min)):
        end = choose(value for _, value, _ in bars)
        expected[name] = ", ".join(f"{bar} ({spoken})" for bar, value, spoken in bars if value == end)
    if s["page"] == "region":
        unit = UNITS[s.get("unit", "person")][1]
        if s.get("show") == "rate" and s["freq"] in ("Q", "A"):
            unit = "per 100,000 inhabitants"
        decisions = {"first": "first instance", "final": "final decisions"}[s["decisions"]]
        about = [lower_first(CRIMES[s["crime"]]), decisions, format_period(s["period"]), unit]
        return {**expected, "title": f"{marked}: {', '.join(about)}"}
    year = subject.partition(":")[0]
    return {**expected, "title": f"{marked}, {year}: {name_status(r, s, area)}" if subject else marked}


def list_bars_of_stages(r: Release, s: Selection, area: str) -> list[tuple[str, float, str]]:
    """Return the stages of an area that have enough persons to compare, each with its number and how it is read."""
    bars = []
    for measure in list_measures(s):
        x = r.find_total(area, s["period"], s["crime"], measure, s.get("unit", "person"))
        if x is None or x["value"] is None or x["value"] < ENOUGH:
            continue
        if area == r.region and len(split_codes(x["reporters"])) < FEWEST_IN_REGION:
            continue
        if s.get("show") != "rate" or s["freq"] not in ("Q", "A"):
            bars.append((name_stage(measure), float(x["value"]), format_number(x["value"])))
        elif (rate := r.indicators.get((x["cell_id"], "rate", "_Z"))) is not None and rate["value"] is not None:
            spoken = speak_with_interval(rate["value"], rate["low"], rate["high"], 2)
            # Rates that look the same are the same to a reader.
            bars.append((name_stage(measure), float(round_number(rate["value"], 2)), spoken))
    return bars


def speak_with_interval(value: float, low: float | None, high: float | None, digits: int) -> str:
    """Return a figure as it is read aloud."""
    text = format_number(value, digits)
    if low is None or high is None:
        return text
    return f"{text}, 95% confidence interval {format_number(low, digits)} to {format_number(high, digits)}"


def list_victims_by_category(r: Release, s: Selection, area: str) -> list[Row]:
    """Return the victims of the chosen year by category, in every status that is counted."""
    key = (area, s["victims_year"], s["crime"], "victims_detected")
    return [
        x
        for x in r.index_rows("cell", "area", "period", "offence_group", "measure").get(key, ())
        if x["table_id"].startswith("victims_year_")
        and x[s["victims_by"]] not in ("_T", "_Z")
        and x["count_unit"] == s["unit"]
    ]


def find_first_status(r: Release, s: Selection, area: str) -> str:
    """Return the first status of victims, in the order of the code list, that a category has."""
    statuses = {x["victim_status"] for x in list_victims_by_category(r, s, area)}
    return next(code for codelist, code in r.label if codelist == "victim_status" and code in statuses)


def name_status(r: Release, s: Selection, area: str) -> str:
    """Return the status of the victims in a picture, as its title has it."""
    return lower_first(r.label["victim_status", find_first_status(r, s, area)])


def list_bars_of_victims(r: Release, s: Selection, area: str) -> list[tuple[str, float, str]]:
    """Return the categories that have enough victims to compare, each with its number and how it is read."""
    order = [code for codelist, code in r.label if codelist == s["victims_by"]]
    status = find_first_status(r, s, area)
    rows = [x for x in list_victims_by_category(r, s, area) if x["victim_status"] == status]
    return [
        (r.label[s["victims_by"], x[s["victims_by"]]], float(x["value"]), format_number(x["value"]))
        for x in sorted(rows, key=lambda row: order.index(row[s["victims_by"]]))
        if x["value"] is not None and x["value"] >= ENOUGH
    ]


@expect_parameters(
    "Two targets are checked before each release. First: in each year, at most {most} annual totals of {least} or more "
    "are withheld. Second: of all figures above zero, at most {points}% are withheld only to protect smaller ones.",
    "The numbers above cannot be compared with these targets: they include totals below {least}, and those of all "
    "years together. Neither target covers cases pending at the start and the end of a year.",
)
def expect_targets_of_protection(r: Release, s: Selection, p: Params) -> Expected:
    """Return the targets that the methodology states."""
    return {"most": "5", "least": "5", "points": "15"}


@expect_parameters(
    "If an office counts one case and several people in it, the number of people is withheld. Most offices do not "
    "count cases, so a figure of {shown} or more people may come from a single case.",
    "Offices print their own annual totals. Nearly all of those of {shown} or more are therefore shown here, too. A "
    "reader who knows all printed totals can work out a few small counts; no release can prevent that.",
)
def expect_smallest_shown_count(r: Release, s: Selection, p: Params) -> Expected:
    """Check that no count from 1 to 4 is in the release."""
    counts = [x["value"] for x in r.read_rows("cell") if x["statistic"] == "count" and x["value"] is not None]
    assert counts and not [value for value in counts if 0 < value < 5]
    return {"shown": "5"}
