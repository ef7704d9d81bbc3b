"""Declare the dataflows of cooperation: requests, informal exchange, joint teams and mirror statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.dataflow_source import COUNTS, STATUS, UNIT, Source

_OF_COOPERATION: Final = {"REF_AREA": "territory", "UNIT_MEASURE": "'NR'", "CELL_ID": "cooperation_id"}
_INSTRUMENTS: Final = ("cooperation",)
_REQUESTS: Final = "select *, 'A' as freq, 'request' as count_unit from {}"
_MIRROR: Final = """
    select *, 'A' as freq from (
        select null::double as difference_low, null::double as difference_high where false
        union all by name select * from mirror
    ) unpivot include nulls (figure for item in (sent, received, difference, ratio))
"""
"""Releases of earlier software have no interval of the difference; their rows have no limits of it."""


def _count_requests(
    name: str, description: str, table: str, breakdown: str, attributes: tuple[str, ...] = ("REPORTERS",)
) -> Source:
    """Return the dataflow of a table of requests in a year, by direction and one breakdown."""
    return Source(
        name,
        description,
        COUNTS,
        _REQUESTS.format(table),
        ("FREQ", "REF_AREA", "DIRECTION", breakdown, "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*UNIT, *STATUS, *attributes, "CELL_ID"),
        _OF_COOPERATION,
        period="year::varchar",
        instruments=_INSTRUMENTS,
    )


COOPERATION: Final[Mapping[str, Source]] = {
    "COOPERATION": _count_requests(
        mark("Requests for legal assistance"),
        mark("Requests between territories by direction, and by partner or outcome, in a year."),
        "cooperation",
        "PARTNER",
        attributes=(),
    ),
    "COOPERATION_TYPES": _count_requests(
        mark("Requests for legal assistance by type"),
        mark("Requests sent and received in a year by type, of each territory and of the region."),
        "cooperation_type",
        "ASSISTANCE",
    ),
    "COOPERATION_BASES": _count_requests(
        mark("Requests for legal assistance by legal basis"),
        mark("Requests sent and received in a year by legal basis, of each territory and of the region."),
        "cooperation_basis",
        "LEGAL_BASIS",
    ),
    "COOPERATION_CHANNELS": _count_requests(
        mark("Requests for legal assistance by channel"),
        mark("Requests sent and received in a year by channel, of each territory and of the region."),
        "cooperation_channel",
        "CHANNEL",
    ),
    "COOPERATION_QUARTERS": Source(
        mark("Requests for legal assistance by quarter"),
        mark("Requests sent, received and closed in a quarter, of territories that report each quarter."),
        COUNTS,
        "select *, 'Q' as freq, 'request' as count_unit from cooperation_quarter",
        ("FREQ", "REF_AREA", "DIRECTION", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*UNIT, *STATUS, "CELL_ID"),
        _OF_COOPERATION,
        period="year::varchar || '-Q' || quarter::varchar",
        instruments=_INSTRUMENTS,
    ),
    "INFORMAL_EXCHANGE": _count_requests(
        mark("Informal exchange of information by channel"),
        mark("Requests for information between police forces in a year, and those answered, by channel."),
        "informal_exchange",
        "CHANNEL",
    ),
    "JOINT_TEAMS": Source(
        mark("Participations in joint investigation teams"),
        mark("Teams that territories set up, extended, closed and evaluated, and teams at work at the end of a year. A "
             "team is counted by each territory in it."),
        COUNTS,
        "select *, if(since = year, 'A', '_O') as freq, 'event' as count_unit from joint_team",
        ("FREQ", "REF_AREA", "PARTNER", "LEGAL_BASIS", "MEASURE", "COUNT_UNIT", "STATISTIC", "OFFENCE_GROUP"),
        (*UNIT, *STATUS, "REPORTERS", "CELL_ID"),
        _OF_COOPERATION,
        period="if(since = year, year::varchar, since || '-01-01/P' || (year - since + 1) || 'Y')",
        instruments=_INSTRUMENTS,
    ),
    "COOPERATION_SHARES": Source(
        mark("Requests executed in full"),
        mark("Share of the closed requests that were executed in full, by direction, with 95% intervals."),
        "RATES_RATIOS",
        "select *, 'A' as freq from cooperation_outcome",
        ("FREQ", "REF_AREA", "DIRECTION", "OFFENCE_GROUP"),
        (*UNIT, *STATUS, "LOWER_LIMIT", "UPPER_LIMIT", "NUMERATOR", "DENOMINATOR"),
        {"REF_AREA": "territory", "UNIT_MEASURE": "'PC'", "NUMERATOR": "executed", "DENOMINATOR": "closed"},
        period="year::varchar",
        value="share",
        instruments=_INSTRUMENTS,
    ),
    "MIRROR": Source(
        mark("Mirror statistics of requests"),
        mark("What one territory sent to another, and what the other received, by pair and year."),
        "CONTEXT",
        _MIRROR,
        ("FREQ", "REF_AREA", "COUNTERPART_AREA", "STATISTIC", "OFFENCE_GROUP"),
        (*UNIT, *STATUS, "LOWER_LIMIT", "UPPER_LIMIT", "VERDICT", "REASONS"),
        {"REF_AREA": "sent_by", "COUNTERPART_AREA": "received_by", "STATISTIC": "item", "VERDICT": "state",
         "UNIT_MEASURE": "case item when 'ratio' then 'RATIO' else 'NR' end",
         "LOWER_LIMIT": "case item when 'ratio' then low when 'difference' then difference_low end",
         "UPPER_LIMIT": "case item when 'ratio' then high when 'difference' then difference_high end",
         "OBS_STATUS": "case when figure is not null then 'A' when obs_status = 'A' then 'M' else obs_status end"},
        period="year::varchar",
        value="figure",
        instruments=_INSTRUMENTS,
    ),
}  # fmt: skip
