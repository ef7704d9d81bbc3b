"""Declare the formats of the files of a release: how they are named, and how observations are written in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from pipelines.core.i18n import mark
from pipelines.dissemination.writers import (
    jsonstat,
    px,
    sdmx_csv,
    sdmx_json,
    sdmx_json_structure,
    sdmx_ml,
    sdmx_structure,
    tabular,
)
from pipelines.dissemination.writers.extract import Extract

Subject = Literal["dataflow", "table"]
Content = bytes | Iterable[bytes]


@dataclass(frozen=True)
class FileFormat:
    """A format of observations: the ending of its names, its name, its media type, and how it is written."""

    ending: str
    title: str
    media_type: str
    write: Callable[[Extract, str], Content]
    subjects: tuple[Subject, ...] = ("dataflow", "table")
    is_translated: bool = False


def _write_without_language(write: Callable[[Extract], Content]) -> Callable[[Extract, str], Content]:
    return lambda extract, _language: write(extract)


FORMATS: Final[tuple[FileFormat, ...]] = (
    FileFormat("csv", "CSV", tabular.MEDIA_TYPES["csv"], tabular.write_csv, is_translated=True),
    FileFormat("xlsx", "XLSX", tabular.MEDIA_TYPES["xlsx"], tabular.write_xlsx, is_translated=True),
    FileFormat("parquet", "Parquet", tabular.MEDIA_TYPES["parquet"], tabular.write_parquet, is_translated=True),
    FileFormat("px", "PX", px.MEDIA_TYPE, px.write_px, ("table",)),
    FileFormat("jsonstat.json", "JSON-stat 2.0", jsonstat.MEDIA_TYPE, jsonstat.write_jsonstat, ("table",), True),
    FileFormat(
        "sdmx.csv", "SDMX-CSV 2.0", sdmx_csv.MEDIA_TYPES["2.0"], _write_without_language(sdmx_csv.write_sdmx_csv),
        ("dataflow",),
    ),
    FileFormat(
        "sdmx-2.1.xml", "SDMX-ML 2.1", sdmx_ml.MEDIA_TYPES["2.1"],
        _write_without_language(sdmx_ml.write_structure_specific), ("dataflow",),
    ),
    FileFormat(
        "sdmx-3.0.xml", "SDMX-ML 3.0", sdmx_ml.MEDIA_TYPES["3.0"],
        _write_without_language(partial(sdmx_ml.write_structure_specific, version="3.0")), ("dataflow",),
    ),
    FileFormat(
        "sdmx.json", "SDMX-JSON 2.0", sdmx_json.MEDIA_TYPES["2.0"], _write_without_language(sdmx_json.write_sdmx_json),
        ("dataflow",),
    ),
)  # fmt: skip
"""Formats of observations. The first of which the ending fits makes a file, so that longer endings come before."""


@dataclass(frozen=True)
class Description:
    """A file about the whole release: its title, its media type, and whether there is one for each language."""

    title: str
    media_type: str
    is_translated: bool = False


DESCRIPTIONS: Final[Mapping[str, Description]] = {
    "structures.sdmx-2.1.xml": Description(mark("Structures, SDMX-ML 2.1"), sdmx_structure.MEDIA_TYPES["2.1"]),
    "metadata-structures.sdmx-2.1.xml": Description(
        mark("Structures of reference metadata, SDMX-ML 2.1"), sdmx_structure.MEDIA_TYPES["2.1"]
    ),
    "structures.sdmx-3.0.xml": Description(mark("Structures, SDMX-ML 3.0"), sdmx_structure.MEDIA_TYPES["3.0"]),
    "structures.sdmx.json": Description(mark("Structures, SDMX-JSON 2.0"), sdmx_json_structure.MEDIA_TYPE),
    "codebook.csv": Description(mark("Codebook: every column and every code"), tabular.MEDIA_TYPES["csv"], True),
    "datapackage.json": Description(mark("Frictionless data package of the CSV files"), "application/json", True),
    "csv-metadata.json": Description(mark("CSVW description of the CSV files"), "application/csvm+json", True),
    "catalogue.jsonld": Description(mark("DCAT record for data catalogues"), "application/ld+json"),
}
"""Files about the whole release, by name."""


def name_file(subject: str, ending: str, language: str | None = None) -> str:
    """Return the name of a file of a dataflow or table."""
    return f"{subject}.{language}.{ending}" if language and language != "en" else f"{subject}.{ending}"


def list_formats(subject: Subject) -> Iterator[FileFormat]:
    """Yield the formats of a dataflow or of a table."""
    return (item for item in FORMATS if subject in item.subjects)
