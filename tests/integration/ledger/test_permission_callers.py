"""Roles are compared in one module, and every interface (command line, API, pages) acts through the desk.

The tests read the sources of all modules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from pipelines.ledger.identity import ROLES
from tests.support.paths import ROOT

TABLE = "pipelines/ledger/permissions.py"
NAMING_ROLES = {
    TABLE: "the table itself",
    "pipelines/ledger/identity.py": "the list of roles",
    "pipelines/submissions/arrivals.py": "grants of the demonstration's accounts",
    "pipelines/submissions/listed_assessments.py": "names of columns of the demonstration's list",
    "pipelines/survey/listed_measures.py": "the name of an account",
    "pipelines/submissions/service/practice.py": "grants of the accounts of practice",
    "pipelines/web/sign_in/demonstration.py": "the name of an account",
    "pipelines/cli/intake.py": "names of accounts",
    "pipelines/cli/accounts.py": "the name of an account",
    "dashboards/office/words.py": "the words for each role",
}
"""Modules that may name a role, and why."""
QUESTIONS = {"has_role", "gives_role"}
"""Questions about a role that are put to an identity or a grant."""
ACTS = {
    "justify": ("justify_warnings", "justify_many"),
    "send": ("send_submission", "send_many", "send_with_receipt"),
    "approve": ("approve_submission", "approve_many"),
    "give_back": ("give_back",),
    "ask_withdrawal": ("ask_withdrawal",),
    "withdraw": ("withdraw_submission",),
}
"""Acts, and the functions of the ledger and of the desk that perform them."""
LEDGER = ("pipelines.submissions.decisions", "pipelines.submissions.receipts")
LEDGER_CALLERS = {
    "pipelines/submissions/service/acts.py",
    "pipelines/submissions/service/memory.py",
    "pipelines/submissions/receipts.py",
    # The history of the demonstration, entered as its list of arrivals has it.
    "pipelines/submissions/arrivals.py",
}
DOORS = {
    "command line": ("pipelines/cli",),
    "API": ("pipelines/web",),
    "pages": ("dashboards",),
}


@dataclass(frozen=True)
class SourceFile:
    """The use of roles in a source file, and the qualified names in it."""

    names_role: bool
    asks_for_role: bool
    names: frozenset[str]


@cache
def _sources() -> dict[str, SourceFile]:
    """Return each source file by its path, without its tree: the trees of all files would take 170 MB."""
    paths = (p for part in ("pipelines", "dashboards", "expectations") for p in (ROOT / part).rglob("*.py"))
    return {str(p.relative_to(ROOT)): _read_source(p.read_text("utf-8")) for p in sorted(paths)}


def _read_source(text: str) -> SourceFile:
    nodes = list(ast.walk(ast.parse(text)))
    return SourceFile(any(map(_is_role, nodes)), any(map(_asks_for_a_role, nodes)), frozenset(_qualified_names(nodes)))


def _is_role(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in ROLES


def _asks_for_a_role(node: ast.AST) -> bool:
    """Return True if a node compares a role or asks an identity for one."""
    if isinstance(node, ast.Compare):
        return any(_is_role(part) for side in (node.left, *node.comparators) for part in ast.walk(side))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name = node.func.attr
        return name in QUESTIONS or (name == "list_pairs" and any(_is_role(a) for a in node.args))
    return False


def _qualified_names(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield every `module.name` of a module imported in a file, and every name imported from one."""
    aliases: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    aliases[alias.asname] = alias.name
    for node in nodes:
        if isinstance(node, ast.Attribute):
            first, attributes = _split_attributes(node)
            yield ".".join([aliases.get(first, first), *attributes])


def _split_attributes(node: ast.Attribute) -> tuple[str, list[str]]:
    """Return the name before a chain of attributes, empty if it is another expression, and the attributes."""
    attributes = []
    base: ast.expr = node
    while isinstance(base, ast.Attribute):
        attributes.append(base.attr)
        base = base.value
    return base.id if isinstance(base, ast.Name) else "", attributes[::-1]


# ------------------------------------------------------------------------------------------------------ the one place


def test_only_declared_modules_name_a_role() -> None:
    naming = {path for path, source in _sources().items() if source.names_role}
    assert naming == NAMING_ROLES.keys()


def test_only_the_table_compares_roles() -> None:
    comparing = {path for path, source in _sources().items() if source.asks_for_role}
    assert comparing == {TABLE, "pipelines/ledger/identity.py"}


def test_detector_finds_comparison_of_a_role() -> None:
    """Test the detector itself on code that decided rights before the table existed."""
    for line in (
        'who.has_role("submitter", *pair)', 'grant.role == "approver"',
        'any(g.role in ("approver", "steward") for g in x)',
        'who.list_pairs("submitter")', "who.has_role(role, jurisdiction, instrument)",
    ):  # fmt: skip
        assert any(_asks_for_a_role(node) for node in ast.walk(ast.parse(line))), line
    for line in ('Grant("submitter", "QQ")', "who.list_pairs()", 'ROLES = {"viewer": "may see"}'):
        assert not any(_asks_for_a_role(node) for node in ast.walk(ast.parse(line))), line


def test_only_the_desk_performs_acts_of_people_in_the_ledger() -> None:
    acts = {f"{module}.{function}" for module in LEDGER for functions in ACTS.values() for function in functions}
    callers = {path for path, source in _sources().items() if acts & source.names}
    assert callers == LEDGER_CALLERS


@pytest.mark.parametrize("door", DOORS)
def test_every_interface_performs_each_act_through_the_desk(door: str) -> None:
    names = {
        name
        for path, source in _sources().items()
        if path.startswith(DOORS[door])
        for name in source.names
        if name.startswith("pipelines.submissions.service.")
    }
    for act, functions in ACTS.items():
        assert {f"pipelines.submissions.service.{function}" for function in functions} & names, (
            door,
            act,
        )
