"""Count departures from the house style and hold each package to its limit: `python -m tests.support.style_check`.

The limits are in `style_limits.json`: a package may not exceed them, and a package that falls below them must lower its
limit (`--write`), so that prose and names only ever improve. `--list PACKAGE` shows each departure with its line.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT
from tests.support.style_exceptions import is_accepted_name

LIMITS: Final = Path(__file__).with_name("style_limits.json")
FOLDERS: Final = ("pipelines", "expectations", "dashboards", "tests", "benchmarks")

MARKED_WORDS: Final = re.compile(
    r"\b(?:anew|aright|whoever|whence|thereof|as yet|once more|by the way of|in place of|what of"
    r"|mend(?:s|ed|ing)?|stands?|stood|lies|lay|tells?|told|is no [a-z]+|are no [a-z]+|of which .{0,40}\bare)\b"
    r"|(?<!\w)beside(?!s)\b|^(?:What|Whatever|Whoever|Who|Of (?:each|what|whom)|Whether)\b",
    re.IGNORECASE,
)
"""Words and openings that the style guide asks to avoid in docstrings and comments."""
NOUN_OPENINGS: Final = re.compile(
    r"^(?:The|A|An|This|These|Whether|What|Which|Who|How|Where|When|Why|Every|Each|All|Of|One|Its|It|Those|Nothing|No)\b"
)
"""First words of a function's docstring that show a noun phrase where an imperative sentence is wanted."""
VAGUE_NAMES: Final = frozenset(
    ("found", "told", "said", "made", "kept", "known", "held", "given", "one", "out", "asked", "shown", "taken", "done",
     "seen", "wanted", "meant", "named", "gone", "left", "here", "there", "what", "other", "both", "own", "ours",
     "theirs", "rest")
)  # fmt: skip
"""Local names that say nothing about what they hold."""
SHORT_NAMES: Final = frozenset(("main", "run", "load", "close", "open"))
"""Function names of one word that are the usual ones of their kind."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One place that departs from the style: its kind, file, line, and the text."""

    kind: str
    path: Path
    line: int
    text: str


def read_comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield each comment of a module with its line."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")


def read_docstrings(tree: ast.Module) -> Iterator[tuple[ast.AST, int, str]]:
    """Yield each docstring of a module, class or function, and each string that documents a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node, node.body[0].lineno, docstring
            for statement in node.body[1:]:
                match statement:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        yield statement, statement.lineno, text


def is_named_by_noun(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return True for a property or a fixture of pytest: its readers use it like a value, so its name is a noun."""
    names = {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in node.decorator_list}
    return bool(names & {"property", "cached_property", "setter", "fixture"})


def path_in_repository(path: Path) -> str:
    """Return the path of a module from the root of the repository, or its whole path if it is elsewhere."""
    return (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()


def find_departures(path: Path) -> Iterator[Departure]:
    """Yield every departure from the style in one module."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source, filename=str(path))
    for node, line, text in read_docstrings(tree):
        if MARKED_WORDS.search(text):
            yield Departure("marked_prose", path, line, text.split("\n")[0])
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and NOUN_OPENINGS.match(text) and not is_named_by_noun(node):
            yield Departure("noun_docstring", path, line, text.split("\n")[0])
    for line, text in read_comments(source):
        if MARKED_WORDS.search(text):
            yield Departure("marked_prose", path, line, text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_one_word = "_" not in node.name and node.name not in SHORT_NAMES
            if is_one_word and not is_named_by_noun(node) and not is_accepted_name(path_in_repository(path), node.name):
                yield Departure("one_word_function", path, node.lineno, node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in VAGUE_NAMES:
            yield Departure("vague_name", path, node.lineno, node.id)


def package_of(path: Path) -> str:
    """Return the package that a module counts for: the two outermost folders, or one for a module directly below it."""
    parts = path.relative_to(ROOT).parent.parts
    return ".".join(parts[:2])


def find_all_departures() -> list[Departure]:
    """Return the departures of all product code, in the order of paths and lines."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return [departure for path in paths for departure in find_departures(path)]


def count_by_package(departures: Sequence[Departure]) -> dict[str, dict[str, int]]:
    """Count departures by package and kind."""
    counts: dict[str, Counter[str]] = {}
    for departure in departures:
        counts.setdefault(package_of(departure.path), Counter())[departure.kind] += 1
    return {package: dict(sorted(kinds.items())) for package, kinds in sorted(counts.items())}


def compare_with_limits(counts: dict[str, dict[str, int]], limits: dict[str, dict[str, int]]) -> list[str]:
    """Return a message for each package and kind whose count differs from its limit; a missing limit is 0."""
    messages = []
    for package in sorted(counts.keys() | limits.keys()):
        for kind in sorted(counts.get(package, {}).keys() | limits.get(package, {}).keys()):
            count, limit = counts.get(package, {}).get(kind, 0), limits.get(package, {}).get(kind, 0)
            if count > limit:
                messages.append(
                    f"{package}: {count} of kind {kind}, the limit is {limit}; "
                    f"see `python -m tests.support.style_check --list {package}` and rewrite what you added"
                )
            elif count < limit:
                messages.append(
                    f"{package}: {count} of kind {kind} is below the limit of {limit}; "
                    "lower it with `python -m tests.support.style_check --write`"
                )
    return messages


def main(arguments: Sequence[str]) -> int:
    """Check the limits, list the departures of a package, or write the present counts as limits."""
    departures = find_all_departures()
    if arguments and arguments[0] == "--list":
        chosen = [d for d in departures if len(arguments) < 2 or package_of(d.path).startswith(arguments[1])]
        for departure in chosen:
            print(f"{departure.path.relative_to(ROOT)}:{departure.line}: {departure.kind}: {departure.text}")
        return 0
    counts = count_by_package(departures)
    if arguments and arguments[0] == "--write":
        LIMITS.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
        return 0
    messages = compare_with_limits(counts, json.loads(LIMITS.read_text(encoding="utf-8")))
    total = Counter(departure.kind for departure in departures)
    print("\n".join([*messages, "style: " + ", ".join(f"{kind} {count}" for kind, count in sorted(total.items()))]))
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
