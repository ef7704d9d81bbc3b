"""The page "Release desk": the checklist of the draft, the sheets that territories sign, and the acts of the steward.

`page.py` renders it, also after an act that was refused. The other modules have one part each: `checklist.py` and
`sheet_tables.py` make tables, `acts.py`, `sheet.py` and `rollback.py` answer forms.
"""

from fastapi import APIRouter

from dashboards.office.pages.release_desk import acts, page, rollback, sheet
from dashboards.office.pages.release_desk.page import PATH

__all__ = ["PATH", "router"]

# One flat list, which shows every address: an included router hides those of its routes.
router = APIRouter(routes=[route for part in (page, sheet, acts, rollback) for route in part.router.routes])
