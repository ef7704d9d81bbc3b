"""The search for persons on the files of the demonstration, as their readers give them: nothing there is a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.reading.formats.read import read_content
from pipelines.reading.privacy.scan import scan_content
from tests.support.paths import SAMPLES


def _samples() -> list[Path]:
    listed = sorted(p for p in SAMPLES.rglob("*") if p.is_file() and p.suffix != ".md" and p.name != "arrivals.csv")
    assert len(listed) > 200
    return listed


def _mistaken(files: list[Path]) -> list[Path]:
    return [f for f in files if scan_content(read_content(f.read_bytes(), f.name), f.name)]


def test_no_sample_is_mistaken() -> None:
    """Without a form's contacts even: a fifth of them, every format; all of them in the slow tests."""
    assert _mistaken(_samples()[::5]) == []


@pytest.mark.slow
def test_no_sample_at_all_is_mistaken() -> None:
    assert _mistaken(_samples()) == []
