"""Scan one file for direct identifiers of persons, after reading and before anything is stored.

The scan covers the cells of all sheets, also hidden ones, their notes, names and titles of tables, words outside tables
if the reader returns them, and the file's properties; for cubes the dimensions, members, notes and attributes; for
workbooks and documents also the parts that no reader returns (`parts.py`). It skips the compiler's own contact cells
and the properties that programs fill in by themselves (author, contact).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from pipelines.findings.finding import Finding
from pipelines.model.content import Content, Cube, Grid, SourceCell, SourceTable, Where
from pipelines.reading.privacy.columns import kind_of, label_in
from pipelines.reading.privacy.names import has_name, is_given, is_name
from pipelines.reading.privacy.numbers import is_kosovo, scheme_in, scheme_of
from pipelines.reading.privacy.parts import iter_unread_texts

CAP = 20
"""Findings listed per rule; the rest are counted."""
RULE_PREFIX = "person."
_OWN_PROPERTIES = ("creator", "author", "producer", "contact", "lastmodifiedby", "last_modified_by", "generator")
_COUNTS = 10**9
_SEVERAL = 3
"""This many lone given names, or numbers that pass a weak check, in one column are not a coincidence."""

Position = tuple[int, int, int]
"""Number of the table (from 0), row, column."""


def scan_content(
    content: Content,
    filename: str | None = None,
    *,
    contacts: Collection[Position] = (),
    pseudonyms: Collection[Position] = (),
    is_contact: Callable[[str], bool] = lambda _text: False,
    data: bytes = b"",
) -> list[Finding]:
    """Return a finding for everything that identifies a person in a file. No finding quotes the text it is about.

    `contacts` are positions of cells that the form declares as the compiler's own; `is_contact` recognises such texts.
    `pseudonyms` are positions of declared pseudonyms of records: they are searched for names and numbers like any cell,
    but a pseudonym that reads like a heading (`IME`, `OIB`, `JMBG-7`) does not count as one.
    `data` are the file's bytes, searched for parts that are not in the content.
    """
    findings = [*_scan_filename(filename)]
    findings += _scan_properties(content, is_contact)
    if isinstance(content, Cube):
        findings += _scan_cube(content)
    else:
        for number, table in enumerate(content.tables):
            findings += _scan_table(
                table,
                number,
                _positions_in_table(contacts, number),
                _positions_in_table(pseudonyms, number),
                is_contact,
            )
        findings += _scan_outside(content, is_contact)
    findings += _scan_parts(data, is_contact, has_findings=bool(findings))
    return _cap_by_rule(_drop_repeats(findings))


def _positions_in_table(positions: Collection[Position], table: int) -> set[tuple[int, int]]:
    return {(row, column) for number, row, column in positions if number == table}


def _drop_repeats(findings: Iterable[Finding]) -> list[Finding]:
    return list({(f.rule, str(f.where)): f for f in findings}.values())


def _cap_by_rule(findings: list[Finding]) -> list[Finding]:
    counts = Counter(f.rule for f in findings)
    listed_counts: Counter[str] = Counter()
    listed_findings = []
    for finding in findings:
        listed_counts[finding.rule] += 1
        if listed_counts[finding.rule] <= CAP:
            listed_findings.append(finding)
    listed_findings += [
        Finding("findings.capped", "information", params={"rule": rule, "count": count - CAP})
        for rule, count in counts.items()
        if count > CAP
    ]
    return listed_findings


def _make_finding(rule: str, where: Where, kind: str) -> Finding:
    return Finding(f"{RULE_PREFIX}{rule}", "error", where, {"kind": kind})


def in_text(text: str, where: Where) -> Iterator[Finding]:
    """Yield the findings of any text, wherever it is."""
    return (_make_finding(rule, where, kind) for rule, kind in _identifiers_in(text))


def _identifiers_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield rule and kind of each identifier in a text."""
    if len(text) < 5:
        return
    if (scheme := scheme_in(text)) is not None:
        yield "number", scheme
    if (field := label_in(text)) is not None:
        yield "column", field[0]
    elif has_name(text):
        yield "name", "name"


def _scan_filename(filename: str | None) -> Iterator[Finding]:
    if filename:
        yield from in_text(filename.replace("_", " ").replace("-", " ").replace(".", " "), Where(keyword="file name"))


def _scan_properties(content: Content, is_contact: Callable[[str], bool]) -> Iterator[Finding]:
    for name, value in content.properties.items():
        if isinstance(value, str) and not name.casefold().startswith(_OWN_PROPERTIES) and not is_contact(value):
            # A PX keyword includes the names of its members; report only the keyword.
            yield from in_text(value, Where(keyword=name.partition("(")[0]))


def _scan_parts(data: bytes, is_contact: Callable[[str], bool], *, has_findings: bool) -> Iterator[Finding]:
    """Yield findings of parts outside the content; skip copies of cell texts if the cells have findings themselves."""
    reported_parts: set[str] = set()
    for part_name, text, words_count in iter_unread_texts(data):
        if part_name in reported_parts or (has_findings and not words_count) or is_contact(text):
            continue
        where = Where(keyword=part_name)
        if words_count:
            findings = list(in_text(text, where))
            if not findings and is_name(text):
                findings = [_make_finding("name", where, "name")]
        else:
            findings = [_make_finding("number", where, scheme) for scheme in (scheme_in(text),) if scheme is not None]
        if findings:
            reported_parts.add(part_name)
            yield from findings


def _scan_outside(content: Grid, is_contact: Callable[[str], bool]) -> Iterator[Finding]:
    numbers = {table.name: n for n, table in enumerate(content.tables, start=1) if any(_scan_table_name(table, n - 1))}
    for where, text in content.outside:
        if not is_contact(text):
            hidden = where.sheet in numbers  # the sheet's name must not be repeated in the finding
            yield from in_text(text, where._replace(sheet=None, table=numbers[str(where.sheet)]) if hidden else where)


# --------------------------------------------------------------------------------------------------------------- tables


def _scan_table(
    table: SourceTable,
    number: int,
    contacts: Collection[tuple[int, int]],
    pseudonyms: Collection[tuple[int, int]],
    is_contact: Callable[[str], bool],
) -> Iterator[Finding]:
    """Yield the findings of one table: its name and title, cells, headings and columns."""
    findings = list(_scan_table_name(table, number))
    is_name_withheld = bool(findings)
    for line in (table.title or "").splitlines():
        if not is_contact(line):
            findings += in_text(line, Where(page=table.page, table=number + 1))
    cells = [c for c in table.cells if not c.spread and (c.row, c.column) not in contacts]
    contact_texts = {text for text in _distinct_texts(cells) if is_contact(text)}
    cells = [c for c in cells if not (c.kind == "text" and c.text in contact_texts)]
    # A register of ten thousand lines has few distinct words: look at each text once.
    texts = _distinct_texts(cells)
    kinds_by_text = {text: kinds for text in texts if (kinds := [*_identifiers_in(text), *_identifiers_alone(text)])}
    for cell in cells:
        if cell.note or cell.struck or cell.kind == "number" or cell.text in kinds_by_text:
            findings += _scan_cell(cell, kinds_by_text)
    findings += _scan_headings(cells, texts, pseudonyms)
    findings += _scan_columns(cells, texts)
    for finding in findings:
        if is_name_withheld and finding.where.sheet is not None:
            # The sheet's name must not be repeated in the finding.
            yield replace(finding, where=Where(table=number + 1, cell=finding.where.cell))
        else:
            yield finding


def _scan_table_name(table: SourceTable, number: int) -> Iterator[Finding]:
    findings = list(in_text(table.name, Where(table=number + 1, keyword="name of the sheet")))
    if not findings and is_name(table.name):
        findings = [_make_finding("name", Where(table=number + 1, keyword="name of the sheet"), "name")]
    yield from findings


def _distinct_texts(cells: Iterable[SourceCell]) -> list[str]:
    """Return the distinct texts of cells."""
    return list(dict.fromkeys(c.text for c in cells if c.kind == "text"))


def _identifiers_alone(text: str) -> Iterator[tuple[str, str]]:
    """Yield rule and kind for a text that fills its cell."""
    if is_name(text):
        yield "name", "name"


def _scan_cell(cell: SourceCell, kinds_by_text: Mapping[str, Collection[tuple[str, str]]]) -> list[Finding]:
    kinds = [*_identifiers_in(cell.note)] if cell.note else []
    if cell.struck:
        kinds += [*_identifiers_in(cell.struck), *_identifiers_alone(cell.struck)]
    if cell.kind == "number":
        kinds += [("number", scheme)] if (scheme := _scheme_of(cell.value)) is not None else []
    elif cell.kind == "text":
        kinds += kinds_by_text.get(cell.text, ())
    return [_make_finding(rule, cell.where, kind) for rule, kind in kinds]


def _scan_headings(
    cells: Collection[SourceCell], texts: Collection[str], pseudonyms: Collection[tuple[int, int]]
) -> Iterator[Finding]:
    """Yield findings for headings with something below them and labels with something to their right.

    A pseudonym is not a heading, unless there is another heading in its row.
    """
    kinds = {text: kind for text in texts if (kind := kind_of(text)) is not None}
    labels = {(c.row, c.column): kinds[c.text] for c in cells if c.kind == "text" and c.text in kinds} if kinds else {}
    rows_with_heading = {row for row, column in labels if (row, column) not in pseudonyms}
    labels = {place: kind for place, kind in labels.items() if place not in pseudonyms or place[0] in rows_with_heading}
    if not labels:
        return
    filled: dict[int, list[int]] = defaultdict(list)
    rows: dict[int, list[int]] = defaultdict(list)
    for cell in cells:
        if cell.kind != "blank" and cell.text.strip(" _.…-") and (cell.row, cell.column) not in labels:
            filled[cell.column].append(cell.row)
            rows[cell.row].append(cell.column)
    places = {(c.row, c.column): c.where for c in cells}
    for (row, column), kind in labels.items():
        has_neighbour = any(r == row and c != column for r, c in labels) or any(c != column for c in rows[row])
        has_value_below = any(r > row for r in filled[column])
        has_value_right = any(c > column for c in rows[row])
        if has_value_below if has_neighbour and not has_value_right else has_value_below or has_value_right:
            yield _make_finding("column", places[row, column], kind)


def _scan_columns(cells: Collection[SourceCell], texts: Collection[str]) -> Iterator[Finding]:
    """Yield findings for columns of lone given names, and of numbers that only together pass for personal numbers."""
    given_name_texts = {text for text in texts if is_given(text.strip())}
    ten_digit_texts = {text for text in texts if _is_ten_digits(text)}
    columns: dict[int, list[SourceCell]] = defaultdict(list)
    for cell in cells:
        if cell.kind in ("text", "number") and cell.text.strip():
            columns[cell.column].append(cell)
    for column in columns.values():
        name_cells = [c for c in column if c.kind == "text" and c.text in given_name_texts]
        if len(name_cells) >= _SEVERAL and 2 * len(name_cells) > len(column) - 1:
            yield from (_make_finding("name", c.where, "name") for c in name_cells)
        ten_digits = [c for c in column if (c.text in ten_digit_texts if c.kind == "text" else _is_ten_digits(c.text))]
        if len(ten_digits) >= _SEVERAL and all(is_kosovo(c.text.strip()) for c in ten_digits):
            yield from (_make_finding("number", c.where, "numri personal") for c in ten_digits)


def _is_ten_digits(text: str) -> bool:
    return len(text.strip()) == 10 and text.strip().isdigit()


# ---------------------------------------------------------------------------------------------------------------- cubes


def _scan_cube(cube: Cube) -> Iterator[Finding]:
    """Yield the findings of dimensions, members, notes, attributes and values of a cube."""
    for dimension in cube.dimensions:
        where = Where(keyword=dimension.id)
        heads = [dimension.id, *dimension.labels.values()]
        kinds = [kind for text in heads if (kind := kind_of(text)) is not None]
        if kinds:
            yield _make_finding("column", where, kinds[0])
        for text in heads:
            yield from in_text(text, where)
        for member in dimension.members:
            for text in (member.code, *member.labels.values()):
                yield from in_text(text, where)
                if is_name(text):
                    yield _make_finding("name", where, "name")
    for observation in cube.observations:
        for text in observation.notes:
            yield from in_text(text, observation.where)
        for name, text in observation.attributes.items():
            if kind_of(name) is not None and text.strip():
                yield _make_finding("column", observation.where, str(kind_of(name)))
            yield from in_text(text, observation.where)
        if (scheme := _scheme_of(observation.value)) is not None:
            yield _make_finding("number", observation.where, scheme)


def _scheme_of(value: object) -> str | None:
    return scheme_of(value) if isinstance(value, int | float) and value > _COUNTS else None


__all__ = ["RULE_PREFIX", "Position", "in_text", "scan_content"]
