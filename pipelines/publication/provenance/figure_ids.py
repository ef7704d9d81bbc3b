"""Write and read the ids of released figures.

The id of a figure is `<release>/<table_id>/<key=value;...>`, for example
`2026-Q3/area_quarter/area=MK;period=2026-Q3;measure=indicted;count_unit=person;offence_group=TIP`.  It
leaves out totals (`_T`) and inapplicable dimensions (`_Z`) and keeps the order of the columns, so that the same figure
has the same id in every release.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.core import codes

_DERIVED = ("area_kind", "freq")
"""Left out of an id, because `area` and `period` determine them."""
CURRENT = "current"


class ExplainError(Exception):
    """The id names no figure or several, or the figure cannot be traced back. The text says what to do."""


def figure_id(release: str, cell: Mapping[str, Any]) -> str:
    """Return the readable id of one row of a release's table `cell` (columns of `mart_count` and `table_id`)."""
    terms = [
        f"{name}={cell[name]}"
        for name in codes.CELL_KEY
        if name not in _DERIVED and cell.get(name) is not None and cell[name] not in codes.TOTAL_CODES
    ]
    return f"{release}/{cell['table_id']}/{';'.join(terms)}"


def parse_id(text: str) -> tuple[str, str | None, dict[str, str]]:
    """Return release (or `current`), table (or None) and terms of an id; release and table may be left out.

    Raises ExplainError for a term that is not `key=value` with a known key.
    """
    *front, last = text.strip().split("/")
    if len(front) > 2:
        raise ExplainError(f"{text!r} has more than RELEASE/TABLE/TERMS; copy the id as the dashboard shows it")
    release = front[0] if len(front) == 2 and front[0] else CURRENT
    table = front[-1] if front and front[-1] else None
    terms: dict[str, str] = {}
    for part in (p.strip() for p in last.split(";")):
        if not part:
            continue
        name, sign, value = part.partition("=")
        if not sign or name.strip() not in (*codes.CELL_KEY, "territory"):
            raise ExplainError(
                f"{part!r} is not a term of a figure; write key=value with a key of {', '.join(codes.CELL_KEY)}"
            )
        terms[name.strip()] = value.strip()
    if not terms:
        raise ExplainError("name a figure, for example `rti explain area=MK period=2026-Q3 measure=indicted`")
    return release, table, terms
