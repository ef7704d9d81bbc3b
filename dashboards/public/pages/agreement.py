"""Show pairs of sources on the same figure: both values, their difference, and what explains it."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards import words
from dashboards.public import layout, tables
from dashboards.words import Row
from dashboards.words.reasons import VERDICTS


def count_verdicts(rows: Sequence[Row]) -> str:
    """Count pairs by verdict: 'Of 10 pairs: 7 agree, 1 differ for declared reasons'."""
    counts = [(text, sum(row["verdict"] == code for row in rows)) for code, text in VERDICTS.items()]
    return f"Of {len(rows)} pairs: {words.join_words(f'{n} {text}' for text, n in counts if n)}."


def show_pairs(frame: layout.Frame, title: str, rows: Sequence[Row]) -> None:
    """Show a table with one line per pair."""
    columns = ["Period", "One source", "The other", "Difference", "What is found"]
    lines = []
    for row in rows:
        sides = [
            f"{words.format_number(row[f'{side}_value'])}: {row[f'{side}_words']} ({row[f'{side}_source']})"
            for side in ("left", "right")
        ]
        difference = f"{row['difference']:+,.0f}".replace("-", "\u2212") if row["difference"] else "0"
        verdict = " ".join(filter(None, (f"They {VERDICTS.get(row['verdict'], row['verdict'])}.", row["reason_text"])))
        cells = (words.period_short(row["period"]), *sides, difference, verdict)
        lines.append(tables.Line(frame.row_heading(row["territory"]), tuple(tables.Cell(text) for text in cells)))
    layout.show_table(
        frame, f"{title}. Release {frame.id}.", columns, lines, corner="Territory", text=True, is_ours=False
    )
