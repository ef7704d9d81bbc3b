"""Compose tables of figures from the components of the design system: values, words for missing ones, notes.

What is not part of a figure (the mark of a note, the word "few") cannot be selected, so that a copied table has the
figures alone (`front.css`). A field whose text is not a plain whole number has its number and its interval in a
`data` element, from which files and copies of the table are made.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import isinf

from pipelines import words
from pipelines.core import i18n
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.design.components import Markup, PageRow, PageTable, Part
from pipelines.front.reader import Reader
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import FormattedFigure, indicators, regions, trends
from pipelines.words.language import tell, translate_message
from pipelines.words.line_breaks import SHORT_STATE
from pipelines.words.sources import Piece, split_ending

_FEW_CLASS = "front-badge"
_FEW = Markup('<span class="front-badge" aria-hidden="true">{few}</span>{number}{spoken}')
BRACKETS = mark("Brackets show the 95% confidence interval.")
FEW_NOTE = mark(
    "Figures with the word “few” are, or may be, counts of fewer than {enough}, or shares or ratios calculated from "
    "such a count. Chance alone can change them a lot."
)
FEW_COUNTS = mark("Figures with the word “few”: counts of fewer than {enough}. Chance alone can change them a lot.")
"""The same for a table of counts alone."""
_HIDDEN = Markup('<span class="rti-hidden">, {text}</span>')
_MARK = Markup('<sup class="front-mark{room}">{marks}</sup>')
_MARKS_OF_FIGURE = re.compile(r'(<sup class="front-mark[^"]*">)([^<]*)(?=</sup>)')
_ROOM = ("", "", " front-pair", " front-trio")
"""Class for the room that one, two, and three or more marks need."""
_DATA = Markup("<data{attributes}>{text}</data>")
_INTERVAL = Markup("{number} <span>({interval}</span>")
_WHOLE = Markup('<span class="rti-whole">{}</span>')
_MISSING = Markup('<span class="front-missing{kind}">{text}</span>')
_PHRASE = Markup('<span class="front-phrase">{}</span>')
_REMEMBERED_FIGURES = 8192
"""Formatted figures that are remembered: in one language, the demonstration has some 2,000 different ones."""
_SEPARATOR = Markup('<span class="front-separator">{}</span>')


@dataclass
class FigureTable:
    """A table of figures that is being composed for one reader, with its notes."""

    reader: Reader
    caption: str
    corner: str
    columns: Sequence[str]
    rows: list[PageRow] = field(default_factory=list)
    notes: words.Notes = field(default_factory=words.Notes)
    is_text: bool = False
    """Fields are words and aligned left."""
    word_columns: Collection[int] = ()
    """Places of the columns of words in a table of figures."""
    name: str = "figures"
    """Name of the table on its page, for links and the names of its files."""
    is_quiet: bool = False
    """The caption is for screen readers only, because a heading above has the same text."""
    few: str | None = None
    """Explanation of the word "few", which is a note of the table if the word is in it. None is that for all kinds of
    figures; empty text if numbered notes explain the word."""
    covers: str = ""
    """Coverage in the citation of the table, if it is not that of its rows and of its regional figures."""
    _named: list[str] = field(default_factory=list)
    _regional: list[tuple[str, words.Row | None]] = field(default_factory=list)
    """Regional figures with the columns or rows that they are in."""
    _has_few: bool = False

    def add_row(self, heading: Part, fields: Iterable[Part], *, is_total: bool = False) -> None:
        """Add a row with the fields of all columns."""
        row = PageRow(heading, tuple(fields), kind="total" if is_total else "")
        self._has_few |= any(_FEW_CLASS in part for part in row.fields)
        self.rows.append(row)

    def add_cover_row(self, regional: Iterable[words.Row | None]) -> None:
        """Add a row that gives the number of territories in each figure of the region.

        A narrow screen leaves out the unit of a column in a row of this kind.
        """
        regional = list(regional)
        fields = tuple(map(self.cover_field, regional, self.columns))
        self.rows.append(PageRow(tell("Territories included"), fields, kind="cover"))

    def record_regional(self, regional: Sequence[words.Row | None]) -> None:
        """Record the regional figures of the first columns for the citation of a table without a row of coverage."""
        self._regional += list(zip(self.columns, regional, strict=False))

    def name_area(self, code: str, href: str = "", *, notes: Iterable[str] = (), caution: str = "") -> Part:
        """Return the name of an area as a heading, with the mark of its footnote.

        `notes` are those on all of its row, and `caution` is one that is shown before others; empty ones are left out.
        """
        if code not in self._named:
            self._named.append(code)
        name: Part = keep_hyphens(self.reader.area_name(code))
        if href:
            name = Markup('<a href="{}">{}</a>').format(href, name)
        numbers = [self.notes.number_note(note) for note in notes if note]
        numbers += [self.notes.number_note(caution, is_unfolded=True)] if caution else []
        marks = [mark for mark in (self.reader.footnote_mark(code), *numbers) if mark]
        return Markup("{}{}").format(name, _render_marks(marks))

    def count_field(self, cell: words.Row | None, *, has_interval: bool = False) -> Part:
        """Return a count with the marks of its notes, or the word for a missing one.

        With `has_interval`, it has its interval, as the picture of the table draws it.
        """
        if cell is None:
            return format_figure(words.format_absent())
        figure = words.format_count(cell)
        if has_interval and figure.kind == "value" and cell["low"] is not None:
            figure = indicators.format_figure(cell)
            self.notes.add_remark(tell(BRACKETS))
        marks = words.mark_notes(cell, self.notes)
        return format_figure(figure, marks, is_few=figure.kind == "value" and words.is_few(cell))

    def cover_field(self, row: words.Row | None, heading: str) -> Part:
        """Return how many territories are in a figure of the region, with a note on the others.

        `heading` is that of the figure's column or row, for the citation of the table.

        The note is shown before others if the region has a figure, because a reader would take it for one of all. A
        number of territories that is too small for a figure has a note that says so.
        A ratio without a figure has no such number, unless it is withheld and its territories are known.
        """
        self._regional.append((heading, row))
        if row is None:
            return format_figure(words.format_absent())
        if not regions.has_members(row):
            return format_figure(regions.refuse_figure())
        absences = self.reader.list_absences(row)
        counted = tell("{n} of {whole}", n=regions.count_reporters(row), whole=len(self.reader.edition.territories))
        numbers = []
        if regions.is_refused(row):
            numbers.append(self.notes.number_note(regions.explain_too_few(), is_unfolded=True))
        if absences:
            is_shown = row.get("value") is not None and not regions.is_refused(row)
            numbers.append(self.notes.number_note(absences, is_unfolded=is_shown))
        return Markup("{}{}").format(counted, _render_marks(sorted(numbers, key=_order_mark)))

    def note_field(self, text: Part, *notes: str) -> Part:
        """Return words with the marks of their notes; empty ones are left out."""
        return Markup("{}{}").format(text, self._mark_notes(notes))

    def phrases_field(self, texts: Sequence[str], *notes: str) -> Part:
        """Return phrases with the marks of their notes after the last word, also where it is on another line."""
        return keep_phrases(texts, self._mark_notes(notes))

    def _mark_notes(self, notes: Sequence[str]) -> Markup:
        numbers = [self.notes.number_note(note) for note in notes if note]
        return _render_marks(sorted(numbers, key=_order_mark))

    def verdict_field(self, text: Part, note: str = "") -> Part:
        """Return a verdict with the mark of the note that explains it, which is shown before others."""
        if note:
            self.notes.number_note(note, is_unfolded=True)
        return self.note_field(text, note)

    @property
    def table(self) -> PageTable:
        """Return the table as a component, its notes numbered in the order of their marks in it."""
        words_only = range(len(self.columns)) if self.is_text else self.word_columns
        numbers = frozenset(range(len(self.columns))) - frozenset(words_only)
        new_marks = {
            str(self.notes.texts.index(text) + 1): str(number)
            for number, text in enumerate(self._list_marked(), start=1)
        }
        rows = self.rows
        if any(old != new for old, new in new_marks.items()):
            rows = [
                replace(
                    row,
                    heading=_renumber_marks(row.heading, new_marks),
                    fields=tuple(_renumber_marks(part, new_marks) for part in row.fields),
                )
                for row in self.rows
            ]
        return PageTable(self.caption, self.corner, self.columns, rows, numbers, quiet=self.is_quiet, name=self.name)

    def _list_marked(self) -> list[str]:
        """Return the notes that have a mark in the table, in the order in which the rows are read."""
        marks = [mark for row in self.rows for part in (row.heading, *row.fields) for mark in _read_marks(part)]
        return [self.notes.texts[int(mark) - 1] for mark in dict.fromkeys(marks) if mark.isdigit()]

    @property
    def coverage(self) -> str:
        """Return the names of the areas that have a row, for the citation of the table; empty if it is about one.

        That of the region is followed by how many territories are in its figures.
        """
        if self.covers:
            return self.covers
        edition = self.reader.edition
        codes = [*self._named, *([edition.region] if self._regional else [])]
        names = {code: self.reader.marked_name(code) for code in edition.areas if code in codes}
        if self._regional:
            counted = regions.count_territories(self._regional, len(edition.territories))
            names[edition.region] += f" ({counted})"
        return words.join_words(names.values())

    @property
    def names(self) -> list[tuple[str, str]]:
        """Return the footnotes of the names in the table, with their marks."""
        marked = [code for code in self.reader.edition.areas if code in self._named or self._is_mentioned(code)]
        return self.reader.list_footnotes(marked)

    def _is_mentioned(self, code: str) -> bool:
        mark = self.reader.footnote_mark(code)
        return bool(mark) and any(mark in text for text in (self.caption, *self.notes.texts, *self.notes.remarks))

    @property
    def visible_notes(self) -> list[tuple[str, Part]]:
        """Return the notes that are shown, each with its mark."""
        return words.fold_notes(self._list_notes())[0]

    @property
    def folded_notes(self) -> list[tuple[str, Part]]:
        """Return the notes beyond those shown."""
        return words.fold_notes(self._list_notes())[1]

    @property
    def all_notes(self) -> list[tuple[str, Part]]:
        """Return all notes in the order of their marks."""
        return [note for note, _ in self._list_notes()]

    def _list_remarks(self) -> list[Part]:
        """Return the notes on the whole table, and those that no row refers to; they have no number."""
        marked = self._list_marked()
        unmarked = (mark_english(self.reader, text) for text in self.notes.texts if text not in marked)
        remarks: list[Part] = [*self.notes.remarks, *unmarked]
        if self._has_few and (few := tell(FEW_NOTE, enough=ENOUGH_EVENTS) if self.few is None else self.few):
            remarks.append(few)
        texts = (self.caption, *self.columns, *(str(row.heading) for row in self.rows))
        # One remark, so that none of them is folded while another one is shown.
        abbreviations = " ".join(words.explain_abbreviations(texts))
        return [*remarks, *([abbreviations] if abbreviations else [])]

    def _list_notes(self) -> list[tuple[tuple[str, Part], words.Rank]]:
        """Return all notes with their marks and their ranks: those with a mark in its order, then the remarks."""
        names = [((mark, name_language(self.reader, text)), (words.NoteRank.NAME, 0)) for mark, text in self.names]
        numbered = [
            ((str(number), mark_english(self.reader, text)), self.notes.rank_note(text))
            for number, text in enumerate(self._list_marked(), start=1)
        ]
        return [*names, *numbered, *((("", text), (words.NoteRank.REMARK, 0)) for text in self._list_remarks())]


def keep_hyphens(name: str) -> Part:
    """Return a name in which no line ends at a hyphen, such as "OKB-së"; its characters stay the same."""
    if "-" not in name:
        return name
    return Markup(" ").join(_WHOLE.format(word) if "-" in word else word for word in name.split(" "))


def in_english(text: str) -> Markup:
    """Return an English text on a page in another language."""
    return Markup('<span lang="en">{}</span>').format(text)


def keep_phrases(texts: Sequence[str], marks: Part = "") -> Markup:
    """Return texts with semicolons between them; each is on one line if it is not longer than a line of its column.

    `marks` are those of notes, at the end of the last text.
    """
    ends = [*([Markup(";")] * (len(texts) - 1)), marks]
    phrases = [Markup("{}{}").format(text, end) for text, end in zip(texts, ends, strict=True)]
    return Markup(" ").join(
        _PHRASE.format(phrase) if " " in text else phrase for text, phrase in zip(texts, phrases, strict=True)
    )


def keep_together(texts: Iterable[str], between: str = "; ") -> Markup:
    """Return texts as one in which no line ends within any of them."""
    return Markup(between).join(_WHOLE.format(text) for text in texts)


def format_figure(figure: FormattedFigure, marks: Sequence[str] = (), *, is_few: bool = False) -> Part:
    """Return a figure as the content of a field: a number, or the word for a missing one, and marks of notes."""
    # A count of zero is not few. A share or a rate of zero is, as its complement is: its interval is as wide.
    has_badge = is_few and (figure.value != 0 or figure.low is not None)
    badge = words.LEGEND["few"][0] if has_badge else ""
    return _format_figure(figure, tuple(sorted(marks, key=_order_mark)), badge, words.thousands_sign())


@lru_cache(maxsize=_REMEMBERED_FIGURES)
def _format_figure(figure: FormattedFigure, marks: tuple[str, ...], badge: str, thousands: str) -> Part:
    """Return the same, with the word "few" or an empty text, and the sign between thousands.

    Five of six figures of a release's pages are on another page, or in another table of the same one.
    """
    after = _render_marks(marks)
    if figure.value is None:
        return (_WHOLE.format(figure.text) if figure.kind == "value" else _format_missing(figure.text)) + after
    number: Part = _SEPARATOR.format(thousands).join(words.split_thousands(figure.text))
    if figure.low is not None or figure.value % 1:
        number = attach_numbers(number, figure.value, figure.low, figure.high)
    return (_add_badge(number, badge) if badge else number) + after


def format_count(row: words.Row) -> Part:
    """Return a count as the content of a field, with the word "few" below the limit of a comparison."""
    return format_figure(words.format_count(row), is_few=words.is_few(row))


def mark_few(text: Part) -> Markup:
    """Return the content of a field with the word "few"."""
    return _add_badge(text, words.LEGEND["few"][0])


def _add_badge(text: Part, badge: str) -> Markup:
    return _FEW.format(number=text, few=badge, spoken=_HIDDEN.format(text=badge))


def period_field(*codes: str) -> Part:
    """Return a period, or the first and the last one, as a field or a heading: no line ends within a quarter's name.

    Its spaces are ordinary ones, for copies and files.
    """
    names = (words.period_short(code) for code in dict.fromkeys(codes))
    return Markup("–").join(_WHOLE.format(name) if " " in name else name for name in names)


def _format_missing(text: str) -> Markup:
    """Return the word for a missing figure, with a class if it is too long for one line of a narrow column."""
    return _MISSING.format(kind="" if len(text) <= SHORT_STATE else " front-long", text=text)


def keep_state(text: str) -> Part:
    """Return a state as a field; a short one, such as "not met", is on one line."""
    return _WHOLE.format(text) if " " in text and len(text) <= SHORT_STATE else text


def _render_marks(marks: Sequence[str]) -> Markup:
    """Return the marks of the notes of one figure, with a class for the room that they need; empty without marks."""
    if not marks:
        return Markup("")
    return _MARK.format(room=_ROOM[min(len(marks), len(_ROOM) - 1)], marks=",".join(marks))


def _read_marks(part: Part) -> list[str]:
    """Return the marks of notes and names in a field or a heading, in their order."""
    if not isinstance(part, Markup):
        return []
    return [mark for match in _MARKS_OF_FIGURE.finditer(part) for mark in match[2].split(",")]


def _renumber_marks(part: Part, new_marks: Mapping[str, str]) -> Part:
    """Return a field or a heading with other marks of notes, in their order; footnotes of names keep theirs."""
    if not isinstance(part, Markup):
        return part

    def renumber_figure(found: re.Match[str]) -> str:
        marks = (new_marks.get(mark, mark) for mark in found[2].split(","))
        return found[1] + ",".join(sorted(marks, key=_order_mark))

    return Markup(_MARKS_OF_FIGURE.sub(renumber_figure, part))


def _order_mark(mark: str) -> tuple[int, str]:
    """Return the place of the mark of a note among those of one figure: the order of the notes below the table."""
    return (int(mark), "") if mark.isdigit() else (0, mark)


def attach_numbers(
    text: Part, value: float | None = None, low: float | None = None, high: float | None = None
) -> Markup:
    """Return a text with the number and the interval that it states, for files and copies of its table.

    The interval is an element of its own, which a narrow column shows as a whole below the number.
    """
    before, has_interval, after = text.partition(" (")
    if has_interval:
        text = _INTERVAL.format(number=before, interval=after)
    numbers = {"value": value, "data-low": low, "data-high": high}
    attributes = [
        Markup(' {}="{}"').format(name, "inf" if isinf(number) else f"{number:.10g}")
        for name, number in numbers.items()
        if number is not None
    ]
    return _DATA.format(attributes=Markup("").join(attributes), text=text)


def describe_basis(rows: Iterable[words.Row | None], column: str = "interval_basis") -> str:
    """Return the note on what the intervals of some figures allow for, the more cautious one if they differ."""
    bases = {str(row[column]) for row in rows if row is not None and row["value"] is not None}
    return next((text for basis, text in indicators.BASIS.items() if basis in bases), "")


def format_times(trend: trends.Trend) -> Part:
    """Return how many times the first count the last one is, with its interval, or that it was not compared."""
    text, change = trends.format_times(trend), trend.change
    if change is None or not text:
        return _format_missing(tell("not compared"))
    return attach_numbers(
        text, *(None if end is None else round_half_up(end, 2) for end in (change.ratio, change.low, change.high))
    )


def name_language(reader: Reader, footnote: str) -> Part:
    """Return the footnote of a name, marked as English where it has no translation."""
    english = {row["footnote_en"] for row in reader.edition.areas.values()}
    return in_page_language(reader, footnote) if footnote in english else footnote


def translate_text(reader: Reader, text: str) -> Part:
    """Return a text of the release in the reader's language, or in English and marked as such without a translation."""
    translation = translate_message(text, reader.language)
    return translation if translation != text else in_page_language(reader, text)


def translate_lines(reader: Reader, text: str) -> Part:
    """Return the lines of a text of the release as one, each in the reader's language or marked as English."""
    return Markup(" ").join(translate_text(reader, line) for line in text.split("\n") if line)


def join_pieces(reader: Reader, pieces: Iterable[Piece]) -> Part:
    """Return a text with parts in several languages as one, those in English marked as such."""
    return Markup(" ").join(in_page_language(reader, text) if language else text for text, language in pieces)


def mark_english(reader: Reader, text: str) -> Part:
    """Return a text with the causes of breaks in it marked as English on a page in another language."""
    if reader.language == i18n.SOURCE_LANGUAGE or isinstance(text, Markup):
        return text  # the latter has its language already
    pieces = reader.english_causes.split(text)
    return Markup("").join(
        in_page_language(reader, piece) if place % 2 else piece for place, piece in enumerate(pieces)
    )


def in_page_language(reader: Reader, text: str) -> Part:
    """Return a text of the release that exists in English only, marked as such on a page in another language."""
    if reader.language == i18n.SOURCE_LANGUAGE or not text:
        return text
    english, remark = split_ending(text)
    return Markup(" ").join([in_english(english)] * bool(english) + [remark] * bool(remark))
