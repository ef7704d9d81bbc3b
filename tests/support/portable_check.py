"""Check with the types of Windows what an office runs on its own computer: `python -m tests.support.portable_check`.

The standard library's type stubs say which functions Windows does not have. Checked are the modules that the
commands of offices can import, in functions too, and those that are found by name instead of imported: `check`, `read`,
`preview`, `template`, `submit --to` and `receipt verify`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp

from tests.support.paths import ROOT

PACKAGES = ("pipelines", "expectations", "dashboards")
COMMANDS = tuple(
    f"pipelines.cli.{name}" for name in ("main", "files", "common", "receipt", "remote", "submit", "templates")
)
"""Modules of the commands of offices, and that of the command line itself."""
FOUND_BY_NAME = ("expectations", "pipelines.findings", "pipelines.reading")
"""Packages whose modules declare rules; `pipelines.findings.rules` imports them by name."""


def list_portable_modules() -> list[str]:
    """Return the names of the modules that must run on every system, sorted."""
    graph = grimp.build_graph(*PACKAGES, include_external_packages=False, cache_dir=None)
    started = list_started_modules()
    # The command line imports the modules of all commands when it starts; what their functions import is for others.
    names = {name for name in started if name.startswith("pipelines.cli.")} - {*COMMANDS}
    waiting = {*started, *COMMANDS, *FOUND_BY_NAME} - names
    for name in FOUND_BY_NAME:
        waiting |= graph.find_descendants(name)
    # A module is imported after the packages that it is in, with all that they import.
    while waiting:
        name = waiting.pop()
        names.add(name)
        parent = name.rpartition(".")[0]
        waiting |= {*graph.find_modules_directly_imported_by(name), *([parent] if parent else [])} - names
    return sorted(names)


def list_started_modules() -> set[str]:
    """Return what the command line imports when it starts, whichever command it is to run."""
    code = f"import sys, {COMMANDS[0]}; print(*sys.modules)"
    completed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in completed.stdout.split() if name.partition(".")[0] in PACKAGES}


def find_file(module: str) -> Path:
    """Return the source file of a module of the project."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def main() -> int:
    """Run the type checker for Windows; return its exit code."""
    files = [str(find_file(module).relative_to(ROOT)) for module in list_portable_modules()]
    command = ["mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/win32", "--follow-imports", "silent", *files]
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
