"""A finding in words: its place, its message with the codes in words, and the tails that rules put into parameters.

Belongs here: everything between a `Finding` and the sentence that a person reads in an answer.
Does not belong here: the rules' own sentences (`pipelines/returns/rules.py`), groups (`grouping.py`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines import codes, locales
from pipelines.answers.model import Told
from pipelines.answers.phrases import PATTERNS, PHRASES
from pipelines.answers.suggesting import NEAREST_RULES, suggest
from pipelines.locales import mark, tell
from pipelines.locales.script import latin

if TYPE_CHECKING:
    from pipelines.answers.declared import Declared
    from pipelines.readers.model import Scalar, Where
    from pipelines.returns.findings import Finding

_CODES = {
    "measure": "measure",
    "part": "measure",
    "whole": "measure",
    "event": "measure",
    "earlier": "measure",
    "offence_group": "offence_group",
    "sentence_type": "sentence_type",
}
"""Parameters that hold a code, and its list."""
DIMENSIONS = {
    "sex": mark("sex"),
    "age": mark("age"),
    "article": mark("article of the law"),
    "law_article": mark("article of the law"),
    "offence": mark("offence"),
    "measure": mark("what is counted"),
    "person_type": mark("kind of person"),
    "victim_status": mark("status of the victim"),
    "exploitation": mark("form of exploitation"),
    "citizenship": mark("citizenship"),
    "sentence_type": mark("sanction"),
    "sentence_band": mark("length of sentence"),
    "level": mark("stage"),
    "partner": mark("partner"),
}
"""A dimension over which parts are added, in words."""
_TAILS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r" Nearest declared: '(?P<word>.*)'\.", re.DOTALL), mark(" Nearest declared: '{word}'.")),
    (re.compile(r" Nearest in the file: '(?P<word>.*)'\.", re.DOTALL), mark(" Nearest in the file: '{word}'.")),
    (re.compile(r" under the title '(?P<word>.*)'", re.DOTALL), mark(" under the title '{word}'")),
    (
        re.compile(r"a number written as (?P<example>\S+) or a sign \((?P<signs>.*)\)", re.DOTALL),
        mark("a number written as {example} or a sign ({signs})"),
    ),
    (re.compile(r"a value of '(?P<word>.*)'", re.DOTALL), mark("a value of '{word}'")),
    (re.compile("a number"), mark("a number")),
    (re.compile("a heading or label"), mark("a heading or label")),
    (re.compile("deadline"), mark("deadline")),
    *PATTERNS,
)
"""Texts that the rules put into parameters in English, and their sources for translation."""
_PLACEHOLDER = re.compile(r"\{[a-z_]+(?::[a-z]+)?\}")
"""Where the form puts a code or the period into a title or heading; its name says nothing to a sender."""
_RC = re.compile(r"(?:R(\d+)C(\d+)|row (\d+) column (\d+))")
_MM_PER_POINT = 25.4 / 72


def told(finding: Finding, language: str, declared: Declared | None = None) -> Told:
    """A finding with its place, words and suggestion."""
    words = locales.words(in_language(finding, language), language)
    return Told(
        key=finding.key,
        rule=finding.rule,
        severity=finding.severity,
        scope=finding.scope,
        where=finding.where,
        place=place_words(finding.where, language),
        message=words.message,
        remedy=words.remedy,
        seen=finding.seen,
        expected=_translated(finding.expected, language),
        suggestion=suggest(finding, declared),
        finding=finding,
    )


def in_language(finding: Finding, language: str) -> Finding:
    """The finding with the codes and tails among its parameters in words; what is suggested is told apart from it."""
    params: dict[str, Scalar] = {name: _param(finding, name, value, language) for name, value in finding.params.items()}
    return replace(finding, params=params, expected=_translated(finding.expected, language))


def _param(finding: Finding, name: str, value: Scalar, language: str) -> Scalar:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    if name == "nearest" and finding.rule in NEAREST_RULES:
        return ""
    if name == "dim" and value in DIMENSIONS:
        return locales.gettext(DIMENSIONS[value], language)
    if name in _CODES:
        return code_words(_CODES[name], value, language)
    return _translated(value, language)


def code_words(codelist: str, code: str, language: str) -> str:
    """The label of a code, or the code itself where it has none (an article of the law, a nationality)."""
    try:
        return _label(codelist, code, language)
    except codes.UnknownCodeError:
        return code


def _label(codelist: str, code: str, language: str) -> str:
    if language == locales.SERBIAN_LATIN:
        return latin(codes.label(codelist, code, "sr"))
    return codes.label(codelist, code, language)


def _translated(text: str | None, language: str) -> str | None:
    if text is None:
        return None
    if text in PHRASES:
        return locales.gettext(text, language)
    for pattern, source in _TAILS:
        found = pattern.fullmatch(text)
        if found is not None:
            words = {name: _PLACEHOLDER.sub("\u2026", part) for name, part in found.groupdict().items()}
            return locales.gettext(source, language).format_map(words)
    return _PLACEHOLDER.sub("\u2026", text)


def severity_words(severity: str, language: str) -> str:
    """Error, warning or information in words."""
    return _label("severity", severity, language)


def place_words(where: Where, language: str) -> str:
    """A place in words of a language; positions on a page of a PDF in millimetres from its top left corner."""
    if where.sheet is not None:
        if where.cell is None:
            return tell("sheet {sheet}", language, sheet=where.sheet)
        return tell("sheet {sheet}, cell {cell}", language, sheet=where.sheet, cell=where.cell)
    if where.page is not None:
        return _on_page(where, language)
    if where.table is not None:
        at = _RC.fullmatch(where.cell or "")
        if at is None:
            return tell("table {table}", language, table=where.table)
        row, column = (part for part in at.groups() if part is not None)
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
