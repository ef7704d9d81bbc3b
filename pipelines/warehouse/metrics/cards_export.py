"""Counting cards, pairs of them and breaks as the tables that dbt reads.

A card changes only where a rule, a form, an office that counts or an article of law begins or ends. So of each area
the quarters between two such moments have one card, and a longer period has the card of the stretch it covers: each is
made once, however many periods there are.
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
from pipelines.declarations.territory import STATEMENTS, CountingRule, Territory
from pipelines.statistics.comparability import NOT_STATED, comparability
from pipelines.warehouse.metrics import breaks as breaks_
from pipelines.warehouse.metrics.counting import STANDING, Card, Divisible, NoRuleError, card, may_divide
from pipelines.warehouse.metrics.spans import quarter_of, range_of, span_of

if TYPE_CHECKING:
    import polars as pl

Row = dict[str, Any]
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "counting_card": (
        "card_id", "level", *(name for what in STATEMENTS for name in (what, f"{what}_status")), "contradictions",
        "jurisdictions", "without_rule", "definitions", "sources", "breaks", "law", "status", "not_read",
    ),
    "counting_card_of": ("area", "level", "freq", "period", "count_unit", "card_id"),
    "card_pair": (
        "area", "freq", "period", "count_unit", "upper_level", "lower_level", "is_allowed", "reasons",
    ),
    "card_comparability": ("card_id_a", "card_id_b", "measure", "score", "reasons"),
    "break": (
        "area", "of_area", "territory", "kind", "code", "first_period", "first_day", "last_day", "offence_group",
        "level", "measure", "words", "detail", "text", "status",
    ),
}  # fmt: skip
"""Columns of each table, `<name>.parquet`; all text but `is_allowed`, `score` and the days."""
_JOINT: Final = " | "


@dataclass(frozen=True)
class Area:
    """An area, the territories whose declarations make its cards, and the quarters from which these change."""

    code: str
    territories: tuple[Territory, ...]
    places: frozenset[str]
    changes: tuple[int, ...]

    def stretch(self, period: str) -> tuple[int, int]:
        """Which stretches between changes a period covers; two periods of the same have one card."""
        span = span_of(period)
        return bisect_right(self.changes, span.first), bisect_right(self.changes, span.last)


@dataclass(frozen=True, eq=False)
class Cards:
    """All cards of some periods: by area, level, unit and period, and what they say, by their short name."""

    of: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    said: dict[str, Card] = field(default_factory=dict)


def write(registry: Registry, folder: Path) -> dict[str, int]:
    """Write the five tables into the folder of gathered tables, for the periods of its blocks and of the calendar, and
    for years and pools made of them. Returns rows by table; same declarations and periods, same bytes."""
    made = frames(registry, periods(registry, folder))
    for name, frame in made.items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd", statistics=False)
    return {name: frame.height for name, frame in made.items()}


def frames(registry: Registry, codes_of_periods: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The tables by name."""
    import polars as pl

    cards = gather(registry, codes_of_periods)
    rows = {
        "counting_card": [card_row(id_, one) for id_, one in sorted(cards.said.items())],
        "counting_card_of": _card_of(cards),
        "card_pair": list(_pairs(registry, cards, codes_of_periods)),
        "card_comparability": _comparable(registry, cards),
        "break": list(_breaks(registry)),
    }
    return {
        name: pl.DataFrame({column: [row[column] for row in made] for column in COLUMNS[name]}, schema=schema(name))
        for name, made in rows.items()
    }


def empty() -> dict[str, pl.DataFrame]:
    """The tables without rows."""
    import polars as pl

    return {name: pl.DataFrame(schema=schema(name)) for name in COLUMNS}


def schema(name: str) -> dict[str, pl.DataType]:
    """Columns and types of one table."""
    import polars as pl

    types: dict[str, pl.DataType] = {
        "is_allowed": pl.Boolean(), "score": pl.Int32(), "first_day": pl.Date(), "last_day": pl.Date(),
    }  # fmt: skip
    return {column: types.get(column, pl.String()) for column in COLUMNS[name]}


def periods(registry: Registry, folder: Path) -> list[str]:
    """Quarters and years that are expected or were sent, and the years and pools that hold any of them."""
    import polars as pl

    named = {row["period"] for row in list_expected_returns(registry)}
    path = folder / "block.parquet"
    if path.is_file():
        named |= set(pl.read_parquet(path, columns=["period"]).get_column("period").to_list())
    years = {int(period[:4]) for period in named}
    # As the warehouse pools: side by side, three years that end in one divisible by three, five by five.
    pools = {(-(-year // n) * n, n) for year in years for n in (3, 5)}
    return sorted(named | {str(year) for year in years} | {f"{last - n + 1}-{last}" for last, n in pools})


def freq_of(period: str) -> str:
    """`Q`, `A`, `P3` or `P5`."""
    if len(period) < 9:
        return "Q" if "-" in period else "A"
    return f"P{int(period[5:]) - int(period[:4]) + 1}"


def gather(registry: Registry, codes_of_periods: Sequence[str]) -> Cards:
    """The cards of every area, level and unit that has a rule, for some periods."""
    cards = Cards()
    known: dict[tuple[str, str, str, tuple[int, int]], str | None] = {}
    for area in areas(registry):
        for level, unit in _asked(area):
            for period in codes_of_periods:
                key = area.code, level, unit, area.stretch(period)
                if key not in known:
                    known[key] = _named(registry, area.code, level, unit, period, cards)
                if (id_ := known[key]) is not None:
                    cards.of[area.code, level, unit, period] = id_
    return cards


def areas(registry: Registry) -> list[Area]:
    """The region, the territories, and the jurisdictions that are parts of one."""
    of = [(codes.REGION, tuple(t for t in registry.territories.values() if t.kind == "national"))]
    for code, territory in registry.territories.items():
        of += [(code, (territory,)), *((j.code, (territory,)) for j in territory.jurisdictions if j.code != code)]
    return [_area(registry, code, territories) for code, territories in of if territories]


def card_id(one: Card) -> str:
    """Twelve digits of the SHA-256 of all that a card says, whatever the period."""
    row = {name: value for name, value in card_row("", one).items() if name != "card_id"}
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:12]


def card_row(id_: str, one: Card) -> Row:
    """A card as one row."""
    said: Row = {}
    for statement in one.statements:
        said |= {statement.what: statement.value, f"{statement.what}_status": statement.status}
    stated = [s.status for s in one.statements if s.status != NOT_STATED]
    return {
        "card_id": id_,
        "level": one.level,
        **said,
        "contradictions": ",".join(f"{s.what}:{'|'.join(s.forms)}" for s in one.statements if s.forms),
        "jurisdictions": ",".join(one.jurisdictions),
        "without_rule": ",".join(one.without_rule),
        "definitions": _JOINT.join(" ".join(text.split()) for text in one.definitions),
        "sources": _JOINT.join(" ".join(text.split()) for text in one.sources),
        "breaks": ",".join(one.changes),
        "law": "; ".join(sorted({_law_words(article) for article in one.law})),
        "status": max(stated, key=STANDING.index, default=NOT_STATED),
        "not_read": ",".join(s.what for s in one.statements if s.status != "verified"),
    }


def _law_words(article: LawArticle) -> str:
    group = codes.attribute("offence", article.offence, "offence_group") if article.offence else "_U"
    mark = "" if article.row["status"] == "verified" else f" [{article.row['status']}]"
    return f"{group} {article.jurisdiction} {article.key}{mark}"


def _area(registry: Registry, code: str, territories: tuple[Territory, ...]) -> Area:
    names = {t.code for t in territories}
    part = code not in names and code != codes.REGION
    places = frozenset([code] if part else (j.code for t in territories for j in t.jurisdictions))
    ranges = [
        *(range_of(rule.valid) for rule in _rules(territories) if rule.jurisdiction in places),
        *(range_of(c.periods) for t in territories for c in t.counts_source if c.jurisdiction in places),
        *(range_of(form.valid) for form in registry.forms.values() if form.jurisdiction in places),
        *(_in_force(article) for article in registry.law if article.jurisdiction in places),
    ]
    return Area(
        code, territories, places, tuple(sorted({edge for first, last in ranges for edge in (first, last + 1)}))
    )


def _rules(territories: Iterable[Territory]) -> list[CountingRule]:
    return [rule for territory in territories for rule in territory.counting_rules]


def _in_force(article: LawArticle) -> tuple[int, int]:
    first, last = partial_date(article.row["in_force_from"]), partial_date(article.row["in_force_until"], end=True)
    return quarter_of(first or date.min), quarter_of(last or date.max)


def _asked(area: Area) -> list[tuple[str, str]]:
    """Levels and units in which the area has any rule, in the order of declaration."""
    return list(
        dict.fromkeys((r.level, r.count_unit) for r in _rules(area.territories) if r.jurisdiction in area.places)
    )


def _named(registry: Registry, area: str, level: str, unit: str, period: str, cards: Cards) -> str | None:
    try:
        one = card(registry, area, level, period, count_unit=unit)
    except NoRuleError:
        return None  # counted in no such unit here: the figure, if there is one, has no card and says so
    id_ = card_id(one)
    cards.said.setdefault(id_, one)
    return id_


def _card_of(cards: Cards) -> list[Row]:
    return [
        {"area": area, "level": level, "freq": freq_of(period), "period": period, "count_unit": unit, "card_id": id_}
        for (area, level, unit, period), id_ in cards.of.items()
    ]


def _pairs(registry: Registry, cards: Cards, codes_of_periods: Sequence[str]) -> Iterator[Row]:
    """Upper over lower of every two levels of an area, one of which at least is counted in the unit."""

    @cache
    def judged(upper: str, lower: str) -> Divisible:
        one, other = cards.said[upper], cards.said[lower]
        return may_divide(one, other)

    for area in areas(registry):
        asked = _asked(area)
        units = list(dict.fromkeys(unit for _, unit in asked))
        levels = list(dict.fromkeys(level for level, _ in asked))
        for period in codes_of_periods:
            freq = freq_of(period)
            found = {(lv, u): id_ for lv, u in asked if (id_ := cards.of.get((area.code, lv, u, period)))}
            for unit in units:
                for upper in levels:
                    for lower in levels:
                        said = _divided(found, unit, upper, lower, judged)
                        if said is not None:
                            yield {
                                "area": area.code, "freq": freq, "period": period, "count_unit": unit,
                                "upper_level": upper, "lower_level": lower, "is_allowed": said.allowed,
                                "reasons": ",".join(said.reasons),
                            }  # fmt: skip


def _divided(found: dict[tuple[str, str], str], unit: str, upper: str, lower: str, judged: Any) -> Divisible | None:
    """What is said of a ratio in a unit; None where neither side is counted in it."""
    sides = [found.get((level, unit)) for level in (upper, lower)]
    if not any(sides):
        return None
    # The side that is not counted in this unit stands in another one, or says nothing at all.
    other = [
        side or next((id_ for (at, _), id_ in found.items() if at == level), None)
        for side, level in zip(sides, (upper, lower), strict=True)
    ]
    if None in other:
        return Divisible(False, ("count_unit_not_stated",))
    said: Divisible = judged(*other)
    return said


def _comparable(registry: Registry, cards: Cards) -> list[Row]:
    """The score of each two cards of two territories that hold in one period, by measure; breaks and period left out,
    which belong to the figures and not to their cards."""
    territories = [code for code, t in registry.territories.items() if t.kind == "national"]
    measures: dict[str, list[str]] = {}
    for measure in codes.codes("measure"):
        if codes.attribute("measure", measure, "kind") == "flow":
            measures.setdefault(codes.attribute("measure", measure, "level_rule"), []).append(measure)
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
    for level, one, other in sorted(pairs):
        for measure in measures.get(level, ()):
            a, b = (_without_time(cards.said[id_], measure) for id_ in (one, other))
            said = comparability(a, b)
            both = {(one, other), (other, one)}
            rows += [
                {
                    "card_id_a": first, "card_id_b": second, "measure": measure, "score": said.score,
                    "reasons": ",".join(said.reasons),
                }
                for first, second in sorted(both)
            ]  # fmt: skip
    return list({(r["card_id_a"], r["card_id_b"], r["measure"]): r for r in rows}.values())


def _without_time(one: Card, measure: str) -> Any:
    from dataclasses import replace

    return replace(one.counted(measure, "_T"), period="", breaks=frozenset())


def _breaks(registry: Registry) -> Iterator[Row]:
    for one in breaks_.breaks(registry):
        for area in breaks_.areas_of(registry, one.of_area):
            yield {
                "area": area, "of_area": one.of_area, "territory": registry.territory_of(one.of_area).code,
                "kind": one.kind, "code": one.code, "first_period": one.first_period, "first_day": one.first_day,
                "last_day": one.last_day, "offence_group": one.offence_group, "level": one.level,
                "measure": one.measure, "words": one.words, "detail": one.detail, "text": one.text(),
                "status": one.status,
            }  # fmt: skip
