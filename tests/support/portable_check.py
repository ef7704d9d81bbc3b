"""Check with the types of Windows what an office runs on its own computer: `python -m tests.support.portable_check`.

The standard library's type stubs say which functions Windows does not have. Checked are the modules that `rti check`,
`read` and `preview` can import, in functions too, and those that are found by name instead of imported.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp

from tests.support.paths import ROOT

COMMANDS = ("pipelines.cli.main", "pipelines.cli.files", "pipelines.cli.common")
FOUND_BY_NAME = ("expectations", "pipelines.findings", "pipelines.reading")
"""Packages whose modules declare rules; `pipelines.findings.rules` imports them by name."""


def list_portable_modules() -> list[str]:
    """Return the names of the modules that must run on every system, sorted."""
    graph = grimp.build_graph(
        "pipelines", "expectations", "dashboards", include_external_packages=False, cache_dir=None
    )
    names = {*COMMANDS[1:], *FOUND_BY_NAME}
    for name in FOUND_BY_NAME:
        names |= graph.find_descendants(name)
    for name in tuple(names):
        names |= graph.find_upstream_modules(name)
    # The command line imports the modules of all commands when it starts, and what a command needs when it runs.
    names |= {COMMANDS[0], *graph.find_children("pipelines.cli")}
    return sorted(names)


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
