"""Titles of the tables of a release."""

from __future__ import annotations

import re

import pytest

from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.dissemination.table_titles import OF_DATAFLOWS, TITLES, name_table
from pipelines.warehouse import exported_tables
from pipelines.words.language import read_in


@pytest.mark.parametrize(("table", "dataflow"), OF_DATAFLOWS.items())
def test_dataflow_has_the_figures_of_its_table_alone(table: str, dataflow: str) -> None:
    assert set(re.findall(r"\bfrom (\w+)", DATAFLOWS[dataflow].query)) == {table}


def test_every_table_of_the_warehouse_has_one_title() -> None:
    released = {table.released_as for table in (*exported_tables.COUNTS, *exported_tables.INDICATORS)} - {""}
    assert released <= {*OF_DATAFLOWS, *TITLES}
    assert not {*OF_DATAFLOWS} & {*TITLES}
    names = [name_table(table) for table in (*OF_DATAFLOWS, *TITLES)]
    assert len(names) == len(set(names)), "a reader tells them apart by their titles"


def test_title_is_in_the_language_of_the_reader() -> None:
    assert name_table("stage_ratio") == "Ratios between stages" and name_table("cell") == "Published counts"
    with read_in("mk"):
        assert name_table("cell") == "Објавени броеви"
    assert name_table("table_of_later_software") == "table_of_later_software"
