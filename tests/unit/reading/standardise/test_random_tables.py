"""Any table with any heading tree, written into a grid by an independent builder, is read with the right keys."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry
from pipelines.model.content import Grid, SourceCell, SourceTable
from tests.support.fakes.returns_fakes import collect_values, form_of, make_cell, make_registry, read_content
from tests.support.sampling import count_examples

SEXES, AGES = ("_T", "M", "F"), ("_T", "Y_LT18", "Y_GE18", "Y18T24", "Y_GE25")
MEASURES = ("indicted", "convicted_first", "adjudicated_first")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry(tmp_path_factory.mktemp("zz"))


WORD = st.text(st.sampled_from("абвгджлмнoprstčžuэ12 "), min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def random_tables(draw: st.DrawFn) -> tuple[Grid, Form, dict[tuple[str, str, str], int]]:
    """Draw a grid with one to three levels of headings over sex and age, its form, and the expected values.

    Labels are random words, distinct after a number is added to each, so that the form can declare all of them.
    """
    number = count(1)
    depth = draw(st.integers(1, 3))

    def draw_word() -> str:
        return f"{draw(WORD)} в{next(number)}"

    cells = [(s, a) for s in SEXES for a in AGES]
    leaves = draw(st.lists(st.sampled_from(cells), min_size=1, max_size=8, unique=True))
    measures = draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=3, unique=True))
    first_row, first_column = draw(st.integers(2, 5)), draw(st.integers(1, 3))
    columns: dict[str, dict[str, str]] = {}
    placed: dict[tuple[int, int], SourceCell] = {}

    def put_cell(row: int, column: int, height: int, width: int, value: Any) -> None:
        for r in range(row, row + height):
            for c in range(column, column + width):
                same = {"anchor": (row, column), "spread": (r, c) != (row, column)}
                placed[r, c] = make_cell(r, c, value, **same)

    # A heading tree: neighbouring leaves share parents at random; a leaf may end early and is then merged downwards.
    column = first_column + 1
    remaining = list(leaves)
    while remaining:
        width = draw(st.integers(1, min(3, len(remaining)))) if depth > 1 else 1
        group, remaining = remaining[:width], remaining[width:]
        levels = depth if width > 1 else draw(st.integers(1, depth))
        parents = []
        for level in range(levels - 1):
            parents.append(draw_word())
            put_cell(first_row + level, column, 1, width, parents[-1])
        for sex, age in group:
            label = draw_word()
            put_cell(first_row + levels - 1, column, depth - levels + 1, 1, label)
            columns[" / ".join([*parents, label])] = {"sex": sex, "age": age}
            column += 1
    put_cell(first_row, first_column, depth, 1, "Агол")
    put_cell(draw(st.integers(1, first_row - 1)), first_column, 1, 1, "Преглед 3/2024")
    expected: dict[tuple[str, str, str], int] = {}
    rows = {}
    for offset, measure in enumerate(measures):
        label = draw_word()
        rows[label] = {"measure": measure}
        row = first_row + depth + offset
        put_cell(row, first_column, 1, 1, label)
        for place, coordinates in enumerate(columns.values()):
            value = draw(st.integers(0, 2000))
            written = f"{value:,}".replace(",", ".") if draw(st.booleans()) else value
            put_cell(row, first_column + 1 + place, 1, 1, written)
            expected[measure, coordinates["sex"], coordinates["age"]] = value
    ordered = tuple(placed[key] for key in sorted(placed))
    form = form_of(
        fixed={"count_unit": "person", "offence": "ICCS0204"},
        codes={},
        adds_up=[],
        note_marks={},
        tables=[
            {
                "title": "Преглед {quarter}/{year}",
                "corner": "Агол",
                "header_rows": depth,
                "columns": columns,
                "rows": rows,
            }
        ],
    )
    return Grid("xlsx", (SourceTable("Лист1", ordered),)), form, expected


@settings(max_examples=count_examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=random_tables())
def test_random_table_is_read_with_every_key(
    registry: Registry, table: tuple[Grid, Form, dict[tuple[str, str, str], int]]
) -> None:
    content, form, expected = table
    registry.plans.clear()
    reading = read_content(content, form, registry)
    assert [f for f in reading.findings if f.rule != "cell.number_as_text" and f.rule != "cell.lookalike"] == []
    assert collect_values(reading, "measure", "sex", "age") == expected
    assert {f.seen for f in reading.findings if f.rule == "cell.number_as_text"} <= {
        c.text for c in content.tables[0].cells
    }
