"""List what a copy of an office's workbook cannot keep, so that the office is warned."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any

_REL = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(rb'(Id|Target|Type)="([^"]*)"')
_SHAPES = re.compile(rb"<(?:\w+:)?(?:sp|grpSp|cxnSp)[ >]")
_EXTENSIONS = re.compile(rb"<(?:\w+:)?(?:sparklineGroups|slicerList|timelineRefs)[ >]")
_X14 = re.compile(rb"<x14:(dataValidation|conditionalFormatting) ")
KINDS = ("chart", "image", "shape", "control", "object", "slicer", "rule", "thread", "signature")
"""Kinds of content that may be lost. `rule`: a validation or format that Excel keeps in an extension of the sheet."""


def find_lost_content(data: bytes, book: Any) -> dict[str, tuple[str, ...]]:
    """Return, by sheet (`""` for the file as a whole), the kinds of content that a copy will lack."""
    losses: dict[str, tuple[str, ...]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        for sheet in book.worksheets:
            part = _part_of(archive, sheet.title)
            if part is not None and (kinds := sorted(set(_of_sheet(archive, names, part, sheet)), key=KINDS.index)):
                losses[sheet.title] = tuple(kinds)
        if any(name.startswith("_xmlsignatures/") for name in names):
            losses[""] = ("signature",)
    return losses


def _of_sheet(archive: zipfile.ZipFile, names: set[str], part: str, sheet: Any) -> Iterator[str]:
    content = archive.read(part)
    if _EXTENSIONS.search(content):
        yield "slicer"
    if _X14.search(content):
        yield "rule"
    charts = images = 0
    for kind, target in _related(archive, names, part):
        if kind == "drawing":
            drawing = archive.read(target) if target in names else b""
            if _SHAPES.search(drawing):
                yield "shape"
            inner = [k for k, _ in _related(archive, names, target)]
            charts += sum(k.startswith("chart") for k in inner)
            images += inner.count("image")
        elif kind == "threadedComment":
            yield "thread"
        elif kind == "ctrlProp":
            yield "control"
        elif kind in ("oleObject", "package"):
            yield "object"
    if charts > len(sheet._charts):
        yield "chart"
    if images > len(sheet._images):
        yield "image"


def _related(archive: zipfile.ZipFile, names: set[str], part: str) -> list[tuple[str, str]]:
    """Return kind and part of everything that a part refers to inside the file."""
    folder, _, name = part.rpartition("/")
    rels = f"{folder}/_rels/{name}.rels"
    if rels not in names:
        return []
    relations = []
    for entry in _REL.findall(archive.read(rels)):
        attributes = {k.decode(): v.decode("utf-8", "replace") for k, v in _ATTRIBUTE.findall(entry)}
        target = attributes.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
        relations.append((attributes.get("Type", "").rpartition("/")[2], path))
    return relations


def _part_of(archive: zipfile.ZipFile, title: str) -> str | None:
    from pipelines.reading.formats.zipguard import sheet_names

    return next((part for part, name in sheet_names(archive).items() if name == title), None)
