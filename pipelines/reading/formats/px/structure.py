"""Read variables, codes, labels and languages of a PX file, and check that its mandatory keywords are present."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from pipelines.model.content import Member, ReadError, Remark, Scalar, SourceDimension, Where
from pipelines.reading.formats.px.grammar import Header
from pipelines.reading.formats.px.timeval import TimeValues, time_values

UNDETERMINED = "und"
"""Language of the labels of a file that has no LANGUAGE (ISO 639-2 for undetermined)."""

RULES: dict[str, tuple[str, str]] = {
    "read.px.mandatory_keyword": (
        "The keyword {keyword} is missing; the PX format requires it.",
        "Add {keyword}=…; or save the table again from the program that made it.",
    ),
    "read.px.unknown_variable": (
        "{keyword} refers to {variable}, which is not a variable in STUB or HEADING.",
        "Write the name exactly as in STUB or HEADING.",
    ),
    "read.px.repeated_variable": (
        "The variable {variable} appears twice in STUB and HEADING.",
        "Each variable may appear once, in STUB or in HEADING.",
    ),
    "read.px.repeated_member": (
        "The variable {variable} has {member} twice, so cells cannot be distinguished.",
        "Give each value of a variable a code of its own in CODES.",
    ),
    "read.px.codes_count": (
        "{variable} has {values} values but {codes} codes.",
        "VALUES and CODES of a variable must have the same number of entries, in the same order.",
    ),
    "read.px.contvariable": (
        "{keyword} refers to {seen}, which is not one of the variables or the values of the contents variable.",
        "Write the name exactly as in STUB, HEADING or VALUES.",
    ),
    "read.px.keys": (
        "The stub variable {variable} has no KEYS, or KEYS says neither CODES nor VALUES.",
        "With KEYS, every variable of the stub needs KEYS(…)=CODES; or KEYS(…)=VALUES;.",
    ),
    "read.px.confidential": (
        "CONFIDENTIAL=1: PC-Axis shows 1 as 0 and 2 as 3, so what the office shows is not what the file holds.",
        "Ask the office whether the stored figures are the true ones; the form must declare it.",
    ),
    "read.px.unknown_keyword": (
        "{keyword} is not a keyword of the PX format; it was kept but has no effect.",
        "Check its spelling.",
    ),
    "read.px.timeval_count": (
        "{variable} has {values} values but TIMEVAL lists {periods} periods; TIMEVAL was not used.",
        "List each period once in TIMEVAL, in the order of VALUES.",
    ),
    "read.px.language_labels": (
        "The labels of {variable} in language {language} do not fit its codes; those that do not fit were left out.",
        "Give each language the same codes, or the same number of values in the same order.",
    ),
    "read.px.decimals": (
        "{keyword}={seen} is not a number of decimals that the format allows.",
        "Write a whole number from 0 to 15; SHOWDECIMALS not above DECIMALS.",
    ),
    "read.px.yes_no": ("{keyword}={seen} is neither YES nor NO.", "Write YES or NO."),
    "read.px.note_place": (
        "{keyword} does not fit the table: it must name one value, or *, for each variable it refers to.",
        "Write the names as in STUB, HEADING and VALUES, in that order.",
    ),
}

_KEYWORDS = """
    AGGREGALLOWED ATTRIBUTE-ID ATTRIBUTE-TEXT ATTRIBUTES AUTOPEN AXIS-VERSION BASEPERIOD CELLNOTE CELLNOTEX CFPRICES
    CHARSET CODEPAGE CODES CONFIDENTIAL CONTACT CONTENTS CONTVARIABLE COPYRIGHT CREATION-DATE DATA DATABASE DATANOTE
    DATANOTECELL DATANOTESUM DATASYMBOL1 DATASYMBOL2 DATASYMBOL3 DATASYMBOL4 DATASYMBOL5 DATASYMBOL6 DATASYMBOLNIL
    DATASYMBOLSUM DAYADJ DECIMALS DEFAULT-GRAPH DESCRIPTION DESCRIPTIONDEFAULT DIRECTORY-PATH DOMAIN DOUBLECOLUMN
    ELIMINATION FIRST-PUBLISHED HEADING HIERARCHIES HIERARCHYLEVELS HIERARCHYLEVELSOPEN HIERARCHYNAMES INFO INFOFILE
    KEYS LANGUAGE LANGUAGES LAST-UPDATED LINK MAP MATRIX META-ID NEXT-UPDATE NOTE NOTEX OFFICIAL-STATISTICS
    PARTITIONED PRECISION PRESTEXT PX-SERVER REFPERIOD ROUNDING SEASADJ SHOWDECIMALS SOURCE STOCKFA STUB SUBJECT-AREA
    SUBJECT-CODE SURVEY SYNONYMS TABLEID TIMEVAL TITLE UNITS UPDATE-FREQUENCY VALUENOTE VALUENOTEX VALUES
    VARIABLE-TYPE
"""
KEYWORDS = frozenset(_KEYWORDS.split())
"""The keywords of the specification of 2013, section 3.1."""

MANDATORY = ("MATRIX", "SUBJECT-CODE", "SUBJECT-AREA", "DECIMALS", "CONTENTS", "UNITS")
"""Besides DATA, TITLE (unless there is a DESCRIPTION), STUB or HEADING, and VALUES (specification, section 3.2)."""

SYMBOLS = {".": "DATASYMBOL1", "..": "DATASYMBOL2", "...": "DATASYMBOL3", "....": "DATASYMBOL4"} | {
    ".....": "DATASYMBOL5",
    "......": "DATASYMBOL6",
    ".......": "DATASYMBOLSUM",
    "-": "DATASYMBOLNIL",
}

_OF_A_VARIABLE = frozenset({"DOMAIN", "MAP", "ELIMINATION", "DOUBLECOLUMN", "PRESTEXT", "VARIABLE-TYPE", "HIERARCHIES"})
_GEOGRAPHIC = frozenset({"G", "GEO", "GEOGRAPHIC", "GEOGRAPHICAL"})


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable in the default language, with all names of its values."""

    name: str
    dimension: SourceDimension
    by_label: dict[str, int]
    by_code: dict[str, int]

    @property
    def size(self) -> int:
        return len(self.dimension.members)

    def value_index(self, name: str, *, code_first: bool) -> int | None:
        """Return the position of a value named by its code or by its label in any language."""
        first, second = (self.by_code, self.by_label) if code_first else (self.by_label, self.by_code)
        return first.get(name, second.get(name))


@dataclass(slots=True)
class Layout:
    """Expected content of the DATA part: variables in cell order, the number in the stub, and how rows are named."""

    variables: tuple[Variable, ...]
    stub: int
    keys: tuple[Literal["CODES", "VALUES"], ...] | None
    contents: int | None
    default_language: str
    languages: tuple[str, ...]
    names: dict[tuple[str, str], int]
    remarks: list[Remark] = field(default_factory=list)

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(v.size for v in self.variables)

    @property
    def row_width(self) -> int:
        return prod(self.sizes[self.stub :])

    @property
    def cells(self) -> int:
        return prod(self.sizes)

    def variable_index(self, name: str, language: str | None = None) -> int | None:
        """Return the position of a variable by its name in a language or in the default one."""
        position = self.names.get((language or self.default_language, name))
        return position if position is not None else self.names.get((self.default_language, name))


def lay_out(header: Header) -> Layout:
    """Check mandatory keywords and return the layout. Raises ReadError with keyword and line."""
    _check_mandatory(header)
    language = header.find_first("LANGUAGE")
    default = language.text if language and language.text else UNDETERMINED
    others = tuple(
        dict.fromkeys(
            [lang for s in header.find_all("LANGUAGES") for lang in s.values if lang != default]
            + [s.language for s in header.statements if s.language and s.language != default]
        )
    )
    stub, heading = _names_of(header, "STUB", None), _names_of(header, "HEADING", None)
    ordered = (*stub, *heading)
    if len(set(ordered)) != len(ordered):
        name = next(name for i, name in enumerate(ordered) if name in ordered[:i])
        place = header.find_all("HEADING") or header.find_all("STUB")
        raise ReadError("read.px.repeated_variable", place[0].where, variable=name)
    names = {(default, name): i for i, name in enumerate(ordered)}
    translated: dict[str, tuple[str, ...]] = {}
    for lang in others:
        translated_names = (*_names_of(header, "STUB", lang), *_names_of(header, "HEADING", lang))
        translated[lang] = translated_names if len(translated_names) == len(ordered) else ordered
        names.update({(lang, name): i for i, name in enumerate(translated[lang])})

    remarks: list[Remark] = []
    contents = _find_contents(header, ordered)
    variables = []
    for i, name in enumerate(ordered):
        theirs_by_lang = {lang: translated[lang][i] for lang in others}
        role: Literal["metric"] | None = "metric" if i == contents else None
        variables.append(_make_variable(header, name, default, theirs_by_lang, role, remarks))
    layout = Layout(
        tuple(variables), len(stub), _read_keys(header, stub), contents, default, (default, *others), names, remarks
    )
    _check_known(header, layout)
    _check_units(header, layout)
    return layout


def _check_mandatory(header: Header) -> None:
    data = Where(line=header.data_line)
    missing = [k for k in MANDATORY if not any(not s.keys and s.language is None for s in header.find_all(k))]
    if not header.find_all("TITLE") and not header.find_all("DESCRIPTION"):
        missing.append("TITLE")
    if not header.find_all("STUB") and not header.find_all("HEADING"):
        missing.append("STUB")
    if missing:
        # it should have been before DATA, so that line is where to look
        place = Where(line=data.line, keyword=missing[0])
        raise ReadError("read.px.mandatory_keyword", place, keyword=", ".join(missing))


def _names_of(header: Header, keyword: str, language: str | None) -> tuple[str, ...]:
    statement = header.find_first(keyword, (), language)
    return tuple(v for v in statement.values if v) if statement else ()


def _find_contents(header: Header, ordered: Sequence[str]) -> int | None:
    statement = header.find_first("CONTVARIABLE")
    if statement is None or not statement.text:
        return None
    if statement.text not in ordered:
        raise ReadError("read.px.contvariable", statement.where, keyword="CONTVARIABLE", seen=statement.text)
    return ordered.index(statement.text)


def _make_variable(
    header: Header,
    name: str,
    default: str,
    translated: dict[str, str],
    role: Literal["time", "geo", "metric"] | None,
    remarks: list[Remark],
) -> Variable:
    """Build a variable with its members and labels in all languages; check the counts of codes and periods."""
    values, codes = header.find_first("VALUES", (name,)), header.find_first("CODES", (name,))
    timeval = header.find_first("TIMEVAL", (name,))
    times = time_values(timeval) if timeval else TimeValues((), ())
    if values is None and not times.codes:
        raise ReadError("read.px.mandatory_keyword", _place_without_values(header, name), keyword=f'VALUES("{name}")')
    labels = values.values if values else times.labels
    if codes is not None and len(codes.values) != len(labels):
        params: dict[str, Scalar] = {"variable": name, "values": len(labels), "codes": len(codes.values)}
        raise ReadError("read.px.codes_count", codes.where, **params)
    if timeval and times.codes and len(times.codes) != len(labels):
        params = {"variable": name, "values": len(labels), "periods": len(times.codes)}
        remarks.append(Remark("read.px.timeval_count", timeval.where, params))
        times = TimeValues((), ())
    ids = codes.values if codes else (times.codes or labels)
    distinct_members: set[str] = set()
    for member in ids:
        if member in distinct_members:
            place = (codes or values or timeval).where  # type: ignore[union-attr]
            raise ReadError("read.px.repeated_member", place, variable=name, member=member)
        distinct_members.add(member)

    by_language = {default: dict(zip(ids, labels, strict=True))}
    for language, translated_name in translated.items():
        by_language[language] = _translated_labels(header, name, language, translated_name, ids, remarks)
    time_by_id = dict(zip(ids, times.labels, strict=True)) if times.codes else {}
    members = tuple(
        Member(
            member,
            {lang: texts[member] for lang, texts in by_language.items() if member in texts},
            time_by_id.get(member),
        )
        for member in ids
    )
    by_label: dict[str, int] = {}
    for language in by_language:
        for i, member_ in enumerate(members):
            if language in member_.labels:
                by_label.setdefault(member_.labels[language], i)
    if role is None:
        role = "time" if timeval else _geographic_role(header, name)
    dimension = SourceDimension(name, {default: name, **translated}, members, role)
    by_code = {member: i for i, member in enumerate(ids)}
    for i, time in enumerate(times.codes):
        by_code.setdefault(time, i)
    return Variable(name, dimension, by_label, by_code)


def _place_without_values(header: Header, name: str) -> Where:
    """Return the line of a VALUES of no variable, most likely a misspelling; else the line that names the variable."""
    variable_names = {*_names_of(header, "STUB", None), *_names_of(header, "HEADING", None)}
    for statement in header.find_all("VALUES"):
        if statement.language is None and statement.keys and statement.keys[0] not in variable_names:
            return Where(line=statement.line, keyword="VALUES")
    for keyword in ("STUB", "HEADING"):
        if name in _names_of(header, keyword, None):
            return Where(line=header.find_all(keyword)[0].line, keyword="VALUES")
    return Where(line=header.data_line, keyword="VALUES")


def _translated_labels(
    header: Header, name: str, language: str, translated_name: str, ids: Sequence[str], remarks: list[Remark]
) -> dict[str, str]:
    """Return labels in another language by member code, joined by CODES if the language has them, else by order."""
    values = header.find_first("VALUES", (translated_name,), language) or header.find_first("VALUES", (name,), language)
    if values is None:
        return {}
    codes = header.find_first("CODES", (translated_name,), language) or header.find_first("CODES", (name,), language)
    known_codes = set(ids)
    if (
        codes is not None
        and len(codes.values) == len(values.values)
        and header.find_first("CODES", (name,)) is not None
    ):
        pairs = dict(zip(codes.values, values.values, strict=True))
        fits = set(pairs) == known_codes
    else:
        fits = len(values.values) == len(ids)
        pairs = dict(zip(ids, values.values, strict=True)) if fits else {}
    if not fits:
        remarks.append(Remark("read.px.language_labels", values.where, {"variable": name, "language": language}))
    return {code: label for code, label in pairs.items() if code in known_codes}


def _geographic_role(header: Header, name: str) -> Literal["geo"] | None:
    kind = header.find_first("VARIABLE-TYPE", (name,))
    geographic = kind is not None and kind.text.upper() in _GEOGRAPHIC
    return "geo" if geographic or header.find_first("MAP", (name,)) is not None else None


def _read_keys(header: Header, stub: Sequence[str]) -> tuple[Literal["CODES", "VALUES"], ...] | None:
    """Return by CODES or VALUES how rows name each stub variable; None without KEYS."""
    stated = [s for s in header.find_all("KEYS") if s.language is None]
    if not stated:
        return None
    by_variable = {s.keys[0]: s for s in stated if s.keys}
    key_kinds: list[Literal["CODES", "VALUES"]] = []
    for name in stub:
        statement = by_variable.get(name)
        kind = statement.text.upper() if statement else ""
        if kind == "CODES":
            key_kinds.append("CODES")
        elif kind == "VALUES":
            key_kinds.append("VALUES")
        else:
            place = Where(line=(statement or stated[0]).line, keyword="KEYS")
            raise ReadError("read.px.keys", place, variable=name)
    return tuple(key_kinds)


def _check_units(header: Header, layout: Layout) -> None:
    """Check that UNITS are indexed by contents; otherwise numbers would get a wrong unit."""
    if layout.contents is None:
        return
    variable = layout.variables[layout.contents]
    for statement in header.find_all("UNITS"):
        if statement.keys and variable.value_index(statement.keys[0], code_first=False) is None:
            place = Where(line=statement.line, keyword="UNITS")
            raise ReadError("read.px.contvariable", place, keyword=statement.name, seen=statement.keys[0])


def _check_known(header: Header, layout: Layout) -> None:
    """Report problems that do not prevent reading: unknown words, variables, decimals."""
    remarks = layout.remarks
    decimals = header.find_first("DECIMALS")
    for statement in header.statements:
        keyword = statement.keyword
        if keyword not in KEYWORDS:
            remarks.append(Remark("read.px.unknown_keyword", statement.where, {"keyword": keyword}))
        elif keyword in _OF_A_VARIABLE or keyword in ("VALUES", "CODES", "TIMEVAL"):
            if statement.keys and layout.variable_index(statement.keys[0], statement.language) is None:
                params: dict[str, Scalar] = {"keyword": keyword, "variable": statement.keys[0]}
                remarks.append(Remark("read.px.unknown_variable", statement.where, params))
        elif keyword in ("DECIMALS", "SHOWDECIMALS"):
            limit = decimals.text if keyword == "SHOWDECIMALS" and decimals else "15"
            allowed = re.fullmatch(r"\d\d?", statement.text) and (
                not limit.isdigit() or int(statement.text) <= min(int(limit), 15)
            )
            if not allowed:
                params = {"keyword": keyword, "seen": statement.text}
                remarks.append(Remark("read.px.decimals", statement.where, params))
        elif keyword == "AGGREGALLOWED" and statement.text.upper() not in ("YES", "NO"):
            remarks.append(Remark("read.px.yes_no", statement.where, {"keyword": keyword, "seen": statement.text}))
        elif keyword == "CONFIDENTIAL" and statement.text.strip() not in ("", "0"):
            remarks.append(Remark("read.px.confidential", statement.where, {"seen": statement.text}))
