"""API endpoints for what is due: the timetable and the templates."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from pipelines.model.periods import Period
from pipelines.submissions import service as door
from pipelines.web.api.parts import FILE, PROBLEMS, TheDesk, TheQueue, Who
from pipelines.web.files import XLSX, send_file

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["what is due"])


@router.get(
    "/timetable.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": FILE}, "description": "A calendar (RFC 5545)."}},
)
def timetable(
    desk: TheDesk,
    who: Who,
    ahead: Annotated[int, Query(description="Further periods to come.", ge=0, le=8)] = 1,
) -> Any:
    """The days to come of the returns that this account may see, as a calendar to subscribe to."""
    from pipelines.core import clock
    from pipelines.refresh.quarter import set_release_days
    from pipelines.submissions.timetable import export_calendar, list_deadlines, to_come

    deadlines = list_deadlines(desk.registry, pairs=who.list_pairs(), ahead=ahead, kind=desk.kind)
    due = to_come(set_release_days(desk.home, desk.registry, deadlines), clock.now().date())
    demonstration = desk.home.kind == "demonstration"
    calendar = export_calendar(due, who.language, demonstration=demonstration, registry=desk.registry)
    return send_file(calendar, "timetable.ics", "text/calendar; charset=utf-8")


@router.get(
    "/templates/{form}/{period}",
    response_class=Response,
    responses={200: {"content": {XLSX: FILE}, "description": "A workbook."}},
)
async def template(
    desk: TheDesk,
    queue: TheQueue,
    who: Who,
    form: Annotated[str, Path(description="The form's id.", examples=["MK-JUSTICE-2"])],
    period: Annotated[
        str,
        Path(
            description="A period of the form.",
            examples=["2026-Q4"],
            json_schema_extra={"pattern": Period.PATTERN},
        ),
    ],
) -> Any:
    """The empty workbook of a form for a period, with the last accepted figures greyed next to the cells."""
    from pipelines.office import templates

    def make_response() -> Response:
        before = door.read_accepted_figures(desk, who, form)
        name, workbook = templates.write_template(
            desk.registry, form, period, previous=before, demonstration=desk.home.kind == "demonstration"
        )
        return send_file(workbook, name, XLSX)

    return await queue.run(who.account, make_response)
