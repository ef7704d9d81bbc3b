"""Describe a place in a file in a language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.core.i18n import tell

if TYPE_CHECKING:
    from pipelines.model.content import Where

_RC = re.compile(r"(?:R(\d+)C(\d+)|row (\d+) column (\d+))")
_MM_PER_POINT = 25.4 / 72


def place_words(where: Where, language: str) -> str:
    """Describe a place in a language; positions on a PDF page in millimetres from its top left corner."""
    if where.sheet is not None:
        if where.cell is None:
            return tell("sheet {sheet}", language, sheet=where.sheet)
        return tell("sheet {sheet}, cell {cell}", language, sheet=where.sheet, cell=where.cell)
    if where.page is not None:
        return _on_page(where, language)
    if where.table is not None:
        position = _RC.fullmatch(where.cell or "")
        if position is None:
            return tell("table {table}", language, table=where.table)
        row, column = (part for part in position.groups() if part is not None)
        return tell("table {table}, row {row}, column {column}", language, table=where.table, row=row, column=column)
    return _in_text(where, language)


def _on_page(where: Where, language: str) -> str:
    if where.box is None:
        return tell("page {page}", language, page=where.page)
    across, down = (round(side * _MM_PER_POINT) for side in where.box[:2])
    return tell(
        "page {page}, {down} mm from the top, {across} mm from the left",
        language,
        page=where.page,
        down=down,
        across=across,
    )


def _in_text(where: Where, language: str) -> str:
    if where.keyword is not None:
        if where.line is not None:
            return tell("{keyword}, line {line}", language, keyword=where.keyword, line=where.line)
        return where.keyword
    if where.line is not None:
        if where.column is not None:
            return tell("line {line}, column {column}", language, line=where.line, column=where.column)
        return tell("line {line}", language, line=where.line)
    return where.cell or tell("the whole file", language)
