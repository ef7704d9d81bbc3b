"""Detect what a file really is, by its bytes: the extension is a hint for plain text only.

`.xls` files were seen to contain HTML, SpreadsheetML 2003 and UTF-16 text; a photograph renamed `.xlsx` is a
photograph. Formats that cannot be read are refused here with a message that names them.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from pipelines.model.content import ReadError
from pipelines.reading.formats.encoding import utf16_without_bom

RULES: dict[str, tuple[str, str]] = {
    "read.empty": ("The file is empty.", "Check that the right file was chosen and that it was saved before sending."),
    "read.picture": (
        "The file is a picture ({kind}), even if its name suggests something else.",
        "Send the workbook or document that holds the figures; pictures of tables cannot be read.",
    ),
    "read.archive": (
        "The file is an archive ({kind}).",
        "Unpack it and send the files inside, one by one.",
    ),
    "read.unsupported": (
        "The file is {kind}, which this system does not read.",
        "Save it as {instead} and send that.",
    ),
    "read.unknown": (
        "This system does not know this kind of file.",
        "Send a workbook (.xlsx, .xls, .ods), PX, JSON-stat, SDMX, CSV, PDF with a ruled table, Word document (.docx) "
        "or HTML table.",
    ),
}

FORMATS = (
    "xlsx",
    "xls",
    "ods",
    "px",
    "jsonstat",
    "sdmx-ml",
    "sdmx-csv",
    "csv",
    "pdf",
    "docx",
    "html",
    "xml",
    "json",
    "text",
)

_XLSX = "Excel Workbook (.xlsx)"
_PICTURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\x00\x00\x01\x00", "icon"),
)
_ARCHIVES = (
    (b"Rar!\x1a\x07", "RAR"),
    (b"7z\xbc\xaf'\x1c", "7-Zip"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"(\xb5/\xfd", "zstd"),
)
_OTHERS = (
    (b"{\\rtf", "a rich text document (.rtf)", "Word document (.docx)"),
    (b"PAR1", "a Parquet file", "CSV UTF-8 or " + _XLSX),
    (b"SQLite format 3\x00", "a database", "CSV UTF-8 or " + _XLSX),
    (b"\x00\x01\x00\x00Standard", "a database", "CSV UTF-8 or " + _XLSX),
    (b"$FL2", "an SPSS file", "CSV UTF-8 or " + _XLSX),
    (b"MZ", "a program", _XLSX),
    (b"\x7fELF", "a program", _XLSX),
    (b"%!PS", "a PostScript file", "PDF"),
)
_WORKBOOK_TYPE = b"spreadsheetml.sheet.main+xml"
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
_HEAD = 64 * 1024
_CONTROLS = bytes(n for n in range(32) if n not in (9, 10, 12, 13, 26, 27))
_PX = re.compile(r'(?:^|[;\r\n])\s*[A-Z][A-Z0-9.-]*(?:\[[A-Za-z-]+\])?(?:\((?:"[^"]*"[, ]*)+\))?\s*=', re.MULTILINE)
_PX_START = re.compile(r"\s*(?:[A-Z][A-Z0-9.-]*)(?:\[[A-Za-z-]+\])?(?:\(|\s*=)")
_PX_WORDS = re.compile(r"\b(?:STUB|HEADING|VALUES|DATA|MATRIX|AXIS-VERSION|CODEPAGE|CHARSET)\b")
_XML_SKIP = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)\s*", re.DOTALL | re.IGNORECASE)
_XML_ROOT = re.compile(r"\s*<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_HTML_TAGS = re.compile(r"<(?:html|table|head|body|meta|tr|td|div|style)\b", re.IGNORECASE)
_SDMX_NAMESPACE = re.compile(r"sdmx\.org/resources/sdmxml|metadata\.sdmx|/SDMX/", re.IGNORECASE)
_SDMX_JSON = re.compile(r"sdmx-json-(?:data|structure|metadata)-schema", re.IGNORECASE)
_SDMX_CSV = re.compile(r'"?(?:DATAFLOW"?\s*[,;\t]|STRUCTURE(?:\[[^\]]*\])?"?\s*[,;\t]\s*"?STRUCTURE_ID)')


def sniff_format(data: bytes, filename: str | None = None) -> str:
    """Return one of `FORMATS`. The file name is used only to distinguish CSV from other plain text.

    Raises ReadError: read.empty, read.picture, read.archive, read.encrypted, read.macros, read.unsupported,
    read.xml_doctype, read.unknown.
    """
    head = data[:_HEAD]
    if not head.strip(b"\x00\t\n\r \xef\xbb\xbf\xff\xfe") and len(data) <= _HEAD:
        raise ReadError("read.empty")
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _detect_zip_kind(data)
    if head.startswith(_OLE2):
        return _detect_ole2_kind(data)
    if head.startswith(_BIFF):
        return "xls"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    _refuse_binary(head)
    return _detect_text_kind(data, filename)


def _detect_zip_kind(data: bytes) -> str:
    """Detect the format of a ZIP container by the names of its parts; refuse what is not a supported document."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.casefold() for name in archive.namelist()}
            mimetype = b""
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                mimetype = archive.read("mimetype")
            is_workbook = _WORKBOOK_TYPE in _read_head(archive, "[Content_Types].xml")
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        ValueError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        # "File is not a zip file": it starts like one, but the list of its parts, at its end, is missing.
        cut = isinstance(error, zipfile.BadZipFile) and "not a zip file" in str(error)
        detail = "its end is missing" if cut else (str(error) or type(error).__name__).splitlines()[0][:120]
        raise ReadError("read.malformed", format="an office file (ZIP)", detail=detail) from error
    if any(name.startswith("xl/") for name in names):
        return "xlsx"
    if any(name.startswith("word/") for name in names):
        return "docx"
    if any(name.startswith("ppt/") for name in names):
        raise ReadError("read.unsupported", kind="a presentation", instead=_XLSX)
    kind = mimetype.strip().decode("latin-1")
    if kind.startswith("application/vnd.oasis.opendocument.spreadsheet"):
        return "ods"
    if kind.startswith("application/vnd.oasis.opendocument.text"):
        raise ReadError("read.unsupported", kind="an OpenDocument text (.odt)", instead="Word document (.docx) or .ods")
    if kind.startswith("application/vnd.oasis.opendocument"):
        raise ReadError("read.unsupported", kind="an OpenDocument drawing", instead=".ods")
    if "content.xml" in names:
        return "ods"
    if "encrypted-package" in names:
        raise ReadError("read.encrypted")
    if any(name.startswith("index/") for name in names) or "index.zip" in names:
        raise ReadError("read.unsupported", kind="an Apple Numbers document", instead=_XLSX)
    if is_workbook:
        raise ReadError("read.unsupported", kind="a workbook whose parts have unusual names", instead=_XLSX)
    raise ReadError("read.archive", kind="zip")


def _read_head(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the first bytes of a part, nothing if it is missing."""
    if name not in archive.namelist():
        return b""
    with archive.open(name) as part:
        return part.read(_HEAD)


def _detect_ole2_kind(data: bytes) -> str:
    """Detect old Office files by the names of their streams, which are UTF-16 in the file."""

    def has_stream(name: str) -> bool:
        # A search for a text that ends with NUL is slow, because most bytes of such a file are.
        mark = name.encode("utf-16-le").rstrip(b"\x00")
        at = data.find(mark)
        while at >= 0 and not data.startswith(b"\x00\x00\x00", at + len(mark)):
            at = data.find(mark, at + 1)
        return at >= 0

    if has_stream("EncryptedPackage") or has_stream("EncryptionInfo"):
        raise ReadError("read.encrypted")
    # The names of streams are compared without case, and some programs write them in capitals.
    if any(has_stream(name) for name in ("Workbook", "Book", "WORKBOOK", "BOOK")):
        return "xls"
    if has_stream("WordDocument"):
        raise ReadError("read.unsupported", kind="an old Word document (.doc)", instead="Word document (.docx)")
    if has_stream("PowerPoint Document"):
        raise ReadError("read.unsupported", kind="a presentation", instead=_XLSX)
    raise ReadError("read.unsupported", kind="an old Office file that holds no workbook", instead=_XLSX)


def _refuse_binary(head: bytes) -> None:
    """Refuse pictures, archives and other binary formats by their first bytes."""
    for start, kind in _PICTURES:
        if head.startswith(start):
            raise ReadError("read.picture", kind=kind)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        raise ReadError("read.picture", kind="WebP")
    if head[4:8] == b"ftyp":
        still = head[8:12] in (b"heic", b"heix", b"mif1", b"avif", b"msf1")
        raise ReadError("read.picture", kind="HEIC" if still else "video")
    if head.startswith(b"BM") and head[6:10] == b"\x00\x00\x00\x00":
        raise ReadError("read.picture", kind="BMP")
    for start, kind in _ARCHIVES:
        if head.startswith(start):
            raise ReadError("read.archive", kind=kind)
    for start, kind, instead in _OTHERS:
        if head.startswith(start) and not (start == b"MZ" and _is_text(head)):
            raise ReadError("read.unsupported", kind=kind, instead=instead)
    if not _is_text(head):
        raise ReadError("read.unknown")


def _is_text(head: bytes) -> bool:
    """Return True if the only NUL bytes are those of UTF-16, and almost no byte is a control character."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or utf16_without_bom(head[: len(head) // 2 * 2]):
        return True
    if b"\x00" in head:
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 100 <= len(head)


def _decode_head(data: bytes) -> str:
    """Return the first characters, good enough to see ASCII structure in any encoding."""
    head = data[:_HEAD]
    if head.startswith(b"\xff\xfe\x00\x00"):
        return head[4:].decode("utf-32-le", "replace")
    if head.startswith(b"\x00\x00\xfe\xff"):
        return head[4:].decode("utf-32-be", "replace")
    if head.startswith(b"\xff\xfe"):
        return head[2:].decode("utf-16-le", "replace")
    if head.startswith(b"\xfe\xff"):
        return head[2:].decode("utf-16-be", "replace")
    wide = utf16_without_bom(head[: len(head) // 2 * 2])
    if wide is not None:
        return head.decode(wide, "replace")
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _detect_text_kind(data: bytes, filename: str | None) -> str:
    """Detect the format of a text by its first characters."""
    text = _decode_head(data)
    start = text.lstrip("\ufeff \t\r\n\x00")
    if start == "":
        raise ReadError("read.empty")
    if start.startswith("<"):
        return _detect_markup_kind(start)
    if start.startswith(("{", "[")):
        return _detect_json_kind(start, data)
    if start[:400].lower().startswith("mime-version:") or "content-type: multipart/related" in start[:1000].lower():
        raise ReadError("read.unsupported", kind="a web archive (.mht)", instead=_XLSX)
    if _PX_START.match(start) and len(_PX.findall(text)) >= 2 and _PX_WORDS.search(text):
        return "px"
    if _SDMX_CSV.match(start):
        return "sdmx-csv"
    if start.startswith("ID;P"):
        raise ReadError("read.unsupported", kind="a SYLK file", instead=_XLSX)
    if _is_delimited(text, filename):
        return "csv"
    if len(_HTML_TAGS.findall(text)) >= 3:
        return "html"
    return "text"


def _is_delimited(text: str, filename: str | None) -> bool:
    from pipelines.reading.formats.delimited import looks_like

    return looks_like(text) or (filename or "").casefold().endswith((".csv", ".tsv", ".tab"))


def _detect_markup_kind(start: str) -> str:
    """Detect HTML, SDMX-ML or other XML by the root element."""
    markup = start
    declares = False
    while match := _XML_SKIP.match(markup):
        skipped = match[0].casefold()
        is_doctype = "<!doctype" in skipped
        declares = declares or (is_doctype and not re.search(r"<!doctype\s+html", skipped))
        if is_doctype and "[" in skipped:
            raise ReadError("read.xml_doctype", part="the file itself")
        markup = markup[match.end() :]
    if re.match(r"\s*<!DOCTYPE", markup, re.IGNORECASE):
        # A declaration too long or convoluted to be skipped does not come from an honest program.
        raise ReadError("read.xml_doctype", part="the file itself")
    root = _XML_ROOT.match(markup)
    name = root[2] if root else ""
    if name.casefold() == "html" or (_HTML_TAGS.match(markup) and name.casefold() not in ("style",)):
        return "html"
    if declares:
        raise ReadError("read.xml_doctype", part="the file itself")
    if name == "Workbook" and "urn:schemas-microsoft-com:office:spreadsheet" in markup[:4096]:
        raise ReadError("read.unsupported", kind="an 'XML Spreadsheet 2003'", instead=_XLSX)
    if name == "svg":
        raise ReadError("read.picture", kind="SVG")
    if _SDMX_NAMESPACE.search(markup[:8192]):
        return "sdmx-ml"
    if name == "" and len(_HTML_TAGS.findall(markup)) >= 3:
        return "html"
    if not start.startswith("<?xml") and len(_HTML_TAGS.findall(markup)) >= 3:
        return "html"
    return "xml"


def _detect_json_kind(start: str, data: bytes) -> str:
    class_word = re.search(r'"class"\s*:\s*"(dataset|collection|dimension)"', start)
    if class_word is None and (_SDMX_JSON.search(start) or (b'"dataSets"' in data and b'"structure' in data)):
        raise ReadError("read.unsupported", kind="an SDMX-JSON message", instead="SDMX-ML, SDMX-CSV or JSON-stat")
    # Version 1 has no `class`, and a million values may precede the dimensions.
    old = all(word in data for word in (b'"dimension"', b'"value"', b'"size"'))
    if class_word or old or re.search(r'"version"\s*:\s*"2\.0"', start):
        return "jsonstat"
    return "json"
