"""Print how far the round of a quarter is, for `rti status`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.cli.common import print_line

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.refresh.quarter import QuarterProgress, QuarterStep, Wait

_LISTED = 5
"""Waits of a step that are listed; `--json` has all."""


def print_quarters(rounds: Sequence[QuarterProgress], registry: Registry) -> None:
    """Print each step with its state and whom it waits for, and the footnotes of the names."""
    from pipelines.core import clock
    from pipelines.refresh.quarter import words
    from pipelines.submissions.timetable.names import note_of

    today = clock.now().date()
    for progress in rounds:
        print_line()
        print_line(_name_round(progress))
        for step in progress.steps:
            count = words.describe_count(step)
            print_line(
                f"  {words.STEPS[step.name]}: {words.describe_state(step, today)}" + (f" ({count})" if count else "")
            )
            for line in _describe_waits(step, registry):
                print_line(f"      waits for {line}")
    territories = {wait.territory for progress in rounds for wait in progress.waits if wait.territory}
    for note in dict.fromkeys(note for code in sorted(territories) if (note := note_of(registry, code, "en"))):
        print_line()
        print_line(note)


def _name_round(progress: QuarterProgress) -> str:
    if progress.correction:
        return f"Quarter {progress.quarter}, correction {progress.correction}"
    return f"Quarter {progress.quarter}" + (f", released as {progress.release}" if progress.release else "")


def as_json(progress: QuarterProgress) -> dict[str, Any]:
    """Return the progress as plain values."""
    return asdict(progress)


def _describe_waits(step: QuarterStep, registry: Registry) -> list[str]:
    lines = [_describe_wait(wait, registry) for wait in step.waits[:_LISTED]]
    return [*lines, f"{len(step.waits) - _LISTED} more"] if len(step.waits) > _LISTED else lines


def _describe_wait(wait: Wait, registry: Registry) -> str:
    from pipelines.core import codes
    from pipelines.refresh.quarter import words
    from pipelines.submissions.timetable.names import jurisdiction_name, office_name

    return words.describe_wait(
        wait,
        lambda source, _: office_name(registry, source, "en"),
        lambda code: jurisdiction_name(registry, code, "en"),
        lambda codelist, code: codes.get_code_label(codelist, code, "en"),
    )
