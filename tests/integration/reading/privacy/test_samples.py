"""The search for persons on the files of the demonstration, as their readers return them: none contains a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.reading.formats.read import read_content
from pipelines.reading.privacy.scan import scan_content
from tests.support.paths import SAMPLES


def _list_samples() -> list[Path]:
    listed = sorted(p for p in SAMPLES.rglob("*") if p.is_file() and p.suffix != ".md" and p.name != "arrivals.csv")
    assert len(listed) > 200
    return listed


def _find_mistaken_files(files: list[Path]) -> list[Path]:
    return [f for f in files if scan_content(read_content(f.read_bytes(), f.name), f.name)]


def test_fifth_of_the_samples_contains_no_person() -> None:
    """Scan without a form's contacts, in every format; the slow test scans all samples."""
    assert _find_mistaken_files(_list_samples()[::5]) == []


@pytest.mark.slow
def test_no_sample_contains_a_person() -> None:
    assert _find_mistaken_files(_list_samples()) == []
