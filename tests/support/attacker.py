"""Run an attacker on released cells that this project did not write, and prepare its input.

The attacker is outside the project and knows nothing of `pipelines/publication/disclosure`.
"""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core.home import open_home
from pipelines.publication.disclosure import programme
from pipelines.publication.releases.publish import find_current_release
from pipelines.warehouse import count_builds
from tests.support.paths import SHARED

ATTACK = SHARED / "acceptance" / "disclosure" / "attack.py"
NEEDS_ATTACKER = [
    pytest.mark.shared,
    pytest.mark.skipif(not ATTACK.exists(), reason="the attacker is not installed next to the project"),
]
BLOCK = ["measure", "level", "count_unit", "statistic", "offence_group"]
DETAIL = [
    "offence", "person_type", "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type",
    "sentence_band",
]  # fmt: skip
NOT_HIDDEN = ["O", "L", "M", "K"]
"""Statuses of cells that are empty for another reason than protection."""
MIP_SECONDS = "120"
"""Time limit per cell. The default of two seconds leaves cells undecided on a busy machine."""


@cache
def load_attacker() -> Callable[[list[str]], int]:
    """Return the attacker's command as a function: a process for each attack would import SciPy eighteen times."""
    spec = importlib.util.spec_from_file_location("attacker", ATTACK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    command: Callable[[list[str]], int] = module.main
    return command


def attack_cells(table: Path, spec: Path, *options: str) -> dict[str, Any]:
    """Return the attacker's report with its exit code.

    Codes: 0 passed, 1 disclosed or narrow, 2 contradictions, 3 undecided.
    """
    report, output = table.with_suffix(".report.json"), io.StringIO()
    report.unlink(missing_ok=True)
    arguments = ["--spec", str(spec), str(table), "--json", str(report), *options, "--mip-seconds", MIP_SECONDS]
    with redirect_stdout(output), redirect_stderr(output):
        exit_code = load_attacker()(arguments)
    content: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return {**content, "exit": exit_code, "output": output.getvalue()[-3000:]}


def read_cells(root: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the cells of the current release of a home that have a figure or a withheld one, and the true ones."""
    home = open_home(root)
    folder, counts = find_current_release(home), count_builds.latest_counts(home)
    assert folder is not None
    assert counts is not None
    public = pl.read_parquet(folder / "data" / "cell.parquet")
    mart = pl.read_parquet(count_builds.tables_folder(counts) / "mart_count.parquet")
    return (
        public.filter(~pl.col("obs_status").is_in(NOT_HIDDEN)),
        programme.select_rows(mart).filter(pl.col("value").is_not_null()),
    )
