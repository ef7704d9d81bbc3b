"""Write the table of real cases into `docs/methodology/coherence.md`."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.warehouse.quality import coherence
from pipelines.warehouse.quality.coherence_reasons import Reason, read_reasons
from pipelines.warehouse.reference.published import GLOTIP_FIGURES, read_published

PAGE = Path(__file__).resolve().parents[3] / "docs" / "methodology" / "coherence.md"
BEGIN, END = "<!-- real cases: made, do not edit -->", "<!-- real cases: end -->"
_HEADS = ("Territory", "Period", "Left", "Right", "Difference", "Verdict", "Why", "Definition", "Caveat")


def real_cases() -> tuple[pl.DataFrame, list[Reason]]:
    """Return the verdicts on all pairs among the collected figures and with UNODC's, and the declared reasons."""
    collected, unodc = read_published(), read_published(GLOTIP_FIGURES)
    declarations = read_reasons()
    reasons = coherence.resolve_amounts(declarations.reasons, collected)
    within = [coherence.pair_parts(collected, dimension) for dimension in coherence.OF_WHOM]
    pairs = pl.concat(
        [
            coherence.match_figures(collected, unodc),
            coherence.pair_declared(collected, declarations.comparisons),
            *within,
        ]
    )
    return coherence.explain_differences(pairs, reasons), reasons


def render_table() -> str:
    """Return a Markdown table with one row for each pair."""
    verdicts, reasons = real_cases()
    words = {reason.id: f"{reason.text} ({reason.said_by}; {reason.status})" for reason in reasons}
    lines = [list(_HEADS), ["---", "---", "---", "---", "---:", "---", "---", "---", "---"]]
    for row in verdicts.sort("territory", "period_start", "comparison", "left_words").to_dicts():
        why = " ".join(words[id_] for id_ in row["reasons"].split(", ") if id_)
        caveats = dict.fromkeys(text for text in (row["left_caveat"], row["right_caveat"]) if text)
        lines.append(
            [
                f"`{row['territory']}`",
                row["period"],
                _figure(row, "left"),
                _figure(row, "right"),
                f"{row['difference']:+.0f}" if row["difference"] else "0",
                f"**{row['verdict']}**",
                why,
                row["definition"],
                " ".join(caveats),
            ]
        )
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines) + "\n"


def _figure(row: dict[str, object], side: str) -> str:
    """Return one side of a pair as `306 (2017: 83 + ...), words: source`."""
    terms = f" ({row[f'{side}_parts']})" if row[f"{side}_parts"] else ""
    return f"{row[f'{side}_value']:.0f}{terms}, {row[f'{side}_words']}: {row[f'{side}_source']}"


def in_page(page: str, made: str) -> str:
    """Return the page with the table between its two markers. Raises ValueError if a marker is missing."""
    before, begin, after_begin = page.partition(BEGIN)
    _, end, after = after_begin.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}; write both on lines of their own")
    return f"{before}{begin}\n\n{made}\n{end}{after}"


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(in_page(PAGE.read_text(encoding="utf-8"), render_table()), encoding="utf-8")


if __name__ == "__main__":
    main()
