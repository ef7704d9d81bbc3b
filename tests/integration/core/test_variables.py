"""Every variable that the project names is declared in the settings, and nothing else reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.core import settings
from pipelines.core.settings import GROUPS
from tests.support.paths import ROOT

_NAME = re.compile(r"\bRTI_[A-Z0-9_]*[A-Z0-9]\b")
_READ = re.compile(r"""(?:environ(?:\.get\(|\.setdefault\(|\[)|getenv\()\s*["']RTI_[A-Z_]+["'](?!\]\s*=[^=])""")
_SUFFIXES = (".py", ".md", ".yml", ".yaml", ".toml", ".sh", ".sql", ".html")
_IGNORED = (".git", ".venv", "data", "target", "node_modules", "raw_samples", ".mypy_cache", ".ruff_cache")


def _project_files() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in _IGNORED]
        yield from (Path(folder, name) for name in files if name == "Makefile" or name.endswith(_SUFFIXES))


def test_every_variable_named_in_the_project_is_declared() -> None:
    declared = {name for group in GROUPS for name in settings.list_variables(group)}
    used: dict[str, str] = {}
    for path in _project_files():
        for name in _NAME.findall(path.read_text(encoding="utf-8", errors="replace")):
            used.setdefault(name, str(path.relative_to(ROOT)))
    assert len(used) >= len(declared)
    assert {n: path for n, path in used.items() if n not in declared and not n.startswith(settings.TEST_PREFIX)} == {}


def test_code_reads_variables_only_through_the_settings() -> None:
    direct_reads = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for package in ("pipelines", "dashboards", "expectations")
        for path in sorted((ROOT / package).rglob("*.py"))
        for match in _READ.finditer(path.read_text(encoding="utf-8"))
    ]
    assert direct_reads == []
