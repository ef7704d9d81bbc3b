"""Tests of shares on the offices' pages: rounded half up, with the interval where there is one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dashboards.office import shares

FOLDER = Path(shares.__file__).parent


@pytest.mark.parametrize(
    ("share", "low", "high", "text"),
    [
        (0.625, 0.4, 0.8, "63% (40–80)"),
        (0.145, 0.0, 1.0, "15% (0–100)"),
        (0.5, None, None, "50%"),
        (0.5, 0.25, None, "50%"),
    ],
)
def test_format_share_has_the_interval_only_with_both_limits(
    share: float, low: float | None, high: float | None, text: str
) -> None:
    assert shares.format_share(share, low, high) == text


def test_format_result_and_rate_read_rows_and_counts() -> None:
    assert shares.format_result({"share": 0.625, "low": 0.4, "high": 0.8, "n": 9}) == "63% (40–80)"
    assert (shares.format_rate(5, 8, "en"), shares.format_rate(0, 0, "en")) == ("63%", "not applicable")


def _find_writers(folder: Path) -> set[str]:
    """Return the modules that round a number for display next to a sign of per cent."""
    return {
        path.name
        for path in folder.rglob("*.py")
        if any(
            isinstance(node, ast.JoinedStr) and "format_half_up" in ast.unparse(node) and "%" in ast.unparse(node)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    }


def test_only_one_module_of_the_office_pages_writes_shares(tmp_path: Path) -> None:
    assert _find_writers(FOLDER) == {"shares.py"}
    (tmp_path / "page.py").write_text('text = f"{format_half_up(100 * share)}%"', encoding="utf-8")
    assert _find_writers(tmp_path) == {"page.py"}
