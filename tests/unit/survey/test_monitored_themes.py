"""Themes of the monitoring are data: what is wrong in them is named, and they cover the question bank."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core import codes
from pipelines.declarations.yaml_file import DeclarationError
from pipelines.survey.bank import load_bank
from pipelines.survey.monitored_themes import FILE, list_outcomes, load_themes


def test_themes_monitor_each_theme_and_each_element_of_the_law() -> None:
    themes = load_themes()
    assert list(themes) == list(load_bank().lists.themes)
    assert all(theme.questions for theme in themes.values())
    assert set(themes["joint_teams"].law) == set(codes.list_codes("law_element"))
    assert len(list_outcomes(themes)) == sum(len(theme.outcomes) for theme in themes.values())


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[FR01, FR02", "[FR01, IE01", "IE01 is not a question of this theme"),
        ("[FR01, FR02", "[FR01, FR99", "FR99 is not a question of this theme"),
        ("[FR01, FR02", "[FR01, FR03", "FR03 has no favourable answers"),
        ("law: [AGREEMENT", "law: [TREATY", "TREATY is not an element"),
        ("id: teams_running", "id: teams_set_up", "two outcomes have this id"),
        ("of: [jits_set_up]", "of: [jits_dreamt]", "jits_dreamt is not a code of measure"),
        ("direction: outgoing, assistance: hearing", "direction: sideways", "sideways is not a code of direction"),
        ("days: 30", "days: 31", "no band of days ends at 31"),
        ("kind: within", "kind: count", "a count or a median has neither"),
        ("answers: [d0_7, d8_30]", "answers: [d0_7, soon]", "answers that FR02 does not have"),
        ("training_resources:", "training:", "the themes are those of the question bank"),
        ("questions: [TR02", "questons: [TR02", "questons"),
    ],
)
def test_load_themes_names_what_is_wrong(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "themes.yml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=message):
        load_themes(path)
