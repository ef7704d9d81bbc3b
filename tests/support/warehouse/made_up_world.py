"""A small made-up world with sums worked out by hand, and its counts as the warehouse builds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from tests.support.warehouse.dbt_facts import World

NOW = "2026-03-01T00:00:00Z"
QUARTERS = ("2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4")
TOTALS = {
    "offence": "_T", "sex": "_T", "age": "_T", "victim_status": "_Z", "exploitation": "_Z", "citizenship": "_T",
    "sentence_type": "_Z", "sentence_band": "_Z", "offence_group": "TIP", "count_unit": "person", "statistic": "count",
}  # fmt: skip
Row = dict[str, Any]


def by_sex(measure: str, men: float | None, women: float | None, **more: Any) -> list[Row]:
    """Build rows of one measure for men and women; None is an empty cell that means missing."""
    return [
        {"measure": measure, "sex": sex, "value": value, "obs_status": "A" if value is not None else "O", **more}
        for sex, value in (("M", men), ("F", women))
    ]


def build_row(measure: str, value: float | None, **more: Any) -> Row:
    return {"measure": measure, "value": value, "obs_status": "A" if value is not None else "O", **more}


def sums_and_ages(world: World) -> None:
    """AL: sums of articles and sexes, an empty cell, ages and lengths of sentence brought to common groups."""
    world.add_territory("AL")
    world.add_office("AL", "AL_PP", "justice", "Q", QUARTERS)
    first = {"law_article": "110/a", "offence": "ICCS0204"}
    child = {"law_article": "128/b", "offence": "ICCS0204_CHILD"}
    smuggling = {"law_article": "298", "offence": "ICCS08051"}
    band = {"level": "final", "law_article": "110/a", "sentence_type": "prison"}
    world.add_submission(
        "AL1",
        "AL",
        "AL_PP",
        "2025-Q1",
        [
            *by_sex("reported", 4, 2, **first),
            *by_sex("reported", 1, 0, **child),
            *by_sex("reported", 9, 3, **smuggling),
            *(
                build_row("indicted", v, age=a, **first)
                for a, v in [("_T", 12), ("Y_LT14", 1), ("Y14T17", 2), ("Y18T24", 4), ("Y_GE25", 4), ("_U", 1)]
            ),
            *(
                build_row("convicted_first", v, age=a, level="first", **first)
                for a, v in [("Y_LT18", 1), ("Y18T24", 4), ("Y25T34", 2)]
            ),
            build_row("sentenced_final", 9, level="final", law_article="110/a", sentence_type="_T", sentence_band="_T"),
            build_row("sentenced_final", 8, sentence_band="_T", **band),
            build_row("sentenced_final", 2, sentence_band="M0T12", **band),
            build_row("sentenced_final", 1, sentence_band="M12T24", **band),
            build_row("sentenced_final", 1, sentence_band="M24T36", **band),
            build_row("sentenced_final", 2, sentence_band="M36T96", **band),
            build_row("sentenced_final", 2, sentence_band="M96T", **band),
            build_row("pending_first", 30, level="first", statistic="start"),
            build_row("pending_first", 31, level="first", statistic="end"),
        ],
    )
    world.add_submission(
        "AL2", "AL", "AL_PP", "2025-Q2", [*by_sex("reported", 3, None, **first), *by_sex("reported", 1, 1, **child)]
    )
    world.add_submission(
        "AL3", "AL", "AL_PP", "2025-Q3", [*by_sex("reported", 5, 5, **first), *by_sex("reported", 0, 0, **child)]
    )
    world.add_submission(
        "AL4",
        "AL",
        "AL_PP",
        "2025-Q4",
        [
            *by_sex("reported", 2, 2, **first),
            *by_sex("reported", 0, 1, **child),
            build_row("pending_first", 44, level="first", statistic="start"),
            build_row("pending_first", 45, level="first", statistic="end"),
        ],
    )


def year_so_far(world: World) -> None:
    """XK: figures from January on, of which the fourth is lower than the third; a second measure lacks its second."""
    world.add_territory("XK")
    world.add_office("XK", "XK_KPC", "justice", "Q", QUARTERS)
    for quarter, reported, indicted in (("2025-Q1", 3, 1), ("2025-Q2", 5, None), ("2025-Q3", 9, 4), ("2025-Q4", 8, 6)):
        rows = [
            build_row("reported", reported, accumulation="ytd"),
            build_row("indicted", indicted, accumulation="ytd"),
        ]
        world.add_submission(f"XK{quarter[-1]}", "XK", "XK_KPC", quarter, rows)


def register_counts(world: World) -> None:
    """HR: from 2025-Q2 on the register counts convictions; the office's own table exists before and after that."""
    world.add_territory("HR")
    world.add_office("HR", "HR_DZS", "justice", "Q", QUARTERS)
    world.add_office("HR", "HR_MPU", "register", "Q", QUARTERS)
    rule = {"territory": "HR", "jurisdiction": "HR", "measure": "convicted_first"}
    world.counts_sources += [
        {**rule, "source": "HR_DZS", "shape": "aggregates", "instrument": "justice", "valid_from": "2020",
         "valid_to": "2025-Q1"},
        {**rule, "source": "HR_MPU", "shape": "register", "instrument": "register", "valid_from": "2025-Q2",
         "valid_to": None},
    ]  # fmt: skip
    event = {"event": "convicted_first", "level": "first"}
    for n, quarter in enumerate(QUARTERS, 1):
        table = [build_row("convicted_first", 4, level="first"), build_row("reported", 7)]
        world.add_submission(f"HRD{n}", "HR", "HR_DZS", quarter, table)
        records = [
            {**event, "proceeding": "p1", "person": "a", "sex": "F"},
            {**event, "proceeding": "p1", "person": "a", "sex": "F", "offence": "ICCS02041"},
            {**event, "proceeding": "p1", "person": "b", "sex": "F", "age": "_U"},
            {**event, "proceeding": "p2", "person": "a", "sex": "F", "offence": "ICCS08051"},
        ]
        # Nobody was convicted in the last quarter: the register came and has no such record.
        world.add_submission(
            f"HRR{n}",
            "HR",
            "HR_MPU",
            quarter,
            [],
            instrument="register",
            events=records if quarter != "2025-Q4" else [],
        )


def adults_only(world: World) -> None:
    """MK: final convictions are of adults; the third quarter's return came without them, the fourth not at all."""
    world.add_territory("MK")
    world.add_office("MK", "MK_SSO", "justice", "Q", QUARTERS)
    for n, quarter in enumerate(QUARTERS[:3], 1):
        rows = [build_row("reported", 2)]
        if n < 3:
            rows += [build_row("convicted_final", 5, level="final", age="Y_GE18"),
                     *by_sex("convicted_final", 4, 1, level="final", age="Y_GE18")]  # fmt: skip
        world.add_submission(f"MK{n}", "MK", "MK_SSO", quarter, rows)


def annual_only(world: World) -> None:
    """ME: years, three of which make a pool."""
    world.add_territory("ME")
    world.add_office("ME", "ME_STAT", "justice", "A", ("2023", "2024", "2025"))
    for year, value in (("2023", 10), ("2024", 0), ("2025", 5)):
        world.add_submission(f"ME{year}", "ME", "ME_STAT", year, [build_row("reported", value)])


def year_and_quarters(world: World) -> None:
    """RS: four quarters and an own figure of the year that differs; a nil return; a corrected quarter."""
    world.add_territory("RS")
    world.add_office("RS", "RS_SORS", "justice", "Q", QUARTERS)
    world.add_office("RS", "RS_SORS", "justice", "A", ("2025",))
    for n, quarter in enumerate(QUARTERS, 1):
        if quarter == "2025-Q2":
            world.add_submission("RS2", "RS", "RS_SORS", quarter, [], nil=True)
            continue
        corrected = quarter == "2025-Q1"
        world.add_submission(f"RS{n}", "RS", "RS_SORS", quarter, [build_row("reported", 6), build_row("indicted", 2)],
                   superseded="2025-09-01T00:00:00Z" if corrected else None)  # fmt: skip
    world.add_submission(
        "RS1b",
        "RS",
        "RS_SORS",
        "2025-Q1",
        [build_row("reported", 8), build_row("indicted", 2)],
        accepted="2025-09-01T00:00:00Z",
    )
    world.add_submission("RSA", "RS", "RS_SORS", "2025", [build_row("reported", 21)])


def parts_of_a_territory(world: World) -> None:
    """BA: three jurisdictions, a person taken over and counted again, and victims of the whole."""
    world.add_territory("BA", "BA_STATE", "BA_FED", "BA_BRC")
    for part in ("BA_STATE", "BA_FED", "BA_BRC"):
        world.add_office(part, f"{part}_PO", "justice", "Q", QUARTERS)
        world.counting_rules.append(
            {"territory": "BA", "jurisdiction": part, "level": "prosecution", "count_unit": "person",
             "transferred_counted_again": part == "BA_FED", "valid_from": None, "valid_to": None}
        )  # fmt: skip
    world.add_office("BA", "BA_COORD", "victims", "A", ("2025",))
    for n, quarter in enumerate(QUARTERS, 1):
        world.add_submission(
            f"BAS{n}", "BA_STATE", "BA_STATE_PO", quarter, [build_row("reported", 3), build_row("indicted", 1)]
        )
        taken_over = [build_row("transferred_in", 2 if n == 2 else 0)]
        federal = [*by_sex("reported", 3, 1), build_row("indicted", 2), *taken_over]
        world.add_submission(f"BAF{n}", "BA_FED", "BA_FED_PO", quarter, federal)
        if n < 4:
            world.add_submission(
                f"BAB{n}", "BA_BRC", "BA_BRC_PO", quarter, [build_row("reported", 1), build_row("indicted", 0)]
            )
    victim = {"level": "none", "count_unit": "victim", "law_article": "_Z", "instrument": "victims"}
    rows = [
        build_row("victims_detected", v, victim_status="identified", sex=s, exploitation=e, **victim)
        for s, e, v in [("M", "sexual", 1), ("F", "sexual", 6), ("M", "labour", 4), ("F", "labour", 0),
                        ("M", "other", 0), ("F", "other", 0), ("M", "multiple", 0), ("F", "multiple", 2)]
    ]  # fmt: skip
    world.add_submission("BAV", "BA", "BA_COORD", "2025", rows, instrument="victims")


def add_training_territory(world: World) -> None:
    """TT: never part of a region."""
    world.add_territory("TT", kind="training")
    world.add_office("TT", "TT_PO", "justice", "Q", QUARTERS)
    world.add_submission("TT1", "TT", "TT_PO", "2025-Q1", [build_row("reported", 1000)])


def made_up_world() -> World:
    world = World()
    for part in (
        sums_and_ages, year_so_far, register_counts, adults_only, annual_only, year_and_quarters, parts_of_a_territory,
        add_training_territory,
    ):  # fmt: skip
        part(world)
    for code, year, number in (("AL", 2023, 2_400_000), ("AL", 2025, 2_500_000), ("BA", 2024, 3_200_000)):
        world.populations.append(
            {"territory": code, "jurisdiction": code, "year": year, "population": number, "series": "made up",
             "vintage": "1", "status": "published", "reference_date": "", "source_url": "", "caveat": ""}
        )  # fmt: skip
    return world


class Counts:
    """`mart_count` of one build, with look-up of single cells."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frame = self.read_table("mart_count")

    def read_table(self, table: str) -> pl.DataFrame:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(f"select * from {table}").pl()

    def find_cell(self, area: str, period: str, measure: str, **dimensions: str) -> Row:
        """Return the only row of a cell; dimensions that are not given are at their total."""
        coordinates = {**TOTALS, **dimensions}
        if "victims" in measure:
            coordinates = {**coordinates, "count_unit": "victim", **dimensions}
        rows = self.frame.filter(area=area, period=period, measure=measure, **coordinates)
        assert rows.height == 1, f"{rows.height} rows for {area} {period} {measure} {dimensions}"
        return rows.row(0, named=True)

    def has_cell(self, area: str, period: str, measure: str, **dimensions: str) -> bool:
        return not self.frame.filter(area=area, period=period, measure=measure, **{**TOTALS, **dimensions}).is_empty()
