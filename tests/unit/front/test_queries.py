"""Categories that a territory records, and that its data of a year and crime do not name, are found in the cells."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from pipelines.front.queries import UNNAMED_CELLS

COLUMNS = (
    "table_id", "area_kind", "area", "freq", "period", "measure", "count_unit", "offence_group", "sentence_type",
    "sentence_band", "value", "obs_status", "conf_status", "flags", "cell_id", "is_total",
)  # fmt: skip
TABLES = {"sentence_type": "area_year_sentence_type", "sentence_band": "area_year_sentence_band"}


def make_cell(crime: str, period: str, value: float | None = 20.0, **changes: Any) -> dict[str, Any]:
    dimension = "sentence_band" if "sentence_band" in changes else "sentence_type"
    cell: dict[str, Any] = {
        "table_id": TABLES[dimension], "area_kind": "territory", "area": "AA", "freq": "A", "period": period,
        "measure": "sentenced_first", "count_unit": "person", "offence_group": crime, "sentence_type": "prison",
        "sentence_band": "_T", "value": value, "obs_status": "A" if value is not None else "O", "conf_status": "F",
        "flags": "", "cell_id": f"{crime} {period} {changes}", "is_total": False,
    }  # fmt: skip
    return cell | changes


def find_unnamed(*cells: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return crime, year, sanction, length, status and flag of the cells that the data do not name."""
    with duckdb.connect() as connection:
        types = {"value": "double", "is_total": "boolean"}
        columns = ", ".join(f"{name} {types.get(name, 'varchar')}" for name in COLUMNS)
        connection.execute(f"create table cell ({columns})")
        places = ", ".join("?" * len(COLUMNS))
        for cell in cells:
            connection.execute(f"insert into cell values ({places})", [cell[name] for name in COLUMNS])
        rows = connection.execute(UNNAMED_CELLS)
        names = [column[0] for column in rows.description or ()]
        assert names == list(COLUMNS)
        return [
            tuple(
                dict(zip(names, row, strict=True))[name]
                for name in ("offence_group", "period", "sentence_type", "sentence_band", "obs_status", "flags")
            )
            for row in rows.fetchall()
        ]


@pytest.mark.parametrize("other", [("SOM", "2025"), ("TIP", "2024")], ids=["other crime", "earlier year"])
def test_sanction_of_another_crime_or_an_earlier_year_is_not_named(other: tuple[str, str]) -> None:
    cells = [make_cell("TIP", "2025"), make_cell(*other), make_cell(*other, sentence_type="fine")]
    assert find_unnamed(*cells) == [("TIP", "2025", "fine", "_T", "O", "unnamed")]


def test_length_of_another_crime_is_not_named() -> None:
    cells = [
        make_cell("TIP", "2025", sentence_band="M0T24"),
        make_cell("SOM", "2025", sentence_band="M0T24"),
        make_cell("SOM", "2025", sentence_band="M24T60"),
    ]
    assert find_unnamed(*cells) == [("TIP", "2025", "prison", "M24T60", "O", "unnamed")]


@pytest.mark.parametrize(
    "other",
    [
        make_cell("TIP", "2026", sentence_type="fine"),
        make_cell("SOM", "2025", None, sentence_type="fine", obs_status="L"),
        make_cell("SOM", "2025", sentence_type="fine", area="BB"),
        make_cell("SOM", "2025", sentence_type="fine", measure="sentenced_final"),
    ],
    ids=["later year", "not collected", "other territory", "other instance"],
)
def test_sanction_that_is_recorded_elsewhere_or_later_is_not_collected(other: dict[str, Any]) -> None:
    assert ("TIP", "2025", "fine") not in [row[:3] for row in find_unnamed(make_cell("TIP", "2025"), other)]


def test_sanction_of_a_year_without_data_has_its_status() -> None:
    cells = [
        make_cell("TIP", "2024", sentence_type="fine"),
        make_cell("TIP", "2025", None, flags="quarter_missing"),
        make_cell("TIP", "2024"),
    ]
    assert find_unnamed(*cells) == [("TIP", "2025", "fine", "_T", "O", "quarter_missing")]


def test_withheld_sanctions_are_received() -> None:
    withheld = make_cell("TIP", "2025", None, obs_status="Q", conf_status="C")
    cells = [withheld, make_cell("SOM", "2025"), make_cell("SOM", "2025", sentence_type="fine")]
    assert find_unnamed(*cells) == [("TIP", "2025", "fine", "_T", "O", "unnamed")]
