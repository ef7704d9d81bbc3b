"""Variables, codes, labels and languages of a PX file, and whether its mandatory keywords are there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from pipelines.model.content import Dimension, Member, ReadError, Remark, Scalar, Where
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
"""Besides DATA, TITLE (unless DESCRIPTION stands for it), STUB or HEADING, and VALUES (specification, section 3.2)."""

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
    """One variable in the default language, with all names its values go by."""

    name: str
    dimension: Dimension
    by_label: dict[str, int]
    by_code: dict[str, int]

    @property
    def size(self) -> int:
        return len(self.dimension.members)

    def index(self, name: str, *, code_first: bool) -> int | None:
        """The place of a value named by its code or by its label in any language."""
        first, second = (self.by_code, self.by_label) if code_first else (self.by_label, self.by_code)
        return first.get(name, second.get(name))


@dataclass(slots=True)
class Layout:
    """What the DATA part must hold: variables in cell order, the number in the stub, and how rows are named."""

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

    def variable(self, name: str, language: str | None = None) -> int | None:
        """The place of a variable, by its name in a language or in the default one."""
        found = self.names.get((language or self.default_language, name))
        return found if found is not None else self.names.get((self.default_language, name))


def lay_out(header: Header) -> Layout:
    """Check mandatory keywords and give the layout. Raises ReadError naming keyword and line."""
    _check_mandatory(header)
    language = header.find("LANGUAGE")
    default = language.text if language and language.text else UNDETERMINED
    others = tuple(
        dict.fromkeys(
            [lang for s in header.all("LANGUAGES") for lang in s.values if lang != default]
            + [s.language for s in header.statements if s.language and s.language != default]
        )
    )
    stub, heading = _names(header, "STUB", None), _names(header, "HEADING", None)
    ordered = (*stub, *heading)
    if len(set(ordered)) != len(ordered):
        name = next(name for i, name in enumerate(ordered) if name in ordered[:i])
        place = header.all("HEADING") or header.all("STUB")
        raise ReadError("read.px.repeated_variable", place[0].where, variable=name)
    names = {(default, name): i for i, name in enumerate(ordered)}
    translated: dict[str, tuple[str, ...]] = {}
    for lang in others:
        theirs = (*_names(header, "STUB", lang), *_names(header, "HEADING", lang))
        translated[lang] = theirs if len(theirs) == len(ordered) else ordered
        names.update({(lang, name): i for i, name in enumerate(translated[lang])})

    remarks: list[Remark] = []
    contents = _contents(header, ordered)
    variables = []
    for i, name in enumerate(ordered):
        theirs_by_lang = {lang: translated[lang][i] for lang in others}
        role: Literal["metric"] | None = "metric" if i == contents else None
        variables.append(_variable(header, name, default, theirs_by_lang, role, remarks))
    layout = Layout(
        tuple(variables), len(stub), _keys(header, stub), contents, default, (default, *others), names, remarks
    )
    _check_known(header, layout)
    _check_units(header, layout)
    return layout


def _check_mandatory(header: Header) -> None:
    data = Where(line=header.data_line)
    missing = [k for k in MANDATORY if not any(not s.keys and s.language is None for s in header.all(k))]
    if not header.all("TITLE") and not header.all("DESCRIPTION"):
        missing.append("TITLE")
    if not header.all("STUB") and not header.all("HEADING"):
        missing.append("STUB")
    if missing:
        # it should have stood before DATA, so that line is where to look
        place = Where(line=data.line, keyword=missing[0])
        raise ReadError("read.px.mandatory_keyword", place, keyword=", ".join(missing))


def _names(header: Header, keyword: str, language: str | None) -> tuple[str, ...]:
    statement = header.find(keyword, (), language)
    return tuple(v for v in statement.values if v) if statement else ()


def _contents(header: Header, ordered: Sequence[str]) -> int | None:
    statement = header.find("CONTVARIABLE")
    if statement is None or not statement.text:
        return None
    if statement.text not in ordered:
        raise ReadError("read.px.contvariable", statement.where, keyword="CONTVARIABLE", seen=statement.text)
    return ordered.index(statement.text)


def _variable(
    header: Header,
    name: str,
    default: str,
    translated: dict[str, str],
    role: Literal["time", "geo", "metric"] | None,
    remarks: list[Remark],
) -> Variable:
    values, codes = header.find("VALUES", (name,)), header.find("CODES", (name,))
    timeval = header.find("TIMEVAL", (name,))
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
    seen: set[str] = set()
    for member in ids:
        if member in seen:
            place = (codes or values or timeval).where  # type: ignore[union-attr]
            raise ReadError("read.px.repeated_member", place, variable=name, member=member)
        seen.add(member)

    by_language = {default: dict(zip(ids, labels, strict=True))}
    for language, theirs in translated.items():
        by_language[language] = _translated_labels(header, name, language, theirs, ids, remarks)
    members = tuple(
        Member(member, {lang: texts[member] for lang, texts in by_language.items() if member in texts})
        for member in ids
    )
    by_label: dict[str, int] = {}
    for language in by_language:
        for i, member_ in enumerate(members):
            if language in member_.labels:
                by_label.setdefault(member_.labels[language], i)
    if role is None:
        role = "time" if timeval else _geographic(header, name)
    dimension = Dimension(name, {default: name, **translated}, members, role)
    by_code = {member: i for i, member in enumerate(ids)}
    for i, time in enumerate(times.codes):
        by_code.setdefault(time, i)
    return Variable(name, dimension, by_label, by_code)


def _place_without_values(header: Header, name: str) -> Where:
    """A VALUES of no variable is most likely the misspelt one; else the line that names the variable."""
    known = {*_names(header, "STUB", None), *_names(header, "HEADING", None)}
    for statement in header.all("VALUES"):
        if statement.language is None and statement.keys and statement.keys[0] not in known:
            return Where(line=statement.line, keyword="VALUES")
    for keyword in ("STUB", "HEADING"):
        if name in _names(header, keyword, None):
            return Where(line=header.all(keyword)[0].line, keyword="VALUES")
    return Where(line=header.data_line, keyword="VALUES")


def _translated_labels(
    header: Header, name: str, language: str, theirs: str, ids: Sequence[str], remarks: list[Remark]
) -> dict[str, str]:
    """Labels in another language by member code. Joined by CODES where the language has them, else by order."""
    values = header.find("VALUES", (theirs,), language) or header.find("VALUES", (name,), language)
    if values is None:
        return {}
    codes = header.find("CODES", (theirs,), language) or header.find("CODES", (name,), language)
    known = set(ids)
    if codes is not None and len(codes.values) == len(values.values) and header.find("CODES", (name,)) is not None:
        pairs = dict(zip(codes.values, values.values, strict=True))
        fits = set(pairs) == known
    else:
        fits = len(values.values) == len(ids)
        pairs = dict(zip(ids, values.values, strict=True)) if fits else {}
    if not fits:
        remarks.append(Remark("read.px.language_labels", values.where, {"variable": name, "language": language}))
    return {code: label for code, label in pairs.items() if code in known}


def _geographic(header: Header, name: str) -> Literal["geo"] | None:
    kind = header.find("VARIABLE-TYPE", (name,))
    geographic = kind is not None and kind.text.upper() in _GEOGRAPHIC
    return "geo" if geographic or header.find("MAP", (name,)) is not None else None


def _keys(header: Header, stub: Sequence[str]) -> tuple[Literal["CODES", "VALUES"], ...] | None:
    stated = [s for s in header.all("KEYS") if s.language is None]
    if not stated:
        return None
    by_variable = {s.keys[0]: s for s in stated if s.keys}
    out: list[Literal["CODES", "VALUES"]] = []
    for name in stub:
        statement = by_variable.get(name)
        kind = statement.text.upper() if statement else ""
        if kind == "CODES":
            out.append("CODES")
        elif kind == "VALUES":
            out.append("VALUES")
        else:
            place = Where(line=(statement or stated[0]).line, keyword="KEYS")
            raise ReadError("read.px.keys", place, variable=name)
    return tuple(out)


def _check_units(header: Header, layout: Layout) -> None:
    """UNITS indexed by something that is not a content would give numbers a unit that is not theirs."""
    if layout.contents is None:
        return
    variable = layout.variables[layout.contents]
    for statement in header.all("UNITS"):
        if statement.keys and variable.index(statement.keys[0], code_first=False) is None:
            place = Where(line=statement.line, keyword="UNITS")
            raise ReadError("read.px.contvariable", place, keyword=statement.name, seen=statement.keys[0])


def _check_known(header: Header, layout: Layout) -> None:
    """What does not stop the reading but is worth saying: unknown words, variables, decimals."""
    remarks = layout.remarks
    decimals = header.find("DECIMALS")
    for statement in header.statements:
        keyword = statement.keyword
        if keyword not in KEYWORDS:
            remarks.append(Remark("read.px.unknown_keyword", statement.where, {"keyword": keyword}))
        elif keyword in _OF_A_VARIABLE or keyword in ("VALUES", "CODES", "TIMEVAL"):
            if statement.keys and layout.variable(statement.keys[0], statement.language) is None:
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
