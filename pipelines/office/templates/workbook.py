"""Write the empty workbook as a file: words first, then the aids for filling it in.

Headings and labels are locked without a password; cells to fill in are not. Nothing is hidden.
"""

from __future__ import annotations

import io
import re
import textwrap
import zipfile
from collections.abc import Collection, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.office.templates.layout import LayoutText, TableArea, TemplateSheet

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

HEAD, SIDE, EDGE = "FFD9E2EC", "FFF2F5F8", "FFB6C2CF"
"""Fill of headings, fill of labels, colour of lines."""
GREY, GREY_ON_HEAD = "FF6B7280", "FF4B5563"
"""Text that is not read: contrast 4.8 to 1 on white, 5.8 to 1 on the fill of headings."""
_WIDE, _NARROW, _LABEL = 46, 9, 26
_LANDSCAPE_FROM = 7
_TITLE_LETTER = 1.35
"""Width of a letter of a title (13 points, bold), in the letters that column widths count."""
_LINE = 15.0
"""Height of a line in points."""
_CORE = "docProps/core.xml"
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def build_bare_workbook(sheets: Sequence[TemplateSheet]) -> Workbook:
    """Return a workbook with only the words of the sheets and their merges, which must contain everything that is
    read."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        for text in sheet.texts:
            _write(page, text)
    return book


def _write(page: Worksheet, text: LayoutText) -> None:
    # A label such as `=1` or `18-20` must stay a text.
    cell = page.cell(text.row, text.column)
    cell.value = text.text
    cell.data_type = "s"
    if text.down > 1 or text.across > 1:
        page.merge_cells(
            start_row=text.row,
            start_column=text.column,
            end_row=text.row + text.down - 1,
            end_column=text.column + text.across - 1,
        )


def format_sheet(page: Worksheet, sheet: TemplateSheet, entries: Collection[tuple[int, int]], beside: int) -> None:
    """Set style, widths, frozen panes, print and protection of one sheet; `entries` are the cells to fill in.

    `beside` is the number of columns of earlier figures to the right of the numbers, which are not printed.
    """
    styles = _Styles()
    for text in sheet.texts:
        cells = [
            page.cell(text.row + down, text.column + across)
            for down in range(text.down)
            for across in range(text.across)
        ]
        for cell in cells:
            styles.apply_role(cell, text.role)
    for row, column in entries:
        styles.apply_role(page.cell(row, column), "entry")
    _widths(page, sheet)
    _heights(page, sheet)
    _print(page, sheet, beside)
    if not sheet.is_list:
        # Without a password: the lock prevents overwriting headings by mistake, not changing them on purpose.
        page.protection.sheet = True
        page.protection.formatColumns = page.protection.formatRows = page.protection.formatCells = False


class _Styles:
    """Styles of cells by role.

    openpyxl searches its lists of fonts, fills and borders for each attribute of each cell. So only the first cell of a
    role gets the attributes, and further cells get a copy of their numbers.
    """

    def __init__(self) -> None:
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

        side = Side(style="thin", color=EDGE)
        edge = Border(left=side, right=side, top=side, bottom=side)
        heading = {
            "font": Font(bold=True),
            "fill": PatternFill("solid", fgColor=HEAD),
            "border": edge,
            "alignment": Alignment(horizontal="center", vertical="center", wrap_text=True),
        }
        label = {
            "font": Font(),
            "fill": PatternFill("solid", fgColor=SIDE),
            "border": edge,
            "alignment": Alignment(vertical="center", wrap_text=True),
        }
        self._attributes: dict[str, dict[str, Any]] = {
            "corner": heading,
            "heading": heading,
            "label": label,
            "section": label | {"font": Font(bold=True)},
            "title": {"font": Font(bold=True, size=13)},
            "entry": {
                "protection": Protection(locked=False),
                "border": edge,
                "alignment": Alignment(horizontal="right", vertical="center"),
            },
        }
        self._other = {"font": Font(color=GREY, size=10)}
        self._applied: dict[tuple[str, tuple[int, ...]], Any] = {}

    def apply_role(self, cell: Any, role: str) -> None:
        """Add the attributes of a role to those that a cell has."""
        key = (role, tuple(cell._style or ()))
        if key not in self._applied:
            for name, value in self._attributes.get(role, self._other).items():
                setattr(cell, name, value)
            self._applied[key] = cell._style
        cell._style = copy(self._applied[key])


def _widths(page: Worksheet, sheet: TemplateSheet) -> None:
    from openpyxl.utils import get_column_letter

    longest: dict[int, int] = {}
    labels: set[int] = set()
    for text in sheet.texts:
        if text.role in ("label", "section", "corner"):
            labels.add(text.column)
            longest[text.column] = max(longest.get(text.column, 0), len(text.text))
        elif text.role == "heading" and text.across == 1:
            part = max((len(word) for word in text.text.split()), default=0)
            longest[text.column] = max(longest.get(text.column, 0), part)
    for column, size in longest.items():
        least = _LABEL if column in labels and not sheet.is_list else _NARROW
        page.column_dimensions[get_column_letter(column)].width = min(max(size + 3, least), _WIDE)
    _room_for_titles(page, sheet, labels)


def _room_for_titles(page: Worksheet, sheet: TemplateSheet, labels: Collection[int]) -> None:
    """Widen the columns of figures until a title fits over its table, since the rest would not be printed."""
    from openpyxl.utils import get_column_letter

    needed = max((len(text.text) * _TITLE_LETTER for text in sheet.texts if text.role == "title"), default=0.0)
    right = max((area.right for area in sheet.areas), default=1)
    widths = {column: page.column_dimensions[get_column_letter(column)] for column in range(1, right + 1)}
    figures = [column for column in widths if column not in labels]
    short = needed - sum(dimension.width for dimension in widths.values())
    for column in figures:
        widths[column].width += max(short, 0.0) / len(figures)


def _heights(page: Worksheet, sheet: TemplateSheet) -> None:
    """Set heights of heading rows: spreadsheets fit rows to wrapped words automatically, but not in merged cells."""
    from openpyxl.utils import get_column_letter

    spans = {(a.min_row, a.min_col): (a.max_row, a.max_col) for a in page.merged_cells.ranges}
    for area in sheet.areas:
        needed = dict.fromkeys(range(area.top, area.head + 1), 1)
        tall: list[tuple[int, int, int]] = []
        for row in needed:
            for column in range(1, page.max_column + 1):
                if not isinstance(text := page.cell(row, column).value, str):
                    continue
                bottom, right = spans.get((row, column), (row, column))
                letters = [get_column_letter(c) for c in range(column, right + 1)]
                lines = _wrapped(text, sum(page.column_dimensions[letter].width for letter in letters))
                if bottom == row:
                    needed[row] = max(needed[row], lines)
                else:
                    tall.append((row, bottom, lines))
        for row, bottom, lines in tall:
            needed[bottom] += max(0, lines - sum(needed[r] for r in range(row, bottom + 1)))
        for row, lines in needed.items():
            page.row_dimensions[row].height = _LINE * lines + 2


def _wrapped(text: str, width: float) -> int:
    """Return the number of lines that a text takes in a column, broken at spaces."""
    return len(textwrap.wrap(text, max(int(width) - 1, 4))) or 1


def _print(page: Worksheet, sheet: TemplateSheet, beside: int) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
    from openpyxl.worksheet.properties import PageSetupProperties

    right = max((area.right for area in sheet.areas), default=1)
    first = sheet.areas[0]
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.orientation = "landscape" if right >= _LANDSCAPE_FROM else "portrait"
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.oddFooter = HeaderFooterItem(left=_HeaderFooterPart("&F, &A"), right=_HeaderFooterPart("&P / &N"))
    if beside:
        page.print_area = f"A1:{get_column_letter(right)}{max(sheet.last, first.bottom)}"
    if len(sheet.areas) == 1:
        page.print_title_rows = f"{first.top}:{first.head}"
        page.freeze_panes = page.cell(first.head + 1, first.first if not sheet.is_list else 1).coordinate
    else:
        page.freeze_panes = page.cell(1, first.first).coordinate
    if sheet.is_list:
        page.auto_filter.ref = f"A{first.head}:{get_column_letter(right)}{max(first.bottom, first.head + 1)}"


def title_regions(book: Workbook, page: Worksheet, areas: Sequence[TableArea], number: int) -> None:
    """Name the table regions by which screen readers find the headings of a table: `TitleRegion1.a5.h20.1`."""
    from openpyxl.utils import get_column_letter
    from openpyxl.workbook.defined_name import DefinedName

    for index, area in enumerate(areas, start=1):
        start = f"a{area.head}"
        end = f"{get_column_letter(area.right).lower()}{area.bottom}"
        name = f"TitleRegion{index}.{start}.{end}.{number}"
        quoted = page.title.replace("'", "''")
        book.defined_names[name] = DefinedName(name, attr_text=f"'{quoted}'!$A${area.head}")


def save_workbook(book: Any) -> bytes:
    """Return the workbook's bytes; the same workbook at the same time gives the same bytes.

    Earlier figures are texts, so that they are never counted; the spreadsheet's warning about that is switched off.
    """
    book.properties.creator = "RTI"
    book.properties.created = clock.now().replace(tzinfo=None, microsecond=0)
    stamp = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    raw, packed = io.BytesIO(), io.BytesIO()
    book.save(raw)
    calm = b'<ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors></worksheet>'
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == _CORE:
                content = _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
            elif name.startswith("xl/worksheets/"):
                content = content.replace(b"</worksheet>", calm)
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            target.writestr(entry, content)
    return packed.getvalue()
