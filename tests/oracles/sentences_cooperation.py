"""Expected parameters of sentences on requests for legal assistance, and on answers of practitioners."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from itertools import combinations
from typing import Any

from scipy.stats import beta

from tests.oracles.sentences import (
    Expected,
    Params,
    Release,
    Selection,
    expect_parameters,
    find_crime,
    format_day,
    format_number,
    format_period,
    format_signed,
    join_words,
    lower_first,
)

_ON_TEAMS = ("UNTOC", "EU_MLA", "ETS182", "PCC_SEE")


@expect_parameters("No return on cooperation for {year}: {areas}.")
def expect_territories_without_return(r: Release, s: Selection, p: Params) -> Expected:
    year = int(p["year"])
    assert any(x["year"] == year for x in r.read_rows("cooperation")), year
    complete = {x["territory"] for x in r.read_rows("cooperation_return") if x["year"] == year and x["n_quarters"] == 4}
    return {"year": str(year), "areas": join_words(r.marked[code] for code in r.territories if code not in complete)}


@expect_parameters(
    "Requests between pairs of territories, {crime}, {year}: {shown} pairs compared, {reconciled} of them in "
    "agreement; {withheld} withheld; {missing} without a return from one side."
)
def expect_pairs_in_agreement(r: Release, s: Selection, p: Params) -> Expected:
    """Count the pairs from the figures by partner, and not from the table that compares them."""
    year, crime = int(p["year"]), find_crime(s)
    counts = {
        (x["territory"], x["direction"], x["partner"]): x
        for x in r.read_rows("cooperation")
        if (x["year"], x["offence_group"], x["measure"]) == (year, crime, "requests_registered")
    }
    n_shown = reconciled = withheld = missing = 0
    for sender in r.territories:
        for receiver in (code for code in r.territories if code != sender):
            sent, received = counts.get((sender, "outgoing", receiver)), counts.get((receiver, "incoming", sender))
            if sent is None or received is None:
                missing += 1
            elif sent["value"] is None or received["value"] is None:
                withheld += 1
            else:
                n_shown += 1
                largest = max(sent["value"], received["value"])
                reconciled += abs(sent["value"] - received["value"]) <= max(1, largest / 10)
    counted = {"shown": n_shown, "reconciled": reconciled, "withheld": withheld, "missing": missing}
    return {"year": str(year)} | {name: str(count) for name, count in counted.items()}


@expect_parameters("{difference} ({low} to {high})")
def expect_difference_of_pair(r: Release, s: Selection, p: Params) -> Expected:
    """Find the pair with this difference from the figures by partner; Clopper and Pearson's limits are those of a share
    of all requests that both sides count."""
    sides: dict[tuple[int, str, str, str], dict[str, Any]] = {}
    for x in r.read_rows("cooperation"):
        if (x["measure"], x["offence_group"]) == ("requests_registered", find_crime(s)):
            pair = (x["territory"], x["partner"]) if x["direction"] == "outgoing" else (x["partner"], x["territory"])
            sides.setdefault((x["year"], *pair, x["offence_group"]), {})[x["direction"]] = x["value"]
    pairs = []
    for counts in sides.values():
        sent, received = counts.get("outgoing"), counts.get("incoming")
        if sent and received is not None and format_signed(received - sent) == p["difference"]:
            total = int(sent + received)
            low = beta.ppf(0.025, received, total - received + 1) if received else 0.0
            high = beta.ppf(0.975, received + 1, total - received)
            limits = {"low": format_signed(total * (2 * low - 1)), "high": format_signed(total * (2 * high - 1))}
            pairs.append({"difference": p["difference"], **limits})
    assert pairs, p
    return next((texts for texts in pairs if all(p[name] == text for name, text in texts.items())), pairs[0])


@expect_parameters("Changes since {period} that were tested here: {n}.")
def expect_changes_of_answers(r: Release, s: Selection, p: Params) -> Expected:
    """Count the groups in which 20 people or more gave a favourable answer, and 20 another one, in both last rounds."""
    rows = [x for x in r.read_rows("practice_result") if x["code"] == "favourable" and x["theme"] == s["theme"]]
    newest = max(x["position"] for x in rows)
    fewest: dict[tuple[str, str, str], dict[int, int]] = {}
    for x in rows:
        smaller = 0 if x["count"] is None else min(x["count"], x["n"] - x["count"])
        fewest.setdefault((x["series"], x["dimension"], x["group"]), {})[x["position"]] = smaller
    tested = 0
    for by_round in fewest.values():
        if newest in by_round and len(by_round) > 1:
            tested += min(by_round[place] for place in sorted(by_round)[-2:]) >= 20
    before = max(x["period"] for x in rows if x["position"] < newest)
    return {"n": str(tested), "period": format_period(before)}


@expect_parameters("Change since {period}")
def expect_period_of_round_before(r: Release, s: Selection, p: Params) -> Expected:
    """Return the periods of the rounds before the newest one, in which a question of the theme was asked."""
    rows = [x for x in r.read_rows("practice_result") if x["theme"] == s["theme"]]
    newest = max(x["position"] for x in r.read_rows("practice_result"))
    before: dict[str, tuple[int, str]] = {}
    for x in rows:
        if x["position"] < newest:
            before[x["series"]] = max(before.get(x["series"], (-1, "")), (x["position"], x["period"]))
    return {"period": {format_period(period) for _, period in before.values()}}


def _list_team_years(r: Release, crime: str) -> list[int]:
    rows = [x for x in r.read_rows("joint_team") if x["offence_group"] == crime]
    return sorted({x["year"] for x in rows if x["since"] == x["year"]})


@expect_parameters("No change to the law on joint teams is known for {years}.")
def expect_years_without_change(r: Release, s: Selection, p: Params) -> Expected:
    """Check that no other law of the area begins to apply in these years, and that no treaty of four binds it then."""
    years = _list_team_years(r, find_crime(s))
    area = s.get("area")
    assessed: dict[tuple[str, str, str], set[str]] = {}
    for x in r.read_rows("legal_assessment"):
        if area in (None, "WB", x["territory"]):
            assessed.setdefault((x["jurisdiction"], x["element"], x["treaty"]), set()).add(x["applies_from"])
    later = {day[:4] for days in assessed.values() for day in sorted(days)[1:]}
    bound = {
        x["date"][:4]
        for x in r.read_rows("treaty_event")
        if area in (None, "WB", x["territory"]) and x["treaty"] in _ON_TEAMS
    }
    assert not (later | bound) & {str(year) for year in years}
    return {"years": f"{years[0]}–{years[-1]}" if len(years) > 1 else str(years[0])}


def _name_answer(labels: Mapping[str, str], series: str, code: str) -> str:
    """Return the text of an answer; numbers of days have their unit."""
    is_of_days = code[0] == "d" and code[1:2].isdigit()
    return f"{labels[f'{series}.{code}']} days" if is_of_days else labels[f"{series}.{code}"]


@expect_parameters("{range} days")
def expect_days_of_answer(r: Release, s: Selection, p: Params) -> Expected:
    labels = {x["label"] for x in r.read_rows("practice_label") if (x["kind"], x["language"]) == _ANSWERS}
    return {"range": labels}


@expect_parameters("Favourable answers: {answers}.")
def expect_favourable_answers(r: Release, s: Selection, p: Params) -> Expected:
    """Find the answers of which the numbers add up to the published number of favourable ones in each group."""
    labels = {x["code"]: x["label"] for x in r.read_rows("practice_label") if (x["kind"], x["language"]) == _ANSWERS}
    by_series: dict[str, dict[tuple[str, ...], dict[str, int]]] = {}
    for x in sorted(r.read_rows("practice_result"), key=lambda x: x["code_position"]):
        if x["theme"] == s["theme"] and x["count"] is not None:
            groups = by_series.setdefault(x["series"], {})
            groups.setdefault((x["round_id"], x["dimension"], x["group"]), {})[x["code"]] = x["count"]
    options = set()
    for series, groups in by_series.items():
        if any("favourable" not in counts for counts in groups.values()):
            continue
        codes = [code for code in next(iter(groups.values())) if code != "favourable"]
        for size in range(1, len(codes) + 1):
            for chosen in combinations(codes, size):
                if all(sum(g.get(code, 0) for code in chosen) == g["favourable"] for g in groups.values()):
                    options.add(join_words(lower_first(_name_answer(labels, series, code)) for code in chosen))
    return {"answers": options}


_ANSWERS = ("answer", "en")


@expect_parameters("{years}, added up")
def expect_years_of_teams_added_up(r: Release, s: Selection, p: Params) -> Expected:
    years = _list_team_years(r, find_crime(s))
    assert len(years) > 1 and s.get("area") in (None, "WB"), "only the region has figures of all years together"
    return {"years": f"{years[0]}–{years[-1]}"}


@expect_parameters("{column}: each territory is included only for the years for which it sent a return.")
def expect_years_of_teams_together(r: Release, s: Selection, p: Params) -> Expected:
    """Check that a territory has figures of teams for some of the years only."""
    crime = find_crime(s)
    years = _list_team_years(r, crime)
    sent = {(x["territory"], x["year"]) for x in r.read_rows("joint_team") if x["offence_group"] == crime}
    assert any((code, year) not in sent for code in r.territories for year in years)
    return {"column": f"{years[0]}–{years[-1]}, added up"}


@expect_parameters("Territories in the figures of the region: {areas}.")
def expect_reporters_of_region(r: Release, s: Selection, p: Params) -> Expected:
    crime = find_crime(s)
    present: set[tuple[str, ...]] = set()
    for table in ("cooperation_type", "cooperation_basis", "cooperation_channel", "informal_exchange"):
        territories: dict[int, set[str]] = {}
        for x in r.read_rows(table):
            if x["offence_group"] == crime and x["territory"] in r.territories:
                territories.setdefault(x["year"], set()).add(x["territory"])
        present |= {tuple(code for code in r.territories if code in codes) for codes in territories.values()}
    return {"areas": {join_words(r.marked[code] for code in codes) for codes in present}}


@expect_parameters("Changes to the law: {events}.")
def expect_changes_of_law(r: Release, s: Selection, p: Params) -> Expected:
    """Name the day and the article of each law that replaces an assessed one in a year that has figures of teams."""
    years = {str(year) for year in _list_team_years(r, find_crime(s))}
    area = s.get("area")
    first_days: dict[tuple[str, str], str] = {}
    marks: set[str] = set()
    for x in sorted(r.read_rows("legal_assessment"), key=lambda x: x["applies_from"]):
        first = first_days.setdefault((x["jurisdiction"], x["element"]), x["applies_from"])
        if x["applies_from"] != first and x["applies_from"][:4] in years and area in (None, "WB", x["territory"]):
            day = format_day(date.fromisoformat(x["applies_from"]))
            where = "" if area not in (None, "WB") else f"{r.marked[x['jurisdiction']]}, "
            marks.add(f"{day}: {where}{x['article']}: ")
    treaties = [
        x
        for x in r.read_rows("treaty_event")
        if x["date"][:4] in years and x["treaty"] in _ON_TEAMS and area in (None, "WB", x["territory"])
    ]
    assert all(mark in p["events"] for mark in marks), marks
    assert len(re.findall(r"(?:^|; )\d{1,2} \w+ \d{4}: ", p["events"])) == len(marks) + len(treaties)
    return {"events": p["events"]}


@expect_parameters(
    "A team is counted by each territory in it. Figures from 1 to {most} are withheld, because partners know their own "
    "teams.",
    "Figures from 1 to {most} are withheld, because a small figure could concern a single partner.",
)
def expect_smallest_without_partners(r: Release, s: Selection, p: Params) -> Expected:
    """Check that no figure of exchange or of teams from 1 to 9 is in the release."""
    for table in ("informal_exchange", "joint_team"):
        assert not [x for x in r.read_rows(table) if x["value"] is not None and 0 < x["value"] < 10]
    return {"most": "9"}


@expect_parameters(
    "Returns do not say how a figure is divided among partners, and each partner knows its own requests. So a figure "
    "above 0 is shown only if, for every partner, at least {least} of its requests are certain to concern others."
)
def expect_requests_of_others(r: Release, s: Selection, p: Params) -> Expected:
    """Check that each figure by legal basis or channel is five above the published requests of any one partner."""
    of_partners: dict[tuple[Any, ...], list[float]] = {}
    for x in r.read_rows("cooperation"):
        if x["measure"] == "requests_registered" and x["partner"] != "_T" and x["value"] is not None:
            of_partners.setdefault((x["territory"], x["offence_group"], x["year"], x["direction"]), []).append(
                x["value"]
            )
    for table in ("cooperation_basis", "cooperation_channel"):
        for x in r.read_rows(table):
            book = (x["territory"], x["offence_group"], x["year"], x["direction"])
            assert not x["value"] or x["value"] >= max(10, 5 + max(of_partners.get(book, [0])))
    return {"least": "5"}


@expect_parameters("Answers of up to {days} days count as favourable.")
def expect_favourable_days(r: Release, s: Selection, p: Params) -> Expected:
    """Check that the favourable answers on days are those of both ranges that end at 30 or earlier."""
    counts: dict[tuple[Any, ...], dict[str, float]] = {}
    for x in r.read_rows("practice_result"):
        if x["count"] is not None and x["question"] in ("FR02", "IE03"):
            counts.setdefault((x["series"], x["dimension"], x["group"], x["period"]), {})[x["code"]] = x["count"]
    favourable = [group for group in counts.values() if "favourable" in group]
    assert favourable and all(x["favourable"] == x.get("d0_7", 0) + x.get("d8_30", 0) for x in favourable)
    return {"days": "30"}


@expect_parameters("{name}: {n} territory", "{name}: {n} territories")
def expect_territories_with_a_finding(r: Release, s: Selection, p: Params) -> Expected:
    """Count the territories with one range of days or finding about one figure of returns on cooperation."""
    names = {"gap": "gap", "unclear": "not clear", "no_gap": "no gap", "unknown": "not known", "none": "no target",
             "few": "too few to judge"}  # fmt: skip
    numbers: Counter[tuple[str, ...]] = Counter()
    for x in r.read_rows("monitoring"):
        if x["area"] != "region" and x["source"] == "cooperation":
            is_share = x["item"].startswith("share_") and x["state"] == "value" and x["value"] is not None
            executed = round(x["value"] * x["n"] / 100) if is_share else 0
            is_few = is_share and min(executed, x["n"] - executed) < 20
            finding = x["band"] or ("unknown" if x["state"] != "value" else "few" if is_few else x["gap"])
            name = names.get(finding) or r.label["days_band", finding]
            numbers[x["source"], x["theme"], x["item"], x["offence_group"], name] += 1
    return {
        "name": {key[-1] for key in numbers},
        "n": {str(n) for key, n in numbers.items() if key[-1] == p["name"]},
    }


@expect_parameters(
    "Measures of territories are on their pages. Planned or under way: {open}; done or dropped: {closed}."
)
def expect_measures_of_territories(r: Release, s: Selection, p: Params) -> Expected:
    """Return the numbers of both kinds together, for each theme in which a territory has a measure."""
    themes: dict[str, Counter[str]] = {}
    for x in r.read_rows("corrective_measure"):
        if x["area"] != "region":
            kind = "open" if x["status"] in ("planned", "under_way") else "closed"
            themes.setdefault(x["theme"], Counter())[kind] += 1
    return {("open", "closed"): {(str(n["open"]), str(n["closed"])) for n in themes.values()}}


@expect_parameters("Measure {number}: {status}")
def expect_number_of_measure(r: Release, s: Selection, p: Params) -> Expected:
    themes = Counter(x["theme"] for x in r.read_rows("corrective_measure") if x["area"] == s["area"])
    return {"number": {str(number) for n in themes.values() for number in range(1, n + 1)}}


@expect_parameters("Before rounding, the interval is {low} to {high}.")
def expect_interval_before_rounding(r: Release, s: Selection, p: Params) -> Expected:
    """Return the intervals of the area that do not contain one half, and seem to once they are whole numbers."""
    rows = [x for x in r.read_rows("monitoring") if x["area"] == s["area"] and x["low"] is not None]
    seeming = [
        x
        for x in rows
        if (x["low"] > 50 and format_number(x["low"]) == "50") or (x["high"] < 50 and format_number(x["high"]) == "50")
    ]
    return {name: {format_number(x[name], digits) for x in seeming for digits in (1, 2)} for name in ("low", "high")}


@expect_parameters("Demonstration article {number}")
def expect_made_up_article(r: Release, s: Selection, p: Params) -> Expected:
    articles = {str(x["article"]) for x in r.read_rows("legal_assessment")}
    return {"number": {name.rpartition(" ")[2] for name in articles if name.startswith("Demonstration article ")}}


@expect_parameters("laws that came into force between {first} and {last}")
def expect_span_of_laws(r: Release, s: Selection, p: Params) -> Expected:
    """Return the oldest and the newest day from which an assessed law of the area applies, for each theme."""
    themes: dict[str, set[str]] = {}
    for x in r.read_rows("monitoring"):
        if x["area"] == s["area"] and x["source"] == "law":
            themes.setdefault(x["theme"], set()).add(x["item"])
    return {("first", "last"): {_span_days(r, s["area"], elements) for elements in themes.values()}}


@expect_parameters("oldest law: {date}")
def expect_oldest_law(r: Release, s: Selection, p: Params) -> Expected:
    """Return the oldest day from which the law of an area on an element applies, for each element."""
    return {"date": {_span_days(r, s["area"], {element})[0] for element in _list_elements(r)}}


@expect_parameters("newest law: {date}")
def expect_newest_law(r: Release, s: Selection, p: Params) -> Expected:
    """Return the newest day from which the law of an area on an element applies, for each element."""
    return {"date": {_span_days(r, s["area"], {element})[1] for element in _list_elements(r)}}


def _list_elements(r: Release) -> set[str]:
    return {x["element"] for x in r.read_rows("legal_assessment")}


@expect_parameters("Also asked in {period}, and not chosen for the monitoring: {questions}")
def expect_questions_not_monitored(r: Release, s: Selection, p: Params) -> Expected:
    """Return the questions of the newest round that are not in the monitoring of their theme."""
    results = r.read_rows("practice_result")
    newest = max(x["position"] for x in results)
    monitored = {(x["theme"], x["item"]) for x in r.read_rows("monitoring") if x["source"] == "practice"}
    texts = {
        x["code"]: x["label"] for x in r.read_rows("practice_label") if (x["kind"], x["language"]) == ("question", "en")
    }
    others: dict[str, dict[tuple[int, str], str]] = {}
    for x in results:
        if x["position"] == newest and (x["theme"], x["series"]) not in monitored:
            others.setdefault(x["theme"], {})[x["question_position"], x["series"]] = texts[x["series"]]
    period = next(x["period"] for x in results if x["position"] == newest)
    listed = {" ".join(text for _, text in sorted(questions.items())) for questions in others.values()}
    return {"period": format_period(period), "questions": listed}


def _span_days(r: Release, area: str, elements: set[str]) -> tuple[str, str]:
    days = [
        x["applies_from"]
        for x in r.read_rows("legal_assessment")
        if x["is_current"] and x["element"] in elements and area in ("region", x["territory"])
    ]
    first, last = (format_day(date.fromisoformat(end(days))) if days else "" for end in (min, max))
    return first, last
