"""Hold selected observations for a writer, with their dataflow and the structures of their release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import polars as pl

from pipelines.dissemination.artefacts import make_urn
from pipelines.dissemination.correction_notices import AREAS, list_corrections
from pipelines.dissemination.observations import EVERYTHING, ObservationSelection, select_observations
from pipelines.dissemination.release import END, START, load_structures, load_tables, read_observations
from pipelines.dissemination.structures import Dataflow, StructureError, Structures, Text, choose_text

INFINITE: Final = "INF"
"""How texts write an interval without an upper end, as XML Schema does."""
CHUNK: Final = 1 << 16
"""Characters that a writer yields at once, at least."""

Context = Literal["dataflow", "datastructure"]


@dataclass(frozen=True)
class Extract:
    """Selected observations of one dataflow, sorted by key and period."""

    structures: Structures
    dataflow: Dataflow
    observations: pl.DataFrame
    table: str = ""
    titles: Text | None = None
    """Id and title of the table of the programme, if the observations are one."""
    context: Context = "dataflow"
    """Kind of artefact that messages refer to; a data structure has the id of its dataflow."""

    @property
    def name(self) -> str:
        """Return the id of the table of the programme, or of the dataflow."""
        return self.table or self.dataflow.id

    def find_title(self, language: str) -> str:
        """Return the title in a language: that of the selection, or of the dataflow."""
        return choose_text(self.titles or self.dataflow.names, language)

    @cached_property
    def areas(self) -> tuple[str, ...]:
        """Return the areas of the observations, in the order of the code list."""
        present = {
            str(code)
            for name in AREAS
            if name in self.observations.columns
            for code in self.observations[name].unique()
        }
        return tuple(code.id for code in self.structures.codelists["CL_AREA"].codes if code.id in present)

    def list_footnotes(self, language: str) -> list[str]:
        """Return the footnotes of the names of the areas in the observations, in a language."""
        footnotes = self.structures.edition.footnotes
        return [choose_text(footnotes[area], language) for area in self.areas if area in footnotes]

    def list_corrections(self, language: str) -> list[str]:
        """Return the notices on corrected figures that are about any of the observations, in a language."""
        return list_corrections(self.structures, self.dataflow, self.observations, language)

    def describe_source(self, language: str) -> str:
        """Return the citation of the release and the footnotes of names, as one text."""
        return " ".join([choose_text(self.structures.edition.citations, language), *self.list_footnotes(language)])

    @property
    def reference(self) -> str:
        """Return the reference to the dataflow: `RTI:PROCEEDINGS(1.0.0)`."""
        return f"{self.structures.agency}:{self.dataflow.id}({self.structures.version})"

    @property
    def urn(self) -> str:
        """Return the URN of what messages refer to."""
        return make_urn(self.structures, self.context, self.dataflow.id)

    @property
    def message_id(self) -> str:
        """Return the id of a message: release and dataflow, in characters that SDMX allows."""
        return f"{self.structures.edition.id.replace('.', '_')}_{self.dataflow.id}"

    @property
    def prepared(self) -> str:
        """Return the time of the message: when the release was drafted, so that the same request has the same bytes."""
        return self.structures.edition.drafted_at


def make_extract(release: Path, dataflow: str, selection: ObservationSelection = EVERYTHING) -> Extract:
    """Return the selected observations of a release, ready to be written."""
    structures = load_structures(release)
    return Extract(structures, structures.find_dataflow(dataflow), select_observations(release, dataflow, selection))


def read_extract(release: Path, dataflow: str) -> Extract:
    """Return all observations of a dataflow, which are not kept for later requests."""
    structures = load_structures(release)
    observations = read_observations(release, dataflow).drop(START, END)
    return Extract(structures, structures.find_dataflow(dataflow), observations)


def make_table_extract(release: Path, table: str) -> Extract:
    """Return a table of the programme. Raises StructureError if the release has no such table."""
    tables = load_tables(release)
    if table not in tables:
        raise StructureError(f"The release has no table {table}; it has {', '.join(tables)}")
    programme_table = tables[table]
    structures = load_structures(release)
    rows = select_observations(release, programme_table.dataflow).filter(pl.col("CELL_ID").is_in(programme_table.cells))
    return Extract(
        structures, structures.find_dataflow(programme_table.dataflow), rows, programme_table.id, programme_table.titles
    )


def to_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return all columns as text: whole numbers without a point, others in their shortest exact form.

    Absent values stay null.
    """
    return frame.with_columns(
        format_number(name) if dtype.is_float() else pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
    )


def format_number(name: str) -> pl.Expr:
    """Return the text of a column of numbers."""
    text = pl.col(name).cast(pl.String).str.strip_suffix(".0")
    return pl.when(pl.col(name).is_infinite()).then(pl.lit(INFINITE)).otherwise(text).alias(name)


def join_chunks(parts: Iterator[str]) -> Iterator[bytes]:
    """Yield texts as UTF-8, several of them at once."""
    waiting: list[str] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= CHUNK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode()
