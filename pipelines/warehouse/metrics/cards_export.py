"""Export counting cards, pairs of cards and breaks as tables for dbt.

A card changes only when a rule, a form, a counting office or an article of law begins or ends. All quarters of an area
between two such moments share one card, and a longer period has the card of the stretch that it covers. So each card is
computed once, however many periods there are.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import codes
from pipelines.declarations.export import list_expected_returns
from pipelines.declarations.law import LawArticle, partial_date
from pipelines.declarations.registry import Registry
from pipelines.declarations.territory import CountingRule, Territory
from pipelines.statistics.comparability import NOT_STATED, score_comparability
from pipelines.warehouse.metrics import breaks as breaks_
from pipelines.warehouse.metrics.counting import STANDING, Card, Divisible, NoRuleError, build_card, may_divide
from pipelines.warehouse.metrics.spans import quarter_of, range_of, span_of

if TYPE_CHECKING:
    import polars as pl

Row = dict[str, Any]
TABLES: Final = ("counting_card", "counting_card_of", "card_pair", "card_comparability", "break")
"""Names of the tables, `<name>.parquet`. The source `declared` or the dimension `dim_<name>` has their columns."""
_JOINT: Final = " | "


@dataclass(frozen=True)
class CardArea:
    """An area, the territories whose declarations define its cards, and the quarters in which these change."""

    code: str
    territories: tuple[Territory, ...]
    places: frozenset[str]
    changes: tuple[int, ...]

    def find_stretch(self, period: str) -> tuple[int, int]:
        """Return the stretches between changes that a period covers; periods with the same stretches share one card."""
        span = span_of(period)
        return bisect_right(self.changes, span.first), bisect_right(self.changes, span.last)


@dataclass(frozen=True, eq=False)
class Cards:
    """All cards of some periods: `of` is area, level, unit and period -> card id; `said` is card id -> card."""

    of: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    said: dict[str, Card] = field(default_factory=dict)


def write_cards(registry: Registry, folder: Path) -> dict[str, int]:
    """Write the five tables into the folder of gathered tables. Return the number of rows by table.

    They cover the periods of the blocks and of the calendar, and the years and pools of them. The same declarations and
    periods give the same bytes.
    """
    tables = build_frames(registry, list_periods(registry, folder))
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd", statistics=False)
    return {name: frame.height for name, frame in tables.items()}


def build_frames(registry: Registry, codes_of_periods: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Return the tables by name."""
    import polars as pl

    cards = gather_cards(registry, codes_of_periods)
    rows = {
        "counting_card": [card_row(id_, item) for id_, item in sorted(cards.said.items())],
        "counting_card_of": _card_of(cards),
        "card_pair": list(_pairs(registry, cards, codes_of_periods)),
        "card_comparability": _comparability_rows(registry, cards),
        "break": list(_breaks(registry)),
    }
    return {
        name: pl.DataFrame({column: [row[column] for row in rows[name]] for column in schema}, schema=schema)
        for name, schema in ((name, table_schema(name)) for name in TABLES)
    }


def empty_tables() -> dict[str, pl.DataFrame]:
    """Return the tables without rows, by name."""
    import polars as pl

    return {name: pl.DataFrame(schema=table_schema(name)) for name in TABLES}


def table_schema(name: str) -> dict[str, pl.DataType]:
    """Return columns and types of one table."""
    from pipelines.warehouse.contracts import read_dimension_contract, read_source_contracts

    declared = read_source_contracts("declared")
    return (declared[name] if name in declared else read_dimension_contract(f"dim_{name}")).columns


def list_periods(registry: Registry, folder: Path) -> list[str]:
    """Return the periods that are expected or were sent, and the years and pools that contain any of them."""
    import polars as pl

    periods_in_use = {row["period"] for row in list_expected_returns(registry)}
    path = folder / "block.parquet"
    if path.is_file():
        periods_in_use |= set(pl.read_parquet(path, columns=["period"]).get_column("period").to_list())
    years = {int(period[:4]) for period in periods_in_use}
    # Same pools as in the warehouse: not overlapping, three (five) years ending in a year divisible by three (five).
    pools = {(-(-year // n) * n, n) for year in years for n in (3, 5)}
    return sorted(periods_in_use | {str(year) for year in years} | {f"{last - n + 1}-{last}" for last, n in pools})


def freq_of(period: str) -> str:
    """Return the frequency of a period: `Q`, `A`, `P3` or `P5`."""
    if len(period) < 9:
        return "Q" if "-" in period else "A"
    return f"P{int(period[5:]) - int(period[:4]) + 1}"


def gather_cards(registry: Registry, codes_of_periods: Sequence[str]) -> Cards:
    """Return the cards of every area, level and unit that has a rule, for some periods."""
    cards = Cards()
    card_ids: dict[tuple[str, str, str, tuple[int, int]], str | None] = {}
    for area in list_areas(registry):
        for level, unit in _list_units(area):
            for period in codes_of_periods:
                key = area.code, level, unit, area.find_stretch(period)
                if key not in card_ids:
                    card_ids[key] = _register_card(registry, area.code, level, unit, period, cards)
                if (id_ := card_ids[key]) is not None:
                    cards.of[area.code, level, unit, period] = id_
    return cards


def list_areas(registry: Registry) -> list[CardArea]:
    """Return the region, the territories, and the jurisdictions that are parts of a territory."""
    area_territories = [(codes.REGION, tuple(t for t in registry.territories.values() if t.kind == "national"))]
    for code, territory in registry.territories.items():
        area_territories += [
            (code, (territory,)),
            *((j.code, (territory,)) for j in territory.jurisdictions if j.code != code),
        ]
    return [_area(registry, code, territories) for code, territories in area_territories if territories]


def card_id(one: Card) -> str:
    """Return the first twelve digits of the SHA-256 of a card's content, without its period."""
    row = {name: value for name, value in card_row("", one).items() if name != "card_id"}
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:12]


def card_row(id_: str, one: Card) -> Row:
    """Return a card as one row of `counting_card`."""
    statements: Row = {}
    for statement in one.statements:
        statements |= {statement.what: statement.value, f"{statement.what}_status": statement.status}
    stated = [s.status for s in one.statements if s.status != NOT_STATED]
    return {
        "card_id": id_,
        "level": one.level,
        **statements,
        "contradictions": ",".join(f"{s.what}:{'|'.join(s.forms)}" for s in one.statements if s.forms),
        "jurisdictions": ",".join(one.jurisdictions),
        "without_rule": ",".join(one.without_rule),
        "definitions": _JOINT.join(" ".join(text.split()) for text in one.definitions),
        "sources": _JOINT.join(" ".join(text.split()) for text in one.sources),
        "breaks": ",".join(one.changes),
        "law": "; ".join(sorted({_describe_article(article) for article in one.law})),
        "status": max(stated, key=STANDING.index, default=NOT_STATED),
        "not_read": ",".join(s.what for s in one.statements if s.status != "verified"),
    }


def _describe_article(article: LawArticle) -> str:
    group = codes.get_code_attribute("offence", article.offence, "offence_group") if article.offence else "_U"
    mark = "" if article.row["status"] == "verified" else f" [{article.row['status']}]"
    return f"{group} {article.jurisdiction} {article.key}{mark}"


def _area(registry: Registry, code: str, territories: tuple[Territory, ...]) -> CardArea:
    names = {t.code for t in territories}
    part = code not in names and code != codes.REGION
    places = frozenset([code] if part else (j.code for t in territories for j in t.jurisdictions))
    ranges = [
        *(range_of(rule.valid) for rule in _rules(territories) if rule.jurisdiction in places),
        *(range_of(c.periods) for t in territories for c in t.counts_source if c.jurisdiction in places),
        *(range_of(form.valid) for form in registry.forms.values() if form.jurisdiction in places),
        *(_in_force(article) for article in registry.law if article.jurisdiction in places),
    ]
    return CardArea(
        code, territories, places, tuple(sorted({edge for first, last in ranges for edge in (first, last + 1)}))
    )


def _rules(territories: Iterable[Territory]) -> list[CountingRule]:
    return [rule for territory in territories for rule in territory.counting_rules]


def _in_force(article: LawArticle) -> tuple[int, int]:
    first, last = partial_date(article.row["in_force_from"]), partial_date(article.row["in_force_until"], end=True)
    return quarter_of(first or date.min), quarter_of(last or date.max)


def _list_units(area: CardArea) -> list[tuple[str, str]]:
    """Return the levels and units for which the area has a rule, in the order of declaration."""
    return list(
        dict.fromkeys((r.level, r.count_unit) for r in _rules(area.territories) if r.jurisdiction in area.places)
    )


def _register_card(registry: Registry, area: str, level: str, unit: str, period: str, cards: Cards) -> str | None:
    try:
        new_card = build_card(registry, area, level, period, count_unit=unit)
    except NoRuleError:
        return None  # not counted in this unit here; a figure in it is shown as having no card
    id_ = card_id(new_card)
    cards.said.setdefault(id_, new_card)
    return id_


def _card_of(cards: Cards) -> list[Row]:
    return [
        {"area": area, "level": level, "freq": freq_of(period), "period": period, "count_unit": unit, "card_id": id_}
        for (area, level, unit, period), id_ in cards.of.items()
    ]


def _pairs(registry: Registry, cards: Cards, codes_of_periods: Sequence[str]) -> Iterator[Row]:
    """Yield a row for each upper and lower level of an area, at least one of them counted in the unit."""

    @cache
    def judge_pair(upper: str, lower: str) -> Divisible:
        upper_card, lower_card = cards.said[upper], cards.said[lower]
        return may_divide(upper_card, lower_card)

    for area in list_areas(registry):
        levels_and_units = _list_units(area)
        units = list(dict.fromkeys(unit for _, unit in levels_and_units))
        levels = list(dict.fromkeys(level for level, _ in levels_and_units))
        for period in codes_of_periods:
            freq = freq_of(period)
            card_ids = {(lv, u): id_ for lv, u in levels_and_units if (id_ := cards.of.get((area.code, lv, u, period)))}
            for unit in units:
                for upper in levels:
                    for lower in levels:
                        verdict = _judge_pair(card_ids, unit, upper, lower, judge_pair)
                        if verdict is not None:
                            yield {
                                "area": area.code, "freq": freq, "period": period, "count_unit": unit,
                                "upper_level": upper, "lower_level": lower, "is_allowed": verdict.allowed,
                                "reasons": ",".join(verdict.reasons),
                            }  # fmt: skip


def _judge_pair(ids: dict[tuple[str, str], str], unit: str, upper: str, lower: str, judged: Any) -> Divisible | None:
    """Return the verdict on a ratio in a unit, or None if neither side is counted in the unit."""
    sides = [ids.get((level, unit)) for level in (upper, lower)]
    if not any(sides):
        return None
    # A side that is not counted in this unit is taken in another unit, if it has a card at all.
    card_ids = [
        side or next((id_ for (at, _), id_ in ids.items() if at == level), None)
        for side, level in zip(sides, (upper, lower), strict=True)
    ]
    if None in card_ids:
        return Divisible(False, ("count_unit_not_stated",))
    verdict: Divisible = judged(*card_ids)
    return verdict


def _comparability_rows(registry: Registry, cards: Cards) -> list[Row]:
    """Return the comparability of every two cards of two territories that are valid in one period, by measure.

    Breaks and period are left out, because they belong to the figures and not to the cards.
    """
    territories = [code for code, t in registry.territories.items() if t.kind == "national"]
    measures: dict[str, list[str]] = {}
    for measure in codes.list_codes("measure"):
        if codes.get_code_attribute("measure", measure, "kind") == "flow":
            measures.setdefault(codes.get_code_attribute("measure", measure, "level_rule"), []).append(measure)
    together: dict[tuple[str, str, str], dict[str, str]] = {}
    for (area, level, unit, period), id_ in cards.of.items():
        if area in territories:
            together.setdefault((level, unit, period), {})[area] = id_
    pairs = {
        (level, *(of[code] for code in pair))
        for (level, _, _), of in together.items()
        for pair in combinations([code for code in territories if code in of], 2)
    }
    rows = []
    for level, first_id, second_id in sorted(pairs):
        for measure in measures.get(level, ()):
            a, b = (_without_time(cards.said[id_], measure) for id_ in (first_id, second_id))
            result = score_comparability(a, b)
            orders = {(first_id, second_id), (second_id, first_id)}
            rows += [
                {
                    "card_id_a": first, "card_id_b": second, "measure": measure, "score": result.score,
                    "reasons": ",".join(result.reasons),
                }
                for first, second in sorted(orders)
            ]  # fmt: skip
    return list({(r["card_id_a"], r["card_id_b"], r["measure"]): r for r in rows}.values())


def _without_time(card_: Card, measure: str) -> Any:
    from dataclasses import replace

    return replace(card_.to_counted(measure, "_T"), period="", breaks=frozenset())


def _breaks(registry: Registry) -> Iterator[Row]:
    for item in breaks_.list_breaks(registry):
        for area in breaks_.areas_of(registry, item.of_area):
            yield {
                "area": area, "of_area": item.of_area, "territory": registry.territory_of(item.of_area).code,
                "kind": item.kind, "code": item.code, "first_period": item.first_period, "first_day": item.first_day,
                "last_day": item.last_day, "offence_group": item.offence_group, "level": item.level,
                "measure": item.measure, "words": item.words, "detail": item.detail, "text": item.to_sentence(),
                "status": item.status,
            }  # fmt: skip
