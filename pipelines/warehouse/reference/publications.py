"""Recognise a publisher's table and read it: UNODC publishes all its tables with the same columns."""

from __future__ import annotations

import hashlib

from pipelines.model.content import ReadError, Where
from pipelines.warehouse.reference import glotip, uncts
from pipelines.warehouse.reference.areas import Areas, declared_areas
from pipelines.warehouse.reference.table import open_table
from pipelines.warehouse.reference.unodc import ReferenceImport, collect_rows


def read_publication(data: bytes, *, areas: Areas | None = None) -> ReferenceImport:
    """Return the rows about our territories in a GLOTIP or UN-CTS table (.xlsx or CSV), in file order.

    The edition is the date above the table; an extract without a date is named by the start of its SHA-256, so that
    two extracts are not taken for one. Raises ReadError if there is no table, or another table of the same publisher.
    """
    known_areas = declared_areas() if areas is None else areas
    table = open_table(data)
    collected = collect_rows(table, known_areas)
    edition = table.edition or f"undated extract {hashlib.sha256(data).hexdigest()[:8]}"
    if uncts.is_uncts(collected):
        return uncts.build_import(collected, f"{uncts.NAME} {edition}")
    if uncts.is_table_of_offences(collected):
        raise ReadError("reference.offences_table", Where(sheet=table.sheet))
    foreign_rows = glotip.count_foreign_rows(collected)
    if 2 * foreign_rows.total() > collected.count:
        subjects = ", ".join(subject for subject, _ in foreign_rows.most_common(3))
        raise ReadError("reference.other_table", Where(sheet=table.sheet), seen=subjects[:200])
    return glotip.build_import(collected, f"{glotip.NAME} {edition}", known_areas)
