"""Words of findings: every rule has them, and they can be filled in; other languages are one catalogue each."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from pipelines import locales
from pipelines.locales.__main__ import write_template
from pipelines.returns.findings import Finding
from pipelines.returns.rules import all_rules, fill


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_text_of_every_rule_is_a_template_that_fills() -> None:
    import expectations.rules

    known = {**all_rules(), **expectations.rules.RULES}
    assert len(known) > 80
    for identity, rule in known.items():
        assert rule.message.strip(), identity
        names = _fields(rule.message) | _fields(rule.remedy)
        assert all(name.isidentifier() for name in names), (identity, names)
        finding = Finding(identity, rule.severity, params=dict.fromkeys(names - {"seen", "expected"}, "x"), seen="x")
        for text in (rule.message, rule.remedy):
            assert "{" not in fill(text, finding), (identity, text)


def test_words_fill_in_parameters_and_what_was_seen() -> None:
    words = locales.words(Finding("sum.differs", "error", params={"dim": "sex"}, seen="12", expected="13"))
    assert words.message == "sex: the total is 12, but its parts add up to 13."
    assert words.remedy.startswith("Correct")


def test_a_rule_of_an_earlier_version_still_opens() -> None:
    assert locales.words(Finding("gone.rule", "error")).message == "Rule gone.rule of an earlier version."


def test_english_is_the_source_and_needs_no_catalogue() -> None:
    assert locales.languages()[0] == "en"
    assert locales.gettext("Correct the number.", "en") == "Correct the number."
    assert locales.gettext("Correct the number.", "xx") == "Correct the number."
    assert locales.gettext("") == ""


def test_a_language_is_one_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mk" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "rti.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "A count cannot be negative: {seen}."\nmsgstr "Бројот не може да биде негативен: {seen}."\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(locales, "FOLDER", tmp_path)
    locales.catalogue.cache_clear()
    try:
        words = locales.words(Finding("value.negative", "error", seen="-3"), "mk")
        assert locales.languages() == ("en", "mk")
    finally:
        locales.catalogue.cache_clear()
    assert words.message == "Бројот не може да биде негативен: -3."
    assert words.remedy == "Correct the number."


def test_the_template_for_translators_holds_every_text_once(tmp_path: Path) -> None:
    count = write_template(tmp_path / "a.pot")
    assert write_template(tmp_path / "b.pot") == count
    assert (tmp_path / "a.pot").read_bytes() == (tmp_path / "b.pot").read_bytes()
    assert count == len({text for text, _ in locales.sources() if text})
    assert "sum.differs: message" in (tmp_path / "a.pot").read_text(encoding="utf-8")
