"""Validation reports of real samples with planted faults, for the tests of answers."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl

from pipelines.declarations.registry import load
from pipelines.findings.finding import Finding, compute_verdict
from pipelines.model.content import Where
from pipelines.submissions.checking.check import check_file
from pipelines.submissions.checking.report import Report
from tests.support.paths import SAMPLES

BOOK = SAMPLES / "MK/justice/Pravosudstvo_2026_K3.xlsx"
OTHERS = {
    "xls": "BA/justice/FT_FBiH_3_2026.xls",
    "ods": "BA/justice/RZS_pravosudje_2026_3.ods",
    "csv": "BA/justice/JT_BD_2026_2.csv",
    "docx": "BA/justice/TBIH_trgovina_ljudima_2026_III.docx",
    "pdf": "XK/justice/KPK_raporti_TM3_2026.pdf",
    "html": "RS/victims/izvestaj-centra-2026-k3.html",
    "px": "HR/justice/PSZ_TR_2026_3.px",
    "jsonstat": "HR/victims/zrtve_thb_2026-3.json",
    "sdmx": "RS/justice/SORS_KRIM_THB_2026-Q3.xml",
}


def edit_workbook(edit: Callable[[Any], object], path: Path = BOOK) -> bytes:
    """Return the bytes of a workbook after an edit."""
    book = openpyxl.load_workbook(path)
    edit(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_cell(sheet: str, cell: str, value: object) -> bytes:
    """Return the bytes of the sample workbook with one cell changed."""

    def change_cell(book: Any) -> None:
        book[sheet][cell] = value

    return edit_workbook(change_cell)


def report_of(data: bytes, filename: str = BOOK.name, language: str = "en") -> Report:
    """Check a file without history and return its report."""
    return check_file(data, filename, registry=load(), language=language)


def with_findings(report: Report, findings: Sequence[Finding]) -> Report:
    """Return a copy of the report with these findings instead of its own."""
    return replace(report, findings=tuple(findings), verdict=compute_verdict(findings))


def make_finding(rule: str = "cell.empty", severity: Any = "error", where: Where | None = None, **more: Any) -> Finding:
    """Return a finding at a place."""
    return Finding(rule, severity, where or Where(), **more)
