"""Tests of notices on corrected figures: on the page of the territory, below its tables, and in their files."""

from __future__ import annotations

from dashboards.public import exports
from dashboards.public.page_parts import read_table
from pipelines.front.pages.territories import add_corrections, describe_correction
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words.language import read_in
from tests.support.editions import make_edition
from tests.support.static_pages import render_table

NOTICE = {
    "note_id": "AA-correction-1", "kind": "correction", "area": "AA_X", "territory": "AA", "level": "",
    "offence_group": "", "period_from": "2026-Q2", "period_to": "2026-Q2", "text": "Cases were counted as persons.",
}  # fmt: skip
PLAIN = "Correction, Part X, 2026 Q2: Cases were counted as persons."


def test_notice_names_area_and_period_and_marks_its_language() -> None:
    with read_in("en"):
        assert describe_correction(Reader(make_edition(note=[NOTICE]), "en"), NOTICE) == PLAIN
    with read_in("sq"):
        text = str(describe_correction(Reader(make_edition(note=[NOTICE]), "sq"), NOTICE))
    assert '<span lang="en">Cases were counted as persons.</span>' in text


def test_notice_is_below_the_tables_of_its_territory_and_in_their_files() -> None:
    with read_in("en"):
        reader = Reader(make_edition(note=[NOTICE]), "en")
        tables = {area: FigureTable(reader, "Persons", "Year", ["Reported"]) for area in ("AA", "BB", "")}
        for area, table in tables.items():
            table.add_row("2025", ["12"])
            add_corrections(table, area)
        pages = {area: render_table(table) for area, table in tables.items()}
        assert {area: PLAIN in page for area, page in pages.items()} == {"AA": True, "BB": False, "": True}
        citation = '<p class="front-citation">Persons. <span class="front-address">/index.html</span></p>'
        result = read_table(f"<html><body>{pages['AA']}{citation}</body></html>", "figures")
        assert result is not None
        assert PLAIN in exports.write_csv(*result).decode()
