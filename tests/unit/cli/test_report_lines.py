"""The lines of `rti check` in every language: nothing around the findings stays in English."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.cli.report_lines import print_report
from pipelines.core import i18n
from pipelines.findings.finding import Finding
from pipelines.model.content import Where

FRAME = {
    "en": (
        "a.csv: error, XK-J-1 (2 observations, 1 event)",
        "error  ",
        "rule record.date, finding ",
        "some rules were not run.",
    ),
    "sq": (
        "a.csv: gabim, XK-J-1 (2 vëzhgime, 1 ngjarje)",
        "gabim  ",
        "rregulli record.date, gjetja ",
        "disa rregulla nuk u zbatuan.",
    ),
    "bs": (
        "a.csv: greška, XK-J-1 (2 opažanja, 1 događaj)",
        "greška  ",
        "pravilo record.date, nalaz ",
        "neka pravila nisu primijenjena.",
    ),
    "hr": (
        "a.csv: pogreška, XK-J-1 (2 opažanja, 1 događaj)",
        "pogreška  ",
        "pravilo record.date, nalaz ",
        "neka pravila nisu primijenjena.",
    ),
    "mk": (
        "a.csv: грешка, XK-J-1 (2 набљудувања, 1 настан)",
        "грешка  ",
        "правило record.date, наод ",
        "некои правила не се применети.",
    ),
    "sr": (
        "a.csv: грешка, XK-J-1 (2 опажања, 1 догађај)",
        "грешка  ",
        "правило record.date, налаз ",
        "нека правила нису примењена.",
    ),
    "sr-Latn": (
        "a.csv: greška, XK-J-1 (2 opažanja, 1 događaj)",
        "greška  ",
        "pravilo record.date, nalaz ",
        "neka pravila nisu primenjena.",
    ),
    "cnr": (
        "a.csv: greška, XK-J-1 (2 opažanja, 1 događaj)",
        "greška  ",
        "pravilo record.date, nalaz ",
        "neka pravila nijesu primijenjena.",
    ),
}


def _report(language: str, **changes: Any) -> dict[str, Any]:
    from pipelines.submissions.checking.report import finding_as_json

    finding = Finding("record.date", "error", Where(line=7, column=2), {}, "31.02.2026.", "{day}.{month}.{year}.")
    report = {
        "file": {"name": "a.csv"},
        "verdict": "error",
        "form": "XK-J-1",
        "observations": 2,
        "events": 1,
        "language": language,
        "findings": [finding_as_json(finding, "a.csv", language)],
        "not_run": ["history.jump"],
    }
    return report | changes


def test_every_language_is_tested() -> None:
    assert set(FRAME) == set(i18n.list_languages())


@pytest.mark.parametrize("language", FRAME)
def test_report_lines_are_in_the_language_of_the_report(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    head, severity, rule, closing = FRAME[language]
    print_report(_report(language))
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0] == head
    assert lines[1].startswith(f"  {severity}")
    assert lines[-1].startswith(f"      {rule}")
    assert captured.err.strip().endswith(closing) and "history.jump" not in captured.err
    if language != "en":
        words = set(f"{captured.out} {captured.err}".replace(",", "").split())
        assert not {"observations", "event", "rule", "finding", "run."} & words


def test_report_lines_of_a_good_and_an_unreadable_file(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(_report("sr", verdict="good", findings=[], not_run=[], observations=21, events=0))
    print_report(_report("sq", verdict="unreadable", form=None, findings=[], observations=0, events=0))
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "a.csv: у реду, XK-J-1 (21 опажање)",
        "a.csv: i palexueshëm (0 vëzhgime)",
    ]
    assert captured.err == "", "an unreadable file has no list of rules that were not run"
