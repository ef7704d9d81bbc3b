"""Figures as one JSON object and as a table."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from benchmarks.measuring import ROOT
from benchmarks.registry import Figure

_LIBRARIES = ("polars", "duckdb", "dbt-core", "great-expectations", "dagster", "openpyxl")


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on besides the code."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "commit": commit or None,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def as_json(date: str, before: Mapping[str, Any], results: Mapping[str, Sequence[Figure]]) -> dict[str, Any]:
    """Return the whole run: when, where, and every figure with its ratio."""
    return {
        "date": date,
        "machine": {**before, "load_after": round(os.getloadavg()[0], 1)},
        "benchmarks": {
            name: [{**asdict(figure), "ratio": figure.ratio} for figure in figures] for name, figures in results.items()
        },
    }


def as_table(titles: Mapping[str, str], results: Mapping[str, Sequence[Figure]]) -> str:
    """Return a Markdown table for each benchmark."""
    lines: list[str] = []
    for name, figures in results.items():
        lines += [
            f"### {titles[name]}",
            "",
            "| | measured | floor | times the floor | target | reached | |",
            "|---|--:|--:|--:|---|---|---|",
        ]
        lines += [_row(figure) for figure in figures]
        lines.append("")
    return "\n".join(lines)


def _row(figure: Figure) -> str:
    floor = f"{_number(figure.floor, figure.unit)} ({figure.floor_name})" if figure.floor else ""
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    reached = "" if figure.reached is None else "yes" if figure.reached else "no"
    cells = (figure.name, _number(figure.value, figure.unit), floor, ratio, figure.target, reached, figure.note)
    return "| " + " | ".join(cells) + " |"


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if unit in ("cells/s", "MB") else f"{value:.2f} {unit}"
