"""The environment of server-rendered pages: its options, and templates that are compiled once a process."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, UndefinedError

from pipelines.design.environment import make_environment


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the names of the templates that are compiled from now on."""
    names: list[str] = []
    compile_source = Environment.compile

    def note_and_compile(self: Environment, source: str, name: str, *arguments: object, **options: object) -> object:
        names.append(name)
        return compile_source(self, source, name, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", note_and_compile)
    return names


def render_page(folder: Path) -> str:
    return make_environment(folder).get_template("page.html").render()


def test_environment_refuses_unknown_names_and_escapes_text() -> None:
    environment = make_environment()
    with pytest.raises(UndefinedError):
        environment.from_string("{{ missing }}").render()
    assert environment.from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"


def test_template_is_compiled_once_for_all_environments(tmp_path: Path, compiled: list[str]) -> None:
    (tmp_path / "page.html").write_text("{% include 'part.html' %}", encoding="utf-8")
    (tmp_path / "part.html").write_text("{{ 6 * 7 }}", encoding="utf-8")
    assert [render_page(tmp_path) for _ in range(3)] == ["42"] * 3
    assert sorted(compiled) == ["page.html", "part.html"]


def test_changed_template_is_compiled_again(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("first", encoding="utf-8")
    assert render_page(tmp_path) == "first"
    (tmp_path / "page.html").write_text("second", encoding="utf-8")
    assert render_page(tmp_path) == "second"


def test_templates_of_one_name_in_two_folders_are_two_templates(tmp_path: Path) -> None:
    for name in ("office", "public"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text(f"{name} pages", encoding="utf-8")
    assert [render_page(tmp_path / name) for name in ("office", "public", "office")] == [
        "office pages",
        "public pages",
        "office pages",
    ]
