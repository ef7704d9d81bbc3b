"""Rules on what a return should contain: its deadline, its period, and what earlier returns had."""

from __future__ import annotations

from pipelines.findings.rules import Rule

RULES = (
    Rule(
        "coverage.late",
        "information",
        "The deadline has passed ({period}: {expected}).",
        "If this is the right period, you do not need to do anything; the release notes that it came late. If "
        "not, correct the period.",
    ),
    Rule(
        "coverage.too_early",
        "error",
        "The return speaks of {period}, which has not ended.",
        "Correct the period, or send the return once its period has ended.",
    ),
    Rule(
        "coverage.unexpected",
        "information",
        "No return of this kind is expected for {period} from this office.",
        "Nothing to do; it is kept in addition to those that are expected.",
    ),
    Rule(
        "coverage.gone",
        "warning",
        "'{seen}' was reported for {previous}, but is not in this return for {period}.",
        "Enter the figure, or 0 if there was nothing. If the office no longer counts it, explain this.",
        "history",
    ),
    Rule(
        "coverage.categories",
        "warning",
        "{dim}: {categories} was reported for {previous}, but is nowhere in this return for {period}; {n} figures "
        "are left out, such as '{seen}'.",
        "Enter the figures, or 0 if there was nothing. If the office no longer counts them, explain this.",
        "history",
    ),
    Rule(
        "coverage.figures",
        "warning",
        "{n} of {total} figures that were reported for {previous} are not in this return for {period}, such as "
        "'{seen}'.",
        "Check that the file is complete. Enter the figures, or 0 if there was nothing; if the office no longer "
        "counts them, explain this.",
        "history",
    ),
)
