"""Hold the tables of a release in the order in which pages look them up; nothing here depends on a language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pipelines.core import clock
from pipelines.front.queries import VICTIM_TABLES, Tables
from pipelines.words import Row, changes, regions
from pipelines.words.coverage import group_by_area, name_figure

CONVICTED = "convicted_first"
"""Stage of the headline: decisions at first instance are nearest in time to the work of the offices."""
CONVICTION_RATIO = "convicted_first_per_adjudicated_first"
"""Ratio of the headline. Those convicted are among those adjudicated, so that it follows one group of persons."""

_TABLES_OF_AREAS = ("total", "sanction", "victim", "victim_part", "stage_ratio", "clearance")
"""Tables with figures of the region and of its territories."""


@dataclass(frozen=True)
class Edition:
    """The tables of one release, with indexes."""

    tables: Tables

    def order_areas(self, codes: Sequence[str]) -> Edition:
        """Return the edition with its areas in another order; the indexes, which do not depend on it, are shared."""
        if list(codes) == list(self.areas):
            return self
        ordered = Edition({**self.tables, "area": tuple(self.areas[code] for code in codes)})
        reordered = ("tables", "areas", "territories")
        ordered.__dict__.update({name: value for name, value in self.__dict__.items() if name not in reordered})
        return ordered

    @property
    def n_rows(self) -> int:
        """Return the number of rows of all tables."""
        return sum(map(len, self.tables.values()))

    @cached_property
    def release(self) -> Row:
        """Return the row of the release."""
        return self.tables["release"][0]

    @property
    def prepared_on(self) -> date:
        """Return the day on which the release was drafted."""
        return clock.parse_time(str(self.release["drafted_at"])).date()

    @property
    def id(self) -> str:
        return str(self.release["release"])

    @property
    def is_demonstration(self) -> bool:
        return bool(self.release["demonstration"])

    @cached_property
    def areas(self) -> Mapping[str, Row]:
        """Return the areas by code, in display order."""
        return {row["area"]: row for row in self.tables["area"]}

    @cached_property
    def region(self) -> str:
        """Return the code of the region."""
        return next(code for code, row in self.areas.items() if row["area_kind"] == "region")

    @cached_property
    def territories(self) -> list[str]:
        """Return the codes of the territories of the region, in display order."""
        return [code for code, row in self.areas.items() if row["area_kind"] == "territory"]

    def list_jurisdictions(self, territory: str) -> list[str]:
        """Return the codes of the parts of a territory that report separately; empty if it has none."""
        return [
            code
            for code, row in self.areas.items()
            if row["area_kind"] == "jurisdiction" and row["territory"] == territory
        ]

    @cached_property
    def _totals(self) -> Mapping[tuple[str, str, str, str], Row]:
        return {(r["offence_group"], r["measure"], r["area"], r["period"]): r for r in self.tables["total"]}

    def find_total(self, crime: str, measure: str, area: str, period: str) -> Row | None:
        """Return the total of a measure with its interval and its rate, or None if it is not collected."""
        return self._totals.get((crime, measure, area, period))

    def find_regional(self, crime: str, measure: str, period: str) -> Row | None:
        """Return the region's own total; None if too few territories are in it to call it a figure of the region."""
        row = self.find_total(crime, measure, self.region, period)
        return row if regions.is_regional(row) else None

    def find_own_total(self, crime: str, measure: str, area: str, period: str) -> Row | None:
        """Return the total of a territory, or of the region if enough territories are in it."""
        row = self.find_total(crime, measure, area, period)
        return row if area != self.region or regions.is_regional(row) else None

    @cached_property
    def _earlier(self) -> Mapping[str, Row]:
        return {row["cell_id"]: row for row in self.tables["earlier"]}

    def find_earlier(self, row: Row | None) -> Row | None:
        """Return the newest earlier release that had another figure of a year (`value`, `release`); None without."""
        return self._earlier.get(str(row.get("cell_id"))) if row is not None else None

    @cached_property
    def _own_rows(self) -> Mapping[tuple[str, ...], dict[str, Row]]:
        rows: dict[tuple[str, ...], dict[str, Row]] = defaultdict(dict)
        for name in _TABLES_OF_AREAS:
            for row in self.tables[name]:
                if row["area_kind"] == "territory":
                    rows[name_figure(row)].setdefault(row["area"], row)
        return rows

    def find_own_rows(self, row: Row) -> Mapping[str, Row]:
        """Return the figures of the territories that are the same as a figure of the region, by territory."""
        return self._own_rows.get(name_figure(row), {})

    @cached_property
    def _periods(self) -> Mapping[tuple[str, str], list[str]]:
        periods: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self.tables["total"]:
            if row["area"] == self.region:
                periods[row["offence_group"], row["freq"]].add(row["period"])
        return {key: sorted(values) for key, values in periods.items()}

    def list_periods(self, crime: str, freq: str) -> list[str]:
        """Return the quarters or years of the region, oldest first."""
        return self._periods.get((crime, freq), [])

    def has_crime(self, crime: str) -> bool:
        """Return True if the release has yearly figures of a crime."""
        return bool(self.list_periods(crime, "A"))

    def list_windows(self, metric: str, crime: str, measure: str = "") -> list[Row]:
        """Return the periods in which an indicator can be compared; rates have some for each measure."""
        return [
            row
            for row in self.tables["window"]
            if (row["metric"], row["offence_group"]) == (metric, crime) and measure in ("", row["measure"])
        ]

    def choose_year(self, crime: str) -> str:
        """Return the year in which pages open: the newest period in which most territories can be compared.

        Pages show whole years, so that a longer or shorter period is replaced by the newest year.
        """
        years = self.list_periods(crime, "A")
        windows = self.list_windows("rate", crime, CONVICTED)
        opening = regions.choose_opening(windows, {"A": years})
        return opening[1] if opening is not None else years[-1]

    @cached_property
    def _ratios(self) -> Mapping[tuple[str, str, str], Mapping[str, Row]]:
        ratios: dict[tuple[str, str, str], dict[str, Row]] = defaultdict(dict)
        for row in self.tables["stage_ratio"]:
            by_area = ratios[row["metric"], row["offence_group"], row["period"]]
            # The default version of an area; without one, both counts are of the same period.
            if row["is_default"] or (row["version"] == "same_period" and row["area"] not in by_area):
                by_area[row["area"]] = row
        return ratios

    def find_ratios(self, metric: str, crime: str, period: str) -> Mapping[str, Row]:
        """Return the recommended version of a ratio by area."""
        return self._ratios.get((metric, crime, period), {})

    def list_ratio_years(self, metric: str, crime: str) -> list[str]:
        """Return the years that have a ratio and are over for the region, oldest first."""
        years = set(self.list_periods(crime, "A"))
        return sorted(
            period for name, group, period in self._ratios if (name, group) == (metric, crime) and period in years
        )

    @cached_property
    def metrics(self) -> Mapping[str, Row]:
        """Return the declared indicators by code."""
        return {row["metric"]: row for row in self.tables["metric"]}

    @cached_property
    def _ratio_metrics(self) -> Mapping[str, list[str]]:
        present = {(r["offence_group"], r["metric"]) for r in self.tables["stage_ratio"] if r["value"] is not None}
        crimes = {crime for crime, _ in present}
        return {crime: [metric for metric in self.metrics if (crime, metric) in present] for crime in crimes}

    def list_ratio_metrics(self, crime: str) -> list[str]:
        """Return the ratios that have a figure for a crime, in declared order."""
        return self._ratio_metrics.get(crime, [])

    @cached_property
    def _clearances(self) -> Mapping[tuple[str, str], Mapping[tuple[str, str], Row]]:
        rates: dict[tuple[str, str], dict[tuple[str, str], Row]] = defaultdict(dict)
        for row in self.tables["clearance"]:
            rates[row["metric"], row["offence_group"]][row["area"], row["period"]] = row
        return rates

    def find_clearance(self, metric: str, crime: str) -> Mapping[tuple[str, str], Row]:
        """Return a clearance rate by area and year."""
        return self._clearances.get((metric, crime), {})

    def list_clearance_years(self, metric: str, crime: str) -> list[str]:
        """Return the years in which a territory has a clearance rate, oldest first."""
        rows = self.find_clearance(metric, crime)
        return sorted({year for (area, year), row in rows.items() if area != self.region and row["value"] is not None})

    def list_clearance_metrics(self, crime: str) -> list[str]:
        """Return the clearance rates that have a figure for a crime, in declared order."""
        return [metric for metric in self.metrics if self.list_clearance_years(metric, crime)]

    @cached_property
    def _pairs(self) -> Mapping[tuple[str, str, str], list[Row]]:
        pairs: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in self.tables["pair"]:
            pairs[row["metric"], row["offence_group"], row["period"]].append(row)
        return pairs

    def find_pairs(self, metric: str, crime: str, period: str) -> Sequence[Row]:
        """Return the comparisons of two territories in one period."""
        return self._pairs.get((metric, crime, period), ())

    @cached_property
    def _durations(self) -> Mapping[tuple[str, str], Mapping[str, list[Row]]]:
        by_metric: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in self.tables["duration"]:
            by_metric[row["metric"], row["offence_group"]][row["area"]].append(row)
        return by_metric

    def find_durations(self, metric: str, crime: str) -> Mapping[str, list[Row]]:
        """Return the quantiles of a duration by area in display order; empty if no territory has records of it."""
        by_area = self._durations.get((metric, crime), {})
        return {area: by_area[area] for area in self.areas if area in by_area}

    def list_duration_metrics(self, crime: str) -> list[str]:
        """Return the durations that have a figure for a crime, in declared order."""
        return [metric for metric in self.metrics if self.find_durations(metric, crime)]

    def find_breaks(self, area: str, crime: str, first: str, last: str, cell: Row | None) -> list[Row]:
        """Return the breaks of a series between two periods; those of the region are the breaks of its members."""
        if cell is None:
            return []
        return self._find_breaks_of(area, crime, (first, last), cell, [(str(cell["measure"]), str(cell["level"]))])

    def find_cuts(
        self, area: str, crime: str, periods: Sequence[str], cells: Sequence[Row | None]
    ) -> dict[int, list[Row]]:
        """Return the positions of the periods before which a series of counts is cut, with the breaks that cut it.

        `cells` has the count of each of the periods, which are in order. Nothing is cut before a first figure.
        """
        cell = next((cell for cell in reversed(cells) if cell is not None), None)
        if cell is None or not periods:
            return {}
        counted = [changes.list_counted(each, self._list_members(area, each)) for each in cells]
        side = (str(cell["measure"]), str(cell["level"]))
        members = set().union(*counted) if area == self.region else {area}
        breaks = self._find_breaks_in(members, crime, (periods[0], periods[-1]), [side])
        return changes.find_cuts(periods, counted, breaks, lambda row: self.find_territory(str(row["area"])))

    def _list_members(self, area: str, cell: Row | None) -> list[str]:
        """Return the territories that a count is of: those that reported, for the region."""
        if area != self.region:
            return [self.find_territory(area)]
        return str(cell["reporters"] or "").split(",") if cell is not None else []

    def find_territory(self, area: str) -> str:
        """Return the territory of a jurisdiction; other areas are their own."""
        return str(self.areas[area]["territory"] or area) if area in self.areas else area

    def find_ratio_breaks(self, area: str, crime: str, first: Row | None, last: Row | None) -> list[Row]:
        """Return the breaks of both counts of a ratio or a clearance rate between two periods."""
        if first is None or last is None:
            return []
        sides = self._operands.get(str(first["metric"]), [])
        # The earlier count of a ratio with a time lag is of an earlier period.
        start = min(str(first["period"]), str(first.get("denominator_period") or first["period"]))
        return self._find_breaks_of(area, crime, (start, str(last["period"])), first, sides)

    def find_record_breaks(self, area: str, crime: str, first: str, last: str, measure: str, level: str) -> list[Row]:
        """Return the breaks between two periods of figures that a territory's records give for one of its measures."""
        return self._find_breaks_of(area, crime, (first, last), {"reporters": area}, [(measure, level)])

    def _find_breaks_of(
        self, area: str, crime: str, span: tuple[str, str], row: Row, sides: Sequence[tuple[str, str]]
    ) -> list[Row]:
        members = str(row["reporters"] or "").split(",") if area == self.region else [area]
        return self._find_breaks_in(members, crime, span, sides)

    def _find_breaks_in(
        self, members: Collection[str], crime: str, span: tuple[str, str], sides: Sequence[tuple[str, str]]
    ) -> list[Row]:
        codes = {code for member in members for code in (member, *self.list_jurisdictions(member))}
        inside = [
            row
            for row in self.tables["break"]
            if row["area"] in codes and row["offence_group"] in ("", "_T", crime) and changes.is_between(row, *span)
        ]
        by_row = {id(row): row for side in sides for row in changes.select_breaks(inside, *side)}
        return list(by_row.values())

    @cached_property
    def _operands(self) -> Mapping[str, list[tuple[str, str]]]:
        sides: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in self.tables["metric_operand"]:
            sides[row["metric"]].append((row["measure"], row["level"]))
        return sides

    @cached_property
    def _rows_by_year(self) -> dict[str, Mapping[tuple[object, ...], list[Row]]]:
        return {}

    def list_rows_of_crime(self, table: str, crime: str, year: int | None = None) -> list[Row]:
        """Return the rows of a table with years that are of one crime, of one year or of all, in their order."""
        return self._index_by_year(table).get((crime,) if year is None else (crime, year), [])

    def list_years_of_crime(self, table: str, crime: str) -> list[int]:
        """Return the years of which a table has rows of one crime."""
        return [int(str(key[1])) for key in self._index_by_year(table) if key[0] == crime and len(key) > 1]

    def _index_by_year(self, table: str) -> Mapping[tuple[object, ...], list[Row]]:
        if table not in self._rows_by_year:
            rows: dict[tuple[object, ...], list[Row]] = defaultdict(list)
            for row in self.tables[table]:
                rows[row["offence_group"],].append(row)
                rows[row["offence_group"], row["year"]].append(row)
            self._rows_by_year[table] = rows
        return self._rows_by_year[table]

    @cached_property
    def _victims(self) -> Mapping[tuple[str, str, str, str], Row]:
        return {(r["offence_group"], r["victim_status"], r["area"], r["period"]): r for r in self.tables["victim"]}

    def find_victims(self, crime: str, area: str, period: str, status: str = "_T") -> Row | None:
        """Return the victims with a status in a year, or None if they are not collected."""
        return self._victims.get((crime, status, area, period))

    def list_victim_years(self, crime: str) -> list[str]:
        """Return the years with figures of victims, oldest first."""
        return sorted({row["period"] for row in self.tables["victim"] if row["offence_group"] == crime})

    def choose_victim_year(self, crime: str) -> str:
        """Return the newest year with victims of the region, else the newest year."""
        years = self.list_victim_years(crime)
        of_region = [year for year in years if regions.is_regional(self.find_victims(crime, self.region, year))]
        return (of_region or years)[-1]

    @cached_property
    def _victim_parts(self) -> Mapping[tuple[str, str, str, str], list[Row]]:
        parts: dict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
        for row in self.tables["victim_part"]:
            parts[row["table_id"], row["offence_group"], row["area"], row["period"]].append(row)
        # The region has sex and age in one table, with the totals of each.
        for row in self.tables["victim_crossed"]:
            for dimension, crossed in (("sex", "age"), ("age", "sex")):
                if row[crossed] == "_T":
                    parts[VICTIM_TABLES[dimension], row["offence_group"], row["area"], row["period"]].append(row)
        return parts

    def find_victim_parts(self, table: str, crime: str, area: str, period: str) -> Sequence[Row]:
        """Return the victims of an area in a year by the categories of a table of the programme."""
        return self._victim_parts.get((table, crime, area, period), ())

    @cached_property
    def _sentences(self) -> Mapping[tuple[str, str], Mapping[tuple[str, str, str], dict[str, Row]]]:
        groups: dict[tuple[str, str], dict[tuple[str, str, str], dict[str, Row]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        for row in self.tables["sentence"]:
            key = (row["area"], row["source"], row["period"])
            groups[row["offence_group"], row["level"]][key][row["statistic"]] = row
        return groups

    def find_sentences(self, crime: str, track: str) -> Mapping[tuple[str, str, str], Mapping[str, Row]]:
        """Return the figures on sentences from records by area, register and year, each by its statistic.

        The areas are in display order.
        """
        groups = self._sentences.get((crime, track), {})
        return {key: groups[key] for area in self.areas for key in groups if key[0] == area}

    def choose_sentence_year(self, crime: str, track: str, areas: Container[str] = ()) -> str:
        """Return the newest year with a figure on sentences, else the newest year; empty if there is none.

        `areas` are those that count, by default all.
        """
        groups = {key: rows for key, rows in self.find_sentences(crime, track).items() if not areas or key[0] in areas}
        with_figures = [
            year for (_, _, year), rows in groups.items() if any(row["value"] is not None for row in rows.values())
        ]
        return max(with_figures or [year for _, _, year in groups], default="")

    @cached_property
    def coverage(self) -> Mapping[str, Sequence[Row]]:
        """Return the rows on expected and received returns by territory and by part of a territory."""
        return group_by_area(self.tables["coverage"])

    @cached_property
    def counting(self) -> Mapping[tuple[str, str], set[str]]:
        """Return the territories whose offices count a measure, by crime and measure."""
        areas: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in (*self.tables["total"], *self.tables["victim"]):
            if row["area_kind"] == "territory" and row["n_reported"] > 0:
                areas[row["offence_group"], row["measure"]].add(row["area"])
        return areas

    def list_board_periods(self, freq: str, number: int) -> list[str]:
        """Return the newest periods for which returns are expected or were received, newest first."""
        return sorted({r["period"] for r in self.tables["coverage"] if r["freq"] == freq}, reverse=True)[:number]
