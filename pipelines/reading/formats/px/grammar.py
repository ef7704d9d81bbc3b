"""Parse the grammar of a PX file: `KEYWORD[language]("sub-key","sub-key")=value,value;`.

Texts are in quotation marks and cannot contain one; adjacent texts are one text; `;`, `=`, `)` and `DATA=` inside
quotation marks have no meaning. Bare values (YES, 0, TLIST(A1)) run to the next comma or semicolon. `structure` and
`notes` interpret them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from pipelines.model.content import ReadError, Where
from pipelines.reading.formats.common import MAX_CELLS

RULES: dict[str, tuple[str, str]] = {
    "read.px.keyword": (
        "Line {line} should begin a keyword such as TITLE= or VALUES(…)=, but reads: {seen}",
        "Correct the line. Keywords are written with letters, digits and hyphens; each ends with a semicolon.",
    ),
    "read.px.unclosed_quote": (
        "The text after {keyword} is broken by a quotation mark: one is missing, or there is one inside the text "
        "near: {seen}",
        "Put each text in one pair of quotation marks and remove quotation marks inside it.",
    ),
    "read.px.subkey": (
        "The text in parentheses after {keyword} cannot be read near: {seen}",
        'Write texts in quotation marks, separated by commas, and close the parenthesis: {keyword}("…","…")=.',
    ),
    "read.px.unended": (
        "The value of {keyword} does not end with a semicolon.",
        "End it with a semicolon. If the end of the file is missing, save the file again.",
    ),
    "read.px.too_many_keywords": (
        "The file holds more than {limit} keywords.",
        "Send the table without notes on single cells, or as a workbook.",
    ),
    "read.px.repeated": (
        "{keyword} appears twice in the file; the first time on line {first}.",
        "Remove one of the two.",
    ),
}

_KEYWORD = re.compile(r"\s*([A-Za-z][A-Za-z0-9_.-]*)\s*(?:\[\s*\"?([A-Za-z][A-Za-z0-9_-]*)\"?\s*\])?\s*([(=])")
_SUBKEY = re.compile(r"\s*(?:\"([^\"]*)\"|([^\",()=;\s][^\",()=;]{0,200}?))\s*([,)])")
_EQUALS = re.compile(r"\s*=")
_TEXTS = r"(?:\"[^\"]*\"\s*)+"
_RANGE = r"\"[^\"]*\"\s*-\s*\"[^\"]*\""
_ITEM = re.compile(
    rf"\s*(?:(TLIST\s*\([^\"();]*(?:,\s*{_RANGE}\s*)?\)|{_RANGE})|({_TEXTS}(?::\s*{_TEXTS})*)|([^\",;]*))\s*"
)
_QUOTED = r'"[^"]*+"'
_PLAIN = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9_.-]*+)(?:\[\"?([A-Za-z][A-Za-z0-9_-]*+)\"?\])?"
    rf"(?:\(({_QUOTED}(?:,{_QUOTED})*+)\))?=\s*+({_QUOTED}(?:,\s*+{_QUOTED})*+);"
)
"""A statement of quoted texts alone, as most are: one match of it takes a third of the time of its parts."""
_SPACE = re.compile(r"\s*")
_TEXT = re.compile(r"\"([^\"]*)\"")

MAX_STATEMENTS = 20_000
"""Most keywords of a file. Those of offices have a few dozen, and one more for each note on a cell."""

SINGLE = frozenset({"STUB", "HEADING", "VALUES", "CODES", "TIMEVAL", "CONTVARIABLE", "KEYS"})
"""Keywords that determine what the cells are, so that two of them would contradict each other."""


@dataclass(frozen=True, slots=True)
class PxStatement:
    """One keyword with its values. `values` are joined texts or bare words; `line` is the line of the keyword."""

    keyword: str
    language: str | None
    keys: tuple[str, ...]
    values: tuple[str, ...]
    line: int

    @property
    def where(self) -> Where:
        return Where(line=self.line, keyword=self.name)

    @property
    def name(self) -> str:
        """The keyword with its language and sub-keys, as it is written in the file."""
        language = f"[{self.language}]" if self.language else ""
        keys = "({})".format(",".join(f'"{k}"' for k in self.keys)) if self.keys else ""
        return f"{self.keyword}{language}{keys}"

    @property
    def text(self) -> str:
        """All values as one text."""
        return ", ".join(self.values)


@dataclass(slots=True)
class Header:
    """All statements before DATA, in file order, and by keyword."""

    statements: list[PxStatement] = field(default_factory=list)
    data_line: int = 0
    by_keyword: dict[str, list[PxStatement]] = field(default_factory=lambda: defaultdict(list))
    first: dict[tuple[str, tuple[str, ...], str | None], PxStatement] = field(default_factory=dict)

    def add_statement(self, statement: PxStatement) -> None:
        place = (statement.keyword, statement.keys, statement.language)
        before = self.first.setdefault(place, statement)
        if before is not statement and statement.keyword in SINGLE:
            raise ReadError("read.px.repeated", statement.where, keyword=statement.name, first=before.line)
        self.statements.append(statement)
        self.by_keyword[statement.keyword].append(statement)

    def find_all(self, keyword: str) -> list[PxStatement]:
        """Return every statement of a keyword, whatever its language and sub-keys."""
        return self.by_keyword.get(keyword, [])

    def find_first(self, keyword: str, keys: tuple[str, ...] = (), language: str | None = None) -> PxStatement | None:
        """Return the first statement of a keyword with exactly this language and these sub-keys."""
        return self.first.get((keyword, keys, language))


def parse_header(text: str) -> tuple[Header, int]:
    """Parse all statements; return them and the offset of the first character after `DATA=`.

    Raises ReadError for a syntax error, at the line of the keyword; `read.px.mandatory_keyword` without DATA.
    """
    header = Header()
    at, line = 0, 1
    end = len(text.rstrip(" \t\n\x00\x1a"))
    while at < end:
        plain = _PLAIN.match(text, at)
        if plain is not None and plain[1].upper() != "DATA":
            start = plain.start(1)
            line += text.count("\n", at, start)
            keys = tuple(_TEXT.findall(plain[3])) if plain[3] is not None else ()
            statement = PxStatement(plain[1].upper(), plain[2], keys, tuple(_TEXT.findall(plain[4])), line)
            if len(header.statements) == MAX_STATEMENTS or len(statement.values) > MAX_CELLS:
                place = Where(line=line, keyword=statement.keyword)
                _check_count(header, place)
                _check_number_of_values(len(statement.values), place)
            header.add_statement(statement)
            at = plain.end()
            line += text.count("\n", start, at)
            continue
        head = _KEYWORD.match(text, at)
        start = _first_word(text, at)
        line += text.count("\n", at, start)
        if head is None:
            excerpt = _excerpt_at(text, start)
            raise ReadError("read.px.keyword", Where(line=line, keyword=_word_at(text, start)), line=line, seen=excerpt)
        keyword, language = head[1].upper(), head[2]
        place = Where(line=line, keyword=keyword)
        at = head.end()
        subkeys: list[str] = []
        if head[3] == "(":
            at = _parse_subkeys(text, at, subkeys, place)
        if keyword == "DATA":
            header.data_line = line
            return header, at
        _check_count(header, place)
        texts, at = _parse_values(text, at, place)
        header.add_statement(PxStatement(keyword, language, tuple(subkeys), tuple(texts), line))
        line += text.count("\n", start, at)
    last = Where(line=text.count("\n", 0, end) + 1, keyword="DATA")
    raise ReadError("read.px.mandatory_keyword", last, keyword="DATA")


def _check_count(header: Header, place: Where) -> None:
    if len(header.statements) == MAX_STATEMENTS:
        raise ReadError("read.px.too_many_keywords", place, limit=MAX_STATEMENTS)


def _check_number_of_values(count: int, place: Where) -> None:
    if count > MAX_CELLS:
        raise ReadError("read.too_many_cells", place, limit=MAX_CELLS)


def _parse_subkeys(text: str, at: int, keys: list[str], place: Where) -> int:
    while True:
        key = _SUBKEY.match(text, at)
        if key is None:
            raise ReadError("read.px.subkey", place, keyword=place.keyword, seen=_excerpt_at(text, at))
        keys.append(key[1] if key[1] is not None else key[2])
        at = key.end()
        if key[3] == ")":
            break
    equals = _EQUALS.match(text, at)
    if equals is None:
        raise ReadError("read.px.subkey", place, keyword=place.keyword, seen=_excerpt_at(text, at))
    return equals.end()


def _parse_values(text: str, at: int, place: Where) -> tuple[list[str], int]:
    """Parse the values of a statement; return them and the offset after its semicolon."""
    values: list[str] = []
    while True:
        item = _ITEM.match(text, at)
        assert item is not None  # every part of the pattern may be empty
        bare, texts, word = item[1], item[2], item[3]
        if bare is not None and bare.startswith('"') and place.keyword != "TIMEVAL":
            # only TIMEVAL has a range of periods outside parentheses; elsewhere a quotation mark is inside the text
            excerpt = _excerpt_at(text, bare.index('"', 1) + item.start(1) + 1)
            raise ReadError("read.px.unclosed_quote", place, keyword=place.keyword, seen=excerpt)
        if texts is not None:
            # only HIERARCHIES has "parent":"child"; a colon inside a text remains part of it
            values.append(":".join("".join(_TEXT.findall(part)) for part in re.findall(_TEXTS, texts)))
        else:
            values.append((bare if bare is not None else word).strip())
        _check_number_of_values(len(values), place)
        at = item.end()
        separator = text[at : at + 1]
        if separator == "":
            raise ReadError("read.px.unended", place, keyword=place.keyword)
        if separator not in ",;":
            raise ReadError("read.px.unclosed_quote", place, keyword=place.keyword, seen=_excerpt_at(text, at))
        at += 1
        if separator == ";":
            return values, at


def _first_word(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _excerpt_at(text: str, at: int) -> str:
    return text[at : at + 40].split("\n")[0]


def _word_at(text: str, at: int) -> str | None:
    match = re.compile(r"[^\s=(\[\";,]{1,40}").match(text, at)
    return match[0] if match else None
