"""Reports over real samples with planted faults, for the tests of answers."""

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


def edited(edit: Callable[[Any], object], path: Path = BOOK) -> bytes:
    """A workbook with something done to it."""
    book = openpyxl.load_workbook(path)
    edit(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_cell(sheet: str, cell: str, value: object) -> bytes:
    """The sample workbook with one cell changed."""

    def change(book: Any) -> None:
        book[sheet][cell] = value

    return edited(change)


def report_of(data: bytes, filename: str = BOOK.name, language: str = "en") -> Report:
    """The report of a file without history."""
    return check_file(data, filename, registry=load(), language=language)


def with_findings(report: Report, findings: Sequence[Finding]) -> Report:
    """The report with these findings in place of its own."""
    return replace(report, findings=tuple(findings), verdict=compute_verdict(findings))


def finding(rule: str = "cell.empty", severity: Any = "error", where: Where | None = None, **more: Any) -> Finding:
    """A finding at a place."""
    return Finding(rule, severity, where or Where(), **more)
