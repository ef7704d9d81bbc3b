"""Editors: from the bytes of a good return to those of a faulty one, by the format's own means."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

Edit = Callable[[bytes], bytes]


def workbook(change: Callable[[Any], None]) -> Edit:
    """Change an XLSX workbook with openpyxl."""

    def edit(data: bytes) -> bytes:
        import openpyxl

        book = openpyxl.load_workbook(io.BytesIO(data))
        change(book)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return edit


def cell(address: str, value: object, *, format: str | None = None) -> Edit:
    """Put a value into `Sheet!B7` of a workbook."""
    sheet, _, place = address.partition("!")

    def change(book: Any) -> None:
        book[sheet][place].value = value
        if format is not None:
            book[sheet][place].number_format = format

    return workbook(change)


def both(*edits: Edit) -> Edit:
    """One edit after another."""

    def edit(data: bytes) -> bytes:
        for one in edits:
            data = one(data)
        return data

    return edit


def text(old: str, new: str, encoding: str = "utf-8", *, nth: int = 1) -> Edit:
    """Replace the nth occurrence of a text in a text file, which must be there."""

    def edit(data: bytes) -> bytes:
        return _replaced(data.decode(encoding), old, new, nth).encode(encoding)

    return edit


def line(number: int, change: Callable[[str], str], encoding: str = "utf-8") -> Edit:
    """Change one line of a text file, counted from 1; a change to the empty text deletes it."""

    def edit(data: bytes) -> bytes:
        lines = data.decode(encoding).splitlines(keepends=True)
        lines[number - 1] = change(lines[number - 1])
        return "".join(lines).encode(encoding)

    return edit


def part(name: str, old: str, new: str, *, nth: int = 1) -> Edit:
    """Replace the nth occurrence of a text in one part of a zipped document (ODS, DOCX)."""

    def edit(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename == name:
                    content = _replaced(content.decode("utf-8"), old, new, nth).encode("utf-8")
                target.writestr(entry, content)
        return out.getvalue()

    return edit


def tree(change: Callable[[Any], None]) -> Edit:
    """Change a JSON document."""

    def edit(data: bytes) -> bytes:
        content = json.loads(data)
        change(content)
        return json.dumps(content, ensure_ascii=False).encode()

    return edit


def _replaced(content: str, old: str, new: str, nth: int) -> str:
    at = -1
    for _ in range(nth):
        at = content.find(old, at + 1)
        if at < 0:
            raise AssertionError(f"the file does not hold {old!r} {nth} times: the fault cannot be planted")
    return content[:at] + new + content[at + len(old) :]
