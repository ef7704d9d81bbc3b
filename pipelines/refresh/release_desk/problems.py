"""Hold the finding of a check as a sentence with names, which each reader sees in their own language.

A check knows codes only. Pages and commands fill the sentence with the names of territories, offices and periods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from pipelines import words
from pipelines.core import clock, codes, i18n
from pipelines.core.i18n.periods import format_period
from pipelines.words.language import read_in

if TYPE_CHECKING:
    from datetime import date

    from pipelines.declarations.registry import Registry


@dataclass(frozen=True, slots=True, order=True)
class NameReference:
    """Something that has a name in each language.

    `of` is the territory of an office, or the code list of a code. The code of a period can name a range by its ends,
    such as `2025-Q1|2026-Q2`. The code of a day is a time as the ledger has it. A file has its own name.
    """

    kind: Literal["area", "office", "period", "code", "language", "table", "day", "file"]
    code: str
    of: str = ""


Value = str | int | float | NameReference | tuple[NameReference, ...]
"""A text without a translation, a number, a name, or several names, which are separated by commas.

A number that is not whole has one decimal.
"""


@dataclass(frozen=True)
class CheckProblem:
    """The finding of a check: a marked sentence with `{placeholders}`, and their values."""

    text: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def compose_sentence(self, reader: ProblemReader) -> str:
        """Return the sentence in the language and with the names of a reader."""
        values = {name: _name_value(value, reader) for name, value in self.values.items()}
        text = i18n.tell(self.text, reader.language, **values)  # marked in the modules of the checks
        return i18n.drop_second_stop(text)  # a period may end with one: "3. tromjesečje 2026."


class ProblemReader(Protocol):
    """A reader of problems: the language, and the names of territories, offices and codes in it."""

    @property
    def language(self) -> str: ...
    def area_name(self, code: str, /) -> str: ...
    def office_name(self, source: str, territory: str, /) -> str: ...
    def code_label(self, codelist: str, code: str, /) -> str: ...


@dataclass(frozen=True)
class CommandReader:
    """A reader of commands and JSON, in English by default. Footnotes of names follow the text, without marks."""

    registry: Registry
    language: str = i18n.SOURCE_LANGUAGE
    named_territories: set[str] = field(default_factory=set)
    """Codes of the territories that were named."""

    def list_footnotes(self) -> list[str]:
        """Return the footnotes of the territories that were named."""
        from pipelines.submissions.timetable.names import note_of

        notes = (note_of(self.registry, code, self.language) for code in sorted(self.named_territories))
        return list(dict.fromkeys(note for note in notes if note))

    def area_name(self, code: str, /) -> str:
        from pipelines.submissions.timetable.names import jurisdiction_name

        self.named_territories.add(code.partition("_")[0])
        return jurisdiction_name(self.registry, code, self.language)

    def office_name(self, source: str, territory: str, /) -> str:
        from pipelines.submissions.timetable.names import office_name

        self.named_territories.add(territory)
        return office_name(self.registry, source, self.language)

    def code_label(self, codelist: str, code: str, /) -> str:
        try:
            return codes.get_code_label(codelist, code, self.language)
        except codes.UnknownCodeError:
            return code


def _name_value(value: Value, reader: ProblemReader) -> str | date:
    if isinstance(value, tuple):
        return ", ".join(str(_name_value(part, reader)) for part in value)
    if isinstance(value, NameReference):
        return _find_name(value, reader)
    with read_in(reader.language):
        if isinstance(value, float):
            return words.format_number(value, 1)
        return words.format_number(value) if isinstance(value, int) else value


def _find_name(name: NameReference, reader: ProblemReader) -> str | date:
    language = reader.language
    if name.kind == "area":
        return i18n.tell("Region", language) if name.code == codes.REGION else reader.area_name(name.code)
    if name.kind == "office":
        return reader.office_name(name.code, name.of)
    if name.kind == "code":
        return reader.code_label(name.of, name.code)
    if name.kind == "period":
        ends = dict.fromkeys(name.code.split("|"))
        return "–".join(format_period(code, language) for code in ends)
    if name.kind == "language":
        return i18n.language_name(name.code)
    if name.kind == "file":
        return name.code
    if name.kind == "day":
        return clock.parse_time(name.code).date()
    from pipelines.dissemination.table_titles import name_table

    with read_in(language):
        return name_table(name.code)
