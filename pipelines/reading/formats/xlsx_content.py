"""Read what one cell of an XLSX workbook holds: its text, value, kind, formula, and raised or struck-through marks."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.model.content import CellKind, Scalar
from pipelines.reading.formats.common import SplitText, number_text, split_runs

if TYPE_CHECKING:
    from pipelines.reading.formats.xlsx_book import PlainCell

StoredResult = tuple[str, Any]
"""Type as openpyxl names it (`n s b d e`) and value of a formula's stored result."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class CellContent(NamedTuple):
    """The part of a cell that all positions of a merged area share."""

    text: str
    value: Scalar
    kind: CellKind
    formula: str | None = None
    number_format: str | None = None
    note: str | None = None
    marks: str | None = None
    struck: str | None = None


def read_content(
    position: tuple[int, int],
    plain: PlainCell | None,
    extra: Any,
    results: dict[tuple[int, int], StoredResult],
    epoch: Any,
) -> CellContent:
    """Read a cell. `extra` is the cell that openpyxl made for a merged area, a note or a link, if any."""
    note = None
    if extra is not None:
        from openpyxl.cell import MergedCell

        from pipelines.reading.formats.xlsx_book import PlainCell

        if isinstance(extra, MergedCell):
            return CellContent("", None, "blank")
        note = extra.comment.text if extra.comment is not None else None
        if (plain is None or plain.raw is None) and extra._value is not None:
            plain = PlainCell(extra.data_type, extra._value, plain.number_format if plain is not None else "General")
    if plain is None or plain.raw is None:
        return CellContent("", None, "blank", None, None, note)
    content = _read_filled(position, plain, note, results, epoch)
    return content._replace(struck=content.text) if plain.struck and plain.kind != "s" else content


def _read_filled(
    position: tuple[int, int],
    plain: PlainCell,
    note: str | None,
    results: dict[tuple[int, int], StoredResult],
    epoch: Any,
) -> CellContent:
    """Read a cell that holds something."""
    data_type, raw, number_format, is_struck = plain
    formula = None
    if data_type == "f":
        formula = _formula_text(raw)
        result = results.get(position)
        if result is None:
            return CellContent(formula, None, "formula", formula, number_format, note)
        data_type, raw = result
        if data_type == "n":
            data_type, raw = _date_or_number(raw, number_format, epoch)
    if data_type == "n":
        return CellContent(number_text(raw, number_format), raw, "number", formula, number_format, note)
    if data_type == "s":
        text, marks, struck = _split_runs(raw, is_struck)
        return CellContent(text, text, "text", formula, number_format, note, marks, struck)
    if data_type == "b":
        return CellContent("TRUE" if raw else "FALSE", bool(raw), "bool", formula, number_format, note)
    if data_type == "d":
        iso = _format_iso(raw)
        return CellContent(iso, iso, "date", formula, number_format, note)
    return CellContent(str(raw), str(raw), "error", formula, number_format, note)


def _date_or_number(raw: Any, number_format: str, epoch: Any) -> StoredResult:
    """Interpret a stored number as a date if its format shows one."""
    shows_date, shows_span = _shows_date(number_format)
    if not shows_date:
        return "n", raw
    from openpyxl.utils.datetime import from_excel

    try:
        return "d", from_excel(raw, epoch, timedelta=shows_span)
    except (OverflowError, ValueError):
        return "e", "#VALUE!"


@lru_cache(maxsize=512)
def _shows_date(number_format: str) -> tuple[bool, bool]:
    """Return whether a number format shows a date or time, and whether it shows a duration."""
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format

    return bool(is_date_format(number_format)), bool(is_timedelta_format(number_format))


def _formula_text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    text = getattr(raw, "text", None)
    return f"{{{text}}}" if text else "{=TABLE()}"


def _split_runs(raw: Any, is_struck: bool) -> SplitText:
    """Return the text of a cell without its raised and struck-through runs, and those runs.

    `is_struck` is True if the font of the cell is struck through, which holds for runs without a font of their own.
    """
    if isinstance(raw, str):
        text = _unescape(raw)
        return SplitText(text, None, (text.strip() or None) if is_struck else None)
    runs = []
    for run in raw:
        font = getattr(run, "font", None)
        is_raised = font is not None and font.vertAlign == "superscript"
        runs.append((_unescape(str(run)), is_raised, is_struck if font is None else bool(font.strike)))
    return split_runs(runs)


def _unescape(text: str) -> str:
    """Replace escapes such as `_x000D_`, by which OOXML writes a carriage return in a text; openpyxl keeps them."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _format_iso(raw: Any) -> str:
    if isinstance(raw, dt.datetime):
        if raw.time() == dt.time():
            return raw.date().isoformat()
        return raw.isoformat(timespec="seconds")
    if isinstance(raw, (dt.date, dt.time)):
        return raw.isoformat()
    return str(raw)
