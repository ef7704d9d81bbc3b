"""Expected parameters of sentences on case records, profiles of territories, titles, dates, and pictures in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from scipy.stats import contingency

from tests.oracles.sentences import (
    ABOUT,
    CRIMES,
    ENOUGH,
    FEWEST_IN_REGION,
    MONTHS,
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
    describe_cover,
    expect_parameters,
    find_compared,
    find_crime,
    find_span,
    find_unit,
    format_day,
    format_number,
    format_period,
    join_words,
    list_figures_of_region,
    lower_first,
    round_number,
    spell_period,
    split_codes,
)
from tests.oracles.sentences_comparisons import (
    DIGITS,
    find_clearance_year,
    find_static_period,
    index_clearances,
    speak_compared,
)
from tests.oracles.sentences_counts import (
    FIGURES_OF_REGION,
    KINDS_OF_BREAKS,
    choose_year,
    describe_break,
    describe_regional_figure,
    find_figure,
)

PARTS |= {"{items} and {last}", "{count} {outcome}"}
PARTS |= {
    "{value}, 95% confidence interval {low} to {high}",
    "{value}, 95% confidence interval {low} or more",
    "{value} (95% confidence interval {low} to {high})",
    "{value} (95% confidence interval {low} or more)",
    "{value} ({low} or more)",
    "{share} per cent, 95% confidence interval {span}",
}


# ---------------------------------------------------------------------------------------------------- periods and dates


@expect_parameters("{year} Q{quarter}")
def expect_quarter(r: Release, s: Selection, p: Params) -> Expected:
    return {"year": list_years(r), "quarter": {"1", "2", "3", "4"}}


@compute_once
def list_years(r: Release) -> set[str]:
    """Return all years that a release names."""
    years = {x["period"][:4] for x in r.read_rows("cell")} | {x["period"][:4] for x in r.read_rows("coverage")}
    years |= {str(x["first_period"])[:4] for x in (*r.read_rows("break"), *r.read_rows("submission"))}
    years |= {x["period"][:4] for x in r.read_rows("reference_figure")} | {
        str(x["period_from"])[:4] for x in r.read_rows("note")
    }
    return years


@expect_parameters(*(f"the {name} quarter of {{year}}" for name in ("first", "second", "third", "fourth")))
def expect_quarter_in_words(r: Release, s: Selection, p: Params) -> Expected:
    names = {"first": "1", "second": "2", "third": "3", "fourth": "4"}
    quarter = names[str(p[""]).split()[1]]
    if s.get("cell_id") or s.get("row"):
        return {"year": list_years(r)}
    assert s["period"] == f"{p['year']}-Q{quarter}", s["period"]
    return {"year": s["period"][:4]}


@expect_parameters("the years {first} to {last}")
def expect_span_of_years(r: Release, s: Selection, p: Params) -> Expected:
    if s.get("cell_id") or s.get("row"):
        return {
            ("first", "last"): {tuple(x["period"].split("-")) for x in r.read_rows("cell") if x["freq"].startswith("P")}
        }
    period = s.get("period")
    if s["page"] == "static":
        period = find_static_period(r, s.get("metric", "convicted_first_per_adjudicated_first"), s["crime"])
    first, last = str(period).split("-")
    return {"first": first, "last": last}


@expect_parameters("Q{quarter}")
def expect_brief_quarter(r: Release, s: Selection, p: Params) -> Expected:
    return {"quarter": {"1", "2", "3", "4"}}


@expect_parameters(*(f"{month} {{year}}" for month in MONTHS))
def expect_month_of_treaty(r: Release, s: Selection, p: Params) -> Expected:
    """Return the years in which an event of a treaty is known by this month and not by its day."""
    month = MONTHS.index(str(p[""]).split(" ")[0]) + 1
    dates = [str(x["date"]) for x in r.read_rows("treaty_event")]
    return {"year": {day[:4] for day in dates if len(day) == len("2001-09") and int(day[5:]) == month}}


@expect_parameters(*(f"{{day}} {month} {{year}}" for month in MONTHS))
def expect_day(r: Release, s: Selection, p: Params) -> Expected:
    month = str(p[""]).split()[1]
    return {("day", "year"): list_days_of_month(r, month)}


@compute_once
def list_dates(r: Release) -> set[date]:
    """Return all days that a release names, and the day of the tests' clock."""
    days = {date(2026, 11, 20)}
    columns = {
        "coverage": ("deadline",),
        "submission": ("received_at", "accepted_at"),
        "pending": ("as_at",),
        "duration": ("seen_from", "seen_until"),
    }
    for table, names in columns.items():
        for row in r.read_rows(table):
            days |= {value.date() if hasattr(value, "date") else value for name in names if (value := row[name])}
    texts = (
        ("legal_assessment", "applies_from"), ("treaty_event", "date"), ("corrective_measure", "deadline"),
        ("corrective_measure", "changed_on"),
    )  # fmt: skip
    for table, name in texts:
        days |= {date.fromisoformat(row[name]) for row in r.read_rows(table) if len(row[name]) == len("2020-01-31")}
    # Closing stocks are of the last day of their year.
    return days | {date(int(row["period"]), 12, 31) for row in r.read_rows("cell") if row["statistic"] == "end"}


@compute_once
def list_days_of_month(r: Release, month: str) -> set[tuple[str, str]]:
    return {(str(d.day), str(d.year)) for d in list_dates(r) if format_day(d).split()[1] == month}


# ------------------------------------------------------------------------------------------------------------------ law


@expect_parameters("Articles of the law: {area}")
def expect_area_of_law(r: Release, s: Selection, p: Params) -> Expected:
    assessed = {row["jurisdiction"] for row in r.read_rows("legal_assessment") if row["is_current"]}
    return {"area": {r.marked[code] for code in assessed}}


@expect_parameters("{treaty}, article {number}")
def expect_article_of_treaty(r: Release, s: Selection, p: Params) -> Expected:
    provided = {(r.label["treaty", row["treaty"]], row["provision"]) for row in r.read_rows("treaty_element")}
    return {("treaty", "number"): provided}


# -------------------------------------------------------------------------------------------------------------- records


def list_duration_rows(r: Release, s: Selection) -> list[Row]:
    rows = [
        x
        for x in r.read_rows("duration")
        if x["freq"] == "_T" and x["entered"] == "_T" and x["offence_group"] == s["crime"]
    ]
    if s["page"] == "durations":
        return sorted(
            (x for x in rows if x["stage"] == s["way"]), key=lambda x: (x["area"], x["source"], x["statistic"])
        )
    if s["page"] == "compare":
        areas = s["areas"].split(",")
        rows = [x for x in rows if x["metric"] == s["indicator"] and x["area"] in areas]
        return sorted(rows, key=lambda x: areas.index(x["area"]))
    rows = [x for x in rows if s.get("metric") in (None, x["metric"]) and s.get("area") in (None, x["area"])]
    return sorted(rows, key=lambda x: (x["area"], x["source"], x["statistic"]))


def describe_median(row: Row) -> str:
    """Return what is said of the median of one area, after its name, the crime and the stage."""
    if row["value"] is None:
        return "not reached" if row["obs_status"] == "M" else describe_absent(row)
    days = add_interval(
        f"{format_number(row['value'])} day{'s' * (round(row['value']) != 1)}", row["low"], row["high"], 0
    )
    few = ", too few to compare" if row["state"] == "too_few" else ""
    return f"half of the people waited up to {days}{few}"


def list_quoted_rows(r: Release, s: Selection) -> list[Row]:
    """Return the durations that a sentence is about: a profile quotes those up to the decision at first instance."""
    rows = list_duration_rows(r, s)
    return [x for x in rows if x["stage"] == "first"] if s.get("part") == "profile" else rows


def describe_medians(r: Release, s: Selection) -> dict[str, str]:
    """Return what is said of the median of each area with records, by the name of the area."""
    return {r.marked[x["area"]]: describe_median(x) for x in list_quoted_rows(r, s) if x["statistic"] == "median"}


@expect_parameters("{area}: {figure}.")
def expect_length_of_area(r: Release, s: Selection, p: Params) -> Expected:
    return {"area": p["area"], "figure": describe_absent(group_lengths(r, s)[str(p["area"])].get("median"))}


@expect_parameters(
    "{area}: {crime}, {name}: half of the people waited up to {days}.",
    "{area}: {crime}, {name}: half of the people waited up to {days}, too few to compare.",
    "{area}: {crime}, {name}: {figure}.",
)
def expect_median_duration(r: Release, s: Selection, p: Params) -> Expected:
    text = describe_medians(r, s)[str(p["area"])]
    metric = next(x["metric"] for x in list_quoted_rows(r, s))
    return {
        "area": p["area"],
        "crime": lower_first(CRIMES[s["crime"]]),
        "name": lower_first(r.metric[metric]["name"]),
        "figure": text,
        "days": text.removeprefix("half of the people waited up to ").removesuffix(", too few to compare"),
    }


@expect_parameters("No case records for this: {areas}.", "{name}, {crime}: no records.")
def expect_areas_without_records(r: Release, s: Selection, p: Params) -> Expected:
    if s.get("part") == "lengths":
        present = {x["area"] for x in list_length_rows(r, s)}
        without = [
            c for c in r.territories if c not in present and not any(part in present for part in r.list_parts(c))
        ]
        return {"areas": join_words(r.marked[code] for code in without)}
    if s["page"] == "static":
        present = {x["area"] for x in list_duration_rows(r, s)}
        return {"areas": join_words(r.marked[code] for code in r.territories if code not in present)}
    if s.get("kind") == "sentence":
        present = {x["area"] for table in ("duration", "pending", "cohort", "sentence") for x in r.read_rows(table)}
        chosen = s["areas"].split(",")
        without = [c for c in chosen if not {c, *r.list_parts(c)} & present]
        return {"areas": join_words(r.marked[code] for code in without)}
    if s["page"] == "compare":
        present = {x["area"] for x in list_duration_rows(r, s)}
        return {
            "areas": join_words(r.marked[code] for code in s["areas"].split(",") if code not in present),
            "name": ABOUT,
            "crime": ABOUT,
        }
    present = {x["area"] for table in ("duration", "pending", "cohort", "sentence") for x in r.read_rows(table)}
    without = [c for c in r.territories if c not in present and not any(part in present for part in r.list_parts(c))]
    return {"areas": join_words(r.marked[code] for code in without), "name": ABOUT, "crime": ABOUT}


LENGTHS = ("lengths", "_show_sentences")
"""Parts of pages on the lengths of sentences."""


@expect_parameters("{area}: {first} to {last}", "The records cover these periods. {spans}.", "Records: {span}.")
def expect_span_of_records(r: Release, s: Selection, p: Params) -> Expected:
    areas: dict[tuple[str, str], dict[str, None]] = {}
    for x in [find_figure(r, s)] if s["page"] == "source" else list_duration_rows(r, s):
        dates = format_day(x["seen_from"]), format_day(x["seen_until"])
        areas.setdefault(dates, {})[r.marked[x["area"]]] = None
    spans = {join_words(names): dates for dates, names in areas.items()}
    if "area" in p:
        first, last = spans[str(p["area"])]
        return {"area": p["area"], "first": first, "last": last}
    texts = (f"{names}: {first} to {last}" for names, (first, last) in spans.items())
    return {next(k for k in p if k): "; ".join(texts)}


@expect_parameters("{name}, on {days}. {crime}")
def expect_days_of_pending(r: Release, s: Selection, p: Params) -> Expected:
    rows = [x for x in r.read_rows("pending") if (x["stage"], x["offence_group"]) == (s["way"], s["crime"])]
    return {
        "days": join_words(format_day(d) for d in sorted({x["as_at"] for x in rows})),
        "name": ABOUT,
        "crime": ABOUT,
    }


@expect_parameters(
    "Everybody who entered in the year is followed for {n} quarters. Open cases stay in the base. Shares are rounded "
    "to the nearest 5%.",
    "The records do not cover the whole year, or its people have not been followed for {quarters} quarters so far.",
)
def expect_quarters_followed(r: Release, s: Selection, p: Params) -> Expected:
    rows = [x for x in r.read_rows("cohort") if (x["stage"], x["offence_group"]) == (s["way"], s["crime"])]
    texts = {str(x["quarters"]) for x in rows}
    return {"n": texts, "quarters": texts}


@expect_parameters("The period has {n} days.")
def expect_days_of_period(r: Release, s: Selection, p: Params) -> Expected:
    first, last = find_span(s["period"])
    return {"n": format_number((last - first).days + 1)}


@expect_parameters("from {low} to {high} months")
def expect_range_of_law(r: Release, s: Selection, p: Params) -> Expected:
    if s["page"] == "static":
        rows = list_length_rows(r, s)
    else:
        rows = [
            x for x in r.read_rows("sentence") if (x["offence_group"], x["period"]) == (s["crime"], s["sentenced_in"])
        ]
    texts = {
        tuple("not stated" if x[end] is None else format_number(x[end]) for end in ("statutory_min", "statutory_max"))
        for x in rows
    }
    return {("low", "high"): texts}


def list_length_rows(r: Release, s: Selection) -> list[Row]:
    """Return the figures on sentences for a crime, of one track and one area where the selection has them."""
    return [
        x
        for x in r.read_rows("sentence")
        if x["offence_group"] == s["crime"]
        and s.get("track", s.get("decisions")) in (None, x["level"])
        and (s.get("area") in (None, x["area"]) or x["area"] in r.list_parts(s["area"]))
    ]


@expect_parameters("From the case records of {areas} only.")
def expect_areas_of_lengths(r: Release, s: Selection, p: Params) -> Expected:
    """Return the areas with sentences of one year, or of all years, at one level."""
    chosen = s.get("areas", "").split(",") if s.get("areas") else list(r.marked)
    codes = {code for area in chosen for code in (area, *r.list_parts(area))}
    by_year: dict[tuple[str, str], set[str]] = {}
    for x in list_length_rows(r, s):
        for year in (x["period"], ""):
            by_year.setdefault((x["level"], year), set()).add(x["area"])
    return {"areas": {join_words(r.marked[c] for c in r.marked if c in areas & codes) for areas in by_year.values()}}


@expect_parameters("Lengths of sentences from case records: {cover}.")
def expect_cover_of_lengths(r: Release, s: Selection, p: Params) -> Expected:
    texts = []
    for track, decisions in (("first", "first instance"), ("final", "final decisions")):
        rows = [x for x in list_length_rows(r, s) if x["level"] == track]
        year = max({x["period"] for x in rows if x["value"] is not None} or {x["period"] for x in rows}, default="")
        present = {x["area"] for x in rows if x["period"] == year}
        if present:
            texts.append(f"{year}, {decisions}: {join_words(r.marked[c] for c in r.marked if c in present)}")
    return {"cover": "; ".join(texts)}


def group_lengths(r: Release, s: Selection) -> dict[str, dict[str, Row]]:
    """Return the figures of the year that a sentence is about, by the name that it begins with.

    It is the newest year with any figure of the track, in a profile of the territory. Static pages name crime, year and
    instance before the area.
    """
    groups: dict[str, dict[str, Row]] = {}
    for track in ("first", "final"):
        rows = [x for x in list_length_rows(r, s) if x["level"] == track]
        years = {x["period"] for x in rows if x["value"] is not None} or {x["period"] for x in rows}
        year = s.get("sentenced_in") or max(years, default="")
        for x in rows:
            if x["period"] == year:
                name = r.marked[x["area"]]
                if s["page"] == "static":
                    decisions = {"first": "first instance", "final": "final decisions"}[track]
                    name = f"{CRIMES[s['crime']]}, {x['period']}, {decisions}, {name}"
                assert x["statistic"] not in groups.setdefault(name, {}), "an area has several registers"
                groups[name][x["statistic"]] = x
    return groups


def format_months(row: Row) -> str:
    text = f"{format_number(row['value'])} month{'s' * (round(row['value']) != 1)}"
    return add_interval(text, row["low"], row["high"], 0)


@expect_parameters(
    "{area}: half of the sentences of imprisonment to be served were up to {months}.",
    "{area}: half of the sentences of imprisonment to be served were up to {months}, too few to compare.",
)
def expect_median_sentence(r: Release, s: Selection, p: Params) -> Expected:
    row = group_lengths(r, s)[str(p["area"])]["median"]
    assert (row["state"] == "too_few") is str(p[""]).endswith("too few to compare."), row["state"]
    return {"area": p["area"], "months": format_months(row)}


@expect_parameters("Number of people: {n}.")
def expect_band_of_persons(r: Release, s: Selection, p: Params) -> Expected:
    """Return the bands of the figure, or of the medians that a part of a page has."""
    rows = [find_figure(r, s)] if s["page"] == "source" else [x["median"] for x in group_lengths(r, s).values()]
    bands = {str(x["n_band"]) for x in rows if x["n_band"]}
    return {"n": {f"{band[:-1]} or more" if band.endswith("+") else band.replace("-", " to ") for band in bands}}


@expect_parameters("The middle half was between {low} and {high} months.")
def expect_middle_half(r: Release, s: Selection, p: Params) -> Expected:
    return {
        ("low", "high"): {
            (format_number(group["p25"]["value"]), format_number(group["p75"]["value"]))
            for group in group_lengths(r, s).values()
            if {"p25", "p75"} <= {name for name, row in group.items() if row["value"] is not None}
        }
    }


@expect_parameters("The law allowed {law}.")
def expect_law_of_sentence(r: Release, s: Selection, p: Params) -> Expected:
    pairs = {
        (x["statutory_min"], x["statutory_max"])
        for group in group_lengths(r, s).values()
        for x in group.values()
        if x["statutory_min"] is not None and x["statutory_max"] is not None
    }
    return {"law": {f"from {format_number(low)} to {format_number(high)} months" for low, high in pairs}}


@expect_parameters("Pending on {day}")
def expect_day_of_pending(r: Release, s: Selection, p: Params) -> Expected:
    """Return the last day of the year of each stock, or the day of the records next to a withheld one."""
    area = s.get("flow") or s["area"]
    year = s["period"] if "period" in s else choose_year(r, s["crime"])
    banded = {
        x["stage"]: format_day(x["as_at"])
        for x in r.index_rows("pending", "area", "offence_group").get((area, s["crime"]), ())
        if x["n_band"] and x["as_at"] == find_span(year)[1]
    }
    stocks = {
        x["level"]: x["value"]
        for x in r.index_rows("cell", "table_id", "area", "offence_group", "period", "statistic").get(
            ("area_year_pending", area, s["crime"], year, "end"), ()
        )
        if x["count_unit"] == s.get("unit", "person")
    }
    levels = ("prosecution", "appeal" if s.get("track", s.get("decisions")) == "final" else "first")
    of_records = {banded[level] for level in levels if level in banded and stocks.get(level) is None}
    return {
        "day": of_records
        | {
            f"31 December {year}"
            for level in levels
            if level in stocks and (stocks[level] is not None or level not in banded)
        }
    }


@expect_parameters("{low} to {high}", "{n} or more")
def expect_limits_of_band(r: Release, s: Selection, p: Params) -> Expected:
    bands = {
        x["n_band"]
        for table in ("duration", "pending", "cohort", "sentence")
        for x in r.read_rows(table)
        if x["offence_group"] == find_crime(s) and x["n_band"]
    }
    if "n" in p:
        return {"n": {band.removesuffix("+") for band in bands if band.endswith("+")}}
    return {("low", "high"): {tuple(band.split("-")) for band in bands if "-" in band}}


@expect_parameters("Case records of {areas}, release {release}.")
def expect_areas_with_records(r: Release, s: Selection, p: Params) -> Expected:
    areas = dict.fromkeys(x["area"] for x in list_duration_rows(r, s))
    return {"areas": join_words(r.marked[code] for code in areas), "release": r.id}


# ------------------------------------------------------------------------------------------------------------- profiles


@expect_parameters("{area}, {year}, {crime}, {unit} whose case ended without a conviction. {sentences}")
def expect_exits_of_area(r: Release, s: Selection, p: Params) -> Expected:
    return {
        "area": r.marked[s["area"]],
        "year": s["left_in"],
        "crime": lower_first(CRIMES[s["crime"]]),
        "unit": UNITS[find_unit(s)][1],
        "sentences": describe_exits(r, s),
    }


@expect_parameters("{area}, {year}, {crime}: how cases ended is not available or not public.")
def expect_no_exits(r: Release, s: Selection, p: Params) -> Expected:
    assert not any(x["value"] is not None for x in list_exit_rows(r, s))
    return {"area": r.marked[s["area"]], "year": s["left_in"], "crime": lower_first(CRIMES[s["crime"]])}


def list_exit_rows(r: Release, s: Selection) -> list[Row]:
    positions = {(x["codelist"], x["code"]): x["position"] for x in r.read_rows("codelist")}
    rows = [
        x
        for x in r.index_rows("exit", "area", "offence_group", "count_unit", "period").get(
            (s["area"], s["crime"], find_unit(s), s["left_in"]), ()
        )
        if x["metric"] == "exit"
    ]
    return sorted(
        rows,
        key=lambda x: (
            positions["level", x["level"]],
            x["measure"] == "requalified_out",
            positions["measure", x["measure"]],
        ),
    )


def describe_exits(r: Release, s: Selection) -> str:
    levels = {
        "prosecution": "At the prosecutor",
        "first": "At first instance",
        "appeal": "On appeal",
        "final": "Final decisions",
    }
    by_level: dict[str, list[str]] = {}
    for x in list_exit_rows(r, s):
        name = lower_first(r.label["measure", x["measure"]])
        text = f"{name}: {describe_absent(x)}" if x["value"] is None else f"{format_number(x['value'])} {name}"
        by_level.setdefault(x["level"], []).append(text)
    return " ".join(f"{levels[level]}: {', '.join(texts)}." for level, texts in by_level.items())


@expect_parameters("{n} older quarters", "{n} older years", "{n} older returns")
def expect_older_periods(r: Release, s: Selection, p: Params) -> Expected:
    if "returns" in str(p[""]):
        return {"n": format_number(len(r.index_rows("submission", "territory")[s["area"],]) - 10)}
    periods = {
        x["period"]
        for x in r.index_rows("cell", "area").get((s["area"],), ())
        if x["is_total"]
        and x["statistic"] == "count"
        and x["freq"] == s["over"]
        and x["offence_group"] == s["crime"]
        and x["count_unit"] == "person"
        and x["measure"] in STAGES[s["track"]]
    }
    return {"n": format_number(len(periods) - 8)}


@expect_parameters("{population} ({year}, carried forward from {source_year})")
def expect_population(r: Release, s: Selection, p: Params) -> Expected:
    row = max((x for x in r.read_rows("population") if x["area"] == s["area"]), key=lambda x: x["year"])
    return {
        "population": format_number(row["population"]),
        "year": str(row["year"]),
        "source_year": str(row["population_year"]),
    }


@expect_parameters("Articles in force from then: {articles}.", "Articles no longer in force: {articles}.")
def expect_articles_of_law(r: Release, s: Selection, p: Params) -> Expected:
    sign = "+" if "in force from" in str(p[""]) else "-"
    details = [str(x["detail"]).split(",") for x in r.read_rows("break") if x["words"] == "law_changed"]
    return {"articles": {join_words(a.strip()[1:] for a in parts if a.strip().startswith(sign)) for parts in details}}


@expect_parameters("Break in the series. {text}")
def expect_break_in_series(r: Release, s: Selection, p: Params) -> Expected:
    texts = {
        text
        for x in r.read_rows("break")
        if x["offence_group"] in ("", "_T", s["crime"])
        for text in (describe_break(x), describe_break(x).replace(":", f", {r.marked[x['of_area']]}:", 1))
    }
    return {"text": texts | {text if text.endswith(".") else f"{text}." for text in texts}}


# ------------------------------------------------------------------------------------------------- titles and citations


@expect_parameters("{title}. Release {release}.")
def expect_title_with_release(r: Release, s: Selection, p: Params) -> Expected:
    return {"title": ABOUT, "release": r.id}


@expect_parameters(
    "{crime}, {period}, {unit}: rates {per}, with 95% confidence intervals",
    "Victims of {crime}, {period}: {counted}",
    "Victims of {crime}, {period}",
    "{crime}: {area}, {period}",
    "Territories compared: {crime}, {period}",
    "{area}, {crime}, {period}: people whose proceedings ended without a conviction",
    "{area}, {crime}, {period}: persons convicted at first instance, by {dimension}",
    "{area}, {crime}: how long cases take, in days, with 95% confidence intervals",
    "{area}: newest returns accepted for this release",
    "{title}: no figure can be shown.",
    "{title}: all on one scale",
    "{title}, with 95% confidence intervals",
)
def expect_titles_about_period(r: Release, s: Selection, p: Params) -> Expected:
    return dict.fromkeys((name for name in p if name), ABOUT)


def expect_figure_of_region(r: Release, s: Selection, p: Params) -> Expected:
    """Return the figure of the region on the page of a count, a ratio or a clearance rate."""
    if "measure" in s:
        unit = f"{lower_first(r.label['measure', s['measure']])}, persons"
        period = choose_year(r, s["crime"])
        row = r.find_total(r.region, period, s["crime"], s["measure"])
        n_reporters = len(split_codes(row["reporters"])) if row is not None else 0
        row = row if n_reporters >= FEWEST_IN_REGION else None
        limits = r.indicators.get((row["cell_id"], "count", "_Z")) if row else None
        figure = (
            "no regional figure"
            if 0 < n_reporters < FEWEST_IN_REGION
            else describe_regional_figure(row and {**row, "state": limits and limits["state"]}, limits)
        )
    elif s["metric"].startswith("clearance_rate"):
        unit = f"{lower_first(r.metric[s['metric']]['name'])}, per cent"
        period = find_clearance_year(r, s["metric"], s["crime"])
        row = index_clearances(r, s["metric"], s["crime"]).get((r.region, period))
        figure = describe_regional_figure(row, row)
    else:
        unit = lower_first(r.metric[s["metric"]]["name"])
        period = find_static_period(r, s["metric"], s["crime"])
        rows = r.index_rows("stage_ratio", "metric", "offence_group", "count_unit", "period", "area").get(
            (s["metric"], s["crime"], "person", period, r.region), []
        )
        row = next((x for x in rows if x["is_default"]), next((x for x in rows if x["version"] == "same_period"), None))
        figure = describe_regional_figure(row, row)
    return {
        "area": r.name_counted_area(r.region, row),
        "period": spell_period(period),
        "crime": lower_first(CRIMES[s["crime"]]),
        "name": unit,
        "value": figure,
    }


FIGURES_OF_REGION["static"] = expect_figure_of_region


@expect_parameters("{area}, {period}, victims of {crime}: {value} ({status}). {coverage}")
def expect_few_victims(r: Release, s: Selection, p: Params) -> Expected:
    rows = [
        x
        for x in list_figures_of_region(r, s)
        if r.label["victim_status", x["victim_status"]].lower() == str(p["status"]).lower()
    ]
    row = rows[0]
    return {
        "area": r.plain[r.region],
        "period": spell_period(s["period"]),
        "crime": lower_first(CRIMES[s["crime"]]),
        "value": "no regional figure",
        "status": p["status"],
        "coverage": describe_cover(r, row, s["crime"], row["measure"], row["count_unit"], ("victims",)),
    }


TITLES = (
    "{first} and {last}",
    "Ratio of {last} to {first}",
    "{crime}, {stage} ({unit}), {since} and {last}",
    "{title}, {year}: {unit} by sex and age",
    "{title}, {year}: {unit} by sex",
    "{title}: {unit} by year",
    "{subject}, {year}, by {dimension}: {unit}",
    "{subject}, {year}, by {dimension}",
    "{subject}: {unit} by {dimension}",
    "{subject}: {unit} by jurisdiction",
    "{subject}, {year}: {unit} whose case ended without a conviction, with 95% confidence intervals",
    "{subject}, share",
    "{subject}: none",
    "{title} (days)",
    "Older. {caption}",
    "Shares of the total, per cent, with 95% confidence intervals. {caption}",
    "**{stage}, {year}, all territories**",
    "Imprisonment as the principal sanction, share of all sentenced. {subject}",
    "Imprisonment to be served, in months, as imposed. {subject}",
    "{stage}, region",
    "{area}, {crime}: convictions at first instance from year to year, {unit}",
    "Counting rules: {area}",
    "{area}: persons convicted at first instance, {crime}",
    "This release has no figures by {dimension} for {year}.",
    "{area}, victims of {crime}",
    "The release has no figures by {dimension} for {area} in {year}.",
    "{area} has no quarterly figures of this kind. A year is never divided into quarters.",
    "This release has no outcomes for {crime} in {area}.",
    "This release has no breakdown of {crime} for {area}.",
    "The release has no breakdown of victims for {area}.",
)


@expect_parameters(*TITLES)
def expect_titles_about_selection(r: Release, s: Selection, p: Params) -> Expected:
    return dict.fromkeys((name for name in p if name), ABOUT)


@expect_parameters(
    "Regional trafficking indicators, release {release}.",
    "Source: {source}",
    "Printed from {address}",
    "Prepared on {day}; data up to {period}.",
    "The result describes the text of the law in force on {day}, when this release was prepared. It does not describe "
    "how the law is applied.",
    "This is release {release}, which is not the newest one.",
)
def expect_citation(r: Release, s: Selection, p: Params) -> Expected:
    row = r.read_rows("release")[0]
    drafted = date.fromisoformat(str(row["drafted_at"])[:10])
    has_others = s["page"] in ("quality", "about") or (s["page"] == "published" and s.get("view") == "figures")
    return {
        "release": r.id,
        "period": format_period(row["reference_period"]),
        "day": format_day(drafted),
        "source": f"Regional trafficking indicators, release {r.id}."
        + (
            " Demonstration data: all our own figures are invented. Figures of other publishers are real unless marked "
            "invented."
            if has_others  # which are not invented
            else " Demonstration data: all our own figures are invented."
        ),
        "address": f"https://example.org/page?release={r.id}&lang=en, 20 November 2026",
    }


@expect_parameters("Returns of the offices of {n} territories, release {release}.")
def expect_reporting_territories(r: Release, s: Selection, p: Params) -> Expected:
    return {"n": str(count_territories_shown(r, s)), "release": r.id}


def count_territories_shown(r: Release, s: Selection) -> int:
    """Return how many territories have a figure on an indicator's page, or are in one of the region."""
    years = r.periods[s["crime"], "A"][:6]
    rows: list[Row | None]
    if "measure" in s:
        areas = (r.region, *r.territories)
        rows = [r.find_total(area, year, s["crime"], s["measure"]) for area in areas for year in years]
    elif s["metric"].startswith("clearance_rate"):
        rows = [x for (_, year), x in index_clearances(r, s["metric"], s["crime"]).items() if year in years]
    else:
        key, by_area = (s["metric"], s["crime"], "person"), {}
        for x in r.index_rows("stage_ratio", "metric", "offence_group", "count_unit").get(key, []):
            place = (x["area"], x["period"])
            if x["is_default"] or (x["version"] == "same_period" and place not in by_area):
                by_area[place] = x
        periods = {*years, find_static_period(r, s["metric"], s["crime"])}
        rows = [x for (_, period), x in by_area.items() if period in periods]
    territories = set()
    for x in rows:
        if x is not None and x["area"] in r.territories and x["value"] is not None:
            territories.add(x["area"])
        # A ratio that lacks a count lists the territories of the other one, a withheld one those of both.
        is_of_members = x is not None and (
            "measure" in s
            or x["value"] is not None
            or x["state"] == "too_few_territories"
            or ("version" in x and x["state"] == "withheld")
        )
        if x is not None and x["area"] == r.region and is_of_members:
            territories |= set(split_codes(x["reporters"]))
    return len(territories)


@expect_parameters("This release covers {names}.")
def expect_names_of_territories(r: Release, s: Selection, p: Params) -> Expected:
    return {"names": join_words(r.marked[code] for code in r.territories)}


@expect_parameters("{area}: {part} only")
def expect_part_of_territory(r: Release, s: Selection, p: Params) -> Expected:
    if s["page"] == "published" and s["territory"] != "all":
        # All lines are of one territory, so that each begins with its period.
        territory = s["territory"]
        prefix = f"{r.plain[territory]}: "
        rows = [*r.read_rows("reference_figure"), *r.read_rows("coherence")]
        return {
            ("area", "part"): {
                (format_period(x["period"]), r.plain[x["jurisdiction"]].removeprefix(prefix))
                for x in rows
                if x["territory"] == territory and x["jurisdiction"] not in (None, "", territory)
            }
        }
    return {
        ("area", "part"): {
            (r.plain[code], r.plain[part].removeprefix(f"{r.plain[code]}: "))
            for code in r.territories
            for part in r.list_parts(code)
        }
    }


@expect_parameters(
    "One ZIP file has all {n} files of release {release}: every table as CSV and as Parquet, with codes and statuses, "
    "a description, and the list of files."
)
def expect_number_of_files(r: Release, s: Selection, p: Params) -> Expected:
    names = [*r.folder.glob("csv/*.csv"), *r.folder.glob("data/*.parquet")]
    further = ("manifest.json", "manifest.sig", "changes.json", "README.txt")
    names += [r.folder / name for name in further if (r.folder / name).is_file()]
    return {"n": format_number(len(names)), "release": r.id}


@expect_parameters(
    "The first {shown} of {all} figures. Choose a territory, a publisher or a year, or download the whole table."
)
def expect_shown_of_all_figures(r: Release, s: Selection, p: Params) -> Expected:
    of = "" if s["territory"] == "all" else s["territory"]
    rows = [
        x
        for x in r.read_rows("reference_figure")
        if of in ("", x["territory"])
        and x["offence_group"] in (None, s["crime"])
        and x["kind"] in ("published", "imported")
        and s["publisher"] in ("all", x["publisher"])
        and (
            s["published_year"] == "all"
            or x["period_start"].year <= int(s["published_year"]) <= (x["period_end"] or x["period_start"]).year
        )
    ]
    return {"shown": "200", "all": str(len(rows))}


@expect_parameters("{n} quarters", "{n} years")
def expect_length_without_gap(r: Release, s: Selection, p: Params) -> Expected:
    """Return the lengths up to the newest quarter, or up to the newest year, of each territory."""
    freq = "Q" if "quarters" in str(p[""]) else "A"
    newest: dict[str, tuple[str, float]] = {}
    for row in r.read_rows("quality"):
        if (row["instrument"], row["indicator"], row["freq"]) == ("_T", "COMPAR_LENGTH", freq):
            newest[row["territory"]] = max(newest.get(row["territory"], ("", 0.0)), (row["period"], row["value"]))
    return {"n": {format_number(length) for _, length in newest.values()}}


@expect_parameters("{days} early", "{days} late")
def expect_days_early_or_late(r: Release, s: Selection, p: Params) -> Expected:
    rows = [x for x in r.read_rows("quality") if x["period"] == "_T" and x["instrument"] == "_T"]
    days = [x["value"] for x in rows if x["indicator"] == "PUNCTUALITY_DAYS" and x["value"] is not None]
    is_early = "early" in str(p[""])
    return {"days": {format_number(abs(value), 1) for value in days if (value < 0) is is_early}}


@expect_parameters(
    "{withheld} of {figures}. Annual totals of the territories, large and small, of all years: {withheld_totals} of "
    "{totals}. Those of 1 to {hidden} are always withheld."
)
def expect_numbers_withheld(r: Release, s: Selection, p: Params) -> Expected:
    by_id = {x["cell_id"]: x for x in r.read_rows("cell") if x["value"] is not None or x["conf_status"] != "F"}
    cells = list(by_id.values())
    annual = [x for x in cells if x["freq"] == "A" and x["statistic"] == "count"]
    totals = [x for x in annual if x["area_kind"] == "territory" and x["is_total"]]
    return {
        "withheld": format_number(sum(x["conf_status"] != "F" for x in cells)),
        "figures": format_number(len(cells)),
        "withheld_totals": format_number(sum(x["conf_status"] != "F" for x in totals)),
        "totals": format_number(len(totals)),
        "hidden": "4",
    }


@expect_parameters("{note} (all figures).")
def expect_note_on_all_figures(r: Release, s: Selection, p: Params) -> Expected:
    if p["note"] == _ADULTS_IN_BOTH:
        rows = [
            x
            for x in r.read_rows("stage_ratio")
            if (x["metric"], x["offence_group"], x["freq"]) == (s["indicator"], s["crime"], s["freq"])
            and x["area"] in (r.region, *s["areas"].split(","))
            and x["value"] is not None
        ]
        assert rows and {x["ages"] for x in rows} == {"Y_GE18/Y_GE18"}
        return {"note": _ADULTS_IN_BOTH}
    return {"note": NOTE}


_ADULTS_IN_BOTH = "Adults only (18 and over)"
"""Note on a ratio whose two counts have adults only."""


NOTE = object()
"""A note that is checked as a sentence of its own."""


# ---------------------------------------------------------------------------------------------------- pictures in words


@expect_parameters("{title}. {first_period}: {first}. {last_period}: {last}.")
def expect_course_of_series(r: Release, s: Selection, p: Params) -> Expected:
    digits = DIGITS.get(s.get("kind", ""), 0)
    points = list_shown_points(r, s)
    assert not is_of_different_territories(points), "years of different territories are not compared"
    (first_period, first), (last_period, last) = points[0], points[-1]
    return {
        "title": ABOUT,
        "first_period": first_period,
        "last_period": last_period,
        "first": speak_compared(first, digits),
        "last": speak_compared(last, digits),
    }


@expect_parameters("Highest: {highest} ({highest_period}). Lowest: {lowest} ({lowest_period}).")
def expect_extremes_of_series(r: Release, s: Selection, p: Params) -> Expected:
    """Expect the highest and the lowest figure of those that are not too few to compare."""
    digits = DIGITS.get(s.get("kind", ""), 0)
    points = [(period, x) for period, x in list_shown_points(r, s) if x["state"] != "too_few"]
    assert len(points) > 1, "one figure is neither the highest nor the lowest"
    highest, lowest = (round_number(end(x["value"] for _, x in points), digits) for end in (max, min))
    return {
        "highest": format_number(highest, digits),
        "lowest": format_number(lowest, digits),
        "highest_period": {period for period, x in points if round_number(x["value"], digits) == highest},
        "lowest_period": {period for period, x in points if round_number(x["value"], digits) == lowest},
    }


@expect_parameters("{title}. {figures}. The figures cover different territories.")
def expect_unlike_points_of_series(r: Release, s: Selection, p: Params) -> Expected:
    points = list_shown_points(r, s)
    assert is_of_different_territories(points), "all years are of the same territories"
    figures = "; ".join(_speak_covered_point(r, s, period, x) for period, x in points)
    return {"title": ABOUT, "figures": figures}


@expect_parameters("{period}: {figure} (territories included: {n} of {whole})")
def expect_covered_point_of_series(r: Release, s: Selection, p: Params) -> Expected:
    points = list_shown_points(r, s)
    assert is_of_different_territories(points), "all years are of the same territories"
    x = dict(points)[p["period"]]
    return {
        "period": p["period"],
        "figure": speak_compared(x, DIGITS.get(s.get("kind", ""), 0)),
        "n": str(len(x["reporters"].split(","))),
        "whole": str(len(r.territories)),
    }


@expect_parameters("Territories included from {period} on: {n} instead of {before}.")
def expect_change_of_territories(r: Release, s: Selection, p: Params) -> Expected:
    points = list_shown_points(r, s)
    place = [period for period, _ in points].index(p["period"])
    before, n = (len(split_codes(x["reporters"])) for _, x in points[place - 1 : place + 1])
    assert place and n != before, p
    return {"period": p["period"], "n": str(n), "before": str(before)}


@expect_parameters("Territories included, {period}: {n} instead of {before}.")
def expect_passing_change_of_territories(r: Release, s: Selection, p: Params) -> Expected:
    """Expect the periods from one change of the number of territories to the last one before the next change."""
    points = list_shown_points(r, s)
    names, numbers = [name for name, _ in points], [len(split_codes(x["reporters"])) for _, x in points]
    place = names.index(p["period"].partition("–")[0])
    until = next(at for at in range(place, len(numbers)) if numbers[at] != numbers[place])
    assert place and numbers[place] != numbers[place - 1], p
    period = names[place] if until - place == 1 else f"{names[place]}–{names[until - 1]}"
    return {"period": period, "n": str(numbers[place]), "before": str(numbers[place - 1])}


def _speak_covered_point(r: Release, s: Selection, period: str, x: Row) -> str:
    figure = speak_compared(x, DIGITS.get(s.get("kind", ""), 0))
    return f"{period}: {figure} (territories included: {len(x['reporters'].split(','))} of {len(r.territories)})"


def list_shown_points(r: Release, s: Selection) -> list[tuple[str, Row]]:
    """Return the periods of a series that have a number, the oldest first, each with its figure."""
    points = list_series_points(r, s)
    return [(format_period(period), x) for period, x in points if x is not None and x["value"] is not None]


def is_of_different_territories(points: Sequence[tuple[str, Row]]) -> bool:
    """Return True for figures of the region that do not all have the same territories in them."""
    return len({x["reporters"] for _, x in points if "WB" in (x.get("area"), x.get("territory"))}) > 1


def list_series_points(r: Release, s: Selection) -> list[tuple[str, Row | None]]:
    """Return the periods of a series, the oldest first, each with its figure; None if it was never collected.

    A figure of the region from too few territories has no value.
    """
    if s["page"] == "compare":
        rows = find_compared(r, s)
        periods = {
            period
            for (area, period), x in rows.items()
            if area in r.territories and x["freq"] == s["freq"] and x["value"] is not None
        }
        is_recommended = s.get("version", "recommended") == "recommended"
        pairs = [(period, rows.get((s["trend"], period))) for period in sorted(periods)]
        return [(period, x) for period, x in pairs if x is not None or is_recommended]
    if s["page"] == "territory":
        return list_points_of_stage(r, s)
    if s.get("part") == "teams":
        teams = [
            {**x, "low": None, "high": None, "state": None}
            for x in r.read_rows("joint_team")
            if (x["territory"], x["offence_group"], x["measure"]) == (s["area"], s["crime"], "jits_running")
            and (x["legal_basis"], x["partner"]) == ("_T", "_T")
            and x["since"] == x["year"]
        ]
        return [(str(x["year"]), x) for x in sorted(teams, key=lambda row: int(row["year"]))]
    if s.get("part") == "victims_trend":
        of_area = {x["period"]: x for x in list_victim_totals(r, s["crime"]) if x["area"] == s["area"]}
        years = sorted({x["period"] for x in list_victim_totals(r, s["crime"])})
        pairs = [(year, of_area.get(year)) for year in years]
    else:
        years = sorted(r.periods[s["crime"], "A"])
        pairs = [(year, r.find_total(s["area"], year, s["crime"], s["measure"])) for year in years]
    points: list[tuple[str, Row | None]] = []
    for year, x in pairs:
        if x is None:
            points.append((year, None))
        elif s["area"] == r.region and 0 < len(split_codes(x["reporters"])) < 4:
            points.append((year, {**x, "value": None, "low": None, "high": None, "state": "too_few_territories"}))
        else:
            limits = r.indicators.get((x["cell_id"], "count", "_Z")) or {"low": None, "high": None, "state": None}
            points.append((year, {**x, **{name: limits[name] for name in ("low", "high", "state")}}))
    return points


def list_points_of_stage(r: Release, s: Selection) -> list[tuple[str, Row | None]]:
    """Return the published periods of one stage of a territory, the oldest first, each with its figure and limits."""
    cells = {
        x["period"]: x
        for x in r.index_rows("cell", "area", "measure").get((s["area"], s["measure"]), ())
        if x["is_total"]
        and x["statistic"] == "count"
        and (x["freq"], x["offence_group"], x["count_unit"]) == (s["over"], s["crime"], s["unit"])
    }
    points: list[tuple[str, Row | None]] = []
    for period in sorted(cells):
        limits = r.indicators.get((cells[period]["cell_id"], "count", "_Z")) or {}
        points.append((period, {**cells[period], **{name: limits.get(name) for name in ("low", "high", "state")}}))
    return points


def list_victim_totals(r: Release, crime: str) -> list[Row]:
    """Return the presumed and identified victims by area and year."""
    return [
        x
        for x in r.index_rows("cell", "table_id", "offence_group").get(("victims_year", crime), ())
        if x["freq"] == "A"
        and x["is_total"]
        and x["victim_status"] == "_T"
        and x["area_kind"] in ("region", "territory")
    ]


@expect_parameters("Without a figure: {periods}.")
def expect_periods_without_figure(r: Release, s: Selection, p: Params) -> Expected:
    absent = [(format_period(period), x) for period, x in list_series_points(r, s) if x is None or x["value"] is None]
    return {"periods": ", ".join(f"{period} ({speak_compared(x)})" for period, x in absent)}


@expect_parameters("Too few to compare: {periods}.")
def expect_periods_of_few(r: Release, s: Selection, p: Params) -> Expected:
    few = [format_period(period) for period, x in list_series_points(r, s) if x and x["state"] == "too_few"]
    return {"periods": ", ".join(few)}


@expect_parameters("Provisional: {periods}.")
def expect_provisional_periods(r: Release, s: Selection, p: Params) -> Expected:
    provisional = [period for period, x in list_shown_points(r, s) if "provisional" in split_codes(x["flags"])]
    return {"periods": ", ".join(provisional)}


@expect_parameters("Reported by {n} of the {whole} parts of the territory. A total needs all of them.")
def expect_parts_with_outcome(r: Release, s: Selection, p: Params) -> Expected:
    rows = [x for x in r.read_rows("exit") if x["offence_group"] == find_crime(s) and x["value"] is None]
    counts = {(str(len(split_codes(x["reporters"]))), str(len(r.list_parts(x["area"])))) for x in rows}
    return {("n", "whole"): counts}


@expect_parameters("Breaks in the series: {breaks}.")
def expect_breaks_of_series(r: Release, s: Selection, p: Params) -> Expected:
    if s["page"] == "compare":
        # A picture of lines has those of each area, and that of one area its own.
        return {"breaks": {name_breaks(r, s, area) for area in (r.region, *r.territories)}}
    if s.get("area") != r.region:
        return {"breaks": ABOUT}
    # Breaks of the region are those of its members, each with the name of the area that it is of.
    kinds_at: dict[str, set[str]] = {}
    for b in r.read_rows("break"):
        if b["offence_group"] in ("", "_T", find_crime(s)):
            where = f"{format_period(b['first_period'])}, {r.plain[b['of_area']]}"
            kinds_at.setdefault(where, set()).add(b["kind"])
    listed_breaks = []
    for text in p["breaks"].split("; "):
        kinds_in_text, where = re.fullmatch(r"(.*?), (?!change)(.*)", text).groups()  # type: ignore[union-attr]
        names_of_kinds = re.split(r" and |, (?=change)", kinds_in_text)
        kinds = {kind for kind, whole in KINDS_OF_BREAKS.items() if whole.lower() in map(str.lower, names_of_kinds)}
        if len(kinds) == len(names_of_kinds) and kinds <= kinds_at.get(where, set()):
            listed_breaks.append(text)
    return {"breaks": "; ".join(listed_breaks)}


def name_breaks(r: Release, s: Selection, trend: str) -> str:
    """Return the names of the breaks between the periods of the series of an area."""
    rows = find_compared(r, s)
    periods = sorted(
        {
            p
            for (area, p), x in rows.items()
            if area in r.territories and x["freq"] == s["freq"] and x["value"] is not None
        }
    )
    members = {trend}
    if trend == r.region:
        regional = [x for (area, _), x in rows.items() if area == r.region and x["freq"] == s["freq"]]
        members = {code for x in regional for code in split_codes(x["reporters"])}
    codes = {code for member in members for code in (member, *r.list_parts(member))}
    sides = {(x["measure"], x["level"]) for x in rows.values() if s["kind"] in ("count", "rate", "share")}
    if s["kind"] in ("ratio", "clearance"):
        sides = {(x["measure"], x["level"]) for x in r.read_rows("metric_operand") if x["metric"] == s["indicator"]}
    breaks = [
        b
        for b in r.read_rows("break")
        if b["area"] in codes
        and b["offence_group"] in ("", "_T", s["crime"])
        and any(b["measure"] in ("", measure) and b["level"] in ("", level) for measure, level in sides)
    ]
    owners = {code: member for member in members for code in (member, *r.list_parts(member))}

    def list_counted(period: str) -> set[str]:
        """Return the territories that the figure of a period is of, if there is one or it is withheld."""
        x = rows.get((trend, period))
        is_withheld = x is not None and (x["conf_status"] not in (None, "F") or x["obs_status"] == "Q")
        if x is None or (x["value"] is None and not is_withheld):
            return set()
        return set(split_codes(x["reporters"])) if trend == r.region else {trend}

    kinds_of: dict[tuple[str, str], list[str]] = {}
    begun: set[str] = set()
    for before, period in pairwise(periods):
        start, end = find_span(before)[0], find_span(period)[1]
        # A break before the first figure of its territory is before the series.
        begun |= list_counted(before)
        affected = begun & list_counted(period) if list_counted(period) else begun
        crossed = [
            b for b in breaks if owners[b["area"]] in affected and b["last_day"] > start and b["first_day"] <= end
        ]
        for b in sorted(crossed, key=lambda b: (b["first_day"], b["code"])):
            # Breaks of one area that began in one period have one name.
            kinds_of.setdefault((b["first_period"], b["of_area"]), []).append(b["kind"])
    names = []
    for (first_period, owner), kinds in kinds_of.items():
        first, *further = dict.fromkeys(kinds)
        kinds_in_words = [KINDS_OF_BREAKS[first], *(lower_first(KINDS_OF_BREAKS[kind]) for kind in further)]
        kinds_and_period = [join_words(kinds_in_words), format_period(first_period)]
        names.append(", ".join([*kinds_and_period, *([r.marked[owner]] if owner != trend else [])]))
    return "; ".join(names)


@expect_parameters("Territories included, of {n}")
def expect_whole_of_strip(r: Release, s: Selection, p: Params) -> Expected:
    return {"n": str(len(r.territories))}


@expect_parameters("The table by year has a regional figure for {years}.")
def expect_years_of_regional_figures(r: Release, s: Selection, p: Params) -> Expected:
    """Return the years of the table, the last six, in which the region has a figure of four territories or more."""
    rows = r.index_rows("stage_ratio", "metric", "offence_group", "count_unit")[s["metric"], s["crime"], "person"]
    of_years = [x for x in rows if x["freq"] == "A" and (x["is_default"] or x["version"] == "same_period")]
    listed = sorted({x["period"] for x in of_years})[-6:]
    regional = {
        x["period"]
        for x in of_years
        if x["area"] == r.region and x["value"] is not None and len(str(x["reporters"]).split(",")) >= FEWEST_IN_REGION
    }
    return {"years": join_words(year for year in listed if year in regional)}


PARTS |= {"{count} in {years}"}


@expect_parameters("Territories in the regional figures: {cover}.")
def expect_cover_of_years(r: Release, s: Selection, p: Params) -> Expected:
    """Return in how many territories the regional figures are, for the last six years of the table of an indicator."""
    years = sorted(r.periods[s["crime"], "A"])
    if s["part"] == "count":
        listed, rows = years[-6:], {year: r.find_total(r.region, year, s["crime"], s["measure"]) for year in years}
    else:
        table = "stage_ratio" if s["part"] == "ratio" else "clearance"
        of_years = [
            x
            for x in r.index_rows(table, "metric", "offence_group", "count_unit")[s["metric"], s["crime"], "person"]
            if x["freq"] == "A" and (table == "clearance" or x["is_default"] or x["version"] == "same_period")
        ]
        periods = {
            x["period"]
            for x in of_years
            if table == "stage_ratio" or (x["area"] != r.region and x["value"] is not None)
        }
        listed = sorted(periods & set(years))[-6:]
        rows = {
            x["period"]: x
            for x in of_years
            if x["area"] == r.region and (x["value"] is not None or (table, x["state"]) == ("stage_ratio", "withheld"))
        }

    def count_of_year(year: str) -> str:
        row = rows.get(year)
        n = 0 if row is None else len(split_codes(row["reporters"]))
        return f"{n} of {len(r.territories)}" if n >= FEWEST_IN_REGION else "no regional figure"

    texts = []
    for count, group in groupby(listed, key=count_of_year):
        first, *others = group
        texts.append(f"{count} in {'–'.join([first, *others[-1:]])}")
    return {"cover": join_words(texts)}


@expect_parameters("{area}, {period}: {crime}, {name}: {own}. {region}: {regional}.")
def expect_ratio_and_region(r: Release, s: Selection, p: Params) -> Expected:
    metric = "convicted_first_per_adjudicated_first"
    period = find_static_period(r, metric, s["crime"])
    rows = r.index_rows("stage_ratio", "metric", "offence_group", "count_unit", "period")[
        metric, s["crime"], "person", period
    ]
    at: dict[str, Any] = {}
    for x in rows:
        if x["is_default"] or (x["version"] == "same_period" and x["area"] not in at):
            at[x["area"]] = x
    own_row, region_row = at.get(s["area"]), at.get(r.region)
    texts = [
        "not collected"
        if x is None
        else "no regional figure"
        if x["state"] == "too_few_territories"
        else describe_absent({**x, "n_reported": None})
        if x["value"] is None
        else speak_compared(x)
        for x in (own_row, region_row)
    ]
    return {
        "area": r.name_counted_area(s["area"], own_row),
        "period": spell_period(period),
        "crime": lower_first(CRIMES[s["crime"]]),
        "name": lower_first(r.metric[metric]["name"]),
        "own": texts[0],
        "region": r.name_counted_area(r.region, region_row),
        "regional": texts[1],
    }


def limit_odds(counts: tuple[float, float], others: tuple[float, float], phi: tuple[float, float], level: float) -> str:
    """Return whether the exact conditional interval of an odds ratio is "above", "below" or "around" 1.

    Each side is its part and its rest; counts are divided by their dispersion and rounded down.
    """
    table = [[int(count / phi[0]) for count in counts], [int(count / phi[1]) for count in others]]
    low, high = contingency.odds_ratio(table, kind="conditional").confidence_interval(level)
    return "above" if low > 1 else "below" if high < 1 else "around"


@compute_once
def judge_with_others(r: Release, crime: str) -> dict[str, tuple[str, str]]:
    """Return the verdict on each territory that is compared with the others together, and the share of the others."""
    metric = "convicted_first_per_adjudicated_first"
    period = find_static_period(r, metric, crime)
    rows = r.index_rows("stage_ratio", "metric", "offence_group", "count_unit", "period")[
        metric, crime, "person", period
    ]
    same_year = {x["area"]: x for x in rows if x["version"] == "same_period" and x["numerator"] is not None}
    region = same_year.get(r.region)
    if region is None or region["state"] == "too_few_territories":
        return {}
    members = split_codes(region["reporters"])
    tables: dict[str, Any] = {}
    verdicts: dict[str, tuple[str, str]] = {}
    for code in (code for code in r.territories if code in same_year and code in members):
        counts = (same_year[code]["numerator"], same_year[code]["denominator"] - same_year[code]["numerator"])
        part = region["numerator"] - counts[0]
        others = (part, region["denominator"] - region["numerator"] - counts[1])
        others_share = format_number(100 * part / sum(others))
        pairs = r.index_rows("pair", "metric", "offence_group", "count_unit", "period").get(
            (metric, crime, "person", period), ()
        )
        is_refused = any(x["verdict"] == "not_comparable" and code in (x["area_a"], x["area_b"]) for x in pairs)
        if is_refused or min(*counts, *others) < ENOUGH:
            verdicts[code] = ("not_comparable" if is_refused else "too_few", others_share)
            continue
        sides = ([same_year[code]], [same_year[member] for member in members if member != code and member in same_year])
        dispersions, wide = [
            tuple(sum(find_phi(x) * x["numerator"] for x in side) / sum(x["numerator"] for x in side) for side in sides)
            for find_phi in (
                lambda x: x["dispersion"],
                lambda x: max(x["dispersion"], 2) if x["interval_basis"] == "lower_bound" else x["dispersion"],
            )
        ]
        tables[code] = (counts, others, dispersions, wide, others_share)
    for code, (counts, others, dispersions, wide, others_share) in tables.items():
        level = 1 - 0.05 / len(tables)
        place, place_of_wide = (limit_odds(counts, others, phi, level) for phi in (dispersions, wide))
        verdict = {"above": "higher", "below": "lower", "around": "no difference"}[place]
        if place != "around" and place_of_wide != place:
            verdict = "unclear"
        verdicts[code] = (verdict, others_share)
    return verdicts


def expect_verdict(message: str, verdict: str) -> None:
    """Register the check of a sentence that gives a verdict on a territory and the share of the others."""

    def expect_share_of_others(r: Release, s: Selection, p: Params) -> Expected:
        judged, others_share = judge_with_others(r, s["crime"])[s["area"]]
        assert judged == verdict, (s, judged)
        return {"rest": others_share} if "rest" in p else {}

    expect_parameters(message)(expect_share_of_others)


for _verdict, _message in {
    "higher": "This is clearly higher than in the other territories together ({rest}).",
    "lower": "This is clearly lower than in the other territories together ({rest}).",
    "no difference": "No clear difference from the other territories together ({rest}).",
    "unclear": "No clear difference from the other territories together ({rest}), because one case can involve several "
    "people.",
    "too_few": "Too few to compare: the other territories together have fewer than {enough} in the part or in the "
    "rest.",
}.items():
    expect_verdict(_message, _verdict)


@expect_parameters(
    "Too few to compare with the other territories together: {part} of {whole}, which leaves {rest}. A comparison "
    "needs {enough} or more of both."
)
def expect_part_and_rest(r: Release, s: Selection, p: Params) -> Expected:
    metric = "convicted_first_per_adjudicated_first"
    (row,) = [
        x
        for x in r.index_rows("stage_ratio", "metric", "offence_group", "count_unit", "period")[
            metric, s["crime"], "person", find_static_period(r, metric, s["crime"])
        ]
        if x["area"] == s["area"] and x["is_default"]
    ]
    assert judge_with_others(r, s["crime"])[s["area"]][0] == "too_few"
    part, whole = row["numerator"], row["denominator"]
    numbers = {"part": part, "whole": whole, "rest": whole - part}
    return {name: format_number(number) for name, number in numbers.items()}


@expect_parameters(
    "Each territory is compared with the others together. The test allows for all territories compared at once ({n}), "
    "to avoid false alarms."
)
def expect_family_of_territories(r: Release, s: Selection, p: Params) -> Expected:
    judged = judge_with_others(r, s["crime"]).values()
    return {"n": str(sum(verdict not in ("too_few", "not_comparable") for verdict, _ in judged))}


@expect_parameters(
    "Victims of {crime}, presumed and identified, {year}: forms of exploitation, per cent of the victims of each "
    "territory"
)
def expect_year_of_forms(r: Release, s: Selection, p: Params) -> Expected:
    return {"crime": lower_first(CRIMES[find_crime(s)]), "year": s["period"]}


@expect_parameters("Largest share of those that can be compared, by territory: {shares}.")
def expect_largest_forms(r: Release, s: Selection, p: Params) -> Expected:
    texts = []
    labels = {x["code"]: x["label"] for x in r.read_rows("codelist") if x["codelist"] == "exploitation"}
    for code in r.territories:
        rows = [
            x
            for x in r.index_rows("indicator", "metric", "area", "period").get(("share", code, s["period"]), ())
            if (x["dimension"], x["measure"], x["victim_status"]) == ("exploitation", "victims_detected", "_T")
            and x["offence_group"] == find_crime(s)
            and x["count_unit"] == s.get("victims_in", "victim")
            and x["value"] is not None
            and x["state"] != "too_few"
        ]
        if len(rows) > 1:
            largest = max(rows, key=lambda x: x["value"])
            texts.append(f"{r.marked[code]}: {labels[largest['exploitation']]}, {speak_compared(largest)}")
    return {"shares": "; ".join(texts)}


@expect_parameters("The largest difference is that of {name}: {first} against {second}.")
def expect_largest_difference(r: Release, s: Selection, p: Params) -> Expected:
    """Return the figure of the release and that of another publisher for each name that a row can have."""
    labels = {x["code"]: x["label"] for x in r.read_rows("codelist") if x["codelist"] == "measure"}
    pairs: set[tuple[str, str, str]] = set()
    for x in r.read_rows("reference_figure"):
        if x["kind"] != "invented" or x["offence_group"] != s["crime"] or x["value"] is None or x["freq"] != "A":
            continue
        key = (x["jurisdiction"], x["period"], x["measure"], x["count_unit"], x["offence_group"])
        cells = r.index_rows("cell", "area", "period", "measure", "count_unit", "offence_group").get(key, ())
        name = f"{format_period(x['period'])}, {labels.get(x['measure'])}"
        for cell in cells:
            is_total = cell["offence"] == "_T" and cell["person_type"] in ("_T", "_Z") and cell["statistic"] == "count"
            if is_total and cell["victim_status"] == x["victim_status"] and cell["value"] is not None:
                figures = (format_number(cell["value"]), format_number(x["value"]))
                pairs |= {(name, *figures), (f"{r.marked[x['jurisdiction']]}, {name}", *figures)}
    return {("name", "first", "second"): pairs}
