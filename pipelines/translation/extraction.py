"""Gathering of all texts that people read: of rules, of declared indicators, and of calls of `tell`, `many` and `mark`.

Modules that declare rules are found by looking for a `RULES` or a call of `register` at their top level, so that a new
part needs no entry here; screens are only parsed, never imported.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipelines", "expectations", "dashboards")
MARKED = "# marked"
"""A comment on a `tell` of no literal: says that its text is given to `mark` elsewhere."""


class ExtractionError(ValueError):
    """A text that cannot be found for the catalogues; names the file and line of each."""


@dataclass(frozen=True, slots=True)
class Text:
    """One source text. `other` is its plural form; `places` are modules, `rules` say which message or remedy it is."""

    one: str
    other: str | None = None
    places: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    other: str | None = None
    places: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)


def source_files(root: Path = ROOT, ending: str = "py") -> list[Path]:
    """Every module (or template, `html`) that may say something to people, in the order of its path."""
    return sorted(
        path
        for package in PACKAGES
        for path in (root / package).rglob(f"*.{ending}")
        if not {"migrations", "__pycache__"} & set(path.parts)
    )


def _name(function: ast.expr) -> tuple[str, str]:
    """(what is called, of what): `here.tell` gives ("tell", "here"), `tell` gives ("tell", "")."""
    if isinstance(function, ast.Name):
        return function.id, ""
    if isinstance(function, ast.Attribute):
        return function.attr, function.value.id if isinstance(function.value, ast.Name) else "?"
    return "", ""


def _literals(node: ast.expr) -> list[str] | None:
    """The texts an argument can be: one literal, or the two of a choice; None where it is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        both = [_literals(node.body), _literals(node.orelse)]
        return None if None in both else [text for found in both if found for text in found]
    return None


def _is_mark(node: ast.AST) -> bool:
    # `mark` of anything but the module of words is somebody else's (footnote marks of the dashboards).
    return isinstance(node, ast.Call) and _name(node.func) in {("mark", ""), ("mark", "i18n")}


def marked_names(trees: Iterable[ast.Module]) -> set[str]:
    """Names of constants and arguments, anywhere, whose value holds texts given to `mark`."""
    found: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg and _is_mark(node.value):
                found.add(node.arg)
            if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
                continue
            if any(_is_mark(inner) for inner in ast.walk(node.value)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def _of_marked(node: ast.expr, marked: set[str]) -> bool:
    """Whether the argument is (a part of) a constant of marked texts: `TITLES`, `TITLES[code]`, `TITLES.get(code)`."""
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        if isinstance(node, ast.Attribute) and node.attr in marked:
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in marked


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _handed_on(nodes: Iterable[ast.AST], marked: set[str]) -> set[str]:
    """Names that are given (a part of) a constant of marked texts: `kind, text = STATES[code]`, `for text in WORDS`."""
    found = set(marked)
    givers = [node for node in nodes if isinstance(node, (ast.Assign, ast.For, ast.comprehension))]
    for _ in range(3):  # a few hands, no more
        for node in givers:
            if isinstance(node, ast.Assign) and _of_marked(node.value, found):
                found |= set().union(*map(_names, node.targets))
            elif not isinstance(node, ast.Assign) and _of_marked(node.iter, found):
                found |= _names(node.target)
    return found


def _inside_wrappers(nodes: Iterable[ast.AST]) -> set[ast.AST]:
    """What stands in functions that are themselves named `tell` or `many`: they hand on what they are given."""
    return {
        inner
        for node in nodes
        if isinstance(node, ast.FunctionDef) and node.name in ("tell", "many")
        for inner in ast.walk(node)
    }


_A_CALL = re.compile(r"\b(?:tell|many|mark)\s*\(")
_A_MARK = re.compile(r"\bmark\s*\(")
_A_RULE = re.compile(r"\bRULES\b|\bregister\s*\(")
"""Without it in its text a module holds nothing of the kind, and need not be parsed."""


def spoken(source: str, place: str, marked: set[str]) -> Iterator[tuple[str, str | None]]:
    """(text, plural form or None) of each call in a module.

    Raises ExtractionError naming every call whose text is no literal.
    """
    lines = source.splitlines()
    faults: list[str] = []
    if not _A_CALL.search(source):
        return
    nodes = list(ast.walk(ast.parse(source)))
    ours, known, wrappers = _imported(nodes), _handed_on(nodes, marked), _inside_wrappers(nodes)
    for node in nodes:
        if not isinstance(node, ast.Call) or not node.args or node in wrappers:
            continue
        called, owner = _name(node.func)
        if not owner and called not in ours:
            continue  # a function of that name which is none of ours
        if called == "many" and len(node.args) > 1:
            one, other = _literals(node.args[0]), _literals(node.args[1])
            if one and other and len(one) == len(other):
                yield from zip(one, other, strict=True)
            else:
                faults.append(f"{place}:{node.lineno}")
        elif called == "tell" or _is_mark(node):
            texts = _literals(node.args[0])
            yield from ((text, None) for text in texts or () if text)
            said = "".join(lines[node.lineno - 1 : node.end_lineno])
            if texts is None and not (called == "tell" and (_of_marked(node.args[0], known) or MARKED in said)):
                faults.append(f"{place}:{node.lineno}")
    if faults:
        raise ExtractionError(
            f"not a literal, so that no catalogue can hold it: {', '.join(faults)}. Write the English text as the "
            f"first argument, give constants to mark(), or say '{MARKED} in <module>' in a comment on that line."
        )


def said_in_template(source: str, place: str) -> Iterator[tuple[str, str | None]]:
    """(text, plural form or None) of each `tell` and `many` in a Jinja template; raises as `spoken` does."""
    from jinja2 import Environment, nodes

    for call in Environment().parse(source).find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or call.node.name not in ("tell", "many"):
            continue
        wanted = call.args[: 2 if call.node.name == "many" else 1]
        texts = [arg.value for arg in wanted if isinstance(arg, nodes.Const)]
        if not texts or len(texts) != len(wanted):
            raise ExtractionError(f"not a literal, so that no catalogue can hold it: {place}:{call.lineno}.")
        yield texts[0], texts[1] if len(texts) > 1 else None


def declared_names(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """(name, file) of each indicator that the package declares; who adds others adds their words, too."""
    from pipelines.warehouse.metrics import metrics

    for path in sorted((root / "pipelines" / "warehouse" / "metrics" / "declared").glob("*.yml")):
        yield metrics.name_of(path), path.relative_to(root).as_posix()


def _imported(nodes: Iterable[ast.AST]) -> set[str]:
    return {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "pipelines.core.i18n"
        for alias in node.names
    }


def _declares_rules(tree: ast.Module) -> bool:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "RULES" for target in targets):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _name(node.value.func)[0] == "register":
            return True
    return False


def load_rules(root: Path = ROOT) -> None:
    """Import every module that declares or registers rules, so that the list of rules is whole."""
    for path in source_files(root):
        if path.is_relative_to(root / "dashboards"):
            continue  # pages declare no rules, and importing one would run it
        source = path.read_text(encoding="utf-8")
        if not _A_RULE.search(source) or not _declares_rules(ast.parse(source, filename=str(path))):
            continue
        importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"))


def rule_texts() -> Iterator[tuple[str, str]]:
    """Yield every source text of the rules with the place it comes from: (text, comment)."""
    from pipelines.findings.rules import all_rules

    load_rules()
    for identity, rule in all_rules().items():
        yield rule.message, f"{identity}: message"
        yield rule.remedy, f"{identity}: remedy"


def gather(root: Path = ROOT) -> list[Text]:
    """Every text of the rules and of the screens once, in the order of the alphabet.

    Raises ExtractionError where a text is no literal, or stands with two different plural forms.
    """
    found: dict[str, _Found] = {}
    for text, rule in rule_texts():
        if text:
            found.setdefault(text, _Found()).rules.add(rule)
    for name, place in declared_names(root):
        found.setdefault(name, _Found()).places.add(place)
    files = [*source_files(root), *source_files(root, "html")]
    sources = {path: path.read_text(encoding="utf-8") for path in files}
    marked = marked_names(
        ast.parse(source, filename=str(path))
        for path, source in sources.items()
        if path.suffix == ".py" and _A_MARK.search(source)
    )
    faults: list[str] = []
    for path, source in sources.items():
        place = path.relative_to(root).as_posix()
        try:
            said = said_in_template(source, place) if path.suffix == ".html" else spoken(source, place, marked)
            for one, other in said:
                entry = found.setdefault(one, _Found())
                entry.places.add(place)
                if other is not None and entry.other not in (None, other):
                    faults.append(
                        f"{place}: '{one}' has the plural forms '{entry.other}' and '{other}'; use one of them."
                    )
                entry.other = entry.other or other
        except ExtractionError as error:
            faults.append(str(error))
    if faults:
        raise ExtractionError("\n".join(faults))
    return [
        Text(one, entry.other, tuple(sorted(entry.places)), tuple(sorted(entry.rules)))
        for one, entry in sorted(found.items())
    ]
