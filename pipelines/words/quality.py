"""Put the quality of the data into words: completeness, punctuality, revisions, and agreement with other sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.words import Row, agreement
from pipelines.words.language import Texts, many, tell, upper_first

COLUMNS: Mapping[str, str] = Texts(
    {
        "COMPLETENESS_RATE": mark("Cells provided"),
        "PUNCTUALITY_RATE": mark("Submitted on time"),
        "PUNCTUALITY_DAYS": mark("Days early or late"),
        "TIMELAG_FIRST": mark("Days to the first release"),
        "COMPAR_LENGTH": mark("Periods without gap or break"),
        "DATA_REV_AVGSIZE": mark("Mean revision"),
    }
)
_EXPLANATIONS: Mapping[str, str] = Texts(
    {
        "COMPLETENESS_RATE": mark(
            "Of the cells that an office usually fills, the share that it provided. A zero counts as provided."
        ),
        "PUNCTUALITY_RATE": mark("Share of due submissions received by the deadline."),
        "PUNCTUALITY_DAYS": mark("Average over all returns received."),
        "TIMELAG_FIRST": mark("From the end of a period to the first release with its figures."),
        "COMPAR_LENGTH": mark(
            "Quarters or years in a row up to the newest one. With several offices, the shortest row counts."
        ),
        "DATA_REV_AVGSIZE": mark(
            "How much published totals changed in later releases, as a share of the later figures."
        ),
    }
)
WORLDS: Mapping[str, str] = Texts(
    {
        "published": mark("Figures that others published, against each other"),
        "within": mark("Figures that others published, each source against itself"),
        "invented": mark("This release, against invented sources (demonstration)"),
        "returned": mark("This release, against figures that others published"),
    }
)
_PAIRS: Mapping[str, str] = Texts(
    {
        "published": mark("Each pair is two figures of two sources on the same subject, which should be equal."),
        "within": mark(
            "Each pair is of one source: its total and the sum of its own parts, or two of its figures on the same "
            "subject. They check that source; they do not show that two sources agree."
        ),
        "invented": mark(
            "Each pair is a figure of this release and an invented one, to show how the comparison works. Their "
            "differences mean nothing."
        ),
        "returned": mark(
            "Each pair is a figure of this release and one that somebody else published on the same subject."
        ),
    }
)
DIFFERENCES_READ = mark(
    "A difference alone is not an error: another source may count other people, other dates or other stages. Where no "
    "reason is given, do not mix the two sources."
)
"""Advice for readers of pairs of figures that differ."""


SHARES: Mapping[str, str] = Texts(
    {
        "COMPLETENESS_RATE": mark("Share of cells provided, by quarter, per cent"),
        "PUNCTUALITY_RATE": mark("Share of due returns submitted on time, by quarter, per cent"),
    }
)
"""Titles of the boards of measures that are shown by quarter."""
LEVELS: Mapping[str, str] = Texts(
    {
        "all": mark("all"),
        "most": mark("half or more"),
        "less": mark("less than half"),
        "not_due": mark("not due"),
        "unavailable": words.UNAVAILABLE,
    }
)
"""Levels of a share on a board, in the order of its key."""


def group_pairs(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return pairs of figures by kind, in their order; those of one source are a kind of their own, the last."""
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=agreement.is_within_source):
        groups.setdefault("within" if agreement.is_within_source(row) else row["world"], []).append(row)
    return groups


def name_world(world: str) -> str:
    """Return the title of a kind of pairs of figures, in the reader's language."""
    return WORLDS.get(world, world)


def describe_world(world: str, rows: Sequence[Row]) -> str:
    """Return what the pairs of a kind are, and how many of them agree; `rows` have their verdicts."""
    return " ".join(filter(None, [_PAIRS.get(world, ""), agreement.count_verdicts(rows)]))


def explain_columns() -> list[tuple[str, str]]:
    """Return the title of each column with its explanation, in the reader's language."""
    return [(title, _EXPLANATIONS[measure]) for measure, title in COLUMNS.items()]


def judge_share(row: Row | None) -> tuple[str, float | None]:
    """Return the level of a share of a territory in a quarter, and the share in per cent with one decimal.

    100 means all: a share just below it is 99.9. A quarter in which nothing was due has no share.
    """
    if row is None:
        return "not_due", None
    if row["value"] is None:
        return "unavailable", None
    tenths = int(round_half_up(1000 * row["value"]))
    if row["value"] < 1:
        tenths = min(tenths, 999)
    level = "all" if tenths == 1000 else "most" if tenths >= 500 else "less"
    return level, tenths / 10


def format_share(share: float) -> str:
    """Format a share in per cent: '87.8', and '100' without a decimal."""
    return words.format_number(share, 1 if share % 1 else 0)


def note_share(row: Row | None, level: str) -> str:
    """Return why a quarter has no share; empty if it has one, or if nothing was due."""
    return format_measure(row)[1] if level == "unavailable" else ""


def group_measures(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each territory and indicator; only a length without gap can have several, by frequency."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["territory"], row["indicator"]), []).append(row)
    return groups


def format_measures(rows: Sequence[Row]) -> tuple[str, str]:
    """Format the figures of one territory and indicator in their units ('16 quarters, 4 years'), or the reason why
    there is none."""
    with_value = [row for row in rows if row["value"] is not None]
    if len(with_value) < 2:
        return format_measure(next(iter(with_value or rows), None))
    return ", ".join(format_measure(row)[0] for row in with_value), ""


def format_measure(row: Row | None) -> tuple[str, str]:
    """Format a figure in its unit, or the reason why there is none."""
    if row is None or row["value"] is None:
        reason = str(row["reason"] or "") if row is not None else ""
        return tell(words.UNAVAILABLE), f"{upper_first(_describe_reason(reason).rstrip('.'))}." if reason else ""
    if row["unit"] == "fraction":
        return f"{words.format_number(100 * row['value'], 1)}%", ""
    if row["indicator"] == "PUNCTUALITY_DAYS":
        return _format_punctuality(row["value"]), ""
    if row["unit"] == "periods":
        return _format_length(row["value"], row["freq"]), ""
    return words.format_number(row["value"], 1 if row["unit"] == "days" else 0).replace("-", "\u2212"), ""


def _format_length(n: float, freq: str) -> str:
    """Format a number of periods of one frequency: '16 quarters', '4 years'."""
    return many("{n} year", "{n} years", n) if freq == "A" else many("{n} quarter", "{n} quarters", n)


_REASONS: Mapping[str, str] = Texts(
    {
        "no figure is final and known twice": mark("no final figure has been published twice yet"),
        "nothing was published": mark(
            "this release is the first, and it cannot contain the day of its own publication"
        ),
        "nothing was published as final": mark("no final figure has been published yet"),
        "published figures do not say of which return they are": mark(
            "published figures do not name the return that they come from"
        ),
        "all figures are 0": mark("all figures are 0"),
        "nothing was due": mark("no return was due"),
        "nothing came": mark("no return was received"),
        "no cell is required": mark("no cell is requested"),
    }
)


def _describe_reason(reason: str) -> str:
    """Return a reason of the release in the reader's language, in English if it is a new one."""
    return _REASONS.get(reason, reason)


def _format_punctuality(days: float) -> str:
    """Format days after the deadline: '6.5 early', '2.0 late', 'on the day'."""
    if round_half_up(days, 1) == 0:
        return tell("on the day")
    number = words.format_number(abs(days), 1)
    return tell("{days} early", days=number) if days < 0 else tell("{days} late", days=number)


def describe_revisions(rows: Mapping[str, Row], territories: Sequence[tuple[str, str]]) -> list[str]:
    """Return how many published totals changed, territory by territory; `territories` are their codes and names."""
    if not rows:
        return [tell("No revisions yet: no total has been published in two releases.")]
    sentences = []
    for code, name in territories:
        row = rows.get(code)
        if row is None:
            sentences.append(tell("{area}: no total has been published in two releases yet.", area=name))
            continue
        sentences.append(
            tell(
                "{area}: of {totals} totals published in two releases or more, {changed} changed.",
                area=name,
                totals=words.format_number(row["periods"]),
                changed=words.format_number(row["revised"]),
            )
        )
    return sentences
