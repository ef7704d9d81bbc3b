"""Find and make the files of a release that can be downloaded: dataflows, tables of the programme, structures, and the
descriptions of all of them.

A file is made from the release when somebody asks for it, and the same name gives the same bytes
(docs/decisions/0023-open-formats.md). Files in one language have its tag before their ending: `VICTIMS.sq.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pipelines.dissemination import descriptors
from pipelines.dissemination.artefacts import list_artefacts, list_metadata_artefacts
from pipelines.dissemination.formats import DESCRIPTIONS, FORMATS, Content, Subject, list_formats, name_file
from pipelines.dissemination.release import DATABASE, load_structures, load_tables
from pipelines.dissemination.structures import StructureError
from pipelines.dissemination.writers import sdmx_json_structure, sdmx_ml, sdmx_structure
from pipelines.dissemination.writers.extract import make_extract, make_table_extract, read_extract


def _write_structures(version: sdmx_ml.Version) -> Callable[[Path, str], bytes]:
    # pysdmx 1.21 cannot read a file of version 2.1 with metadata structures, so that they have a file of their own.
    has_metadata = version != "2.1"
    return lambda release, _language: sdmx_structure.write_structures(
        load_structures(release), list_artefacts(release, with_reference_metadata=has_metadata), version
    )


def _write_metadata_structures(release: Path, _language: str) -> bytes:
    structures = load_structures(release)
    return sdmx_structure.write_structures(structures, list_metadata_artefacts(structures), "2.1")


def _write_json_structures(release: Path, _language: str) -> bytes:
    return sdmx_json_structure.write_structures(load_structures(release), list_artefacts(release))


_DESCRIPTION_WRITERS: Final[Mapping[str, Callable[[Path, str], bytes]]] = {
    "structures.sdmx-2.1.xml": _write_structures("2.1"),
    "metadata-structures.sdmx-2.1.xml": _write_metadata_structures,
    "structures.sdmx-3.0.xml": _write_structures("3.0"),
    "structures.sdmx.json": _write_json_structures,
    "codebook.csv": descriptors.write_codebook,
    "datapackage.json": descriptors.write_data_package,
    "csv-metadata.json": descriptors.write_csvw,
    "catalogue.jsonld": descriptors.write_dcat,
}
_NAME: Final = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_-]*?)(?:\.(?P<lang>[a-z]{2,3}(?:-[A-Z][a-z]{3})?))?\.(?P<ending>[a-z0-9.-]+)"
)


_PROOFS: Final = ("manifest.json", "manifest.sig")
"""The digests of the files of a release, and what signs them."""
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
        write = _DESCRIPTION_WRITERS[f"{subject}.{ending}"]
        return DataFile(name, description.title, description.media_type, partial(write, release, language))
    kind: Subject = "dataflow" if subject in structures.dataflows else "table"
    chosen = next((item for item in FORMATS if item.ending == ending and kind in item.subjects), None)
    is_known = kind == "dataflow" or subject in load_tables(release)
    if chosen is None or not is_known or (match["lang"] is not None and not chosen.is_translated):
        raise UnknownFileError(f"There is no file {name}")
    make_observations = make_extract if kind == "dataflow" else make_table_extract

    def make_content() -> Content:
        return chosen.write(make_observations(release, subject), language)

    return DataFile(name, chosen.title, chosen.media_type, make_content)


def join_content(content: Content) -> bytes:
    """Return the bytes of a file that was made."""
    return content if isinstance(content, bytes) else b"".join(content)


def find_stored_file(release: Path, name: str) -> Path | None:
    """Return a file that is part of the release itself, or None if there is none of this name.

    It is a table as Parquet, the database, the manifest or its signature.
    """
    if name in (DATABASE, *_PROOFS):
        return release / name if (release / name).is_file() else None
    path = release / "data" / name
    return path if re.fullmatch(r"[a-z_]+\.parquet", name) and path.is_file() else None


def measure_files(release: Path) -> dict[str, int]:
    """Return the bytes of the files of each dataflow in English that are fast to make, by name."""
    sizes = {}
    for name in load_structures(release).dataflows:
        # After a long history, the observations of all dataflows together would fill the memory.
        extract = read_extract(release, name)
        for item in list_formats("dataflow"):
            if item.ending in _MEASURED:
                sizes[name_file(name, item.ending)] = _measure_content(item.write(extract, "en"))
    return sizes


def _measure_content(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else sum(map(len, content))
