"""Command `rti doctor`: examine the home and its machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.common import ERRORS, GOOD, AsJson, print_line, say_json, the_home

if TYPE_CHECKING:
    from pipelines.operations.doctor.diagnosis import Diagnosis


def examine_home(
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the checks that read every stored file.")] = False,
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", help="Also write the results for Prometheus's node exporter, as FILE.prom."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Examine the home and its machine, and say what is wrong and what to do. Nothing is changed.

    Exit code 0: no problem, perhaps warnings; 1: at least one problem.
    """
    from pipelines.operations.doctor.diagnosis import diagnose_home

    diagnosis = diagnose_home(the_home(), is_quick=quick)
    if metrics is not None:
        from pipelines.core.durable import write_file

        write_file(metrics, diagnosis.as_metrics().encode())
        metrics.chmod(0o644)
    if as_json:
        say_json(diagnosis.as_json())
    else:
        _print_diagnosis(diagnosis)
    raise typer.Exit(GOOD if diagnosis.is_good else ERRORS)


def _print_diagnosis(diagnosis: Diagnosis) -> None:
    for examination in diagnosis.examinations:
        print_line(f"{examination.outcome:8} {examination.name}: {examination.summary}")
        for symptom in examination.symptoms:
            print_line(f"    {symptom.severity}: {symptom.message}")
            print_line(f"    what to do: {symptom.remedy}")
    outcomes = [examination.outcome for examination in diagnosis.examinations]
    problems, warnings = outcomes.count("problem"), outcomes.count("warning")
    print_line(f"{len(outcomes)} checks: {problems} with problems, {warnings} with warnings")
