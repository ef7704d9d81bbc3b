"""Promises about the files in git: they are bound to no machine and no registry, and the page of joints is true."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support import small

HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "index-" + "url =", "anaconda" + ".org")
# The slash comes first: the search for a fixed letter took 0.02 s for all files, for one of a class 0.81 s.
PLACES = re.compile(r"/(?<![\w.]/)(?:work|root|home/\w+|Users/\w+)/[\w.]")
BINARY = {".png", ".xlsx", ".xls", ".ods", ".pdf", ".docx", ".zip", ".mo", ".woff2", ".parquet", ".duckdb"}


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=small.ROOT)
    return [name for name in listed.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    if not (small.ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    paths = {name: small.ROOT / name for name in _tracked()}
    return {
        name: path.read_bytes().decode("utf-8", errors="replace")
        for name, path in paths.items()
        if path.is_file() and path.suffix not in BINARY
    }


def test_no_file_names_the_host_of_a_registry(texts: dict[str, str]) -> None:
    assert len(texts) > 300
    lowered = {name: text.lower() for name, text in texts.items()}
    hits = [f"{name}: {host}" for name, text in lowered.items() for host in HOSTS if host in text]
    assert not hits


def test_no_file_names_a_path_of_a_machine(texts: dict[str, str]) -> None:
    hits = [
        f"{name}:{text[: places.start()].count(chr(10)) + 1}: {places.group()}"
        for name, text in texts.items()
        for places in PLACES.finditer(text)
    ]
    assert not hits, "\n".join(hits[:20])


def test_the_demonstration_is_small_enough() -> None:
    files = [path for path in small.RAW.rglob("*") if path.is_file()]
    assert len(files) <= 400
    assert sum(path.stat().st_size for path in files) <= 20_000_000
    assert len({path.suffix for path in files} - {".md"}) >= 9


def test_no_built_data_is_tracked() -> None:
    if not (small.ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    built = [name for name in _tracked() if name.startswith(("data/", "dbt_project/target/", ".venv/"))]
    assert not built


def test_imports_are_absolute(texts: dict[str, str]) -> None:
    hits = [name for name, text in texts.items() if name.endswith(".py") and re.search(r"^\s*from \.+", text, re.M)]
    assert not hits
