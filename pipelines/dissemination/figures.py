"""Find one published figure by its permanent identifier, or by its dataflow, key and period, and cite it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import words
from pipelines.core import clock
from pipelines.dissemination import periods
from pipelines.dissemination.notes import find_language
from pipelines.dissemination.observations import ObservationSelection, join_key, select_observations
from pipelines.dissemination.release import KEPT_RELEASES, list_count_dataflows, load_structures
from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD, StructureError
from pipelines.dissemination.writers.extract import Extract
from pipelines.dissemination.writers.labelled import LABEL, NOTES, lay_out, name_column
from pipelines.words.language import read_in

CELL_ID = "CELL_ID"


class UnknownFigureError(StructureError):
    """A figure that a release does not have."""


@dataclass(frozen=True)
class ReleasedFigure:
    """One observation of a release, ready to be shown and cited."""

    extract: Extract
    row: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Return the key of the series of the figure: codes joined by dots."""
        return join_key(self.row, self.extract.dataflow)

    @property
    def address(self) -> str:
        """Return the permanent address of the figure without the site: release, dataflow, key and period."""
        period = periods.parse_period(str(self.row[TIME_PERIOD])).released.replace("/", "--")
        release = self.extract.structures.edition.id
        return f"/releases/{release}/figures/{self.extract.dataflow.id}/{self.key}/{period}"

    def list_facts(self, language: str) -> list[tuple[str, str]]:
        """Return what the figure is, as titles and labels, in a language: its dimensions, period, value and status."""
        laid_out = lay_out(self.extract, language, with_source=False)
        values = laid_out.row(0, named=True)
        key_columns = [*self.extract.dataflow.structure.dimension_ids, TIME_PERIOD]
        statuses = ["UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS"]
        labels = {name: str(values[f"{name}{LABEL}"]) for name in (*key_columns, *statuses)} | {
            OBS_VALUE: self.format_value(language)
        }
        facts = [
            (name_column(self.extract, name, language), labels[name]) for name in (*key_columns, OBS_VALUE, *statuses)
        ]
        return facts

    def format_value(self, language: str) -> str:
        """Return the value as the pages show it, or the word for why there is none."""
        digits = int(self.row["DECIMALS"] or 0)
        with read_in(find_language(language)):
            return words.format_value(self.row[OBS_VALUE], self.row["OBS_STATUS"], self.row["CONF_STATUS"], digits).text

    def describe_notes(self, language: str) -> str:
        """Return the notes of the figure in a language, with the footnotes of names."""
        return str(lay_out(self.extract, language, with_source=False)[NOTES][0] or "")

    def cite_figure(self, language: str, site: str = "") -> str:
        """Return the citation of the figure, with its permanent address below the address of the site."""
        edition = self.extract.structures.edition
        laid_out = lay_out(self.extract, language, with_source=False).row(0, named=True)
        parts = [str(value) for name, value in laid_out.items() if name.endswith(LABEL)]
        n_dimensions = len(self.extract.dataflow.structure.dimension_ids)
        title = f"{self.extract.find_title(language)}: {', '.join(parts[: n_dimensions + 1])}"
        release = {"release": edition.id, "demonstration": edition.is_demonstration}
        with read_in(find_language(language)):
            return words.cite_table(
                release, title, str(laid_out.get(f"REF_AREA{LABEL}", "")), f"{site}{self.address}", clock.now().date()
            )

    def as_json(self, language: str, site: str = "") -> dict[str, Any]:
        """Return the figure as data: its codes, value, attributes, notes, address and citation."""
        edition = self.extract.structures.edition
        return {
            "release": edition.id,
            "demonstration": edition.is_demonstration,
            "dataflow": self.extract.reference,
            "key": self.key,
            "address": f"{site}{self.address}",
            "observation": {name: _plain(value) for name, value in self.row.items() if value is not None},
            "labels": dict(self.list_facts(language)),
            "notes": self.describe_notes(language),
            "citation": self.cite_figure(language, site),
        }


def _plain(value: object) -> object:
    if isinstance(value, float):
        return "INF" if value == float("inf") else int(value) if value.is_integer() else value
    return value


def find_figure_by_cell(release: Path, cell: str) -> ReleasedFigure:
    """Return the count with a permanent identifier. Raises UnknownFigureError if the release has none."""
    dataflow = _find_cells(release.resolve()).get(cell)
    if dataflow is None:
        raise UnknownFigureError(f"Release {release.name} has no figure {cell}")
    return _make_figure(release, dataflow, select_observations(release, dataflow).filter(pl.col(CELL_ID) == cell), cell)


@lru_cache(maxsize=KEPT_RELEASES)
def _find_cells(release: Path) -> Mapping[str, str]:
    """Return the dataflow of each count by its identifier. Rates and shares have the identifier of their count."""
    return {
        cell: name
        for name in list_count_dataflows(load_structures(release))
        for cell in select_observations(release, name)[CELL_ID]
    }


def find_figure_by_key(release: Path, dataflow: str, key: str, period: str) -> ReleasedFigure:
    """Return the observation with a key (codes joined by dots) in a period, as the release or SDMX writes it.

    Raises UnknownFigureError if the release has none.
    """
    flow = load_structures(release).dataflows.get(dataflow)
    codes = key.split(".")
    if flow is None or len(codes) != len(flow.structure.dimensions):
        raise UnknownFigureError(f"Release {release.name} has no figure {dataflow}/{key}")
    try:
        code = periods.parse_period(period.replace("--", "/")).code
    except ValueError as error:
        raise UnknownFigureError(f"{period} is not a period") from error
    selection = ObservationSelection(
        {name: (code,) for name, code in zip(flow.structure.dimension_ids, codes, strict=True)}
    )
    rows = select_observations(release, dataflow, selection).filter(pl.col(TIME_PERIOD) == code)
    return _make_figure(release, dataflow, rows, f"{dataflow}/{key}/{period}")


def _make_figure(release: Path, dataflow: str, rows: pl.DataFrame, name: str) -> ReleasedFigure:
    if rows.height != 1:
        raise UnknownFigureError(f"Release {release.name} has no figure {name}")
    structures = load_structures(release)
    extract = Extract(structures, structures.find_dataflow(dataflow), rows)
    return ReleasedFigure(extract, rows.row(0, named=True))
