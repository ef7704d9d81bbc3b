"""Write SDMX-CSV: version 2.0 of SDMX 3.0, and version 1.0 of SDMX 2.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import polars as pl

from pipelines.dissemination.structures import TIME_PERIOD, choose_text
from pipelines.dissemination.writers.extract import Extract, to_text
from pipelines.dissemination.writers.labelled import label_values

Version = Literal["1.0", "2.0"]
Labels = Literal["id", "name", "both"]
MEDIA_TYPES: Final = {
    "1.0": "application/vnd.sdmx.data+csv; version=1.0.0; charset=utf-8",
    "2.0": "application/vnd.sdmx.data+csv; version=2.0.0; charset=utf-8",
}
_ROWS: Final = 20_000
"""Rows that are written at once."""


def write_sdmx_csv(
    extract: Extract, version: Version = "2.0", labels: Labels = "id", language: str = "en"
) -> Iterator[bytes]:
    """Yield a header and one row for each observation.

    With `labels` "both", codes and their labels are in one column, as `A: Annual`; with "name", a column of labels
    follows each coded column (version 2.0 only; in version 1.0, "name" is the same as "both").
    """
    header: list[str] = []
    for start in range(0, max(extract.observations.height, 1), _ROWS):
        columns = _lay_out(extract, extract.observations.slice(start, _ROWS), version, labels, language)
        if not header:
            header = [title for title, _ in columns]
            yield (
                pl.DataFrame([header], orient="row").write_csv(include_header=False, line_terminator="\r\n")
            ).encode()
        rows = pl.DataFrame([values.alias(str(place)) for place, (_, values) in enumerate(columns)])
        yield rows.write_csv(include_header=False, line_terminator="\r\n", null_value="").encode()


def _lay_out(
    extract: Extract, rows: pl.DataFrame, version: Version, labels: Labels, language: str
) -> list[tuple[str, pl.Series]]:
    """Return the columns of the file: title and values as text. Titles may be the same in some language."""
    structures, flow = extract.structures, extract.dataflow
    part = Extract(structures, flow, rows)
    flow_name = choose_text(flow.names, language)
    labelled_reference = f"{extract.reference}: {flow_name}"
    if version == "1.0":
        constants = {"DATAFLOW": extract.reference if labels == "id" else labelled_reference}
    else:
        constants = {
            "STRUCTURE": extract.context,
            "STRUCTURE_ID": labelled_reference if labels == "both" else extract.reference,
        }
        constants |= {"STRUCTURE_NAME": flow_name} if labels == "name" else {}
        constants |= {"ACTION": "I"}
    columns = [(title, pl.Series([value]).new_from_index(0, rows.height)) for title, value in constants.items()]
    texts = to_text(rows)
    for name in rows.columns:
        title = choose_text(structures.concepts[name].names, language)
        if labels == "id":
            columns.append((name, texts[name]))
            continue
        is_coded = name in flow.structure.codelists
        label = label_values(part, name, language) if is_coded or name == TIME_PERIOD else None
        if labels == "name" and version == "2.0":
            nothing = pl.Series([None], dtype=pl.String).new_from_index(0, rows.height)
            columns += [(name, texts[name]), (title, label if label is not None else nothing)]
        elif label is not None and is_coded:
            columns.append((f"{name}: {title}", texts[name] + ": " + label))
        else:
            columns.append((f"{name}: {title}", texts[name]))
    return columns
