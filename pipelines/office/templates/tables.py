"""Arrange crossed tables as declared: titles, corner, merged headings, labels."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.declarations.base import is_within
from pipelines.declarations.coordinates import HeadingLine
from pipelines.declarations.shapes import CrossedTable
from pipelines.office.templates.layout import LayoutText, TableArea, TemplateSheet, sheet_name
from pipelines.office.templates.words import Words

_GAP = 2
"""Empty rows between a table and the title of the next one on the same sheet."""
_NUMBERED = re.compile(r"^[^.:–—]{3,28}?(?=[.:]\s)")
Path = tuple[str, ...]


def table_sheets(words: Words, above: Sequence[str]) -> list[TemplateSheet]:
    """Return the sheets of a form of crossed tables; `above` are lines over the first table of each sheet.

    Tables that name a sheet are on it, one below the other; each of the others has its own sheet, named after the
    beginning of its title.
    """
    sheets: dict[str, TemplateSheet] = {}
    used_names: set[str] = set()
    for table in words.plan.form.tables or ():
        for codes in words.list_choices(table.title, table.sheet):
            title = words.fill_template(table.title, codes) if table.title is not None else None
            if table.sheet is not None:
                name = words.fill_template(table.sheet, codes)
                if name not in sheets:
                    sheets[name] = TemplateSheet(sheet_name(name, used_names))
            else:
                name = sheet_name(_short(title or words.fill_template(table.corner, codes)), used_names)
                sheets[name] = TemplateSheet(name)
            sheet = sheets[name]
            if not sheet.texts:
                sheet.texts += [LayoutText(n, 1, line, "mark") for n, line in enumerate(above, start=1)]
            _place(sheet, table, words, title, codes)
    return list(sheets.values())


def _short(title: str) -> str:
    match = _NUMBERED.match(title)
    return match.group() if match is not None else title


def _place(sheet: TemplateSheet, table: CrossedTable, words: Words, title: str | None, codes: dict[str, str]) -> None:
    row = sheet.last + (_GAP + 1 if sheet.areas else 1)
    if title is not None:
        sheet.texts.append(LayoutText(row, 1, title, "title"))
        row += 1
    deep = table.header_rows
    _write_column_heading(sheet, row, 1, _shorten_path(words.fill_path(table.corner, codes), deep), deep, "corner")
    for offset, stub in enumerate(table.stub, start=2):
        _write_column_heading(sheet, row, offset, _shorten_path(words.fill_path(stub, codes), deep), deep, "corner")
    first = 2 + len(table.stub)
    columns = group_paths([_shorten_path(path, deep) for path, _ in _lines(table.columns, words)])
    _headings(sheet, row, first, columns, deep)
    below = row + deep
    rows = _rows(table, words, first - 1)
    for number, (path, section) in enumerate(rows):
        for column, text in enumerate(path, start=1):
            sheet.texts.append(LayoutText(below + number, column, text, "section" if section else "label"))
    bottom = below + len(rows) - 1
    sheet.areas.append(TableArea(row, below - 1, first, first + len(columns) - 1, bottom))
    if table.end:
        sheet.texts.append(LayoutText(bottom + 1, 1, words.fill_template(table.end[0], codes), "end"))


def _lines(declared: dict[str, HeadingLine], words: Words) -> list[tuple[Path, HeadingLine]]:
    """Return every path of the declared lines valid in the period, without columns that are optional and ignored."""
    return [
        (path, line)
        for template, line in declared.items()
        if is_within(words.period.code, line.valid) and not (line.optional and line.use == "ignore")
        for path in words.list_paths(template)
    ]


def _rows(table: CrossedTable, words: Words, labels: int) -> list[tuple[Path, bool]]:
    """Return the label paths of a table's rows and whether each is a section; sections come before all other rows."""
    lines = _lines(table.rows, words)
    plain = group_paths([_shorten_path(path, labels) for path, line in lines if line.use != "section"])
    sections = [_shorten_path(path, labels) for path, line in lines if line.use == "section"]
    if not sections:
        return [(path, False) for path in plain]
    return [row for section in sections for row in [(section, True), *((path, False) for path in plain)]]


def _shorten_path(path: Path, depth: int) -> Path:
    """Shorten a path to `depth` parts: surplus parts are joined, as the reader joins them."""
    return path if len(path) <= depth else (*path[: depth - 1], " / ".join(path[depth - 1 :]))


def group_paths(paths: Sequence[Path], depth: int = 0) -> list[Path]:
    """Return paths in their order, with those under one heading brought together so that it can be merged over them."""
    heads: dict[tuple[str, bool], list[Path]] = {}
    for path in paths:
        heads.setdefault((path[depth], len(path) == depth + 1), []).append(path)
    ordered: list[Path] = []
    for (_, leaf), members in heads.items():
        ordered += members if leaf else group_paths(members, depth + 1)
    return ordered


def _write_column_heading(sheet: TemplateSheet, row: int, column: int, path: Path, deep: int, role: str) -> None:
    """Write a path downwards in one column, its last part merged over the remaining heading rows."""
    for level, text in enumerate(path):
        down = deep - level if level == len(path) - 1 else 1
        sheet.texts.append(LayoutText(row + level, column, text, "corner" if role == "corner" else "heading", down))


def _headings(sheet: TemplateSheet, row: int, first: int, columns: Sequence[Path], deep: int) -> None:
    for offset, path in enumerate(columns):
        for level, text in enumerate(path):
            leaf = level == len(path) - 1
            if not leaf and offset and _shares_heading(columns[offset - 1], path, level):
                continue
            across = 1
            if not leaf:
                following = columns[offset + 1 :]
                across += next(
                    (n for n, candidate in enumerate(following) if not _shares_heading(candidate, path, level)),
                    len(following),
                )
            sheet.texts.append(
                LayoutText(row + level, first + offset, text, "heading", deep - level if leaf else 1, across)
            )


def _shares_heading(other_path: Path, path: Path, level: int) -> bool:
    """Return True if another column is under the same heading, down to a level that is not the last of either."""
    return other_path[: level + 1] == path[: level + 1] and len(other_path) > level + 1
