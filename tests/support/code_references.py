"""Find names of files and functions in documents that the source tree no longer has."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

SOURCE_FOLDERS: Final = (
    "pipelines",
    "expectations",
    "dashboards",
    "dbt_project",
    "tests",
    "benchmarks",
    "deploy",
    "docs",
)
_CODE: Final = re.compile(r"`([^`\n]+)`")
_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PATH: Final = re.compile(rf"^(?:{'|'.join(SOURCE_FOLDERS)})/[\w./-]+$")
_MODULE_FILE: Final = re.compile(r"^(?:\w+/)*\w+\.(?:py|sql)$")
_CALL: Final = re.compile(r"^(?:\w+\.)*(\w+)\.(\w+)\(")


@cache
def list_files(root: Path) -> frozenset[str]:
    """Return the paths of all files and folders under version control, relative to the root."""
    output = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout.decode()
    files = {name for name in output.split("\0") if name}
    return frozenset(files | {parent.as_posix() for name in files for parent in Path(name).parents})


@cache
def read_names(root: Path) -> Mapping[str, frozenset[str]]:
    """Return the names defined in each product module and class, by the module's or class's own name.

    Modules of the same name are merged, because documents name most modules without their package.
    """
    names: dict[str, set[str]] = {}
    for file in list_files(root):
        if not file.endswith(".py") or not file.startswith(("pipelines/", "expectations/", "dashboards/")):
            continue
        path = root / file
        module = path.parent.name if path.name == "__init__.py" else path.stem
        defined = names.setdefault(module, set())
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            defined |= _defined_by(node)
            if isinstance(node, ast.ClassDef):
                members = names.setdefault(node.name, set())
                for member in node.body:
                    members |= _defined_by(member)
    return {name: frozenset(defined) for name, defined in names.items()}


def _defined_by(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {alias.asname or alias.name for alias in aliases}
        case ast.If(body=body, orelse=orelse) | ast.Try(body=body, orelse=orelse):
            return {name for child in (*body, *orelse) for name in _defined_by(child)}
        case _:
            return set()


def find_dead_references(root: Path, text: str) -> Iterator[str]:
    """Yield each file or function that a Markdown text names in code type and the source tree does not have.

    `pipelines/core/clock.py` must exist; so must some file that ends with `core/clock.py` or `clock.py`; and
    the function of `clock.now()` must be defined in a module or class of that name, if there is one.
    """
    files, names = list_files(root), read_names(root)
    for code in _CODE.findall(_FENCE.sub("", text)):
        if _PATH.match(code):
            if code.rstrip("/") not in files:
                yield code
        elif _MODULE_FILE.match(code):
            if not any(file == code or file.endswith("/" + code) for file in files):
                yield code
        elif (match := _CALL.match(code)) and match[2] not in names.get(match[1], {match[2]}):
            yield code
