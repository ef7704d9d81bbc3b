"""Determine the codepage of a PX file, and decode its text.

The order: byte order mark; the file's CODEPAGE; UTF-8 if the bytes are valid UTF-8 (text in a single-byte codepage
almost never is); the candidates of the declaring form; CHARSET="ANSI" (Windows, cp1252); and a file without CHARSET is
DOS text (specification, section 2).
PC-Axis writes CODEPAGE="iso-8859-1" for what is Windows text, so that name is read as cp1252.
"""

from __future__ import annotations

import codecs
import re

from pipelines.model.content import ReadError, Remark, Where

RULES: dict[str, tuple[str, str]] = {
    "read.empty": ("The file is empty.", "Save the file again and send the new copy."),
    "read.encoding": (
        "The letters cannot be read: byte {byte} at position {position} has no meaning in {encoding}.",
        "Save the file as UTF-8, or write the codepage it is really in after CODEPAGE=.",
    ),
    "read.px.codepage_unknown": (
        "The file says CODEPAGE={codepage}, which is not the name of a codepage.",
        'Write a known name after CODEPAGE=, such as "utf-8", "windows-1250" or "windows-1251".',
    ),
    "read.px.codepage_failed": (
        "The file says CODEPAGE={codepage}, but its letters cannot be read so; it was read as {encoding}.",
        "Write the codepage the file is really in after CODEPAGE=.",
    ),
    "read.px.codepage_differs": (
        "The file says CODEPAGE={codepage}; this form expects {expected}. It was read as the file says.",
        "Look at the letters of the labels. If they are wrong, correct CODEPAGE in the file.",
    ),
    "read.px.dos_text": (
        "The file names neither CHARSET nor CODEPAGE, which means DOS text; it was read as {encoding}.",
        'Write CHARSET="ANSI" and CODEPAGE= with the codepage at the top of the file.',
    ),
    "read.px.codepage_missing": (
        "The file does not say its codepage; it was read as {encoding}.",
        "Write CODEPAGE= with the codepage at the top of the file.",
    ),
}

_WINDOWS_LATIN = {"iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "ansi", "windows-1252", "cp1252"}
_DOS = ("cp850", "cp437", "cp852")
_STATED = re.compile(rb"(?im)^[ \t]*(CODEPAGE|CHARSET)[ \t]*=\s*\"?([^\";\r\n]*)\"?")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def as_ascii_superset(head: bytes) -> bytes:
    """Return the head without byte order mark, and UTF-16 or UTF-32 converted to UTF-8; for format detection only."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return head[len(bom) :].decode(encoding, errors="ignore").encode()
    return head


def decode_text(data: bytes, candidates: tuple[str, ...]) -> tuple[str, str, list[Remark]]:
    """Return the text with LF line ends, the name of the encoding used, and remarks."""
    if not data.strip(b"\x00\x1a \t\r\n"):
        raise ReadError("read.empty")
    text, encoding, remarks = _decode(data, candidates)
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding, remarks


def _decode(data: bytes, candidates: tuple[str, ...]) -> tuple[str, str, list[Remark]]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_strictly(data[len(bom) :], encoding, len(bom)), encoding, []
    stated = {m[1].decode().upper(): (m[2].decode("latin-1").strip(), m.start()) for m in _STATED.finditer(data)}
    if "CODEPAGE" in stated:
        return _decode_as_stated(data, *stated["CODEPAGE"], candidates)
    if data.isascii():
        return data.decode("ascii"), "ascii", []
    for name in ("utf-8", *candidates):
        if (text := _try_decode(data, name)) is not None:
            return text, name, [_make_remark("read.px.codepage_missing", encoding=name)]
    charset = stated.get("CHARSET")
    if charset is not None:
        encoding = "cp1252" if charset[0].lower() in _WINDOWS_LATIN else charset[0]
        if _is_known_encoding(encoding):
            return (
                _decode_strictly(data, encoding),
                encoding,
                [_make_remark("read.px.codepage_missing", encoding=encoding)],
            )
        raise ReadError("read.px.codepage_unknown", _place_at(data, charset[1], "CHARSET"), codepage=charset[0])
    # cp437 and cp850 agree on the letters of western Europe; a territory that wrote cp852 declares it in its form.
    return _decode_strictly(data, _DOS[0]), _DOS[0], [_make_remark("read.px.dos_text", encoding=_DOS[0])]


def _decode_as_stated(
    data: bytes, codepage: str, at: int, candidates: tuple[str, ...]
) -> tuple[str, str, list[Remark]]:
    encoding = "cp1252" if codepage.lower() in _WINDOWS_LATIN else codepage
    place = _place_at(data, at, "CODEPAGE")
    text = _try_decode(data, encoding) if _is_known_encoding(encoding) else None
    if text is not None:
        expected = {codecs.lookup(c).name for c in candidates if _is_known_encoding(c)}
        differs = expected and not data.isascii() and codecs.lookup(encoding).name not in expected
        params = {"codepage": codepage, "expected": ", ".join(candidates)}
        return text, encoding, [Remark("read.px.codepage_differs", place, {**params})] if differs else []
    for name in candidates:
        if (text := _try_decode(data, name)) is not None:
            return text, name, [Remark("read.px.codepage_failed", place, {"codepage": codepage, "encoding": name})]
    if not _is_known_encoding(encoding):
        raise ReadError("read.px.codepage_unknown", place, codepage=codepage)
    return _decode_strictly(data, encoding), encoding, []


def _is_known_encoding(encoding: str) -> bool:
    try:
        "".encode(encoding)  # also fails for codecs that are not for text, such as hex
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        return False
    return True


def _try_decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _decode_strictly(data: bytes, encoding: str, skipped: int = 0) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"0x{data[error.start]:02X}"
        raise ReadError(
            "read.encoding", Where(line=line), byte=byte, position=error.start + skipped, encoding=encoding
        ) from error


def _place_at(data: bytes, at: int, keyword: str) -> Where:
    return Where(line=data.count(b"\n", 0, at) + 1, keyword=keyword)


def _make_remark(rule: str, **params: str) -> Remark:
    return Remark(rule, Where(line=1), {**params})
