"""Put the monitoring of the Guidelines together from tables of a release: practice, law and outcome of each theme.

Everything comes from published rows, so that the table adds nothing that protection has not seen. Each source keeps its
own date, and nothing is combined into a score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl

from pipelines.core import codes
from pipelines.declarations.registry import Registry
from pipelines.declarations.treaties import list_legal_areas
from pipelines.statistics.thresholds import FEWEST_TERRITORIES_IN_REGION
from pipelines.survey.bank import Bank, load_bank
from pipelines.survey.gaps import Gap, classify_law, classify_published_share
from pipelines.survey.monitored_themes import MonitoredTheme, PublishedOutcome, load_themes

TABLE: Final = "monitoring"
SOURCES: Final = ("practice_result", "legal_assessment", "treaty_element", "cooperation_outcome", "stage_ratio")
"""Tables of the same release that it is made from."""
_REGION: Final = "region"
_UNKNOWN: Final = "unknown"
_ORDER: Final[tuple[Gap, ...]] = ("gap", "unclear", "few", "no_gap", "unknown")
_SCHEMA: Final[dict[str, Any]] = {
    "theme": pl.String, "theme_position": pl.Int64, "area": pl.String, "source": pl.String, "item": pl.String,
    "offence_group": pl.String, "position": pl.Int64, "period": pl.String, "value": pl.Float64, "low": pl.Float64,
    "high": pl.Float64, "n": pl.Float64, "invited": pl.Int64, "answered": pl.Int64, "band": pl.String,
    "counts": pl.String, "gap": pl.String, "state": pl.String,
}  # fmt: skip
"""`source` is `practice`, `delay`, `law`, `cooperation` or `justice`. `item` is a series of a question, an element of
the law, a figure of `cooperation_outcome` with its direction, or a ratio. `value` is a share per 100, with its limits
and what it is a share of, or a count. `band` is a code of a range of days, and `counts` has numbers by code: results of
the law, or territories. `state` is `value`, `withheld` or `missing`.
"""
_Row = dict[str, Any]
_Tables = Mapping[str, pl.DataFrame]


def build_monitoring(tables: _Tables, registry: Registry) -> pl.DataFrame:
    """Return one row for each theme, area, item and offence group.

    `tables` are those of `SOURCES`. Raises DeclarationError if the declared themes are wrong.
    """
    bank = load_bank()
    territories = sorted(registry.territories)
    answers = _Answers(tables["practice_result"], bank)
    standards = Counter(tables["treaty_element"]["element"])
    law = _count_results(tables["legal_assessment"], standards)
    outcomes = _index_outcomes(tables["cooperation_outcome"])
    ratios = _index_ratios(tables["stage_ratio"])
    rows: list[_Row] = []
    for place, (name, theme) in enumerate(load_themes().items()):
        for area in (_REGION, *territories):
            members = territories if area == _REGION else [area]
            places = [place for code in members for place in list_legal_areas(registry.territories[code])]
            listed = [
                *_list_practice(answers, theme, area),
                *_list_law(law, standards, theme, places),
                *_list_outcomes(outcomes, theme, members, is_region=area == _REGION),
                *_list_ratios(ratios, theme, area),
            ]
            common = {"theme": name, "theme_position": place, "area": area}
            rows += [{**row, **common, "position": n} for n, row in enumerate(listed)]
    defaults = {"offence_group": "", "period": "", "band": "", "counts": "", "gap": "none", "state": "value"}
    return pl.DataFrame([defaults | row for row in rows], schema=_SCHEMA)


# -- Practice


class _Answers:
    """Published answers to each question in the newest round that asked it."""

    def __init__(self, results: pl.DataFrame, bank: Bank) -> None:
        self.bank = bank
        self._rows: dict[tuple[str, str], dict[str, _Row]] = {}
        self.newest: dict[str, tuple[int, str]] = {}
        groups = results.filter(pl.col("dimension").is_in([_REGION, "territory"]))
        for row in groups.sort("position", "code_position").iter_rows(named=True):
            if self.newest.get(row["question"], (-1, ""))[0] < row["position"]:
                self.newest[row["question"]] = (row["position"], row["period"])
                self._rows = {key: rows for key, rows in self._rows.items() if key[0] != row["question"]}
            self._rows.setdefault((row["question"], row["group"]), {})[row["code"]] = row

    def find_rows(self, question: str, area: str) -> Mapping[str, _Row]:
        """Return the rows of a group by answer; none if nobody in it was asked or answered."""
        return self._rows.get((question, area), {})

    def describe_question(self, question: str, area: str) -> _Row:
        """Return what every row on a question has: its series, the round, and whether there are answers."""
        rows = self.find_rows(question, area)
        first: _Row = next(iter(rows.values()), {})
        if question not in self.newest:
            state = "missing"
        else:  # nobody in a group is shown like few
            state = "value" if rows and not first["is_withheld"] else "withheld"
        return {
            "item": first.get("series") or self.bank.find_question(question).series,
            "period": self.newest.get(question, (0, ""))[1],
            "n": first.get("n"), "invited": first.get("invited"), "answered": first.get("answered"), "state": state,
        }  # fmt: skip


def _list_practice(answers: _Answers, theme: MonitoredTheme, area: str) -> Iterator[_Row]:
    """Yield the favourable share of each question, and the usual delay in the middle of the answers."""
    for question in theme.questions:
        row = {"source": "practice", **answers.describe_question(question, area)}
        favourable = answers.find_rows(question, area).get("favourable")
        if favourable is None or row["state"] != "value":
            yield {**row, "gap": _UNKNOWN}
            continue
        limits = {name: 100.0 * favourable[name] for name in ("low", "high")}
        yield {
            **row,
            **limits,
            "value": 100.0 * favourable["share"],
            "gap": classify_published_share(
                favourable["low"], favourable["high"], part=favourable["count"], whole=favourable["n"]
            ),
        }
    for outcome in theme.published:
        if outcome.delay_question:
            row = {"source": "delay", **answers.describe_question(outcome.delay_question, area)}
            counted = answers.find_rows(outcome.delay_question, area) if row["state"] == "value" else {}
            declared = answers.bank.answer_list(answers.bank.find_question(outcome.delay_question))
            bands = list(declared.answers) if declared is not None else []
            yield {
                **row,
                "band": find_middle_band([(code, counted[code]["count"]) for code in bands if code in counted]),
            }


def find_middle_band(counts: Sequence[tuple[str, float]]) -> str:
    """Return the code at which half of the answers are reached; empty if there are none. `counts` are in order."""
    total, so_far = sum(n for _, n in counts), 0.0
    for code, n in counts:
        so_far += n
        if n and 2 * so_far >= total:
            return code
    return ""


# -- Law


def _count_results(
    assessments: pl.DataFrame, standards: Mapping[str, int]
) -> Mapping[tuple[str, str], tuple[Counter[str], str]]:
    """Return how many treaties have each result, and since when, by jurisdiction and element.

    `standards` says how many treaties provide for an element. One that was found to do so after the assessment counts
    as unknown.
    """
    counted: dict[tuple[str, str], tuple[Counter[str], str]] = {}
    for row in assessments.filter(pl.col("is_current")).iter_rows(named=True):
        key = (row["jurisdiction"], row["element"])
        results, _ = counted.setdefault(key, (Counter(), row["applies_from"]))
        results[row["result"]] += 1
    for (_, element), (results, _) in counted.items():
        results[_UNKNOWN] += standards[element] - results.total()
    return counted


def _list_law(
    law: Mapping[tuple[str, str], tuple[Counter[str], str]],
    standards: Mapping[str, int],
    theme: MonitoredTheme,
    places: Sequence[str],
) -> Iterator[_Row]:
    """Yield the results of each element; in a place without an assessment, each treaty counts as unknown."""
    for element in theme.law:
        assessed = [law[place, element] for place in places if (place, element) in law]
        counts: Counter[str] = Counter()
        for results, _ in assessed:
            counts += results
        if len(assessed) < len(places):
            counts[_UNKNOWN] += (len(places) - len(assessed)) * standards[element]
        yield {
            "source": "law",
            "item": element,
            "period": max((applies_from for _, applies_from in assessed), default=""),
            "counts": _join_counts(counts, codes.list_codes("law_status")),
            "gap": classify_law(counts) if assessed else _UNKNOWN,
            "state": "value" if assessed else "missing",
        }


def _join_counts(counts: Mapping[str, int], order: Iterable[str]) -> str:
    return " ".join(f"{code}={counts[code]}" for code in order if counts.get(code))


# -- Outcome


_Outcomes = Mapping[tuple[str, str, str], Sequence[_Row]]


def _index_outcomes(table: pl.DataFrame) -> _Outcomes:
    """Return the rows by territory, offence group and direction, newest year first."""
    index: dict[tuple[str, str, str], list[_Row]] = {}
    for row in table.sort("year", descending=True).iter_rows(named=True):
        index.setdefault((row["territory"], row["offence_group"], row["direction"]), []).append(row)
    return index


def _list_outcomes(
    outcomes: _Outcomes, theme: MonitoredTheme, members: Sequence[str], *, is_region: bool
) -> Iterator[_Row]:
    """Yield each figure of a territory; of the region, in how many territories there is each gap or range of days."""
    for offence_group in sorted({group for _, group, _ in outcomes}):
        for outcome in theme.published:
            by_member = [
                _find_outcome(outcome, outcomes.get((member, offence_group, outcome.direction), ()))
                for member in members
            ]
            if is_region and outcome.figure == "closing":
                continue  # a stock of the region would be a sum
            row = _summarise_territories(by_member, is_share=outcome.figure == "share") if is_region else by_member[0]
            yield {"source": "cooperation", "item": outcome.id, "offence_group": offence_group, **row}


def _find_outcome(outcome: PublishedOutcome, years: Sequence[_Row]) -> _Row:
    """Return a figure of a territory in its newest year with one; what is withheld in all years is not known."""
    newest = next((row for row in years if row[outcome.figure] not in (None, "")), None)
    if newest is None:
        period = str(years[0]["year"]) if years else ""
        return {"period": period, "gap": _UNKNOWN, "state": "withheld" if years else "missing"}
    row: _Row = {"period": str(newest["year"])}
    if outcome.figure == "share":
        limits = {"low": newest["low"], "high": newest["high"], "n": newest["closed"]}
        gap = classify_published_share(
            newest["low"] / 100.0, newest["high"] / 100.0, part=newest["executed"], whole=newest["closed"]
        )
        return {**row, **limits, "value": newest["share"], "gap": gap}
    return (
        {**row, "band": newest[outcome.figure]} if outcome.figure != "closing" else {**row, "value": newest["closing"]}
    )


def _summarise_territories(by_member: Sequence[_Row], *, is_share: bool) -> _Row:
    """Return the number of territories with each gap or range of days, up to the newest year of any of them."""
    counts = Counter(str(row["gap"]) if is_share else row.get("band") or _UNKNOWN for row in by_member)
    order: Sequence[str] = _ORDER if is_share else (*codes.list_codes("days_band"), _UNKNOWN)
    if is_share:
        worst = next((kind for kind in _ORDER if counts[kind]), _UNKNOWN)
    else:
        worst = "none" if set(counts) - {_UNKNOWN} else _UNKNOWN
    period = max((row["period"] for row in by_member if row.get("state", "value") == "value"), default="")
    return {"period": period, "counts": _join_counts(counts, order), "gap": worst}


_Ratios = Mapping[tuple[str, str], Sequence[_Row]]


def _index_ratios(table: pl.DataFrame) -> _Ratios:
    """Return the recommended yearly ratios with a figure, by ratio and area, newest first."""
    is_shown = pl.col("is_default") & (pl.col("freq") == "A") & pl.col("value").is_not_null()
    is_whole = (pl.col("area_kind") != _REGION) | (
        pl.col("reporters").fill_null("").str.split(",").list.len() >= FEWEST_TERRITORIES_IN_REGION
    )
    index: dict[tuple[str, str], list[_Row]] = {}
    for row in table.filter(is_shown & is_whole).sort("period", descending=True).iter_rows(named=True):
        area = _REGION if row["area_kind"] == _REGION else row["area"]
        index.setdefault((row["metric"], area), []).append(row)
    return index


def _list_ratios(ratios: _Ratios, theme: MonitoredTheme, area: str) -> Iterator[_Row]:
    """Yield each ratio in its newest year. It shows no gap: nobody has agreed on a target."""
    for metric in theme.ratios:
        groups: dict[str, _Row] = {}
        for row in ratios.get((metric, area), ()):
            groups.setdefault(row["offence_group"], row)
        for offence_group, row in sorted(groups.items()):
            yield {
                "source": "justice", "item": metric, "offence_group": offence_group, "period": row["period"],
                "value": row["value"], "low": row["low"], "high": row["high"], "n": row["denominator"],
            }  # fmt: skip
