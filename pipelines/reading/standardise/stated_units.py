"""Hold what a file says about its unit against the counts that a form declares.

A unit is stated in fields that formats have for it (PX `UNITS`, SDMX `UNIT_MULT`, JSON-stat `unit`) and in words near a
table ("in thousands", "number of cases"). `unit_words.csv` lists the words by meaning and language: `near` in any text,
`unit` only in a field that is a unit. `*` ends a stem. Matching ignores script, case and diacritics.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.core.text.spelling import fold_to_latin
from pipelines.declarations.form import Form
from pipelines.findings.finding import Severity
from pipelines.model.content import Cube, Grid, Where
from pipelines.reading.standardise.addressing import Trouble
from pipelines.reading.standardise.collecting import Collector
from pipelines.reading.standardise.numbered import AT, Number
from pipelines.reading.standardise.sheets import Sheet, has_letters

_KINDS_OF_UNIT = {
    "person": "persons", "victim": "persons", "migrant": "persons", "case": "cases", "offence": "offences",
}  # fmt: skip
"""Meaning of the words that agree with each unit of count; any other unit is not compared."""
_RULE_OF_MEANING = {"scaled": "unit.scaled", "share": "unit.share"}
_SEGMENT = re.compile(r"[()\[\];:/|\n–—]|,(?!\d)|(?<=\w)\.(?=\s|$)| - ")
"""Ends of a part of a title: `Convicted persons, 2026 (in thousands)` has three."""
_EXTRA_WORDS = 3
"""Words that a part may have besides those about the unit and still be a statement: `all figures are in thousands`."""
_LONGEST = 400
"""Longest text, in characters, that may state a unit; longer ones are prose."""
_PERCENT = re.compile(r"(?<![\d%])\s?[%‰](?!\w)")
_DIGIT_BEFORE_PERCENT = re.compile(r"\d\s?[%‰]")
_MULTIPLES = re.compile(r"[x×*]\s?1[ .,]?0{2,}")
_UNIT_PROPERTY = re.compile(r"UNITS(?:\[[^\]]*\])?(?:\(.*\))?", re.DOTALL)
_NEAR_PROPERTIES = re.compile(
    r"(?:TITLE|CONTENTS|DESCRIPTION|NOTEX?|VALUENOTEX?|INFO|label|note|title|Name)(?:\[[^\]]*\])?(?:\(.*\))?", re.DOTALL
)
_ROLES_READ = frozenset({"heading", "label", "section", "corner", "value", "check", "contact", "ignored", "pseudonym"})
"""Roles of cells whose words the form declares, or that are not about the table."""


class UnitWord(NamedTuple):
    """Words about a unit: their meaning, and how many other words are in the part of the text they are in."""

    meaning: str
    words: str
    segment: str
    extra_words: int

    @property
    def is_certain(self) -> bool:
        return self.extra_words <= _EXTRA_WORDS


@cache
def _compile_words(place: str) -> re.Pattern[str]:
    """Return a pattern of all words of a place in a file, with one group for each meaning."""
    by_meaning: dict[str, set[str]] = {}
    with (Path(__file__).parent / "unit_words.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["place"] in (place, "near"):
                stem = row["words"].endswith("*")
                words = re.escape(fold_to_latin(row["words"].rstrip("*"))) + (r"\w*" if stem else "")
                by_meaning.setdefault(row["meaning"], set()).add(words)
    groups = [
        f"(?P<{meaning}>{'|'.join(sorted(words, key=len, reverse=True))})" for meaning, words in by_meaning.items()
    ]
    return re.compile(rf"(?<!\S)(?:{'|'.join(groups)})(?!\S)")


def find_unit_words(text: str, place: str = "near") -> list[UnitWord]:
    """Return the words of a text that state a unit."""
    if len(text) > _LONGEST:
        return []
    pattern = _compile_words(place)
    unit_words: list[UnitWord] = []
    for segment in _SEGMENT.split(text):
        folded = fold_to_latin(segment)
        count = len(folded.split())
        unit_words += [
            UnitWord(str(match.lastgroup), match[0], segment, count - len(match[0].split()))
            for match in pattern.finditer(folded)
        ]
        if _PERCENT.search(segment) and not _DIGIT_BEFORE_PERCENT.search(segment):
            unit_words.append(UnitWord("share", "%", segment, count))
    if _MULTIPLES.search(text.casefold()):
        unit_words.append(UnitWord("scaled", "x 1000", text, 0))
    return unit_words


def check_cube_units(cube: Cube, form: Form, collector: Collector) -> None:
    """Check the units and the texts of a cube's properties."""
    units = _unit_kinds(collector.numbers)
    for name, value in cube.properties.items():
        if not isinstance(value, str):
            continue
        where = Where(keyword=name)
        if _UNIT_PROPERTY.fullmatch(name):
            for text in value.split("\n"):
                check_unit(text, where, collector, units)
        elif _NEAR_PROPERTIES.fullmatch(name):
            _check_texts([(where, value)], form, units, collector)


def check_unit(text: str, where: Where, collector: Collector, units: Counter[str] | None = None) -> bool:
    """Check a field that is a unit; return False, with a finding, if figures in it are not the counts declared.

    `units` are the kinds of unit of the numbers it is about, if they are known already.
    """
    if not text.strip():
        return True
    meanings = {word.meaning for word in find_unit_words(text, "unit")}
    rule = next((rule for meaning, rule in _RULE_OF_MEANING.items() if meaning in meanings), None)
    if rule is not None:
        collector.add_trouble(Trouble(rule, "error", {}, text), where, key=where.keyword)
        return False
    stated = meanings & set(_KINDS_OF_UNIT.values())
    if units and stated:
        agreeing = sum(units[kind] for kind in stated)
        if 2 * agreeing < units.total():
            severity: Severity = "warning" if agreeing else "error"
            _report_other_unit(text, stated, where, severity, collector)
            return False
    elif not meanings:
        collector.add_trouble(Trouble("unit.unknown", "warning", {}, text), where, key=where.keyword)
    return True


def check_observation_unit(attributes: Mapping[str, str], where: Where, collector: Collector) -> bool:
    """Check the attributes of an observation that state its unit; return False, with a finding, if one is wrong."""
    for name, value in attributes.items():
        plain_name = name.removeprefix("unit.").upper()
        if plain_name in ("UNIT_MULT", "UNIT_MULTIPLIER", "MULTIPLIER"):
            if value.strip() not in ("", "0", "0.0"):
                collector.add_trouble(Trouble("unit.scaled", "error", {}, f"{name}={value}"), where)
                return False
        elif plain_name in ("UNIT", "UNITS", "UNIT_MEASURE", "LABEL", "SYMBOL", "BASE", "TYPE"):
            is_unit = name.startswith("unit.") or plain_name.startswith("UNIT")
            meanings = {word.meaning for word in find_unit_words(value, "unit")} if is_unit else set()
            rule = next((rule for meaning, rule in _RULE_OF_MEANING.items() if meaning in meanings), None)
            if rule is not None:
                collector.add_trouble(Trouble(rule, "error", {}, f"{name}={value}"), where)
                return False
    return True


def check_grid_units(grid: Grid, form: Form, sheets: Sequence[Sheet], collector: Collector) -> None:
    """Check the words near the tables of a file: titles, notes, headers and footers."""
    if form.records is not None:
        return
    read_places = {(b.table, b.row, b.column) for b in collector.bindings if b.role in _ROLES_READ}
    by_table: dict[tuple[object, ...], list[Number]] = {}
    for number in collector.numbers:
        by_table.setdefault(_table_of(number.where), []).append(number)
    for sheet in sheets:
        signs = [c for c in sheet.cells.values() if c.kind == "text" and not c.spread and _is_sign(c.text)]
        cells = [c for c in (*sheet.words, *signs) if (sheet.index, c.row, c.column) not in read_places]
        texts = [(cell.where, cell.text) for cell in cells]
        first = sheet.table.cells[0].where if sheet.table.cells else Where()
        table = Where(sheet=first.sheet, page=first.page, table=first.table)
        if sheet.table.title:
            texts.append((table, sheet.table.title))
        if table.sheet is not None:
            texts.append((table, sheet.table.name))
        _check_texts(texts, form, _unit_kinds(by_table.get(_table_of(first), [])), collector)
    titles = {line for sheet in sheets for line in (sheet.table.title or "").splitlines()}
    for where, text in grid.outside:
        if text not in titles:
            _check_texts([(where, text)], form, _unit_kinds(_numbers_below(where, collector.numbers)), collector)


def _is_sign(text: str) -> bool:
    """Return True if a text states a unit without any word: `(%)`."""
    return bool(_PERCENT.search(text) or _MULTIPLES.search(text)) and not has_letters(text)


def _numbers_below(where: Where, numbers: Sequence[Number]) -> Sequence[Number]:
    """Return the numbers of the table that follows a text outside tables, or of its page; all if that is not known."""
    if where.page is not None:
        return [number for number in numbers if number.where.page == where.page] or numbers
    line = where.line if where.keyword is None else None
    following = [n for n in numbers if line is not None and n.where.line is not None and n.where.line > line]
    first = min(following, key=lambda number: number.where.line or 0, default=None)
    return numbers if first is None else [n for n in following if n.where.table == first.where.table]


def _table_of(where: Where) -> tuple[object, ...]:
    return (where.sheet, where.page, where.table)


def _unit_kinds(numbers: Iterable[Number]) -> Counter[str]:
    place = AT["count_unit"]
    return Counter(_KINDS_OF_UNIT.get(number.key[place], "other") for number in numbers)


def _check_texts(texts: Sequence[tuple[Where, str]], form: Form, units: Counter[str], collector: Collector) -> None:
    """Report the words of texts that contradict the form; words that the form itself declares never do."""
    declared: set[tuple[str, str]] | None = None
    for where, text in texts:
        for word in find_unit_words(text):
            rule = _RULE_OF_MEANING.get(word.meaning)
            if rule is None and not _contradicts(word, units):
                continue
            if declared is None:
                declared = {(w.meaning, w.words) for title in _iter_own_texts(form) for w in find_unit_words(title)}
            if (word.meaning, word.words) in declared:
                continue
            if rule is not None:
                severity: Severity = "error" if word.is_certain else "warning"
                collector.add_trouble(Trouble(rule, severity, {}, text), where, key=where)
            else:
                severity = "error" if word.extra_words == 0 else "warning"
                _report_other_unit(text, {word.meaning}, where, severity, collector)


def _contradicts(word: UnitWord, units: Counter[str]) -> bool:
    """Return True if words name a unit that none of the numbers has, without a word of theirs next to it."""
    if not units or not word.is_certain or units[word.meaning] or units["other"]:
        return False
    return not any(units[near.meaning] for near in find_unit_words(word.segment, "unit"))


def _report_other_unit(text: str, stated: set[str], where: Where, severity: Severity, collector: Collector) -> None:
    rule = "unit.persons" if "persons" in stated else "unit.cases"
    collector.add_trouble(Trouble(rule, severity, {}, text), where, key=where)


def _iter_own_texts(form: Form) -> Iterator[str]:
    """Yield the texts that the form declares, which a sound return contains."""
    yield from (text for _, text in form.iterate_templates())
    yield from (*form.recognise.all, *form.contacts, *form.titles.values())
    for table in form.tables or ():
        yield from (table.corner, *table.stub, *table.end)
    for mark, meaning in form.note_marks.items():
        yield mark
        if meaning.text:
            yield meaning.text
    if form.nil is not None:
        yield from filter(None, (form.nil.words, form.nil.title))
