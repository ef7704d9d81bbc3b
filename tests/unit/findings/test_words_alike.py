"""One wording for each finding: portal, command line and the JSON of the API have the same text in a language."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pipelines.cli.files import show_report
from pipelines.core.i18n import tell
from pipelines.declarations.registry import load
from pipelines.findings.finding import Finding
from pipelines.findings.texts import describe_finding, in_language, nearest_forms
from pipelines.model.content import ReadError, Where
from pipelines.office import answers
from pipelines.office.answers.wording import localize_finding
from pipelines.reading.formats.read import read_content
from pipelines.reading.standardise.recognise import not_recognised
from pipelines.submissions.checking.report import Report, finding_as_json
from tests.support.fakes.returns_fakes import make_grid

OUTSIDE = Finding(
    "record.outside_period",
    "error",
    Where(sheet="Лист", cell="C4"),
    params={"event": "indicted"},
    seen="2025-01-02",
    expected="2026-01-01 to 2026-03-31",
)
UNDECLARED = Finding(
    "label.undeclared", "error", Where(line=3), params={"nearest": " Nearest declared: 'мажи'."}, seen="машки"
)


def _report(*findings: Finding, language: str) -> Report:
    values: dict[str, Any] = dict.fromkeys(Report.__dataclass_fields__)
    values |= {"filename": "а.xlsx", "sha256": "0" * 64, "verdict": "error", "findings": findings, "blocks": ()}
    values |= {"candidates": (), "history_rules": (), "language": language, "totals": (), "format": "xlsx"}
    return Report(**values)


def test_finding_in_macedonian_has_the_same_words_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    words = localize_finding(OUTSIDE, "mk")
    assert "2026-01-01 до 2026-03-31" in words.message and " to " not in words.message
    assert words.place == "лист Лист, ќелија C4"
    content = finding_as_json(OUTSIDE, "а.xlsx", "mk")
    assert (content["message"], content["remedy"]) == (words.message, words.remedy)
    assert content["where"]["words"] == words.place
    assert content["expected"] == OUTSIDE.expected, "the fields for machines stay as they are"
    report = _report(OUTSIDE, language="mk")
    (group,) = answers.group_findings(report, "mk")
    assert group.title == words.message
    show_report(report)
    output = capsys.readouterr().out
    assert f"грешка  {words.place}: {words.message}" in output and words.remedy in output


def test_nearest_word_is_in_the_message_where_no_suggestion_is_shown() -> None:
    assert (
        "„мажи“" in describe_finding(UNDECLARED, "mk").message or "'мажи'" in describe_finding(UNDECLARED, "mk").message
    )
    assert "Nearest" not in describe_finding(UNDECLARED, "mk").message
    assert "мажи" not in localize_finding(UNDECLARED, "mk").message
    suggestion = localize_finding(UNDECLARED, "mk").suggestion
    assert suggestion is not None and suggestion.value == "мажи"


def test_nearest_forms_are_named_by_their_titles_and_parameters_stay_in_english() -> None:
    registry = load()
    finding = not_recognised(make_grid(), registry)
    form = registry.forms["MK-JUSTICE-2"]
    nearest = f"MK-JUSTICE-2 ({form.title}, which comes as xlsx, lacks 'Т-01', 'Т-02'); MK-JUSTICE-1 (some other title)"
    assert nearest_forms(nearest, "mk") == [
        f"{form.titles['mk']} (MK-JUSTICE-2), што доаѓа како xlsx и во кој недостига 'Т-01', 'Т-02'",
        "MK-JUSTICE-1 (some other title)",
    ]
    near = replace(finding, params={"nearest": nearest})
    message = describe_finding(near, "mk").message
    assert form.titles["mk"] in message and "which comes" not in message
    suggestion = localize_finding(near, "mk").suggestion
    assert suggestion is not None and suggestion.value.startswith(form.titles["mk"])
    assert "which comes as xlsx" in json.dumps(near.params)
    assert describe_finding(replace(finding, params={"nearest": "none"}), "en").message.endswith("Nearest: no form.")


@pytest.mark.parametrize("language", ["en", "sq", "bs", "hr", "mk", "sr", "sr-Latn", "cnr"])
def test_every_declared_form_is_named_in_each_language(language: str) -> None:
    for form in load().forms.values():
        text = f"{form.id} ({form.title}, lacks 'x')"
        (name,) = nearest_forms(text, language)
        assert f"({form.id})" in name and name.endswith("'x'"), text


def test_format_without_a_name_is_described_in_words() -> None:
    """`text` alone is the name of a format that readers take for a word of their page."""
    unknown = Finding("return.not_recognised", "error", params={"nearest": "none"}, seen="text")
    descriptions = [in_language(unknown, language).seen for language in ("en", "mk")]
    assert descriptions == ["plain text", tell("plain text", "mk")] and descriptions[1] != "plain text"
    assert in_language(replace(unknown, seen="csv"), "mk").seen == "csv"
    assert localize_finding(unknown, "mk").seen == tell("plain text", "mk")
    with pytest.raises(ReadError) as refused:
        read_content(b"A line of words\n", format="xlsx")
    assert refused.value.params == {"found": "plain text", "expected": "xlsx"}
    message = describe_finding(Finding("read.other_format", "error", params=refused.value.params), "mk").message
    assert tell("plain text", "mk") in message
