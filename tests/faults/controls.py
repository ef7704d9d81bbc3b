"""Controls: each file written again by its editor without a change, which must give no new finding."""

from __future__ import annotations

from tests.faults import cooperation, edits, requests
from tests.faults.edits import Edit
from tests.faults.fault import (
    AL,
    AL_CSV,
    BRC,
    CENTRE,
    COORDINATOR,
    FED,
    HR_PX,
    HR_REGISTER,
    JSON,
    ME,
    ME_XLS,
    MK,
    PX,
    REPORT,
    RS_REGISTER,
    SDMX,
    SDMX_CSV,
    SRP,
    STATE,
    Fault,
)

_REWRITTEN: tuple[tuple[str, Edit], ...] = (
    (MK, edits.set_cells({})),
    (AL, edits.set_cells({})),
    (COORDINATOR, edits.set_cells({})),
    (FED, edits.old_cells({})),
    (ME_XLS, edits.old_cells({})),
    (SRP, edits.open_cells({})),
    (STATE, edits.document_cells({})),
    (ME, edits.page_cells({})),
    (CENTRE, edits.page_cells({})),
    (REPORT, edits.report_cells({})),
    (HR_PX, edits.px_values({}, "cp1250")),
    (PX, edits.px_values({}, "cp1251")),
    (JSON, edits.json_values({})),
    (SDMX, edits.sdmx_values({})),
    (SDMX_CSV, edits.set_fields({}, separator=",")),
    (AL_CSV, edits.set_fields({}, separator=";")),
    (BRC, edits.set_fields({}, separator=";", encoding="cp1250")),
    (HR_REGISTER, edits.set_fields({}, separator=";", encoding="cp1250")),
    (RS_REGISTER, edits.set_fields({}, separator=";", encoding="utf-16")),
    (cooperation.AL, edits.set_fields({}, separator=";")),
    (cooperation.BA, edits.document_cells({})),
    (cooperation.HR, edits.open_cells({})),
    (cooperation.ME, edits.set_cells({})),
    (cooperation.MK, edits.page_cells({})),
    (cooperation.RS, edits.set_cells({})),
    (cooperation.XK, edits.document_cells({})),
    (requests.AL, edits.set_fields({}, separator=";")),
    (requests.RS, edits.set_cells({})),
)


def list_controls() -> list[Fault]:
    """Return one control for each file in which faults are planted."""
    return [Fault(f"control: {file}", file, edit, (), "*", "information", history=True) for file, edit in _REWRITTEN]
