"""Read a number or a sign from what a cell shows."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.core.text.folding import fold_text
from pipelines.declarations.base import find_placeholders
from pipelines.declarations.form import Form, NoteMark
from pipelines.model.long_tables import OBS_STATUS_OF_SIGN

_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\u2212": "-", "\u2013": "-"})


class ParsedNumber(NamedTuple):
    """Number or sign as read: `value` is None for a sign that there is none; `sign` is its meaning."""

    value: float | None
    status: str
    conf: str
    sign: str | None = None
    marks: tuple[str, ...] = ()


class NumberReader:
    """Reader of the texts of one form; `read_number` returns None for anything but a declared number or sign."""

    def __init__(self, form: Form) -> None:
        decimal = re.escape(form.numbers.decimal)
        groups = "|".join(re.escape(sign.translate(_SPACES)) for sign in form.numbers.thousands if sign)
        grouped = rf"|\d{{1,3}}(?:(?P<sep>{groups})\d{{3}})(?:(?P=sep)\d{{3}})*" if groups else ""
        self._pattern = re.compile(rf"-?(?:\d+{grouped})(?:{decimal}\d+)?")
        self._decimal = form.numbers.decimal
        self._thousands = tuple(sign.translate(_SPACES) for sign in form.numbers.thousands if sign)
        self._signs = {fold_text(sign): meaning for sign, meaning in form.signs.items()}
        self.signs = tuple(form.signs)
        self._marks = [(_mark_pattern(template), template, mark) for template, mark in form.note_marks.items()]
        self._cache: dict[str, ParsedNumber | None] = {}

    def read_number(self, text: str) -> ParsedNumber | None:
        """Read a text as number or sign."""
        if text not in self._cache:
            self._cache[text] = self._read(text)
        return self._cache[text]

    def _read(self, text: str) -> ParsedNumber | None:
        plain = self._plain(text)
        if plain is not None:
            return plain
        body, marks = self.split_marks(text, of_number=True)
        if not marks:
            return None
        plain = self._plain(body)
        return None if plain is None else ParsedNumber(plain.value, plain.status, plain.conf, plain.sign, marks)

    def _plain(self, text: str) -> ParsedNumber | None:
        meaning = self._signs.get(fold_text(text))
        if meaning is not None:
            return ParsedNumber(*OBS_STATUS_OF_SIGN[meaning], sign=meaning)
        bare = text.translate(_SPACES).strip()
        if not self._pattern.fullmatch(bare):
            return None
        for sign in self._thousands:
            bare = bare.replace(sign, "")
        return ParsedNumber(float(bare.replace(self._decimal, ".")), "A", "F")

    def split_marks(self, text: str, *, of_number: bool = False, shortest: bool = False) -> tuple[str, tuple[str, ...]]:
        """Split the declared note marks from the end of a text: `Убиство1)` -> `Убиство`, `1)`.

        A mark that begins with a digit is split from a number only at a space: `421)` may be 42 with `1)`. With
        `shortest` a mark takes no more digits than necessary: `чл. 1881)` -> `чл. 188`, `1)`.
        """
        marks: list[str] = []
        body = text.strip()
        while True:
            for pattern, template, _ in self._marks:
                match = _find_last(pattern, body) if shortest else pattern.search(body)
                if match is None or match.start() == 0:
                    continue
                is_attached = not body[match.start() - 1].isspace() if match.start() else False
                if of_number and is_attached and (template.startswith("{n}") or template[0].isdigit()):
                    continue
                marks.insert(0, match.group())
                body = body[: match.start()].strip()
                break
            else:
                return body, tuple(marks)

    def find_mark(self, text: str) -> NoteMark | None:
        """Return the declared meaning of a mark, None for an undeclared one."""
        for pattern, _, mark in self._marks:
            if pattern.fullmatch(text.strip()):
                return mark
        return None


def _find_last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    matches = (pattern.match(text, start) for start in range(len(text) - 1, -1, -1))
    return next((match for match in matches if match is not None), None)


def _mark_pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[a-z]+\}", template)
    names = find_placeholders(template)
    groups = [r"\d+" if name == "n" else r"\S*" for name in names]
    pattern = re.escape(parts[0])
    for group, part in zip(groups, parts[1:], strict=True):
        pattern += group + re.escape(part)
    return re.compile(rf"{pattern}$")
