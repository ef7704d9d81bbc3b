"""Explain figures in the notes of their table: flags, how a figure was calculated, and its status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

from pipelines.core.i18n import mark
from pipelines.words.formatting import LEGEND, UNNAMED, Row
from pipelines.words.language import Texts, many, tell

ADULT = "Y_GE18"
_Note = TypeVar("_Note")
Rank = tuple[int, int]
"""Place of a note among those of its table: a `NoteRank`, then its place among those of this rank."""
VISIBLE_NOTES = 6
"""Most notes shown below a table, chosen by `NoteRank`; the others are folded."""


class NoteRank(IntEnum):
    """Which notes of a table are shown before others, the lowest first."""

    NAME = 0
    """Footnote of a name."""
    UNFOLDED = 1
    """Note without which a figure or a verdict is misread."""
    MARKED = 2
    """Note whose mark is in the table."""
    REMARK = 3
    """Remark on the whole table, which has no mark."""


WHY_NOT_NAMED = mark("The office records this category, but its data for this crime and year do not name it.")
FLAGS: Mapping[str, str] = Texts(
    {
        "partial": mark("Partial: based on the territories included, not on the whole region."),
        "nil": mark("Nil return: the office confirmed that there was nothing to report."),
        "nil_part": mark("At least one office confirmed that it had no cases."),
        "provisional": mark("Provisional: may be revised."),
        "break": mark(
            "There is a break in the series within the period: figures from before and after it are in one number."
        ),
        "population_carried_forward": mark("Rate based on the last known population, carried forward."),
        "band_not_nested": mark("Some lengths as reported do not fit the common bands and are counted as unknown."),
        "negative_difference": mark("The cumulative returns fell from one quarter to the next, so there is no figure."),
        "ytd_gap": mark("A cumulative return before this one is missing, so the quarter cannot be calculated."),
        "quarter_missing": mark("At least one quarter of the year is missing, so there is no annual figure."),
        "transfer_deducted": mark(
            "Persons handed over between jurisdictions are counted once: the second count is subtracted."
        ),
        "transfer_not_split": mark(
            "Handed-over persons could not be identified in this breakdown, so there is no total."
        ),
        UNNAMED: WHY_NOT_NAMED,
    }
)
"""Notes for the flags of a cell (column `flags`)."""
BASIS: Mapping[str, str] = Texts(
    {
        "derived_ytd": mark("Calculated from year-to-date figures."),
        "derived_quarters": mark("Sum of four quarters: the office reports this figure by quarter."),
        "records": mark("Counted from pseudonymised records."),
    }
)
STOCK_OF_YEAR = mark(
    "Number at the start of the first quarter or at the end of the last one. Numbers at a point in time are not added "
    "up."
)
STATUS: Mapping[str, str] = Texts(
    {
        "B": mark("Break in the series: not comparable with the periods before."),
        "D": mark("The definition differs."),
        "E": mark("Estimated."),
        "P": mark("Provisional."),
        "U": mark("Low reliability."),
        "W": mark("Includes another category."),
    }
)
ADULTS_ONLY = mark(
    "Adults only (18 and over): the office counts no minors here, so there is no total of all ages and no rate."
)
NOT_ADDITIVE = mark(
    "Not additive: the jurisdictions' own figures do not add up to this total, since a person handed over is "
    "counted in two of them."
)


@dataclass
class Notes:
    """Notes of one table: numbered ones, in the order in which figures refer to them, and remarks on the whole table.

    Each is listed once. A page numbers them again, in the order in which its table is read.
    """

    texts: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unfolded: set[str] = field(default_factory=set)
    """Numbered notes that are shown before others, because a figure or a verdict is misread without them."""
    uses: Counter[str] = field(default_factory=Counter)
    """How many figures refer to each note."""

    def number_note(self, text: str, *, is_unfolded: bool = False) -> str:
        """Return the number of a note, adding the note if it is new."""
        if text not in self.texts:
            self.texts.append(text)
        if is_unfolded:
            self.unfolded.add(text)
        self.uses[text] += 1
        return str(self.texts.index(text) + 1)

    def rank_note(self, text: str) -> Rank:
        """Return the rank of a note whose mark is in the table: of those of one kind, the most used is first.

        The most used one of all is not folded either: a reader meets its mark everywhere.
        """
        is_most_used = self.uses[text] > 1 and self.uses[text] == max(self.uses[each] for each in self.texts)
        kind = NoteRank.UNFOLDED if text in self.unfolded or is_most_used else NoteRank.MARKED
        return kind, -self.uses[text]

    def add_remark(self, text: str) -> None:
        """Add a remark that no single figure refers to, if it is new."""
        if text not in self.remarks:
            self.remarks.append(text)


def mark_notes(cell: Row, notes: Notes, *, of_rate: bool = False) -> tuple[str, ...]:
    """Return the numbers of the notes that one figure refers to."""
    texts = []
    flags = [flag for flag in str(cell.get("flags") or "").split(",") if flag]
    if cell["value"] is None:
        # Without a number, nothing can be revised: a note says why there is none.
        flags = [flag for flag in flags if flag != "provisional"]
    if of_rate and cell["rate"] is not None:
        flags += [flag for flag in str(cell.get("rate_flags") or "").split(",") if flag and flag not in flags]
    if "nil" in flags and cell["value"] != 0:
        # The flag belongs to a part of a sum: one part was a nil return, the sum itself was not.
        flags[flags.index("nil")] = "nil_part"
    texts += [describe_flag(flag) for flag in flags]
    if cell["value"] is not None and cell.get("basis") in BASIS:
        stock = cell["basis"] == "derived_quarters" and cell["statistic"] != "count"
        texts.append(tell(STOCK_OF_YEAR) if stock else BASIS[cell["basis"]])
    if cell["obs_status"] in STATUS and cell["age"] != ADULT:
        texts.append(STATUS[cell["obs_status"]])
    if cell["age"] == ADULT and cell.get("is_total"):
        # The release makes adults the total of a measure only where minors are not counted.
        texts.append(tell(ADULTS_ONLY))
    if cell["value"] is None and cell["obs_status"] == "K":
        texts.append(LEGEND["elsewhere"][1])
    if cell.get("person_type") == "natural":
        texts.append(tell("Natural persons only."))
    if cell.get("is_additive") is False:
        texts.append(tell(NOT_ADDITIVE))
    adults_only = tell(ADULTS_ONLY)
    return tuple(dict.fromkeys(notes.number_note(text, is_unfolded=text == adults_only) for text in texts))


def describe_flag(flag: str) -> str:
    """Return the note for a flag of a cell."""
    if flag in FLAGS:
        return FLAGS[flag]
    return tell("Marked in the data: {flag}.", flag=flag.replace("_", " "))


def fold_notes(notes: Iterable[tuple[_Note, Rank]]) -> tuple[list[_Note], list[_Note]]:
    """Return the notes that are shown, at most `VISIBLE_NOTES`, and those that are folded, each in their order.

    Of notes with the same place, the first are shown.
    """
    notes = list(notes)
    places = sorted(range(len(notes)), key=lambda place: notes[place][1])
    places_shown = set(places[:VISIBLE_NOTES])
    visible = [note for place, (note, _) in enumerate(notes) if place in places_shown]
    return visible, [note for place, (note, _) in enumerate(notes) if place not in places_shown]


def count_more_notes(number: int) -> str:
    """Return the label of the fold that holds the notes beyond those shown."""
    return many("{n} more note", "{n} more notes", number)


def describe_common_note(text: str) -> str:
    """Return a note as a remark on all figures of a table."""
    return tell("{note} (all figures).", note=text.removesuffix("."))
