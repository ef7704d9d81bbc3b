"""Name and make the files of a release that can be downloaded: dataflows, tables of the programme, structures, and the
descriptions of all of them.

A file is made from the release when somebody asks for it, and the same name gives the same bytes
(docs/decisions/0023-open-formats.md). Files in one language have its tag before their ending: `VICTIMS.sq.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pipelines.core.i18n import mark
from pipelines.dissemination import descriptors
from pipelines.dissemination.release import DATABASE, load_structures, load_tables
from pipelines.dissemination.structures import StructureError
from pipelines.dissemination.writers import jsonstat, px, sdmx_csv, sdmx_json, sdmx_ml, sdmx_structure, tabular
from pipelines.dissemination.writers.extract import Extract, make_extract, make_table_extract

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
class DescriptionFormat:
    """A file about the whole release."""

    title: str
    media_type: str
    write: Callable[[Path, str], bytes]
    is_translated: bool = False


def _write_structures(version: sdmx_ml.Version) -> Callable[[Path, str], bytes]:
    return lambda release, _language: sdmx_structure.write_structures(
        load_structures(release), sdmx_structure.list_artefacts(release), version
    )


def _write_json_structures(release: Path, _language: str) -> bytes:
    return sdmx_json.write_structures(load_structures(release), sdmx_structure.list_artefacts(release))


DESCRIPTIONS: Final[Mapping[str, DescriptionFormat]] = {
    "structures.sdmx-2.1.xml": DescriptionFormat(
        mark("Structures, SDMX-ML 2.1"), sdmx_structure.MEDIA_TYPES["2.1"], _write_structures("2.1")
    ),
    "structures.sdmx-3.0.xml": DescriptionFormat(
        mark("Structures, SDMX-ML 3.0"), sdmx_structure.MEDIA_TYPES["3.0"], _write_structures("3.0")
    ),
    "structures.sdmx.json": DescriptionFormat(
        mark("Structures, SDMX-JSON 2.0"), sdmx_json.MEDIA_TYPES["structure"], _write_json_structures
    ),
    "codebook.csv": DescriptionFormat(
        mark("Codebook: every column and every code"), tabular.MEDIA_TYPES["csv"], descriptors.write_codebook, True
    ),
    "datapackage.json": DescriptionFormat(
        mark("Frictionless data package of the CSV files"), "application/json", descriptors.write_data_package, True
    ),
    "csv-metadata.json": DescriptionFormat(
        mark("CSV on the Web description of the CSV files"), "application/csvm+json", descriptors.write_csvw, True
    ),
    "catalogue.jsonld": DescriptionFormat(
        mark("DCAT record for data catalogues"), "application/ld+json", descriptors.write_dcat
    ),
}  # fmt: skip
_NAME: Final = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_-]*?)(?:\.(?P<lang>[a-z]{2,3}(?:-[A-Z][a-z]{3})?))?\.(?P<ending>[a-z0-9.-]+)"
)


_MEASURED: Final = frozenset({"csv", "parquet"})
"""Formats whose sizes the page on data files states: a second of processor time for all dataflows."""


class UnknownFileError(StructureError):
    """A name that no file of the release has."""


@dataclass(frozen=True)
class DataFile:
    """A file that can be made: its name, its format and its media type."""

    name: str
    title: str
    media_type: str
    make: Callable[[], Content]


def find_file(release: Path, name: str) -> DataFile:
    """Return the file of a release with a name. Raises UnknownFileError if there is none."""
    structures = load_structures(release)
    match = _NAME.fullmatch(name)
    if match is None:
        raise UnknownFileError(f"There is no file {name}")
    subject, language, ending = match["name"], match["lang"] or "en", match["ending"]
    if language not in structures.languages:
        raise UnknownFileError(f"There is no language {language}; there are {', '.join(structures.languages)}")
    description = DESCRIPTIONS.get(f"{subject}.{ending}")
    if description is not None and (description.is_translated or match["lang"] is None):
        return DataFile(name, description.title, description.media_type, partial(description.write, release, language))
    kind: Subject = "dataflow" if subject in structures.dataflows else "table"
    chosen = next((item for item in FORMATS if item.ending == ending and kind in item.subjects), None)
    is_known = kind == "dataflow" or subject in load_tables(release)
    if chosen is None or not is_known or (match["lang"] is not None and not chosen.is_translated):
        raise UnknownFileError(f"There is no file {name}")
    make_observations = make_extract if kind == "dataflow" else make_table_extract

    def make_content() -> Content:
        return chosen.write(make_observations(release, subject), language)

    return DataFile(name, chosen.title, chosen.media_type, make_content)


def name_file(subject: str, ending: str, language: str | None = None) -> str:
    """Return the name of a file of a dataflow or table."""
    return f"{subject}.{language}.{ending}" if language and language != "en" else f"{subject}.{ending}"


def join_content(content: Content) -> bytes:
    """Return the bytes of a file that was made."""
    return content if isinstance(content, bytes) else b"".join(content)


def list_formats(subject: Subject) -> Iterator[FileFormat]:
    """Yield the formats of a dataflow or of a table."""
    return (item for item in FORMATS if subject in item.subjects)


def find_stored_file(release: Path, name: str) -> Path | None:
    """Return a file that is part of the release itself: a table as Parquet, or the database. None if there is none."""
    if name == DATABASE:
        return release / name if (release / name).is_file() else None
    path = release / "data" / name
    return path if re.fullmatch(r"[a-z_]+\.parquet", name) and path.is_file() else None


def measure_files(release: Path) -> dict[str, int]:
    """Return the bytes of the files of each dataflow in English that are fast to make, by name."""
    sizes = {}
    for name in load_structures(release).dataflows:
        extract = make_extract(release, name)
        for item in list_formats("dataflow"):
            if item.ending in _MEASURED:
                sizes[name_file(name, item.ending)] = len(join_content(item.write(extract, "en")))
    return sizes
