"""The scan of one file for direct identifiers of persons, after reading and before anything is kept.

Looked at: cells of all sheets, also hidden ones, their notes, the names and titles of tables, words outside tables
where the reader gives them, the file's properties; of cubes the dimensions, members, notes and attributes.  Passed
over: the compiler's own contact cells, and properties that programs fill in by themselves (author, contact).  Of
workbooks and documents also what no reader gives (`parts.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from pipelines.findings.finding import Finding
from pipelines.model.content import Cell, Content, Cube, Grid, Table, Where
from pipelines.reading.privacy.columns import kind_of, label_in
from pipelines.reading.privacy.names import has_name, is_given, is_name
from pipelines.reading.privacy.numbers import is_kosovo, scheme_in, scheme_of
from pipelines.reading.privacy.parts import unread

CAP = 20
"""Findings of one rule that are listed; the rest are counted."""
RULE_PREFIX = "person."
_OWN_PROPERTIES = ("creator", "author", "producer", "contact", "lastmodifiedby", "last_modified_by", "generator")
_COUNTS = 10**9
_SEVERAL = 3
"""So many lone given names, or numbers that pass a weak check, in one column are no accident."""

Position = tuple[int, int, int]
"""Number of the table from 0, row, column."""


def scan(
    content: Content,
    filename: str | None = None,
    *,
    contacts: Collection[Position] = (),
    pseudonyms: Collection[Position] = (),
    is_contact: Callable[[str], bool] = lambda _text: False,
    data: bytes = b"",
) -> list[Finding]:
    """What names persons in a file; empty where nothing does. No finding holds anything of what stands there.

    `contacts` are positions of cells that the form declares as the compiler's own, `is_contact` tells such texts.
    `pseudonyms` are positions of declared pseudonyms of records: names and numbers are looked for there as anywhere,
    but a pseudonym that spells a heading (`IME`, `OIB`, `JMBG-7`) asks for nothing.
    `data` are the file's bytes, for what they carry beside the content.
    """
    found = [*_of_filename(filename)]
    found += _of_properties(content, is_contact)
    if isinstance(content, Cube):
        found += _of_cube(content)
    else:
        for number, table in enumerate(content.tables):
            found += _of_table(table, number, _in(contacts, number), _in(pseudonyms, number), is_contact)
        found += _of_outside(content, is_contact)
    found += _of_parts(data, is_contact, told=bool(found))
    return _capped(_once(found))


def _in(positions: Collection[Position], table: int) -> set[tuple[int, int]]:
    return {(row, column) for number, row, column in positions if number == table}


def _once(found: Iterable[Finding]) -> list[Finding]:
    return list({(f.rule, str(f.where)): f for f in found}.values())


def _capped(found: list[Finding]) -> list[Finding]:
    counts = Counter(f.rule for f in found)
    listed: Counter[str] = Counter()
    out = []
    for finding in found:
        listed[finding.rule] += 1
        if listed[finding.rule] <= CAP:
            out.append(finding)
    out += [
        Finding("findings.capped", "information", params={"rule": rule, "count": count - CAP})
        for rule, count in counts.items()
        if count > CAP
    ]
    return out


def _finding(rule: str, where: Where, kind: str) -> Finding:
    return Finding(f"{RULE_PREFIX}{rule}", "error", where, {"kind": kind})


def in_text(text: str, where: Where) -> Iterator[Finding]:
    """What any text may show, wherever it stands."""
    return (_finding(rule, where, kind) for rule, kind in _shown(text))


def _shown(text: str) -> Iterator[tuple[str, str]]:
    """Rule and kind of what a text shows."""
    if len(text) < 5:
        return
    if (scheme := scheme_in(text)) is not None:
        yield "number", scheme
    if (field := label_in(text)) is not None:
        yield "column", field[0]
    elif has_name(text):
        yield "name", "name"


def _of_filename(filename: str | None) -> Iterator[Finding]:
    if filename:
        yield from in_text(filename.replace("_", " ").replace("-", " ").replace(".", " "), Where(keyword="file name"))


def _of_properties(content: Content, is_contact: Callable[[str], bool]) -> Iterator[Finding]:
    for name, value in content.properties.items():
        if isinstance(value, str) and not name.casefold().startswith(_OWN_PROPERTIES) and not is_contact(value):
            # A PX keyword names the members it speaks of; the keyword alone is said.
            yield from in_text(value, Where(keyword=name.partition("(")[0]))


def _of_parts(data: bytes, is_contact: Callable[[str], bool], *, told: bool) -> Iterator[Finding]:
    """What lies beside the content. Where something was told of cells, a copy of their texts says it only once more."""
    seen: set[str] = set()
    for called, text, words in unread(data):
        if called in seen or (told and not words) or is_contact(text):
            continue
        where = Where(keyword=called)
        if words:
            found = list(in_text(text, where))
            if not found and is_name(text):
                found = [_finding("name", where, "name")]
        else:
            found = [_finding("number", where, scheme) for scheme in (scheme_in(text),) if scheme is not None]
        if found:
            seen.add(called)
            yield from found


def _of_outside(content: Grid, is_contact: Callable[[str], bool]) -> Iterator[Finding]:
    numbers = {table.name: n for n, table in enumerate(content.tables, start=1) if any(_of_name(table, n - 1))}
    for where, text in content.outside:
        if not is_contact(text):
            hidden = where.sheet in numbers  # the sheet's name is itself what must not be repeated
            yield from in_text(text, where._replace(sheet=None, table=numbers[str(where.sheet)]) if hidden else where)


# --------------------------------------------------------------------------------------------------------------- tables


def _of_table(
    table: Table,
    number: int,
    contacts: Collection[tuple[int, int]],
    pseudonyms: Collection[tuple[int, int]],
    is_contact: Callable[[str], bool],
) -> Iterator[Finding]:
    found = list(_of_name(table, number))
    told_sheet = bool(found)
    for line in (table.title or "").splitlines():
        if not is_contact(line):
            found += in_text(line, Where(page=table.page, table=number + 1))
    cells = [c for c in table.cells if not c.spread and (c.row, c.column) not in contacts]
    own = {text for text in _texts(cells) if is_contact(text)}
    cells = [c for c in cells if not (c.kind == "text" and c.text in own)]
    # A register of ten thousand lines holds few words, each of them many times: a text is looked at once.
    texts = _texts(cells)
    shown = {text: kinds for text in texts if (kinds := [*_shown(text), *_alone(text)])}
    for cell in cells:
        if cell.note or cell.kind == "number" or cell.text in shown:
            found += _of_cell(cell, shown)
    found += _of_headings(cells, texts, pseudonyms)
    found += _of_columns(cells, texts)
    for finding in found:
        if told_sheet and finding.where.sheet is not None:
            # The sheet's name is itself what must not be repeated.
            yield replace(finding, where=Where(table=number + 1, cell=finding.where.cell))
        else:
            yield finding


def _of_name(table: Table, number: int) -> Iterator[Finding]:
    named = list(in_text(table.name, Where(table=number + 1, keyword="name of the sheet")))
    if not named and is_name(table.name):
        named = [_finding("name", Where(table=number + 1, keyword="name of the sheet"), "name")]
    yield from named


def _texts(cells: Iterable[Cell]) -> list[str]:
    """The texts of cells, each once."""
    return list(dict.fromkeys(c.text for c in cells if c.kind == "text"))


def _alone(text: str) -> Iterator[tuple[str, str]]:
    """Rule and kind of what a text shows that fills its cell."""
    if is_name(text):
        yield "name", "name"


def _of_cell(cell: Cell, shown: Mapping[str, Collection[tuple[str, str]]]) -> list[Finding]:
    kinds = [*_shown(cell.note)] if cell.note else []
    if cell.kind == "number":
        kinds += [("number", scheme)] if (scheme := _scheme_of(cell.value)) is not None else []
    elif cell.kind == "text":
        kinds += shown.get(cell.text, ())
    return [_finding(rule, cell.where, kind) for rule, kind in kinds]


def _of_headings(
    cells: Collection[Cell], texts: Collection[str], pseudonyms: Collection[tuple[int, int]]
) -> Iterator[Finding]:
    """Headings with something below them, and labels with something to their right.

    A pseudonym is none, unless another heading stands beside it in its row.
    """
    kinds = {text: kind for text in texts if (kind := kind_of(text)) is not None}
    asked = {(c.row, c.column): kinds[c.text] for c in cells if c.kind == "text" and c.text in kinds} if kinds else {}
    headed = {row for row, column in asked if (row, column) not in pseudonyms}
    asked = {place: kind for place, kind in asked.items() if place not in pseudonyms or place[0] in headed}
    if not asked:
        return
    filled: dict[int, list[int]] = defaultdict(list)
    rows: dict[int, list[int]] = defaultdict(list)
    for cell in cells:
        if cell.kind != "blank" and cell.text.strip(" _.…-") and (cell.row, cell.column) not in asked:
            filled[cell.column].append(cell.row)
            rows[cell.row].append(cell.column)
    places = {(c.row, c.column): c.where for c in cells}
    for (row, column), kind in asked.items():
        beside_others = any(r == row and c != column for r, c in asked) or any(c != column for c in rows[row])
        below = any(r > row for r in filled[column])
        right = any(c > column for c in rows[row])
        if below if beside_others and not right else below or right:
            yield _finding("column", places[row, column], kind)


def _of_columns(cells: Collection[Cell], texts: Collection[str]) -> Iterator[Finding]:
    """Columns of lone given names, and of numbers that only together can be believed to be personal numbers."""
    names = {text for text in texts if is_given(text.strip())}
    tens = {text for text in texts if _is_ten(text)}
    columns: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.kind in ("text", "number") and cell.text.strip():
            columns[cell.column].append(cell)
    for column in columns.values():
        given = [c for c in column if c.kind == "text" and c.text in names]
        if len(given) >= _SEVERAL and 2 * len(given) > len(column) - 1:
            yield from (_finding("name", c.where, "name") for c in given)
        ten = [c for c in column if (c.text in tens if c.kind == "text" else _is_ten(c.text))]
        if len(ten) >= _SEVERAL and all(is_kosovo(c.text.strip()) for c in ten):
            yield from (_finding("number", c.where, "numri personal") for c in ten)


def _is_ten(text: str) -> bool:
    return len(text.strip()) == 10 and text.strip().isdigit()


# ---------------------------------------------------------------------------------------------------------------- cubes


def _of_cube(cube: Cube) -> Iterator[Finding]:
    for dimension in cube.dimensions:
        where = Where(keyword=dimension.id)
        heads = [dimension.id, *dimension.labels.values()]
        kinds = [kind for text in heads if (kind := kind_of(text)) is not None]
        if kinds:
            yield _finding("column", where, kinds[0])
        for text in heads:
            yield from in_text(text, where)
        for member in dimension.members:
            for text in (member.code, *member.labels.values()):
                yield from in_text(text, where)
                if is_name(text):
                    yield _finding("name", where, "name")
    for observation in cube.observations:
        for text in observation.notes:
            yield from in_text(text, observation.where)
        for name, text in observation.attributes.items():
            if kind_of(name) is not None and text.strip():
                yield _finding("column", observation.where, str(kind_of(name)))
            yield from in_text(text, observation.where)
        if (scheme := _scheme_of(observation.value)) is not None:
            yield _finding("number", observation.where, scheme)


def _scheme_of(value: object) -> str | None:
    return scheme_of(value) if isinstance(value, int | float) and value > _COUNTS else None


__all__ = ["RULE_PREFIX", "Position", "in_text", "scan"]
