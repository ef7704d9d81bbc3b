"""Match declared templates (literal words with placeholders) against whole texts after folding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from pipelines.core.text.folding import fold_text
from pipelines.declarations.base import is_within

_PLACEHOLDER = re.compile(r"\{([a-z_]+)(:roman)?\}")
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_ROMAN_BACK = {"1": "I", "2": "II", "3": "III", "4": "IV"}
_FREE = {"text": ".*", "day": r"\d{1,2}", "month": r"\d{1,2}", "n": r"\d+"}
_MAX_EXPANSION = 5000


@dataclass(frozen=True, slots=True)
class Meaning:
    """Meaning of a label: its coordinates (`said`), the periods for which it is valid, and its code (`key`)."""

    label: str
    key: str
    said: Mapping[str, str]
    valid: str | None = None


@dataclass(frozen=True, slots=True)
class LabelTable:
    """A code table for matching: folded label -> meanings (several only if their validity differs)."""

    name: str
    by_label: Mapping[str, tuple[Meaning, ...]]

    def find_meaning(self, text: str, period: str | None) -> Meaning | None:
        """Return the meaning of a label in a period, or the first without a period; None for an unknown label."""
        meanings = self.by_label.get(fold_text(text))
        if not meanings:
            return None
        if period is not None and len(meanings) > 1:
            return next((m for m in meanings if is_within(period, m.valid)), meanings[0])
        return meanings[0]

    def list_labels(self) -> list[str]:
        """Return all labels as declared."""
        return [m.label for meanings in self.by_label.values() for m in meanings]

    def meanings_by_code(self) -> dict[str, Meaning]:
        """Return the first meaning (spelling) of each code."""
        first_meanings: dict[str, Meaning] = {}
        for meanings in self.by_label.values():
            for meaning in meanings:
                first_meanings.setdefault(meaning.key, meaning)
        return first_meanings


def label_table(name: str, meanings: Iterable[Meaning]) -> LabelTable:
    """Build a table of meanings by folded label, in their order."""
    by_label: dict[str, tuple[Meaning, ...]] = {}
    for meaning in meanings:
        folded = fold_text(meaning.label)
        by_label[folded] = (*by_label.get(folded, ()), meaning)
    return LabelTable(name, by_label)


@dataclass(frozen=True, slots=True)
class Hit:
    """A matched template: coordinates, codes by placeholder, and validities to check once the period is known."""

    said: Mapping[str, str]
    keys: tuple[tuple[str, str], ...] = ()
    valid: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Matcher:
    """A compiled template. `exact` is set if it has no placeholder."""

    template: str
    exact: str | None
    strict: re.Pattern[str]
    loose: re.Pattern[str]
    names: tuple[str, ...]
    tables: Mapping[str, LabelTable] = field(repr=False)

    def match_text(self, text: str, period: str | None = None) -> Hit | None:
        """Return the match of a text with this template, or None."""
        folded = fold_text(text)
        if self.exact is not None:
            return Hit({}) if folded == self.exact else None
        match = self.strict.fullmatch(folded)
        if match is None:
            return None
        coordinates: dict[str, str] = {}
        keys: list[tuple[str, str]] = []
        valid: list[tuple[str, str]] = []
        for name, part in zip(self.names, match.groups(), strict=True):
            table = self.tables.get(name)
            if table is not None:
                meaning = table.find_meaning(part, period)
                assert meaning is not None  # the strict pattern consists of the labels of the table
                coordinates.update(meaning.said)
                keys.append((name, meaning.key))
                if meaning.valid is not None:
                    valid.append((meaning.label, meaning.valid))
            elif name == "quarter":
                coordinates["quarter"] = _ROMAN.get(part, part)
            elif name == "year":
                coordinates["year"] = part
        return Hit(coordinates, tuple(keys), tuple(valid))

    def find_unknown_label(self, text: str) -> tuple[str, str] | None:
        """Return (placeholder, unknown label) if only a label does not fit this template, else None."""
        if self.exact is not None or not (match := self.loose.fullmatch(fold_text(text))):
            return None
        for name, part in zip(self.names, match.groups(), strict=True):
            table = self.tables.get(name)
            if table is not None and part not in table.by_label:
                return name, part
        return None

    def has_own_words(self) -> bool:
        """Return True if the template has words outside its placeholders."""
        return bool(_PLACEHOLDER.sub("", self.template).strip(" /"))

    def list_expansions(self) -> list[str]:
        """Return all texts that match the template, up to a limit; placeholders of periods are not expanded."""
        if self.exact is not None:
            return [self.template]
        tables = [n for n in self.names if n in self.tables]
        choices: list[Sequence[str]] = [self.tables[n].list_labels() for n in tables]
        texts: list[str] = []
        for combination in product(*choices):
            texts.append(_fill(self.template, dict(zip(tables, combination, strict=True))))
            if len(texts) >= _MAX_EXPANSION:
                break
        return texts


def _fill(template: str, words: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda m: words.get(m.group(1), m.group()), template)


def compile_template(template: str, tables: Mapping[str, LabelTable]) -> Matcher:
    """Compile a template; `tables` has a table for every placeholder that is not a period part or free text."""
    names: list[str] = []
    styles: list[bool] = []
    for name, style in _PLACEHOLDER.findall(template):
        names.append(name)
        styles.append(bool(style))
    if not names:
        folded = fold_text(template)
        never = re.compile(re.escape(folded))
        return Matcher(template, folded, never, never, (), {})
    marked = template
    for number, match in enumerate(_PLACEHOLDER.finditer(template)):
        marked = marked.replace(match.group(), chr(0xE000 + number), 1)
    parts = re.split("([\ue000-\uf8ff])", fold_text(marked))
    strict, loose = [], []
    for part in parts:
        if len(part) == 1 and "\ue000" <= part <= "\uf8ff":
            number = ord(part) - 0xE000
            tight, wide = _build_groups(names[number], styles[number], tables)
            strict.append(f"({tight})")
            loose.append(f"({wide})")
        else:
            strict.append(re.escape(part))
            loose.append(re.escape(part))
    used = {name: tables[name] for name in names if name in tables}
    return Matcher(template, None, re.compile("".join(strict)), re.compile("".join(loose)), tuple(names), used)


def _build_groups(name: str, roman: bool, tables: Mapping[str, LabelTable]) -> tuple[str, str]:
    if name in tables:
        labels = sorted(tables[name].by_label, key=len, reverse=True)
        return ("|".join(map(re.escape, labels)) or r"(?!)"), ".+?"
    if name == "year":
        return r"\d{4}", r"\d{4}"
    if name == "quarter":
        group = "iii|ii|iv|i" if roman else "[1-4]"
        return group, group
    return _FREE[name], _FREE[name]


def write_template(template: str, tables: Mapping[str, LabelTable], codes: Mapping[str, str]) -> str:
    """Write a template with the first spelling of the code of each placeholder.

    `codes` has the code for each table, or `year` and `quarter` as digits; free placeholders are written as empty text.
    This is the inverse of matching: the matcher returns the same codes for the written text. Raises KeyError for an
    undeclared code.
    """

    def spell_placeholder(match: re.Match[str]) -> str:
        name, style = match.groups()
        if name in tables:
            return tables[name].meanings_by_code()[codes[name]].label
        if name == "quarter":
            return _ROMAN_BACK[codes[name]] if style else codes[name]
        return codes[name] if name == "year" else ""

    return _PLACEHOLDER.sub(spell_placeholder, template).rstrip()
