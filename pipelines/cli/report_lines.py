"""Format a report as lines for commands: its head, each finding with its place and remedy, and totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.cli.common import print_line, print_note


def print_report(report: Mapping[str, Any]) -> None:
    """Print a report, passed as its JSON (`Report.as_json`), which also lists the rules that were not run."""
    from pipelines.core.i18n import tell
    from pipelines.office.answers.wording import severity_words

    language = report["language"]
    print_line(_head(report, language))
    for finding in report["findings"]:
        place = finding["where"]["words"]
        severity = severity_words(finding["severity"], language).lower()
        print_line(f"  {severity}  {place + ': ' if place else ''}{finding['message']}")
        if finding["remedy"]:
            print_line(f"      {finding['remedy']}")
        print_line("      " + tell("rule {rule}, finding {key}", language, rule=finding["rule"], key=finding["key"]))
    if report["not_run"] and report["verdict"] != "unreadable":
        print_note("  " + tell("There was no earlier return to compare with, so some rules were not run.", language))


def print_control_totals(totals: Sequence[Mapping[str, Any]], language: str) -> None:
    """Print control totals, passed as their JSON (`ControlTotal.as_json`), each with the period before."""
    from pipelines.core.i18n import tell
    from pipelines.office.answers import describe_control_total
    from pipelines.submissions.checking.control_totals import ControlTotal

    if not totals:
        return
    print_line("  " + tell("Totals of {period}", language, period=totals[0]["period"]))
    for row in totals:
        total = ControlTotal.from_json(row)
        now = "\N{EN DASH}" if total.value is None else f"{total.value:.15g}"
        change = "" if total.difference is None else f", {total.difference:+.15g}"
        before = (
            f" ({total.earlier_period}: {total.earlier_value:.15g}{change})" if total.earlier_value is not None else ""
        )
        print_line(f"    {describe_control_total(total, language)}: {now}{before}")


def _head(report: Mapping[str, Any], language: str) -> str:
    """Return the head: `a.csv: good, QQ-JUSTICE-1 (2 observations)`."""
    from pipelines.core.i18n import many, tell
    from pipelines.office.answers.wording import severity_words

    verdict, observations, events = report["verdict"], report["observations"], report["events"]
    verdicts = {"good": tell("good", language), "unreadable": tell("unreadable", language)}
    counts = [many("{n} observation", "{n} observations", observations, language)] if observations or not events else []
    counts += [many("{n} event", "{n} events", events, language)] if events else []
    form = f", {report['form']}" if report["form"] else ""
    words = verdicts.get(verdict) or severity_words(verdict, language).lower()
    return f"{report['file']['name']}: {words}{form} ({', '.join(counts)})"
