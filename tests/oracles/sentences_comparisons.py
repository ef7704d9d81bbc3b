"""Expected parameters of sentences on ratios, windows, pairs of territories, and other sources."""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import norm

from tests.oracles.sentences import (
    CRIMES,
    ENOUGH,
    NESTED,
    PARTS,
    STAGES,
    UNITS,
    Expected,
    Params,
    Release,
    Row,
    Selection,
    add_interval,
    compute_once,
    describe_absent,
    describe_unnamed,
    expect_parameters,
    find_compared,
    find_crime,
    find_unit,
    format_number,
    format_period,
    join_words,
    list_measures,
    lower_first,
    name_stage,
    records_sanction,
    round_number,
    spell_period,
    split_codes,
)
from tests.oracles.sentences_counts import (
    DIMENSIONS,
    FIGURES_OF_REGION,
    choose_year,
    describe_regional_figure,
    is_mixed,
)

FREQS = {"Q": "one quarter", "A": "one year", "P3": "three years", "P5": "five years"}
TESTED = ("higher", "lower", "depends_on_persons_per_case", "no_difference")


# --------------------------------------------------------------------------------------------------------------- ratios


DIGITS = {"rate": 2}
SCALES = {"ratio": "", "count": "", "share": ", per cent", "clearance": ", per cent"}


def name_compared(r: Release, s: Selection) -> str:
    """Return the name of the indicator of the page "Compare", with its scale."""
    kind, code = s["kind"], s["indicator"]
    if kind in ("ratio", "clearance"):
        scale = ", days" if r.metric[code]["unit_measure"] == "D" else SCALES[kind]
        return f"{r.metric[code]['name']}{scale}"
    measure, _, level = code.partition(".")
    name = r.label["measure", measure]
    if level:
        name = f"{name} ({lower_first(r.label['level', level])})"
    if kind == "share":
        dimension, _, category = s["share_of"].partition(".")
        return f"{name}, {lower_first(r.label[dimension, category])} ({DIMENSIONS[dimension]}), per cent"
    name = f"{name} ({UNITS[find_unit(s)][1]})"
    if kind == "count":
        return name
    return f"{name}, per 100,000 inhabitants{'' if s['freq'] in ('Q', 'A') else ' a year'}"


@compute_once
def list_coverage_texts(r: Release, kind: str, indicator: str, crime: str, areas: str) -> set[str]:
    """Return the lists of territories that pages name as the coverage of their tables: all, or those compared."""
    codes = areas.split(",") if areas else r.territories
    if kind == "duration":
        present = {
            x["area"] for x in r.read_rows("duration") if (x["metric"], x["offence_group"]) == (indicator, crime)
        }
        codes = [code for code in codes if code in present]
    names = [r.marked[code] for code in codes]
    return {join_words(names), join_words([r.marked[r.region], *names])}


def count_enough(r: Release, s: Selection) -> str:
    rows = find_compared(r, s)
    of_period = [row for code in r.territories if (row := rows.get((code, s["period"]))) is not None]
    return str(sum(x["value"] is not None and x["state"] != "too_few" for x in of_period))


def expect_compared_figure(r: Release, s: Selection, p: Params) -> Expected:
    row = find_compared(r, s).get((r.region, s["period"]))
    version = row.get("version") if row is not None and row["value"] is not None else None
    names = {"lagged": "with time lag", "cohort": "followed cases"}
    return {
        "area": r.name_counted_area(r.region, row),
        "period": spell_period(s["period"]),
        "crime": lower_first(CRIMES[s["crime"]]),
        "name": lower_first(name_compared(r, s)),
        "details": names.get(str(version), ""),
        "value": "no regional figure" if row is None else describe_regional_figure(row, row, DIGITS.get(s["kind"], 0)),
    }


FIGURES_OF_REGION["compare"] = expect_compared_figure


@expect_parameters("Territories with large enough numbers to be compared: {n} of {whole}.")
def expect_enough_to_compare(r: Release, s: Selection, p: Params) -> Expected:
    return {"n": count_enough(r, s), "whole": str(len(r.territories))}


def list_lagged_ratios(r: Release, s: Selection) -> list[Row]:
    """Return the lagged ratios that a selection shows."""
    if s.get("part") == "_show_ratios":  # below the stages of one area
        rows = r.index_rows("stage_ratio", "area", "offence_group", "count_unit", "period", "version").get(
            (s["area"], s["crime"], find_unit(s), s["period"], "lagged"), []
        )
        later, earlier = ([row["metric"].split("_per_")[place] for row in rows] for place in (0, 1))
        stages = STAGES[s["track"]]
        return [x for x, a, b in zip(rows, later, earlier, strict=True) if a in stages and b in stages]
    rows = r.index_rows("stage_ratio", "metric", "offence_group", "count_unit", "version").get(
        (s["indicator"], s["crime"], find_unit(s), "lagged"), []
    )
    name = "freq" if s.get("part") in ("show_time", "show_periods", "show_changes") else "period"
    return [x for x in rows if x[name] == s[name]]


@expect_parameters(
    "Divided by those who reached the earlier stage {n} years earlier, because records show that the step "
    "takes about that long."
)
def expect_lag_of_note(r: Release, s: Selection, p: Params) -> Expected:
    """Return the lags of the recommended yearly ratios that a static page shows."""
    rows = r.index_rows("stage_ratio", "offence_group", "count_unit", "freq", "version").get(
        (s["crime"], "person", "A", "lagged"), []
    )
    return {
        "n": {
            str(x["lag"])
            for x in rows
            if x["is_default"] and x["value"] is not None and s.get("metric", x["metric"]) == x["metric"]
        }
    }


def speak_compared(row: Row | None, digits: int = 0, version: str = "recommended") -> str:
    """Return a figure of the page "Compare" as it is read aloud."""
    if row is None:
        return "no records" if version in ("lagged", "cohort") else "not collected"
    if row["state"] == "too_few_territories" or is_mixed(row):
        return "no regional figure"
    if row["value"] is None:
        return describe_absent(row)
    text = format_number(row["value"], digits)
    if row["low"] is None:
        return text
    low = format_number(row["low"], digits)
    if row["high"] in (None, float("inf")):
        return f"{text}, 95% confidence interval {low} or more"
    return f"{text}, 95% confidence interval {low} to {format_number(row['high'], digits)}"


def add_lag(text: str, row: Row | None) -> str:
    if row is None or row["value"] is None or row.get("version") != "lagged" or not row["lag"]:
        return text
    name = "quarter" if row["freq"] == "Q" else "year"
    return f"{text}, over {int(row['lag'])} {name}{'s' * (row['lag'] != 1)} before"


def name_unnamed(r: Release, s: Selection, area: str) -> str:
    """Return the word for a sanction or a length that a territory records and does not name in a year; else nothing."""
    dimension, _, category = s.get("share_of", "").partition(".")
    if dimension not in ("sentence_type", "sentence_band"):
        return ""
    figure = {
        "table_id": f"area_year_{dimension}", "measure": s["indicator"], "offence_group": s["crime"],
        "period": s["period"], dimension: category,
    }  # fmt: skip
    return describe_unnamed(r, figure, area) if records_sanction(r, figure, area) else ""


@expect_parameters("Lowest: {lowest}. Highest: {highest}.", "Not compared: {areas}.")
def expect_lowest_and_highest(r: Release, s: Selection, p: Params) -> Expected:
    """Return the ends of a picture of territories, on the page "Compare" and on static pages."""
    if s["page"] == "compare":
        rows, version = find_compared(r, s), s.get("version", "recommended")
        at = {code: rows.get((code, s["period"])) for code in s["areas"].split(",")}
        digits = DIGITS.get(s["kind"], 0)
    else:
        by_area, version, digits = index_ratios_of_picture(r, s), "recommended", 0
        at = {code: by_area.get(code) for code in r.territories}
    spoken = {code: speak_compared(row, digits, version) for code, row in at.items()}
    if s["page"] == "compare":
        spoken = {code: add_lag(text, at[code]) for code, text in spoken.items()}
        spoken |= {code: name_unnamed(r, s, code) or spoken[code] for code, row in at.items() if row is None}
    sure = {code: x for code, x in at.items() if x is not None and x["value"] is not None and x["state"] != "too_few"}
    if "areas" in p:
        others = [(code, x) for code, x in at.items() if code not in sure]
        few = FEW_OF_SHARE if s.get("kind") == "share" or s.get("metric", s.get("indicator")) in NESTED else FEW
        reasons = {code: spoken[code] if x is None or x["value"] is None else few for code, x in others}
        return {
            "areas": "; ".join(
                f"{', '.join(r.marked[code] for code in reasons if reasons[code] == reason)} ({reason})"
                for reason in dict.fromkeys(reasons.values())
            )
        }
    assert len(sure) > 1
    ends = [end(float(x["value"]) for x in sure.values()) for end in (min, max)]
    lowest, highest = (
        {
            f"{r.marked[code]}, {spoken[code]}"
            for code, x in sure.items()
            if round_number(x["value"], digits) == round_number(end, digits)
        }
        for end in ends
    )
    return {"lowest": lowest, "highest": highest}


FEW = f"fewer than {ENOUGH}: too few to compare"
FEW_OF_SHARE = f"fewer than {ENOUGH} in the part or in the rest: too few to compare"


def name_region_of_picture(r: Release, s: Selection) -> str:
    """Return the name of the region with how many territories are in its figure, at its line in a static picture."""
    return r.name_counted_area(r.region, index_ratios_of_picture(r, s, [r.region]).get(r.region))


def index_ratios_of_picture(r: Release, s: Selection, areas: Collection[str] = ()) -> dict[str, Row]:
    """Return the figures of a static picture of ratios by area, those of the territories unless areas are given."""
    areas = areas or r.territories
    at: dict[str, Row] = {}
    if s["part"] == "clearance":
        year = find_clearance_year(r, s["metric"], s["crime"])
        rates = index_clearances(r, s["metric"], s["crime"])
        at = {area: x for (area, period), x in rates.items() if period == year and area in areas}
    else:
        rows = r.index_rows("stage_ratio", "metric", "offence_group", "count_unit", "period").get(
            (s["metric"], s["crime"], "person", find_static_period(r, s["metric"], s["crime"])), ()
        )
        for x in rows:
            is_chosen = x["is_default"] or (x["version"] == "same_period" and x["area"] not in at)
            if x["area"] in areas and is_chosen:
                at[x["area"]] = x
    # Static pages say "not available" of a ratio, whatever was received.
    return {area: {**x, "n_reported": None} for area, x in at.items()}


@expect_parameters("{figure}, over {n} quarters before", "{figure}, over {n} years before")
def expect_lag_of_ratio(r: Release, s: Selection, p: Params) -> Expected:
    options = set()
    for row in list_lagged_ratios(r, s):
        if row["value"] is not None and row["lag"]:
            value, low = format_number(row["value"]), format_number(row["low"]) if row["low"] is not None else ""
            high = "" if row["high"] is None or row["high"] == float("inf") else format_number(row["high"])
            texts = (
                {value}
                if not low
                else {
                    f"{value} ({low}–{high})" if high else f"{value} ({low} or more)",
                    f"{value}, 95% confidence interval {low} to {high}"
                    if high
                    else f"{value}, 95% confidence interval {low} or more",
                }
            )
            options |= {(text, str(int(row["lag"]))) for text in texts}
    return {("figure", "n"): options}


# -------------------------------------------------------------------------------------------------------------- windows


@compute_once
def list_window_rows(r: Release, metric: str, crime: str, unit: str, measure: str = "") -> list[Row]:
    """Return the windows of an indicator, the shortest first."""
    rows = r.index_rows("window", "metric", "offence_group", "count_unit").get((metric, crime, unit), ())
    rows = [x for x in rows if x["period"] and (not measure or x["measure"] == measure)]
    rows = [x for x in rows if x["victim_status"] in ("_T", "_Z")]
    return sorted(rows, key=lambda x: list(FREQS).index(x["freq"]))


def index_clearances(r: Release, metric: str, crime: str) -> dict[tuple[str, str], Row]:
    """Return the yearly clearance rates of persons by area and year."""
    rows = r.index_rows("clearance", "metric", "offence_group", "count_unit", "freq")[metric, crime, "person", "A"]
    return {(x["area"], x["period"]): x for x in rows}


def find_clearance_year(r: Release, metric: str, crime: str) -> str:
    """Return the newest year in which a territory has a clearance rate."""
    rates = index_clearances(r, metric, crime)
    return max(year for (area, year), x in rates.items() if area in r.territories and x["value"] is not None)


def find_static_period(r: Release, metric: str, crime: str) -> str:
    """Return the period in which a static page compares a ratio: that of its default window, but never a quarter."""
    default = next((x for x in list_window_rows(r, metric, crime, "person") if x["is_default"]), None)
    if default is not None and default["freq"] != "Q":
        return str(default["period"])
    years = {
        x["period"]
        for x in r.index_rows("stage_ratio", "metric", "offence_group", "count_unit").get((metric, crime, "person"), ())
        if x["area_kind"] in ("region", "territory")
    }
    return max(year for year in r.periods[crime, "A"] if year in years)


def list_windows(r: Release, s: Selection) -> list[Row]:
    if s["page"] == "static":
        if "metric" not in s:
            return list_window_rows(r, "rate", s["crime"], "person", "convicted_first")
        return list_window_rows(r, s["metric"], s["crime"], "person")
    if s["page"] == "compare":
        if s["kind"] == "ratio":
            return list_window_rows(r, s["indicator"], s["crime"], find_unit(s))
        return list_window_rows(r, "rate", s["crime"], find_unit(s), s["indicator"].partition(".")[0])
    return list_window_rows(r, "rate", s["crime"], find_unit(s))


def describe_reach(r: Release, row: Row) -> str:
    period = format_period(row["period"])
    if row["metric"] in NESTED:
        rows = [
            x
            for x in r.index_rows("stage_ratio", "metric", "period", "offence_group", "count_unit").get(
                (row["metric"], row["period"], row["offence_group"], row["count_unit"]), ()
            )
            if x["area_kind"] == "territory" and x["is_default"] and x["value"] is not None
        ]
        n = sum(min(x["numerator"], x["denominator"] - x["numerator"]) >= ENOUGH for x in rows)
        whole = row["n_territories"]
        who = f"{n or 'none'} of the {whole} territories that report this {'have' if n else 'has'}"
        return f"{who} {ENOUGH} or more both in the part and in the rest in {period}"
    n = row["n_reaching"]
    who = f"{n or 'none'} of the {row['n_territories']} territories that report this {'have' if n else 'has'}"
    return f"{who} counts of {ENOUGH} or more in {period}"


def explain_reach(r: Release, rows: list[Row]) -> str:
    """Return the reach of the default window, against that of all shorter ones, the longest first; alone if it is 0."""
    row = next(x for x in rows if x["is_default"])
    shorter = rows[: rows.index(row)][::-1]
    others = join_words(f"{x['n_reaching']} in {format_period(x['period'])}" for x in shorter)
    reach = describe_reach(r, row)
    return f"{reach}, against {others}" if others and row["n_reaching"] else reach


@expect_parameters(
    "Most of the territories that report this have enough cases to compare in {period}, but not in a shorter period. "
    "{reach}.",
    "Most territories have too few cases to compare, even over {longest}. {reach}.",
    "Most territories have too few in the part or in the rest to compare, even over {longest}. {reach}.",
    "Most territories have too few in the part or in the rest to compare, even over {longest} ({span}). The period "
    "chosen is {period}: {reach}.",
    "Even over {longest}, no more than half of the territories can be compared. {reach}.",
    "Most territories have too few cases to compare, even over {longest} ({span}). The period chosen is {period}: "
    "{reach}.",
    "Even over {longest} ({span}), no more than half of the territories can be compared. The period chosen is "
    "{period}: {reach}.",
    "Opens in {period}: {reach}.",
)
def expect_suggested_window(r: Release, s: Selection, p: Params) -> Expected:
    rows = list_windows(r, s)
    row = next(x for x in rows if x["is_default"])
    shorter = rows[: rows.index(row)]
    message = str(p[""])
    if s["page"] == "static":
        page_period = find_static_period(r, s["metric"], s["crime"]) if "metric" in s else choose_year(r, s["crime"])
        assert row["period"] == page_period, f"the page shows {page_period}"
    assert row["n_territories"] > 1, "there is nothing to compare"
    if row["is_most"] and not any(x["is_most"] for x in shorter):
        assert message.startswith("Most of the territories"), message
    elif any(x["is_most"] for x in rows):
        assert message.startswith("Opens"), message
    else:
        # Territories with a figure that is too small; the others have no figure.
        n_small = [x["n_reported"] - x["n_reaching"] for x in (row, rows[-1])]
        most_are_small = min(n_small) > row["n_territories"] / 2
        assert message.startswith("Most" if most_are_small else "Even"), message
        if most_are_small:
            assert ("in the rest" in message) is (row["metric"] in NESTED), message
    # A sentence on the longest period must say that the numbers in it are of another one.
    is_other = message.startswith(("Most territories", "Even")) and rows[-1]["period"] != row["period"]
    assert is_other is ("{span}" in message), message
    reach = explain_reach(r, rows)
    return {
        "period": format_period(row["period"]),
        "reach": reach[0].upper() + reach[1:] if "}. {reach}" in message else reach,
        "longest": FREQS[rows[-1]["freq"]],
        "span": format_period(rows[-1]["period"]),
    }


@expect_parameters("Only {n} territories have this figure for {period}.")
def expect_reporting_of_window(r: Release, s: Selection, p: Params) -> Expected:
    row = next(x for x in list_windows(r, s) if x["is_default"])
    assert row["n_reported"] < row["n_territories"], "all territories have it"
    return {"n": str(row["n_reported"]), "period": format_period(row["period"])}


@expect_parameters(
    "{n} of the {whole} territories that report this have counts of {enough} or more in {period}",
    "{n} of the {whole} territories that report this have {enough} or more both in the part and in the rest in "
    "{period}",
    "none of the {whole} territories that report this has counts of {enough} or more in {period}",
    "none of the {whole} territories that report this has {enough} or more both in the part and in the rest in "
    "{period}",
)
def expect_reach_of_window(r: Release, s: Selection, p: Params) -> Expected:
    row = next(x for x in list_windows(r, s) if x["is_default"])
    assert (row["metric"] in NESTED) is str(p[""]).endswith("in the rest in {period}"), row["metric"]
    assert bool(row["n_reaching"]) is not str(p[""]).startswith("none"), row["metric"]
    return {"n": str(row["n_reaching"]), "whole": str(row["n_territories"]), "period": format_period(row["period"])}


@expect_parameters("{reach}, against {others}")
def expect_reach_against_others(r: Release, s: Selection, p: Params) -> Expected:
    reach, _, others = explain_reach(r, list_windows(r, s)).partition(", against ")
    return {"reach": reach, "others": others}


@expect_parameters("{n} in {period}")
def expect_reach_in_period(r: Release, s: Selection, p: Params) -> Expected:
    return {("n", "period"): {(str(x["n_reaching"]), format_period(x["period"])) for x in list_windows(r, s)}}


@expect_parameters("You have chosen {period}.")
def expect_chosen_period(r: Release, s: Selection, p: Params) -> Expected:
    return {"period": format_period(s["period"])}


def index_stage_windows(r: Release, s: Selection) -> dict[str, Row]:
    """Return the default window of each stage of the region that has a rate in the open period."""
    rows = r.index_rows("region", "metric", "period", "offence_group", "count_unit").get(
        ("rate", s["period"], s["crime"], find_unit(s)), ()
    )
    with_rate = {row["measure"] for row in rows}
    defaults: dict[str, Row] = {}
    for measure in list_measures(s):
        windows = list_window_rows(r, "rate", s["crime"], find_unit(s), measure)
        default = next((x for x in windows if x["is_default"]), None)
        if measure in with_rate and default is not None:
            defaults[measure] = default
    return defaults


def list_stage_choices(r: Release, s: Selection) -> list[tuple[str, str, bool]]:
    groups: dict[tuple[str, bool], list[str]] = {}
    for m, x in index_stage_windows(r, s).items():
        groups.setdefault((format_period(x["period"]), bool(x["is_most"])), []).append(lower_first(name_stage(m)))
    return [(period, join_words(texts), is_most) for (period, is_most), texts in groups.items()]


@expect_parameters("{period} for {stages}", "{period} for {stages}, although most territories have too few cases")
def expect_window_for_stages(r: Release, s: Selection, p: Params) -> Expected:
    is_few = str(p[""]).endswith("too few cases")
    return {("period", "stages"): {(a, b) for a, b, is_most in list_stage_choices(r, s) if is_most is not is_few}}


@expect_parameters("To compare territories, use {choices}.")
def expect_windows_to_choose(r: Release, s: Selection, p: Params) -> Expected:
    few = ", although most territories have too few cases"
    return {"choices": "; ".join(f"{a} for {b}{'' if is_most else few}" for a, b, is_most in list_stage_choices(r, s))}


# ---------------------------------------------------------------------------------------------------------------- pairs


def list_pair_rows(r: Release, s: Selection) -> list[Row]:
    """Return the pairs of territories that a selection compares."""
    cache = r.__dict__.setdefault("pairs", {})
    if id(s) not in cache:
        cache[id(s)] = s, _select_pair_rows(r, s)
    return cache[id(s)][1]


def _select_pair_rows(r: Release, s: Selection) -> list[Row]:
    if s["page"] == "static":
        return r.index_rows("pair", "metric", "period", "offence_group", "count_unit").get(
            (s["metric"], find_static_period(r, s["metric"], s["crime"]), s["crime"], "person"), []
        )
    if s["page"] == "compare":
        areas = s["areas"].split(",")
        return [x for x in list_family_rows(r, s) if x["area_a"] in areas and x["area_b"] in areas]
    by, year = (s.get("victims_by"), s.get("victims_year")) if s["page"] == "victims" else (s.get("by"), s.get("year"))
    return r.index_rows("pair", "metric", "dimension", "period", "offence_group", "count_unit").get(
        ("share", by, year, find_crime(s), find_unit(s)), []
    )


def list_family_rows(r: Release, s: Selection) -> list[Row]:
    """Return the pairs of all territories for the indicator of the page "Compare", which are tested together."""
    if s["kind"] == "duration":  # tested by the page, and not by the release
        return compute_pairs_of_medians(r, s["indicator"], s["crime"])
    is_ratio, (dimension, _, category) = s["kind"] in ("ratio", "clearance"), s.get("share_of", "").partition(".")
    metric = s["indicator"] if is_ratio else {"count": "rate"}.get(s["kind"], s["kind"])
    rows = r.index_rows("pair", "metric", "period", "offence_group", "count_unit").get(
        (metric, s["period"], s["crime"], find_unit(s)), []
    )
    return [
        x
        for x in rows
        if (is_ratio or x["measure"] == s["indicator"].partition(".")[0])
        and (s["kind"] != "share" or (x["dimension"], x["category"]) == (dimension, category))
        and x["victim_status"] in ("_T", "_Z")
    ]


@compute_once
def compute_pairs_of_medians(r: Release, metric: str, crime: str) -> list[Row]:
    """Return the pairs of the territories with case records, tested by the published limits of their medians."""
    at = {
        x["area"]: x
        for x in r.read_rows("duration")
        if (x["metric"], x["offence_group"], x["statistic"], x["freq"], x["entered"])
        == (metric, crime, "median", "_T", "_T")
    }
    pairs = list(combinations([at[code] for code in r.territories if code in at], 2))
    tested = [pair for pair in pairs if all(x["value"] is not None and x["state"] == "enough" for x in pair)]
    z = norm.isf(0.025 / max(len(tested), 1)) / norm.isf(0.025)
    rows = []
    for a, b in pairs:
        row = {"metric": "duration", "area_a": a["area"], "area_b": b["area"], "ratio": None}
        if (a, b) in tested:
            ratio = a["value"] / b["value"]
            low = ratio / np.exp(z * np.sqrt(np.log(a["value"] / a["low"]) ** 2 + np.log(b["high"] / b["value"]) ** 2))
            high = ratio * np.exp(z * np.sqrt(np.log(a["high"] / a["value"]) ** 2 + np.log(b["value"] / b["low"]) ** 2))
            verdict = "higher" if low > 1 else "lower" if high < 1 else "no_difference"
            row |= {"ratio": ratio, "low": low, "high": high, "verdict": verdict}
        elif "Q" in (a["obs_status"], b["obs_status"]):
            row["verdict"] = "withheld"
        else:
            row["verdict"] = "missing" if None in (a["value"], b["value"]) else "too_few"
        rows.append(row)
    return rows


def group_pairs(r: Release, s: Selection) -> list[list[Row]]:
    """Return the pairs that a sentence counts together: of one indicator, or of one category of a share."""
    rows = list_pair_rows(r, s)
    if not rows or rows[0]["metric"] != "share":
        return [rows]
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault((row["measure"], row["victim_status"], row["category"]), []).append(row)
    return list(groups.values())


def count_pairs(r: Release, s: Selection, rows: Sequence[Row]) -> str:
    """Return how many pairs there are, also of territories that never had the figure, on which a release has no rows.

    Medians and shares are only compared where there are figures.
    """
    if s["page"] == "static":
        return str(len(list(combinations(r.territories, 2))))
    if s["page"] == "compare" and s["kind"] != "duration":
        return str(len(list(combinations(s["areas"].split(","), 2))))
    return str(len(rows))


@expect_parameters("{tested} of {whole} pairs of territories could be compared.")
def expect_tested_pairs(r: Release, s: Selection, p: Params) -> Expected:
    return {
        ("tested", "whole"): {
            (str(sum(x["verdict"] in TESTED for x in rows)), count_pairs(r, s, rows)) for rows in group_pairs(r, s)
        }
    }


ASPECTS = {
    "count_unit": "the count unit", "stage": "the stage", "level": "the level", "moment": "the moment of counting",
    "counted_at": "counting on entry or on leaving", "offence_scope": "the scope of the offence",
    "several_offences": "the counting of a person with several offences", "attempts": "the inclusion of attempts",
    "juveniles": "the inclusion of juveniles", "legal_persons": "the inclusion of legal persons",
    "unknown_perpetrators": "the inclusion of unknown perpetrators", "period": "the period",
    "breaks": "a break in the series", "version": "the version of the ratio", "reporters": "the reporters",
    "jurisdiction": "the jurisdictions",
}  # fmt: skip
"""Ways in which two territories can count differently, in the order of a sentence."""


@expect_parameters(
    "In {n} of the compared pairs, the territories do not count in the same way, so compare them with care. What "
    "differs: {what}."
)
def expect_pairs_with_care(r: Release, s: Selection, p: Params) -> Expected:
    differing = [
        {code for code in ASPECTS if f"{code}_differs" in split_codes(x["reasons"])}
        for x in list_pair_rows(r, s)
        if x["verdict"] in TESTED and x.get("score") == 2
    ]
    aspects = [text for code, text in ASPECTS.items() if any(code in codes for codes in differing)]
    return {"n": str(sum(bool(codes) for codes in differing)), "what": join_words(aspects)}


@expect_parameters(
    "None of the {whole} pairs can be compared: in each, a count is too small, a figure is missing or withheld, or the "
    "counting rules differ too much."
)
def expect_no_tested_pair(r: Release, s: Selection, p: Params) -> Expected:
    assert not any(x["verdict"] in TESTED for x in list_pair_rows(r, s))
    return {"whole": count_pairs(r, s, list_pair_rows(r, s))}


@expect_parameters(
    "Clear differences: {n}.",
    "Because {n} pairs are compared at once, each pair is tested more strictly and its interval is wider, to avoid "
    "false alarms. The intervals of the figures are not changed.",
)
def expect_different_pairs(r: Release, s: Selection, p: Params) -> Expected:
    verdicts = ("higher", "lower") if "Clear" in str(p[""]) else TESTED
    if s["page"] == "compare" and verdicts == TESTED:
        counts = [sum(x["verdict"] in TESTED for x in rows) for rows in (list_pair_rows(r, s), list_family_rows(r, s))]
        assert counts[0] == counts[1] > 1, "the tests allow for other pairs, too"
    return {"n": {str(sum(x["verdict"] in verdicts for x in rows)) for rows in group_pairs(r, s)}}


@expect_parameters(
    "The tests and their intervals allow for all {n} pairs of territories compared at once, to avoid false alarms."
)
def expect_pairs_at_once(r: Release, s: Selection, p: Params) -> Expected:
    n_shown, n_whole = (
        sum(x["verdict"] in TESTED for x in rows) for rows in (list_pair_rows(r, s), list_family_rows(r, s))
    )
    assert 0 < n_shown < n_whole, "these are all pairs"
    return {"n": str(n_whole)}


VERDICTS = {
    "The median wait is longer in {first} than in {second}: {ratio}.": "higher",
    "The median wait is shorter in {first} than in {second}: {ratio}.": "lower",
    "The figure for {first} is higher than that for {second}: {ratio}.": "higher",
    "The figure for {first} is lower than that for {second}: {ratio}.": "lower",
    "{first} and {second} show no clear difference: it depends on how many persons a case has, which is not "
    "known.": "depends_on_persons_per_case",
    "No statistically clear difference between {first} and {second}.": "no_difference",
    "{first} and {second} are not compared. {reasons}": "not_comparable",
    "{first} and {second}: {verdict}.": "",
}
UNTESTED = {"too few to compare": "too_few", "not available": "missing", "withheld": "withheld"}


@expect_parameters(*VERDICTS)
def expect_verdict_of_pair(r: Release, s: Selection, p: Params) -> Expected:
    verdict = VERDICTS[str(p[""])] or UNTESTED[str(p["verdict"])]
    cache = r.__dict__.setdefault("pairs_by_verdict", {})
    key = (id(s), verdict, "ratio" in p)
    if key not in cache:
        rows = [x for x in list_pair_rows(r, s) if x["verdict"] == verdict]
        if "ratio" in p:
            rows = [x for x in rows if (x["metric"] == "duration") == str(p[""]).startswith("The median wait")]
        texts = {
            (r.marked[x["area_a"]], r.marked[x["area_b"]], *([format_ratio(x, list_nested(r))] if "ratio" in p else []))
            for x in rows
        }
        cache[key] = s, {("first", "second", "ratio") if "ratio" in p else ("first", "second"): texts}
    return cache[key][1]


def list_nested(r: Release) -> set[str]:
    """Return the metrics whose first count is part of the second."""
    if "nested" not in r.__dict__:
        r.__dict__["nested"] = {x["metric"] for x in r.read_rows("metric") if x["is_nested"]}
    nested: set[str] = r.__dict__["nested"]
    return nested


def format_ratio(x: Row, nested: Container[str]) -> str:
    unit = "long" if x["metric"] == "duration" else "high"
    times = "infinitely many times" if x["ratio"] is None else f"{format_number(x['ratio'], 2)} times as {unit}"
    text = add_interval(times, x["low"], x["high"], 2)
    if x["metric"] not in nested:
        return text
    return f"{format_number(x['value_a'])} against {format_number(x['value_b'])} per cent; the odds {text}"


@expect_parameters("{ratio} times as high", "{ratio} times as long")
def expect_ratio_of_pair(r: Release, s: Selection, p: Params) -> Expected:
    return {"ratio": {format_number(x["ratio"], 2) for x in list_pair_rows(r, s) if x["ratio"] is not None}}


@expect_parameters("{first} against {second} per cent; the odds {ratio}")
def expect_odds_of_pair(r: Release, s: Selection, p: Params) -> Expected:
    return {
        ("first", "second"): {
            (format_number(x["value_a"]), format_number(x["value_b"]))
            for x in list_pair_rows(r, s)
            if x["value_a"] is not None and x["value_b"] is not None
        },
        "ratio": {
            format_ratio(x, list_nested(r)).partition("the odds ")[2]
            for x in list_pair_rows(r, s)
            if x["verdict"] in ("higher", "lower")
        },
    }


# -------------------------------------------------------------------------------------------------------- other sources


def list_coherence_rows(r: Release, s: Selection) -> list[list[Row]]:
    rows = r.read_rows("coherence")
    if s["page"] == "published":
        of = s.get("of", "")
        rows = [
            x
            for x in rows
            if x["world"] == "published" and x["offence_group"] == s["crime"] and of in ("", x["territory"])
        ]
    worlds: dict[str, list[Row]] = {}
    for row in rows:
        # A total and the sum of its own parts come from one source.
        is_one_source = row["left_source"] == row["right_source"]
        worlds.setdefault("one source" if is_one_source else row["world"], []).append(row)
    return list(worlds.values())


def describe_verdicts(rows: list[Row]) -> str:
    counts = {code: sum(x["verdict"] == code for x in rows) for code in ("reconciles", "explained", "open")}
    texts = {
        "reconciles": ("is consistent", "are consistent") if is_one_source(rows) else ("agrees", "agree"),
        "explained": ("differs for a declared reason", "differ for declared reasons"),
        "open": ("differs with no reason given", "differ with no reason given"),
    }
    return join_words(f"{n} {texts[code][n != 1]}" for code, n in counts.items() if n)


def is_one_source(rows: list[Row]) -> bool:
    return all(x["left_source"] == x["right_source"] for x in rows)


@expect_parameters("{n} pairs of figures: {verdicts}.")
def expect_agreement_with_sources(r: Release, s: Selection, p: Params) -> Expected:
    return count_coherence(r, s, is_within=False)


@expect_parameters("{n} pairs of figures, each of one source: {verdicts}.")
def expect_checks_within_sources(r: Release, s: Selection, p: Params) -> Expected:
    return count_coherence(r, s, is_within=True)


def count_coherence(r: Release, s: Selection, *, is_within: bool) -> Expected:
    groups = [rows for rows in list_coherence_rows(r, s) if is_one_source(rows) == is_within]
    return {("n", "verdicts"): {(str(len(rows)), describe_verdicts(rows)) for rows in groups}}


PARTS |= {"{n} are consistent", "{n} agree", "{n} differ for declared reasons", "{n} differ with no reason given"}


@expect_parameters("{value}: {words} (this release)")
def expect_figure_of_release(r: Release, s: Selection, p: Params) -> Expected:
    options = {
        (format_number(x[f"{side}_value"]), x[f"{side}_words"])
        for rows in list_coherence_rows(r, s)
        for x in rows
        for side in ("left", "right")
        if x[f"{side}_source"] == "returns"
    }
    return {("value", "words"): options}


@expect_parameters("{area}: of {totals} totals published in two releases or more, {changed} changed.")
def expect_revised_totals(r: Release, s: Selection, p: Params) -> Expected:
    sums: dict[str, list[int]] = {}
    for x in r.read_rows("revision_summary"):
        if x["area_kind"] == "territory":
            total = sums.setdefault(x["area"], [0, 0])
            total[0] += x["periods"]
            total[1] += x["revised"]
    return {
        ("area", "totals", "changed"): {(r.marked[a], format_number(n), format_number(m)) for a, (n, m) in sums.items()}
    }


@expect_parameters("{area}: no total has been published in two releases yet.")
def expect_area_never_revised(r: Release, s: Selection, p: Params) -> Expected:
    with_rows = {x["area"] for x in r.read_rows("revision_summary")}
    return {"area": {r.marked[code] for code in r.territories if code not in with_rows}}


@expect_parameters(
    "{pairs} pairs of territories in {comparisons} comparisons. Intervals allow for all pairs of one comparison, "
    "not for the number of comparisons."
)
def expect_number_of_comparisons(r: Release, s: Selection, p: Params) -> Expected:
    tested = [x for x in r.read_rows("pair") if x["verdict"] in TESTED]
    return {"pairs": format_number(len(tested)), "comparisons": format_number(len({x["family_id"] for x in tested}))}
