"""The style check finds planted departures and accepts plain prose."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support import style_check
from tests.support.paths import ROOT
from tests.support.style_check import compare_with_limits, find_departures
from tests.support.style_exceptions import ACCEPTED_NAMES, is_accepted_name

PLAIN = '''"""Read returns."""


def read_return(path: str) -> str:
    """Return the text of a file. Raises OSError."""
    # The agency's export of 2024 repeats its last row.
    text = path.strip()
    return text
'''


def kinds_in(folder: Path, source: str) -> list[str]:
    module = folder / "module.py"
    module.write_text(source, encoding="utf-8")
    return [departure.kind for departure in find_departures(module)]


def test_find_departures_accepts_plain_prose(tmp_path: Path) -> None:
    assert kinds_in(tmp_path, PLAIN) == []


@pytest.mark.parametrize(
    ("plain", "departure", "kind"),
    [
        ("Read returns.", "Whoever reads returns.", "marked_prose"),
        ("Read returns.", "What stands in a return.", "marked_prose"),
        ("Return the text of a file.", "The text of a file.", "noun_docstring"),
        ("repeats its last row", "is no export", "marked_prose"),
        ("def read_return", "def told", "one_word_function"),
        ("    text = path.strip()\n    return text", "    said = path\n    return said", "vague_name"),
    ],
)
def test_find_departures_reports_planted_departure(tmp_path: Path, plain: str, departure: str, kind: str) -> None:
    assert plain in PLAIN
    assert kinds_in(tmp_path, PLAIN.replace(plain, departure)) == [kind]


def test_find_departures_ignores_private_functions_and_properties(tmp_path: Path) -> None:
    source = (
        '"""Shapes."""\n\n\ndef _said() -> None: ...\n\n\nclass Finding:\n'
        '    """One finding."""\n\n    @property\n'
        '    def key(self) -> str:\n        """The stable key."""\n        return ""\n'
    )
    assert kinds_in(tmp_path, source) == []


def test_compare_with_limits_reports_rise_and_unlowered_limit() -> None:
    limits = {"pipelines.core": {"vague_name": 2}}
    assert compare_with_limits({"pipelines.core": {"vague_name": 2}}, limits) == []
    (rise,) = compare_with_limits({"pipelines.core": {"vague_name": 3}}, limits)
    assert "the limit is 2" in rise
    (fall,) = compare_with_limits({"pipelines.core": {"vague_name": 1}}, limits)
    assert "--write" in fall
    (new,) = compare_with_limits({"pipelines.other": {"marked_prose": 1}}, {})
    assert new.startswith("pipelines.other")


def test_main_returns_1_where_a_limit_is_exceeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "limits.json").write_text("{}", encoding="utf-8")
    package = tmp_path / "pipelines" / "a"
    package.mkdir(parents=True)
    (package / "module.py").write_text(PLAIN.replace("def read_return", "def told"), encoding="utf-8")
    monkeypatch.setattr(style_check, "ROOT", tmp_path)
    monkeypatch.setattr(style_check, "LIMITS", tmp_path / "limits.json")
    assert style_check.main([]) == 1
    assert "pipelines.a: 1 of kind one_word_function, the limit is 0" in capsys.readouterr().out
    assert style_check.main(["--write"]) == 0
    assert style_check.main([]) == 0


def test_accepted_names_are_defined_in_their_modules() -> None:
    for modules in ACCEPTED_NAMES.values():
        for module, names in modules.items():
            tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
            defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
            assert names <= defined, module


def test_find_departures_accepts_declared_names_only_in_their_module() -> None:
    assert is_accepted_name("pipelines/core/clock.py", "now")
    assert not is_accepted_name("pipelines/core/home.py", "now")
