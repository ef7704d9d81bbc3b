"""The documents hold together: links lead somewhere, commands exist, decisions are listed, no address of one machine.

What they say of the system is tested where the system is.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support import addresses, code_references
from tests.support.paths import ROOT

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:^|`|bin/)rti ([a-z][a-z|-]*)", re.MULTILINE)
_MAKE = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
_COMMIT_LENGTHS = range(7, 13)
_COMMIT = re.compile(r"\b[0-9a-f]{7,12}\b")
_TREE = re.compile(r"^\| (`[^|]+`) \|", re.MULTILINE)


@cache
def list_documents() -> list[Path]:
    folders = [path for name in ("docs", "raw_samples", ".") for path in (ROOT / name).glob("*.md")]
    return sorted({*folders, *(ROOT / "docs").rglob("*.md")})


def name_document(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def list_anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as a hosting site makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@pytest.mark.parametrize("path", list_documents(), ids=name_document)
def test_relative_links_lead_somewhere(path: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked_path = (path.parent / file).resolve() if file else path
        assert linked_path.is_relative_to(ROOT), f"{target} leads out of the project"
        assert linked_path.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in list_anchors(linked_path), f"{target}: the page has no such heading"


@cache
def list_commands() -> frozenset[str]:
    """Return the commands of `rti`; to make them from their functions takes 70 ms."""
    import typer.main

    from pipelines.cli.main import app

    return frozenset(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", list_documents(), ids=name_document)
def test_commands_exist(path: Path) -> None:
    commands = list_commands()
    text = path.read_text(encoding="utf-8")
    documented = {name for match in _COMMAND.findall(text) for name in match.split("|") if name}
    assert documented <= commands, f"no such command of rti: {sorted(documented - commands)}"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(_MAKE.findall(text)) <= targets, "no such target of make"


@pytest.mark.parametrize("path", [p for p in list_documents() if p.name != "CHANGELOG.md"], ids=name_document)
def test_named_files_and_functions_exist(path: Path) -> None:
    assert list(code_references.find_dead_references(ROOT, path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("`pipelines/core/clock.py` and `core/clock.py` and `clock.py`", []),
        ("`pipelines/core/clocks.py`", ["pipelines/core/clocks.py"]),
        ("`core/clocks.py`", ["core/clocks.py"]),
        ("`clock.now()` and `Period.from_code(text)`", []),
        ("`clock.later()` and `Period.from_words(text)`", ["clock.later()", "Period.from_words(text)"]),
        ("`other.later()` and `law.csv`", []),
    ],
)
def test_dead_references_are_found(text: str, dead: list[str]) -> None:
    assert list(code_references.find_dead_references(ROOT, text)) == dead


def test_every_command_is_documented() -> None:
    assert list_commands() <= set(_COMMAND.findall((ROOT / "docs" / "cli.md").read_text(encoding="utf-8")))


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = [t for t in _LINK.findall((folder / "README.md").read_text(encoding="utf-8")) if t.startswith("0")]
    assert listed == sorted(path.name for path in folder.glob("0*.md"))


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    missing = {page for page in pages if not page.startswith("decisions/0") and page != "README.md"}
    assert missing <= set(_LINK.findall(index)), sorted(missing - set(_LINK.findall(index)))


def test_the_tree_of_the_readme_is_there() -> None:
    rows = _TREE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    paths = [path for row in rows for path in re.findall(r"`([^`]+)`", row) if "/" in path]
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def run_git(*arguments: str) -> str:
    """Return what git answers about this project; empty if it fails."""
    return subprocess.run(("git", *arguments), cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


@cache
def list_commits() -> frozenset[str]:
    """Return the beginnings of all commits of the history, in each length that documents use."""
    commits = run_git("rev-list", "HEAD").split()
    return frozenset(commit[:length] for commit in commits for length in _COMMIT_LENGTHS)


def find_commits(text: str) -> set[str]:
    """Return the words of a text that are beginnings of commits: letters and digits of the hexadecimal system."""
    return {word for word in _COMMIT.findall(text) if re.search("[a-f]", word) and re.search("[0-9]", word)}


@pytest.mark.parametrize("path", list_documents(), ids=name_document)
def test_named_commits_are_in_the_history(path: Path) -> None:
    if run_git("rev-parse", "--is-shallow-repository") != "false":
        pytest.skip("there is no whole history: a shallow clone, or a copy without git")
    unknown = find_commits(path.read_text(encoding="utf-8")) - list_commits()
    assert not unknown, f"not in the history: {sorted(unknown)}"


def test_commits_are_told_from_words_and_numbers() -> None:
    text = "(0e8936ed), commit `28463f4`; 20261130, defaced, 1a2b3c and e3b0c44298fc1c149afbf4c8996fb924"
    assert find_commits(text) == {"0e8936ed", "28463f4"}


def test_no_address_of_one_machine_or_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    files = [ROOT / name for name in listed.split("\0") if name and not name.startswith("raw_samples/")]
    texts = {*list_documents(), *(path for path in files if path.suffix in (".py", ".yml", ".toml", ".md", ".lock"))}
    faults = [
        f"{path.relative_to(ROOT)}:{number}: {fault}"
        for path in sorted(texts)
        if path.exists()
        for number, fault in addresses.find_faults(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("see /" + "work/main", 1),
        ("in /" + "tmp/x", 1),
        ("from https://" + "py" + "pi.org/simple", 1),
        (r"C:" + r"\Users\x", 1),
        ("data/tmp/x and $HOME/tmp and ./tmp", 0),
        ("networks and /workers", 0),
    ],
)
def test_addresses_are_told_from_words(text: str, count: int) -> None:
    assert len(list(addresses.find_faults(text))) == count
