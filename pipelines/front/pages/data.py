"""Compose the page on data files: every file of the release in open formats, and how to load it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pipelines import words
from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.dissemination.formats import DESCRIPTIONS, list_formats, name_file
from pipelines.front import pages
from pipelines.front.pages import Page
from pipelines.front.reader import Reader
from pipelines.words import format_number
from pipelines.words.language import tell

_EXAMPLE: Final = "VICTIMS.parquet"
_MEGABYTE: Final = 1_000_000
_KILOBYTE: Final = 1_000


@dataclass(frozen=True)
class FileLink:
    """A file: its address, the name of its format, and its size in words if it is known."""

    address: str
    title: str
    size: str = ""


@dataclass(frozen=True)
class FileGroup:
    """The files of one dataflow or table."""

    title: str
    description: str
    links: tuple[FileLink, ...]


def compose_data(reader: Reader, sizes: Mapping[str, int] | None = None) -> Page:
    """Return the page on data files. `sizes` are the bytes of those files whose size is stated."""
    folder = f"/releases/{reader.edition.id}/data"
    title = tell("Data files")
    return Page(
        pages.name_file(pages.DATA),
        "data.html",
        pages.RELEASES,
        title,
        title,
        lead=tell("All figures of this release in open formats. The files of a release never change their figures."),
        values={
            "flows": list(_list_flows(reader, folder, sizes or {})),
            "tables": list(_list_tables(reader, folder)),
            "descriptions": [
                FileLink(
                    f"{folder}/{_name_in_language(name, reader, item.is_translated)}", tell(item.title)
                )  # marked where declared
                for name, item in DESCRIPTIONS.items()
            ],
            "database": FileLink(f"{folder}/release.duckdb", "DuckDB"),
            "proofs": [
                FileLink(f"{folder}/manifest.json", tell("SHA-256 of every file, JSON")),
                FileLink(f"{folder}/manifest.sig", tell("Signature of the release, Ed25519")),
            ],
            "example": f"{folder}/{_EXAMPLE}",
            "figure": f"/releases/{reader.edition.id}/figures/",
        },
        demonstration=tell(words.OWN_DEMONSTRATION),  # marked in words.citations
    )


def _list_flows(reader: Reader, folder: str, sizes: Mapping[str, int]) -> Iterator[FileGroup]:
    """Yield the files of each dataflow."""
    for name, source in DATAFLOWS.items():
        links = []
        for item in list_formats("dataflow"):
            file = name_file(name, item.ending, reader.lang if item.is_translated else None)
            links.append(FileLink(f"{folder}/{file}", item.title, _describe_size(sizes.get(f"{name}.{item.ending}"))))
        yield FileGroup(tell(source.name), tell(source.description), tuple(links))  # marked where declared


def _list_tables(reader: Reader, folder: str) -> Iterator[FileGroup]:
    """Yield the files of each table of the programme that the release has figures of."""
    for row in reader.edition.tables["programme"]:
        files = {
            name_file(row["table_id"], item.ending, reader.lang if item.is_translated else None): item.title
            for item in list_formats("table")
        }
        links = tuple(FileLink(f"{folder}/{file}", title) for file, title in files.items())
        yield FileGroup(tell(row["title"]), "", links)  # marked in the programme


def _name_in_language(name: str, reader: Reader, is_translated: bool) -> str:
    subject, _, ending = name.partition(".")
    return name_file(subject, ending, reader.lang if is_translated else None)


def _describe_size(size: int | None) -> str:
    """Return a size in kB or MB, empty if it is not known."""
    if size is None:
        return ""
    if round(size / _KILOBYTE) * _KILOBYTE >= _MEGABYTE:
        return f"{format_number(size / _MEGABYTE, 1)} MB"
    return f"{format_number(max(size / _KILOBYTE, 1))} kB"
