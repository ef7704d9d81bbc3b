"""Find the names of all fields that the offices' pages read from submitted forms, in their source.

Tests that submit forms as strangers must fill in every field; otherwise an address might refuse only because one is
missing.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from dashboards.office import pages

_READERS = frozenset({"read_text", "read_texts", "read_choice", "has_field"})
"""Methods of `SubmittedForm` whose first argument is the name of a field."""
_ANYTHING = "*"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class UnclearFieldError(Exception):
    """The name of a field cannot be found out from the source."""


def list_form_fields(modules: tuple[ModuleType, ...] | None = None) -> set[str]:
    """Return the names of the fields; `*` marks a part that is only known when a page is shown.

    `modules` are all of `dashboards.office.pages` unless they are given. Raises UnclearFieldError.
    """
    names = set()
    for module in modules if modules is not None else _import_pages():
        names |= set(FieldFinder(module, ast.parse(inspect.getsource(module))).find_names())
    return names


def _import_pages() -> tuple[ModuleType, ...]:
    modules = pkgutil.walk_packages(pages.__path__, f"{pages.__name__}.")
    return tuple(import_module(module.name) for module in modules)


class FieldFinder:
    """Resolves first arguments of readers in one module: literals, constants, loops, and parameters of functions."""

    def __init__(self, module: ModuleType, tree: ast.Module) -> None:
        self.module, self.tree = module, tree
        self.functions = [node for node in ast.walk(tree) if isinstance(node, _Function)]

    def find_names(self) -> Iterator[str]:
        """Yield the names. Raises UnclearFieldError."""
        for call in self._list_calls(self.tree):
            if isinstance(call.func, ast.Attribute) and call.func.attr in _READERS and call.args:
                yield from self._resolve(call.args[0], call)

    def _resolve(self, node: ast.expr, place: ast.AST) -> list[str]:
        match node:
            case ast.Constant(value=str(name)):
                return [name]
            case ast.JoinedStr(values=parts):
                return ["".join(self._resolve_part(part) for part in parts)]
            case ast.BinOp(left=left, op=ast.Add()):
                return [f"{name}{_ANYTHING}" for name in self._resolve(left, place)]
            case ast.Name(id=name):
                return self._resolve_name(name, place)
        raise UnclearFieldError(f"{self.module.__name__}, line {node.lineno}: {ast.unparse(node)}")

    @staticmethod
    def _resolve_part(part: ast.expr) -> str:
        return str(part.value) if isinstance(part, ast.Constant) else _ANYTHING

    def _resolve_name(self, name: str, place: ast.AST) -> list[str]:
        constant = getattr(self.module, name, None)
        if isinstance(constant, str):
            return [constant]
        for loop in ast.walk(self.tree):
            if isinstance(loop, ast.comprehension) and isinstance(loop.target, ast.Name) and loop.target.id == name:
                return self._resolve_all(loop.iter)
        for function in self.functions:
            names = [argument.arg for argument in function.args.args]
            if name in names and place in ast.walk(function):
                calls = [call for call in self._list_calls(self.tree) if _is_call_of(call, function)]
                return [each for call in calls for each in self._resolve(call.args[names.index(name)], call)]
        raise UnclearFieldError(f"{self.module.__name__}: {name}")

    def _resolve_all(self, node: ast.expr) -> list[str]:
        """Return the texts of a tuple, which may have a name."""
        if isinstance(node, ast.Name):
            constant = getattr(self.module, node.id, None)
            if constant is not None:
                return [str(name) for name in constant]
            for assignment in ast.walk(self.tree):
                if isinstance(assignment, ast.Assign) and ast.unparse(assignment.targets[0]) == node.id:
                    return self._resolve_all(assignment.value)
        if isinstance(node, ast.Tuple | ast.List):
            return [name for element in node.elts for name in self._resolve(element, node)]
        raise UnclearFieldError(f"{self.module.__name__}, line {node.lineno}: {ast.unparse(node)}")

    @staticmethod
    def _list_calls(tree: ast.AST) -> list[ast.Call]:
        return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _is_call_of(call: ast.Call, function: _Function) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == function.name
