"""Draw the stages of proceedings of the region and of each territory next to each other."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.public import charts, layout
from dashboards.public.pages.region_scope import StageScope
from pipelines.words import regions
from pipelines.words.language import lower_first, tell


@layout.keep_part
def show_charts(frame: layout.Frame, scope: StageScope) -> None:
    """Show the stages of the region and of each territory as bars on shared scales."""
    cells, is_rate, title = scope.read_cells(frame), scope.is_rate, scope.name_picture()
    layout.put_heading(tell("Stages in each territory"))
    layout.put_text(
        tell("All territories share one scale. The region has its own.")
        if not is_rate
        else tell("All charts share one scale: rates per 100,000 inhabitants in the period.")
    )
    column = "rate" if is_rate else "value"

    def find_highest(areas: Sequence[str]) -> float:
        return max((cells[a, m][column] or 0.0 for a in areas for m in scope.measures if (a, m) in cells), default=0.0)

    def is_drawn(area: str, measure: str) -> bool:
        """Return False for a figure of the region from too few territories, which the table does not show either."""
        cell = cells.get((area, measure))
        return area != frame.region or cell is None or regions.is_regional(cell)

    codes = [code for code, _ in frame.territories]
    of_region = find_highest([frame.region, *codes]) if is_rate else find_highest([frame.region])
    of_territories = of_region if is_rate else find_highest(codes)
    layout.show_panels(
        frame,
        [
            charts.draw_stages(
                f"{frame.marked_name(area)}: {lower_first(title)}",
                [(measure, cells.get((area, measure))) for measure in scope.measures if is_drawn(area, measure)],
                rate=is_rate,
                top=of_region if area == frame.region else of_territories,
                under=frame.lines_under_chart(area),
            )
            for area in (frame.region, *codes)
        ],
        about="",
        key="stages",
    )
    layout.put_small(tell("{title}. Release {release}.", title=title, release=frame.id))
