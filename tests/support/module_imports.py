"""Find which modules others import or name, from their source text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

_MODULE = re.compile(r"\b[a-z_]\w*(?:\.\w+)+")
_IMPORT = re.compile(r"\bfrom\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n]*)")
_FILE = re.compile(r"\b\w+\.py\b")


def imports_of_modules(root: Path, places: Iterable[Path]) -> dict[str, set[str]]:
    """Return each module of files and below folders, named from `root`, with the modules that it imports at once."""
    paths = (path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*.py"))))
    return {module: set(_list_imports(module, path)) for path in paths for module in (name_module(root, path),)}


def find_modules_needing(imports: Mapping[str, set[str]], packages: set[str]) -> set[str]:
    """Return the modules that import any of the packages, or a module that does, at any depth."""
    needing = {module for module, names in imports.items() if {name.partition(".")[0] for name in names} & packages}
    while more := {module for module, names in imports.items() if names & needing} - needing:
        needing |= more
    return needing


def find_needed_modules(root: Path, paths: Iterable[Path], package: str) -> set[Path]:
    """Return some files and those of a package that they import or name, at any depth and also within functions.

    A text may name a module (`python -m tests.support.ports`), or a file of the same folder.
    """
    needed, waiting = set[Path](), set(paths)
    while waiting:
        path = waiting.pop()
        needed.add(path)
        siblings = {path.with_name(name) for name in _FILE.findall(path.read_text(encoding="utf-8"))}
        waiting |= {*find_named_modules(root, path, package), *filter(Path.is_file, siblings)} - needed
    return needed


@cache
def find_named_modules(root: Path, path: Path, package: str) -> frozenset[Path]:
    """Return the files of modules of a package, with those of the packages around them, that the text of a file names.

    Imports are found without a parser, which would take 10 ms for each file.
    """
    text = path.read_text(encoding="utf-8")
    names = set(_MODULE.findall(text))
    for base, imported in _IMPORT.findall(text):
        names |= {f"{base}.{name}" for name in re.findall(r"\w+", imported)}
    parts = [name.split(".") for name in names if name.startswith(f"{package}.")]
    places = {root.joinpath(*name[:length]) for name in parts for length in range(1, len(name) + 1)}
    files = {file for place in places for file in (place / "__init__.py", place.with_suffix(".py"))}
    return frozenset(file for file in files if file.is_file())


def name_module(root: Path, path: Path) -> str:
    """Return the name of the module in a file."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _list_imports(module: str, path: Path) -> Iterator[str]:
    """Yield the imported modules; `from a.b import c` imports `a`, `a.b` and, if it is a module, `a.b.c`."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = [package]
    for node in _list_statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, (base, node.module)))
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _list_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements that run when a module is imported: none in functions, none for the type checker alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            continue
        yield child
        is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if is_for_types and isinstance(child, ast.If):
            for statement in child.orelse:
                yield statement
                yield from _list_statements(statement)
        else:
            yield from _list_statements(child)
