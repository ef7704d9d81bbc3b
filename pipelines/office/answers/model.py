"""Define the shapes of an answer: groups of findings in words, suggestions, changes, series, and values read.

All texts are in the requested language, unless they are the file's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.findings.finding import Finding, RuleScope, Severity
from pipelines.model.content import Where

FIRST = 5
"""Number of findings of a group shown before a reader asks for all of them."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Suggested content for a place. `certain`: nothing else can be meant; else `others` follow, best first."""

    value: str
    certain: bool
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalizedFinding:
    """One finding in words. `place` is `where` in words; `seen` and `expected` are as in the file and the form.

    `figure` says what is counted, with its unit, if the finding is about a figure. `places` is `place`, or for a sum
    all of its cells.
    """

    key: str
    rule: str
    severity: Severity
    scope: RuleScope
    where: Where
    place: str
    message: str
    remedy: str
    seen: str | None
    expected: str | None
    suggestion: Suggestion | None
    finding: Finding
    figure: str
    places: str


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one cause, in the order of the sheet. `unlisted` more of the rule were counted but not listed.

    `consequences` are groups that this one most likely causes: correcting it corrects them. `id` can be used as an
    anchor and is the same for the same file.
    """

    id: str
    rule: str
    severity: Severity
    title: str
    remedy: str
    findings: tuple[LocalizedFinding, ...]
    consequences: tuple[Group, ...] = ()
    unlisted: int = 0

    @property
    def places(self) -> int:
        """Return the number of places of the cause, without those of its consequences."""
        return len(self.findings) + self.unlisted

    @property
    def n_all(self) -> int:
        """Return the number of places of the cause and of its consequences."""
        return self.places + sum(group.n_all for group in self.consequences)

    @property
    def first(self) -> tuple[LocalizedFinding, ...]:
        """Return the findings to show before all are requested."""
        return self.findings[:FIRST]

    @property
    def all_findings(self) -> tuple[LocalizedFinding, ...]:
        """Return the findings of the group and of its consequences."""
        return (*self.findings, *(finding for group in self.consequences for finding in group.all_findings))


@dataclass(frozen=True, slots=True)
class FormattedValue:
    """One value for display. `state` distinguishes zero, missing, not applicable and withheld; `words` describe it."""

    value: float | None
    state: Literal["number", "zero", "missing", "not_applicable", "withheld"]
    obs_status: str
    words: str


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell of an earlier version compared with the new one. `difference` is new minus old if both are numbers.

    `words` describe what is counted, in words of the code lists; `place` is in the new file, None for a withdrawn
    figure.
    """

    kind: Literal["added", "changed", "withdrawn"]
    key: Mapping[str, str]
    words: str
    label: str | None
    place: str | None
    old: FormattedValue | None
    new: FormattedValue | None
    difference: float | None


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """All changes, big ones first, and the number of unchanged figures."""

    changes: tuple[CellChange, ...]
    unchanged: int

    def count_changes(self, kind: str) -> int:
        """Return the number of changes of a kind."""
        return sum(change.kind == kind for change in self.changes)


@dataclass(frozen=True, slots=True)
class EventCount:
    """One kind of event of a register in one period: how many in the old version and in the new one."""

    event: str
    words: str
    period: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class RegisterComparison:
    """A register compared with its earlier version, in counts only: no person and no proceeding is named."""

    proceedings_added: int
    proceedings_withdrawn: int
    persons_added: int
    persons_withdrawn: int
    persons_changed: int
    events_added: int
    events_withdrawn: int
    events_unchanged: int
    by_event: tuple[EventCount, ...]


@dataclass(frozen=True, slots=True)
class EarlierValue:
    """One earlier period of a series. `shown` is None if nothing was reported; `before` are older vintages."""

    period: str
    shown: FormattedValue | None
    before: tuple[FormattedValue, ...] = ()

    @property
    def revised(self) -> bool:
        """Return True if an older vintage had another value."""
        return bool(self.before)


@dataclass(frozen=True, slots=True)
class ValueHistory:
    """A value of the return and its earlier periods, oldest first."""

    key: Mapping[str, str]
    words: str
    label: str | None
    place: str | None
    period: str
    now: FormattedValue
    points: tuple[EarlierValue, ...]

    @property
    def gaps(self) -> tuple[str, ...]:
        """Return the periods without a report between the first known one and now."""
        reported = [n for n, point in enumerate(self.points) if point.shown is not None]
        return tuple(p.period for p in self.points[reported[0] :] if p.shown is None) if reported else ()


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One number as it was read: the office's words, and how they were interpreted."""

    place: str
    label: str
    read_as: str
    shown: FormattedValue
    severity: Severity | None = None
    finding_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell of the sender's table: its text, its role in words, and its meaning in words of the code lists.

    `columns` and `rows` are the numbers of columns and rows that it is merged over.
    """

    place: str
    row: int
    column: int
    text: str
    role: str | None
    role_words: str
    said: str
    severity: Severity | None = None
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class TableView:
    """One table as read. `cut` more rows are not shown.

    `merged_places` has the place of the first cell of a merged area by the place of each other cell of the area.
    """

    name: str
    hidden: bool
    cells: tuple[CellView, ...]
    cut: int = 0
    merged_places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SideBySidePreview:
    """Both sides of a file. `html` is a page with the sender's sheet, coloured; `tables` the same as cells; `rows` the
    values read.

    `cut` more rows were read and are not shown; `undrawn` more cells are not in the page.
    """

    html: str
    tables: tuple[TableView, ...]
    rows: tuple[ReadRow, ...]
    cut: int = 0
    undrawn: int = 0
