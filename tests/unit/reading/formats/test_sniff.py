"""The kind of a file is recognised from its bytes, not from its name."""

from __future__ import annotations

import io
import zipfile

import pytest

from pipelines.model.content import Grid, ReadError
from pipelines.reading.formats.read import read_content
from pipelines.reading.formats.sniff import sniff_format

_SDMX = (
    b'<?xml version="1.0"?><!-- c --><mes:GenericData '
    b'xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message">'
)
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000


def _zip(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (_zip(xl__workbook=b""), "a.xls", "xlsx"),
        (_zip(word__document=b""), "a.xlsx", "docx"),
        (_zip(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "a.xlsx", "ods"),
        (_OLE2 + "Workbook\0".encode("utf-16-le"), "a.xlsx", "xls"),
        (b"\n%PDF-1.7\n", "a.xlsx", "pdf"),
        (b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table>", "a.xls", "html"),
        (b'\xef\xbb\xbf<!DOCTYPE html PUBLIC "-//W3C">\n<HTML><body>', "a.xls", "html"),
        (b"<table><tr><td>1</td></tr></table>", "a.xls", "html"),
        ("Дело\tВкупно\r\nа\t1\r\n".encode("utf-16"), "a.xls", "csv"),
        (b"a;b\n1;2\n", None, "csv"),
        (b"only one column\n1\n", "a.csv", "csv"),
        (b"just words", "a.txt", "text"),
        (b'CHARSET="ANSI";\nAXIS-VERSION="2006";\nSTUB="a";\nDATA=\n1;', "a.txt", "px"),
        (b'{"version":"2.0","class":"dataset","id":[]}', "a.txt", "jsonstat"),
        (b'{"d":{"value":[' + b"1," * 40_000 + b'1],"dimension":{"id":[],"size":[]}}}', "a.json", "jsonstat"),
        (b'{"a": 1}', "a.json", "json"),
        (_SDMX, "a", "sdmx-ml"),
        (b"<?xml version='1.0'?><data/>", "a.xml", "xml"),
        (b"DATAFLOW,FREQ,OBS_VALUE\nA:B(1.0),Q,3\n", "a.csv", "sdmx-csv"),
        (b"STRUCTURE;STRUCTURE_ID;ACTION;FREQ\ndataflow;A:B(1.0);I;Q\n", "a.csv", "sdmx-csv"),
    ],
)  # fmt: skip
def test_kind_is_recognised_from_the_bytes(data: bytes, name: str | None, kind: str) -> None:
    assert sniff_format(data, name) == kind


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "read.empty"),
        (b"\xef\xbb\xbf \r\n", "read.empty"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "read.picture"),
        (b"\x89PNG\r\n\x1a\n\0\0", "read.picture"),
        (b"\0\0\0\x18ftypheic\0\0", "read.picture"),
        (b"Rar!\x1a\x07\x00", "read.archive"),
        (_zip(a=b"b"), "read.archive"),
        (_OLE2 + "EncryptedPackage\0".encode("utf-16-le"), "read.encrypted"),
        (_OLE2 + "WordDocument\0".encode("utf-16-le"), "read.unsupported"),
        (_zip(mimetype=b"application/vnd.oasis.opendocument.text"), "read.unsupported"),
        (b"{\\rtf1 text}", "read.unsupported"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>',
            "read.unsupported",
        ),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "read.unsupported"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "read.xml_doctype"),
        (b'<!DOCTYPE html [<!ENTITY x "y">]><html><table>', "read.xml_doctype"),
        (bytes(range(256)) * 8, "read.unknown"),
    ],
)
def test_unreadable_kind_is_rejected_by_name(data: bytes, rule: str) -> None:
    with pytest.raises(ReadError) as refusal:
        sniff_format(data, "report.xlsx")
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    "data",
    [
        b'{"meta": {"schema": "https://example.org/sdmx-json-data-schema.json"}, "data": {}}',
        b'{"header": {}, "dataSets": [{"observations": {"0:0": [1]}}], "structure": {"dimensions": {}}}',
        b'{"data": {"structures": [{"dimension": 1, "size": 1, "value": 2}], "dataSets": []}}',
    ],
)
def test_sdmx_json_is_named(data: bytes) -> None:
    with pytest.raises(ReadError) as refusal:
        sniff_format(data)
    assert (refusal.value.rule, refusal.value.params["kind"]) == ("read.unsupported", "an SDMX-JSON message")


def test_workbook_with_unusual_part_names_is_not_called_an_archive() -> None:
    types = b'<Types><Override PartName="/a.xml" ContentType="application/x.spreadsheetml.sheet.main+xml"/></Types>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("a.xml", b"<workbook/>")
    with pytest.raises(ReadError) as refusal:
        sniff_format(buffer.getvalue())
    assert (refusal.value.rule, "workbook" in str(refusal.value.params["kind"])) == ("read.unsupported", True)


def test_px_whose_keywords_have_dots_is_px() -> None:
    assert sniff_format(b'LAST.UPDATED="2024";\nMATRIX="T1";\nSTUB="sex";\nDATA=1;') == "px"


def test_a_declared_format_decides_between_plain_texts_and_refuses_other_kinds() -> None:
    grid = read_content(b"DATAFLOW;b\n1;2\n", format="csv")
    assert isinstance(grid, Grid) and grid.tables[0].cells[0].text == "DATAFLOW"
    with pytest.raises(ReadError) as refusal:
        read_content(b"<table><tr><td>1</td></tr></table>", "a.xls", format="xls")
    assert refusal.value.params == {"found": "html", "expected": "xls"}
    with pytest.raises(ValueError, match="unknown format"):
        read_content(b"x", format="doc")


def test_file_of_fifty_megabytes_is_rejected_without_reading() -> None:
    with pytest.raises(ReadError, match=r"read\.too_big"):
        read_content(bytes(50 * 1024 * 1024 + 1))


def test_options_are_passed_only_to_readers_that_have_them() -> None:
    grid = read_content(b"a|b;c\nd|e;f\n", "x.csv", options={"delimiter": "|", "lines_x": (1, 2)})
    assert isinstance(grid, Grid) and [cell.text for cell in grid.tables[0].cells] == ["a", "b;c", "d", "e;f"]


def test_unexpected_error_names_its_location_and_never_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.reading.formats import delimited

    def fail_to_read(*_: object) -> None:
        raise KeyError("Petar Petrović")

    monkeypatch.setattr(delimited, "_read_cells", fail_to_read)
    with pytest.raises(ReadError) as refusal:
        read_content(b"a;b\n1;2\n")
    assert refusal.value.rule == "read.reader_failed"
    assert "Petar" not in str(refusal.value)


def test_every_rule_is_defined_in_one_module() -> None:
    import importlib

    names = (
        "common",
        "zipguard",
        "encoding",
        "sniff",
        "read",
        "child",
        "xlsx",
        "xls",
        "ods",
        "delimited",
        "pdf",
        "docx",
        "html",
    )
    modules: dict[str, str] = {}
    for name in names:
        package = "sandbox" if name == "child" else "formats"
        rules = importlib.import_module(f"pipelines.reading.{package}.{name}").RULES
        for rule, (message, remedy) in rules.items():
            assert rule not in modules, (rule, name, modules[rule])
            assert rule.startswith("read.") and message.endswith(".") and remedy.endswith("."), rule
            modules[rule] = name
