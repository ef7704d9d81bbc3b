"""Gather all translatable texts: of rules, of declarations, and of calls of `tell`, `many` and `mark`.

Modules that declare rules are recognised by a `RULES` or a call of `register_rules` at their top level, so that new
modules need no entry here; screens are only parsed, never imported.
"""

from __future__ import annotations

import ast
import csv
import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.core.i18n import SOURCE_LANGUAGE, list_languages

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipelines", "expectations", "dashboards")
TRANSLATORS = ("pipelines.core.i18n", "pipelines.core.i18n.marking", "pipelines.words.language")
"""Modules whose functions have texts for the catalogues as their arguments."""
VARIABLES = ("tell", "many")
"""Names of variables and arguments that hold a translator."""
MARKED = "# marked"
"""Comment on a `tell` without a literal, whose text is passed to `mark` elsewhere."""


class ExtractionError(ValueError):
    """A text cannot be extracted; the message has the file and line of each."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """A source text: `other` is its plural form, `places` its modules, `rules` the rules that use it."""

    one: str
    other: str | None = None
    places: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(slots=True)
class _Occurrences:
    other: str | None = None
    places: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)


def source_files(root: Path = ROOT, ending: str = "py") -> list[Path]:
    """Return the modules (or templates, `html`) that may contain texts, sorted by path."""
    return sorted(
        path
        for package in PACKAGES
        for path in (root / package).rglob(f"*.{ending}")
        if not {"migrations", "__pycache__"} & set(path.parts)
    )


def _split_name(function: ast.expr) -> tuple[str, str]:
    """Return the name of a called function and its owner: ("tell", "here") for `here.tell`, ("tell", "") for `tell`."""
    if isinstance(function, ast.Name):
        return function.id, ""
    if isinstance(function, ast.Attribute):
        return function.attr, function.value.id if isinstance(function.value, ast.Name) else "?"
    return "", ""


def _literals(node: ast.expr) -> list[str] | None:
    """Return the possible texts of an argument, a literal or a choice of two; None if it is not a literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        branches = [_literals(node.body), _literals(node.orelse)]
        return None if None in branches else [text for texts in branches if texts for text in texts]
    return None


def _is_mark(node: ast.AST) -> bool:
    # `mark` of another module is a different function (footnote marks of the dashboards).
    return isinstance(node, ast.Call) and _split_name(node.func) in {("mark", ""), ("mark", "i18n")}


def marked_names(trees: Iterable[ast.Module]) -> set[str]:
    """Return the names of all constants and arguments whose value contains texts passed to `mark`."""
    names: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg and _is_mark(node.value):
                names.add(node.arg)
            if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
                continue
            if any(_is_mark(inner) for inner in ast.walk(node.value)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def _is_marked_constant(node: ast.expr, marked: set[str]) -> bool:
    """Return True for (part of) a constant of marked texts: `TITLES`, `TITLES[code]`, `TITLES.get(code)`."""
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        if isinstance(node, ast.Attribute) and node.attr in marked:
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in marked


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _trace_marked_names(nodes: Iterable[ast.AST], marked: set[str]) -> set[str]:
    """Return the names that hold (part of) a marked constant: `kind, text = STATES[code]`, `for text in WORDS`."""
    names = set(marked)
    sources = [node for node in nodes if isinstance(node, (ast.Assign, ast.For, ast.comprehension))]
    for _ in range(3):  # follows at most three assignments in a row
        for node in sources:
            if isinstance(node, ast.Assign) and _is_marked_constant(node.value, names):
                names |= set().union(*map(_names, node.targets))
            elif not isinstance(node, ast.Assign) and _is_marked_constant(node.iter, names):
                names |= _names(node.target)
    return names


def _find_wrapper_nodes(nodes: Iterable[ast.AST]) -> set[ast.AST]:
    """Return all nodes within functions that are named `tell` or `many`, because these only pass on their arguments."""
    return {
        inner
        for node in nodes
        if isinstance(node, ast.FunctionDef) and node.name in ("tell", "many")
        for inner in ast.walk(node)
    }


_A_CALL = re.compile(r"\b(?:tell|many|mark)\s*\(|\.(?:tell|many)\b|\bimport\b.*\b(?:tell|many|mark)\b")
_A_MARK = re.compile(r"\bmark\s*\(")
_A_RULE = re.compile(r"\bRULES\b|\bregister_rules\s*\(")
"""Modules whose text does not match these patterns need not be parsed."""


def extract_calls(source: str, place: str, marked: set[str]) -> Iterator[tuple[str, str | None]]:
    """Yield (text, plural form or None) of each call of `tell`, `many` and `mark` in a module.

    Raises ExtractionError that names every call whose text is not a literal, and every translator under another name.
    """
    lines = source.splitlines()
    faults: list[str] = []
    if not _A_CALL.search(source):
        return
    nodes = list(ast.walk(ast.parse(source)))
    translators, wrappers = _find_translators(nodes), _find_wrapper_nodes(nodes)
    if renamed := sorted({f"{place}:{line}" for line in _find_renamed(nodes, translators)}):
        raise ExtractionError(
            f"a translator has another name here, by which no text is found: {', '.join(renamed)}. Keep the names "
            f"tell, many and mark."
        )
    traced_names = _trace_marked_names(nodes, marked)
    for node in nodes:
        if not isinstance(node, ast.Call) or not node.args or node in wrappers:
            continue
        called, owner = _split_name(node.func)
        if not owner and called not in translators:
            continue  # another function with the same name
        if called == "many" and len(node.args) > 1:
            singulars, plurals = _literals(node.args[0]), _literals(node.args[1])
            if singulars and plurals and len(singulars) == len(plurals):
                yield from zip(singulars, plurals, strict=True)
            else:
                faults.append(f"{place}:{node.lineno}")
        elif called == "tell" or _is_mark(node):
            texts = _literals(node.args[0])
            yield from ((text, None) for text in texts or () if text)
            call_source = "".join(lines[node.lineno - 1 : node.end_lineno])
            is_marked = _is_marked_constant(node.args[0], traced_names) or MARKED in call_source
            if texts is None and not (called == "tell" and is_marked):
                faults.append(f"{place}:{node.lineno}")
    if faults:
        raise ExtractionError(
            f"not a literal, so that no catalogue can hold it: {', '.join(faults)}. Write the English text as the "
            f"first argument, give constants to mark(), or say '{MARKED} in <module>' in a comment on that line."
        )


def extract_template_calls(source: str, place: str) -> Iterator[tuple[str, str | None]]:
    """Yield (text, plural form or None) of each `tell` and `many` in a Jinja template. Raises ExtractionError."""
    from jinja2 import Environment, nodes

    for call in Environment().parse(source).find_all(nodes.Call):  # noqa: S701 - parsed, not rendered
        called = call.node.attr if isinstance(call.node, nodes.Getattr) else getattr(call.node, "name", "")
        if called not in VARIABLES:
            continue
        text_arguments = call.args[: 2 if called == "many" else 1]
        texts = [arg.value for arg in text_arguments if isinstance(arg, nodes.Const)]
        if not texts or len(texts) != len(text_arguments):
            raise ExtractionError(f"not a literal, so that no catalogue can hold it: {place}:{call.lineno}.")
        yield texts[0], texts[1] if len(texts) > 1 else None


def declared_texts(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Yield (text, file) of what the package declares and readers see: names, definitions and caveats of indicators,
    definitions of stages and of elements of the law, titles and notes of published tables, footnotes of names, names
    of forms and offices, causes of breaks in series as a release has them, notes on territories and their counting
    rules, notes on treaties, and words of other publishers with our remarks on their figures. Other indicators bring
    their own translations."""
    from pipelines.core import codes
    from pipelines.declarations.yaml_file import load_yaml
    from pipelines.front.queries import STAGES
    from pipelines.publication.disclosure import programme
    from pipelines.publication.releases import public_texts
    from pipelines.warehouse.metrics import metrics

    for path in sorted((root / "pipelines" / "warehouse" / "metrics" / "declared").glob("*.yml")):
        for text in metrics.texts_of(path):
            yield text, path.relative_to(root).as_posix()
    for measure in dict.fromkeys(measure for stages in STAGES.values() for measure in stages):
        definition = str(codes.get_code_attribute("measure", measure, "definition"))
        yield definition, (codes.CODELIST_FOLDER / "measure.csv").relative_to(ROOT).as_posix()
    for element in codes.list_codes("law_element"):
        definition = str(codes.get_code_attribute("law_element", element, "definition"))
        yield definition, (codes.CODELIST_FOLDER / "law_element.csv").relative_to(ROOT).as_posix()
    for table in programme.load().tables:
        for text in filter(None, (table.title, table.note)):
            yield text, programme.FILE.relative_to(root).as_posix()
    for path in sorted((root / "pipelines" / "territories").glob("*/territory.yml")):
        footnotes = (name.get("footnote") for name in load_yaml(path)["names"] if name["language"] == SOURCE_LANGUAGE)
        for text in filter(None, footnotes):
            yield text, path.relative_to(root).as_posix()
    for path in sorted((root / "pipelines" / "territories").glob("*/sims.yml")):
        for entry in load_yaml(path).get("breaks") or ():
            yield public_texts.clean_text(entry["text"], {}), path.relative_to(root).as_posix()
    for path in sorted((root / "pipelines" / "territories").glob("*/treaties.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            for note in filter(None, (row["note"] for row in csv.DictReader(handle))):
                yield note, path.relative_to(root).as_posix()
    yield from _list_declared_names(root)
    yield from _list_statements(root)
    yield from _list_remarks(root)
    yield from _list_words(root)


def _list_declared_names(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (English name, file) of each form and office whose names are not declared in every language."""
    from pipelines.declarations.yaml_file import load_yaml

    languages = {_base_language(language) for language in list_languages()} - {SOURCE_LANGUAGE}
    for path in sorted((root / "pipelines" / "territories").glob("*/*.yml")):
        declaration = load_yaml(path)
        name_pairs = [
            (form["title"], form.get("titles") or ()) for form in declaration.get("forms") or () if "title" in form
        ]
        for office in declaration.get("offices") or ():
            names = {name["language"]: name["name"] for name in office["names"]}
            name_pairs.append((names[SOURCE_LANGUAGE], names))
        for name, declared in name_pairs:
            if not languages <= set(map(_base_language, declared)):
                yield name, path.relative_to(root).as_posix()


def _list_statements(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (sentence, file) of the notes on each territory and its offices and of their counting rules, as a release
    has them."""
    from pipelines.declarations.yaml_file import load_yaml
    from pipelines.publication.releases import public_texts
    from pipelines.words.sources import split_ending, split_sentences

    for path in sorted((root / "pipelines" / "territories").glob("*/territory.yml")):
        territory = load_yaml(path)
        if territory["kind"] != "national":
            continue  # no release has a training territory
        bodies = [*territory["jurisdictions"], *territory["offices"]]
        names = {part.get("code") or part["id"]: _find_source_name(part["names"]) for part in bodies}
        statements = [territory.get("note"), *(office.get("note") for office in territory["offices"])]
        statements += [rule["stage_definition"] for rule in territory["counting_rules"]]
        for statement in dict.fromkeys(filter(None, statements)):
            text, _ = split_ending(public_texts.clean_text(" ".join(statement.split()), names))
            for sentence in split_sentences(text):
                yield sentence, path.relative_to(root).as_posix()


def _find_source_name(names: Iterable[dict[str, str]]) -> str:
    return next(name["name"] for name in names if name["language"] == SOURCE_LANGUAGE)


def _base_language(tag: str) -> str:
    return tag.partition("-")[0]


def _list_remarks(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (sentence, file) of our remarks on figures of other publishers, as a release has them."""
    from pipelines.declarations.yaml_file import load_yaml
    from pipelines.publication.releases import public_texts
    from pipelines.warehouse.reference import glotip, published, uncts
    from pipelines.words.sources import split_sentences

    folder = root / "pipelines" / "warehouse" / "reference"
    remarks = [(published.INVENTED_CAVEAT, folder / "published.py")]
    for path in sorted([*folder.glob("*.csv"), *(root / "pipelines" / "territories").glob("*/population.csv")]):
        with path.open(encoding="utf-8", newline="") as handle:
            remarks += [(row.get("caveat") or "", path) for row in csv.DictReader(handle)]
    for module in (glotip, uncts):
        path = folder / f"{module.__name__.rpartition('.')[2]}.py"
        remarks += [(indicator.caveat or "", path) for indicator in module.INDICATORS.values()]
    remarks += [(reason["text"], folder / "reasons.yml") for reason in load_yaml(folder / "reasons.yml")["reasons"]]
    for remark, path in dict.fromkeys(remarks):
        for sentence in split_sentences(public_texts.clean_text(remark, {})):
            yield sentence, path.relative_to(root).as_posix()


def _list_words(root: Path) -> Iterator[tuple[str, str]]:
    """Yield (text, file) of the words of other publishers for what a figure counts, and of bodies that give reasons."""
    from pipelines.declarations.yaml_file import load_yaml
    from pipelines.warehouse.reference import glotip, uncts

    folder = root / "pipelines" / "warehouse" / "reference"
    names = [(reason["said_by"], folder / "reasons.yml") for reason in load_yaml(folder / "reasons.yml")["reasons"]]
    for path in (folder / "published_figures.csv", folder / "invented.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                unit = "" if row["count_unit"] else row["unit_words"]  # shown only without a code of ours
                names += [(text, path) for text in (row["measure_words"], row.get("breakdown") or "", unit)]
    names += [(text, folder / "glotip.py") for text in (*glotip.INDICATORS, *glotip.WORDS)]
    names += [(text, folder / "uncts.py") for text in uncts.INDICATORS]
    for text, path in dict.fromkeys(names):
        if text:
            yield text, path.relative_to(root).as_posix()


def _find_translators(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names by which a module calls translators.

    They are what it imports, and those of `VARIABLES`: a variable or an argument of these names holds a translator,
    however it got its value. Functions of the same name that it defines or imports from elsewhere are other ones.
    """
    nodes = list(nodes)
    methods = {id(inner) for node in nodes if isinstance(node, ast.ClassDef) for inner in node.body}
    imported: set[str] = set()
    others: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names = {alias.asname or alias.name for alias in node.names}
            (imported if node.module in TRANSLATORS else others).update(names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and id(node) not in methods:
            others.add(node.name)
    return imported | ({*VARIABLES} - others)


def _find_renamed(nodes: Iterable[ast.AST], translators: set[str]) -> Iterator[int]:
    """Yield the line of each import, assignment and argument that gives a translator another name."""
    for node in nodes:
        bound: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.ImportFrom) and node.module in TRANSLATORS:
            if any(item.name in (*VARIABLES, "mark") and item.asname not in (None, item.name) for item in node.names):
                yield node.lineno
        elif isinstance(node, ast.Assign):
            bound = [pair for target in node.targets for pair in _pair_names(target, node.value)]
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            bound = list(_pair_names(node.target, node.value))
        elif isinstance(node, ast.keyword) and node.arg is not None:
            bound = [(node.arg, node.value)]
        for name, value in bound:
            if any(translator != name for translator in _list_values(value, translators)):
                yield value.lineno


def _pair_names(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name that is assigned, with its value, also those of several that are assigned at once."""
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        for one_target, one_value in zip(target.elts, value.elts, strict=False):
            yield from _pair_names(one_target, one_value)
    elif isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute):
        yield target.attr, value


def _list_values(value: ast.expr, translators: set[str]) -> list[str]:
    """Return the translators that a value may be: an attribute, a variable, or a choice of such."""
    if isinstance(value, ast.IfExp):
        return [*_list_values(value.body, translators), *_list_values(value.orelse, translators)]
    if isinstance(value, ast.BoolOp):
        return [name for choice in value.values for name in _list_values(choice, translators)]
    name, owner = _split_name(value)
    return [name] if name in VARIABLES and (owner or name in translators) else []


def _declares_rules(tree: ast.Module) -> bool:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "RULES" for target in targets):
            return True
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and _split_name(node.value.func)[0] == "register_rules"
        ):
            return True
    return False


def load_rules(root: Path = ROOT) -> None:
    """Import every module that declares or registers rules, so that the list of rules is complete."""
    for path in source_files(root):
        if path.is_relative_to(root / "dashboards"):
            continue  # pages declare no rules, and importing a page would run it
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


def gather_texts(root: Path = ROOT) -> list[SourceText]:
    """Return every text of the rules and screens once, in alphabetical order.

    Raises ExtractionError if a text is not a literal or has two different plural forms.
    """
    occurrences: dict[str, _Occurrences] = {}
    for text, rule in rule_texts():
        if text:
            occurrences.setdefault(text, _Occurrences()).rules.add(rule)
    for text, place in declared_texts(root):
        occurrences.setdefault(text, _Occurrences()).places.add(place)
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
            calls = (
                extract_template_calls(source, place)
                if path.suffix == ".html"
                else extract_calls(source, place, marked)
            )
            for singular, plural in calls:
                entry = occurrences.setdefault(singular, _Occurrences())
                entry.places.add(place)
                if plural is not None and entry.other not in (None, plural):
                    faults.append(
                        f"{place}: '{singular}' has the plural forms '{entry.other}' and '{plural}'; use one of them."
                    )
                entry.other = entry.other or plural
        except ExtractionError as error:
            faults.append(str(error))
    if faults:
        raise ExtractionError("\n".join(faults))
    return [
        SourceText(singular, entry.other, tuple(sorted(entry.places)), tuple(sorted(entry.rules)))
        for singular, entry in sorted(occurrences.items())
    ]
