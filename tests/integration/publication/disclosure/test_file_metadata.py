"""Search the metadata of released files: no smallest or greatest value is that of a withheld figure.

Files that are made when somebody asks for them are searched, too: Parquet, workbooks and briefs.  They hold nothing
that a reader does not see: no hidden sheets, formulas, names, comments or attachments, and known fields only.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import duckdb
import pikepdf
import polars as pl
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from dashboards.public import page_parts
from pipelines.core.home import open_home
from pipelines.dissemination.files import find_file, join_content
from pipelines.dissemination.release import load_structures, load_tables
from pipelines.front.briefs.compose import list_briefs
from pipelines.front.briefs.requests import make_brief
from pipelines.front.edition import Edition
from pipelines.front.queries import read_tables
from pipelines.publication.releases.publish import find_current_release
from pipelines.words.language import read_in

_PARQUET_KEYS = {b"ARROW:schema", b"title", b"source", b"release", b"language"}
"""Entries of the metadata of a Parquet file that hold no figure: its columns, what it is of, and its release."""
_PROPERTIES = {"title", "description", "created", "modified", "creator", "lastModifiedBy"}
"""Properties that a workbook may state: what it is of, its source, and when its release was drafted."""
_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core)\.xml|"
    r"xl/(?:workbook|styles|sharedStrings)\.xml|xl/_rels/workbook\.xml\.rels|xl/theme/theme1\.xml|"
    r"xl/worksheets/sheet\d\.xml"
)
"""Parts of a workbook: no comments, drawings, pivot caches, external links, macros or custom properties."""
_HIDDEN = re.compile(
    r"<f[ >]|<hyperlink|<legacyDrawing|<customSheetView|hidden=\"1\"(?!>'?[^<]*'?!\$)|state=\"(?:veryH|h)idden\"|"
    r"<definedName name=\"(?!_xlnm\._FilterDatabase\")"
)
"""Formulas, links, comments, hidden rows, columns and sheets, and names in the XML of a workbook.

A filter has a hidden name of its own, which says where the table is.
"""
_SHOWN = ("xl/sharedStrings", "xl/worksheets/")
_PDF_KEYS = {"/Title", "/Author", "/Subject", "/Keywords", "/Creator", "/Producer", "/CreationDate", "/ModDate"}
_XMP_NAMES = {
    "title", "creator", "language", "format", "CreatorTool", "CreateDate", "ModifyDate", "PDFVersion", "part", "NPages",
    "InstanceID", "DocumentID", "RenditionClass",
}  # fmt: skip
"""Names of XMP metadata that hold title, program, language, time, kind and number of pages, and digests of the file."""
_STATED = re.compile(r"Min: (?P<least>[^,\]]+), Max: (?P<most>[^\]]+)\]")


def list_wrong_statistics(path: Path) -> Iterator[str]:
    """Yield the columns of a Parquet file whose statistics are not those of the rows that a reader sees."""
    file = pq.ParquetFile(path)
    for number in range(file.metadata.num_row_groups):
        group, rows = file.metadata.row_group(number), pl.from_arrow(file.read_row_group(number))
        assert isinstance(rows, pl.DataFrame)
        for position in range(group.num_columns):
            stated, name = group.column(position).statistics, group.column(position).path_in_schema
            if stated is None or name not in rows.columns or not rows[name].dtype.is_numeric():
                continue
            if stated.has_min_max and (stated.min, stated.max) != (rows[name].min(), rows[name].max()):
                yield f"{path.name} {name}: {stated.min} to {stated.max}"
            if stated.has_null_count and stated.null_count != rows[name].null_count():
                yield f"{path.name} {name}: {stated.null_count} without a value"


def list_wrong_segments(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the numeric columns of a database of which a segment states a value that no row of the column has."""
    for (table,) in connection.execute("select table_name from duckdb_tables() where not temporary").fetchall():
        segments = connection.execute(
            "select column_name, segment_type, stats from pragma_storage_info($1)", [table]
        ).fetchall()
        for column, kind, stats in segments:
            stated = _STATED.search(stats)
            if kind not in ("DOUBLE", "FLOAT", "BIGINT", "INTEGER") or stated is None:
                continue
            has_both = connection.execute(
                f'select bool_or("{column}" = $1::double) and bool_or("{column}" = $2::double) from "{table}"',
                [stated["least"], stated["most"]],
            ).fetchone()
            # A column without values has none to give away.
            if has_both == (False,):
                yield f"{table} {column}: {stats}"


def list_unknown_entries(path: Path | io.BytesIO) -> set[bytes]:
    """Return the entries of the metadata of a Parquet file that are none of the known ones."""
    return set(pq.ParquetFile(path).metadata.metadata or {}) - _PARQUET_KEYS


def list_workbook_faults(data: bytes) -> Iterator[str]:
    """Yield what a workbook holds besides the fields that a reader sees."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield from (f"part {name}" for name in archive.namelist() if not _PARTS.fullmatch(name))
        if archive.comment or any(entry.comment or len(entry.extra) for entry in archive.infolist()):
            yield "a comment of the archive"
        core = ElementTree.fromstring(archive.read("docProps/core.xml"))
        texts = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/")}
    for element in core:
        name = element.tag.rpartition("}")[2]
        if name not in _PROPERTIES:
            yield f"property {name}"
    yield from (f"{name}: {fault[0]}" for name, text in texts.items() for fault in _HIDDEN.finditer(text))
    title = core.findtext("{http://purl.org/dc/elements/1.1/}title")
    if title and not any(escape(title) in text for name, text in texts.items() if name.startswith(_SHOWN)):
        yield f"the title {title} is not in the sheets"


def list_pdf_faults(data: bytes, texts: Mapping[str, str]) -> Iterator[str]:
    """Yield what the metadata of a PDF holds besides title, program and time; `texts` are expected texts by key."""
    with pikepdf.open(io.BytesIO(data)) as document:
        for key, value in document.docinfo.items():
            if key not in _PDF_KEYS:
                yield f"entry {key}"
            elif key in texts and str(value) != texts[key]:
                yield f"{key}: {value}"
        names = document.Root.get("/Names", pikepdf.Dictionary())
        yield from (key for key in ("/EmbeddedFiles", "/JavaScript") if key in names)
        yield from (key for key in ("/AF", "/AcroForm", "/OCProperties", "/Collection") if key in document.Root)
        with document.open_metadata(set_pikepdf_as_editor=False) as xmp:
            yield from (f"XMP {name}" for name in xmp if name.partition("}")[2] not in _XMP_NAMES)
        for number, page in enumerate(document.pages, start=1):
            kinds = {str(annotation["/Subtype"]) for annotation in page.get("/Annots", [])}
            yield from (f"page {number}: {kind}" for kind in sorted(kinds - {"/Link"}))


@cache
def _make(folder: Path, name: str) -> bytes:
    return join_content(find_file(folder, name).make())


def _list_made(folder: Path, ending: str) -> list[str]:
    subjects = [*load_structures(folder).dataflows, *load_tables(folder)]
    return [f"{subject}.{ending}" for subject in subjects]


@pytest.fixture(scope="module")
def folder(built_home: Path) -> Path:
    release = find_current_release(open_home(built_home))
    assert release is not None
    return release


def test_parquet_statistics_are_those_of_published_rows(folder: Path) -> None:
    paths = sorted((folder / "data").rglob("*.parquet"))
    assert len(paths) > 20
    assert [wrong for path in paths for wrong in list_wrong_statistics(path)] == []


def test_database_statistics_are_those_of_published_rows(folder: Path) -> None:
    with duckdb.connect(folder / "release.duckdb", read_only=True) as connection:
        assert list(list_wrong_segments(connection)) == []


def test_parquet_statistics_of_another_value_are_found(tmp_path: Path) -> None:
    """Replace the greatest value in the metadata at the end of a file, and leave the rows as they are."""
    path = tmp_path / "cell.parquet"
    pl.DataFrame({"value": [3.0, 40.0, 500.0]}).write_parquet(path)
    assert list(list_wrong_statistics(path)) == []
    rows, metadata = path.read_bytes().rsplit(struct.pack("<d", 500.0), 1)
    path.write_bytes(rows + struct.pack("<d", 501.0) + metadata)
    assert list(list_wrong_statistics(path)) == ["cell.parquet value: 3.0 to 501.0"]


def test_database_statistics_of_a_removed_value_are_found(tmp_path: Path) -> None:
    """Withhold the greatest value only after it was stored: until the next checkpoint its segment still states it."""
    with duckdb.connect(tmp_path / "release.duckdb") as connection:
        connection.execute("create table cell as select * from (values (3.0::double), (40.0), (500.0)) as t(value)")
        connection.execute("checkpoint")
        assert list(list_wrong_segments(connection)) == []
        connection.execute("update cell set value = null where value = 500")
        assert len(list(list_wrong_segments(connection))) == 1


def test_parquet_files_made_on_request_have_statistics_of_published_rows(folder: Path, tmp_path: Path) -> None:
    """Make each file that `/releases/<id>/data/` offers, also for the tables of the programme."""
    names = _list_made(folder, "parquet")
    assert len(names) > 20
    for name in names:
        path = tmp_path / name
        path.write_bytes(_make(folder, name))
        assert list(list_wrong_statistics(path)) == [], name
        assert list_unknown_entries(path) == set(), name


def test_metadata_of_parquet_files_is_known(folder: Path, tmp_path: Path) -> None:
    for path in sorted((folder / "data").glob("*.parquet")):
        assert list_unknown_entries(path) == set(), path.name
    path = tmp_path / "cell.parquet"
    pl.DataFrame({"value": [7.0]}).write_parquet(path, metadata={"true_counts": "3"})
    assert list_unknown_entries(path) == {b"true_counts"}


def test_workbooks_hold_nothing_that_readers_do_not_see(folder: Path) -> None:
    names = _list_made(folder, "xlsx")
    assert len(names) > 20
    for name in [names[0], *names[-14:]]:
        assert list(list_workbook_faults(_make(folder, name))) == [], name


def test_workbooks_of_tables_of_pages_hold_nothing_that_readers_do_not_see(folder: Path) -> None:
    page = folder / "pages" / "en" / "releases.html"
    text = page.read_text(encoding="utf-8")
    names = re.findall(r'id="table-([a-z0-9-]+)"', text)
    assert names
    with read_in("en"):
        for name in names:
            data = page_parts.make_part(folder, text, name, "xlsx", date(2026, 11, 30))
            assert data is not None and list(list_workbook_faults(data)) == [], name


def test_hidden_parts_of_a_workbook_are_found() -> None:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        book.set_properties({"title": "Table", "keywords": "3 persons"})
        book.set_custom_property("withheld", 3)
        sheet, hidden = book.add_worksheet("Table"), book.add_worksheet("Counts")
        hidden.hide()
        sheet.write(0, 0, "Table")
        sheet.write_formula(1, 0, "=Counts!A1", None, 3)
        sheet.write_comment(0, 0, "3 persons")
        sheet.set_column(2, 2, None, None, {"hidden": True})
        book.define_name("withheld", "=3")
    faults = list(list_workbook_faults(output.getvalue()))
    for fault in (
        "part docProps/custom.xml", "part xl/comments1.xml", "property keywords", "xl/worksheets/sheet1.xml: <f>",
        'xl/workbook.xml: state="hidden"', 'xl/worksheets/sheet1.xml: hidden="1"',
        "xl/worksheets/sheet1.xml: <legacyDrawing", 'xl/workbook.xml: <definedName name="',
    ):  # fmt: skip
        assert fault in faults, faults


def test_briefs_state_title_program_and_time_only(folder: Path) -> None:
    name = next(iter(list_briefs(Edition(read_tables(folder)))))
    data = make_brief(folder, "en", name, "https://example.org")
    assert data is not None
    assert list(list_pdf_faults(data, {"/Author": "Regional trafficking indicators"})) == []
    with pikepdf.open(io.BytesIO(data)) as document:
        assert str(document.docinfo["/Title"]).endswith(f"Release {folder.name}")


def test_hidden_parts_of_a_pdf_are_found() -> None:
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(100, 100))
    document.docinfo["/Title"] = "Brief"
    document.docinfo["/TrueCounts"] = "3"
    document.attachments["counts.csv"] = pikepdf.AttachedFileSpec(document, b"3", filename="counts.csv")
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Contents="3 persons", Rect=[0, 0, 9, 9]
    )
    page["/Annots"] = pikepdf.Array([document.make_indirect(note)])
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as xmp:
        xmp["{http://ns.example.org/}count"] = "3"
    output = io.BytesIO()
    document.save(output)
    faults = list(list_pdf_faults(output.getvalue(), {"/Title": "Brief"}))
    expected = ["entry /TrueCounts", "/EmbeddedFiles", "/AF", "XMP {http://ns.example.org/}count", "page 1: /Text"]
    assert faults == expected
    assert "/Title: Brief" in list_pdf_faults(output.getvalue(), {"/Title": "Other"})
