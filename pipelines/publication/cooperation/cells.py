"""Select the figures of cooperation that may be published, and those that readers know or can deduce from them.

The programme has a table for each subject: requests in total, by partner, by type, by legal basis, by channel and by
quarter, informal exchange by channel, and joint teams.  Decisions 30 and 38 give the cost of each table and name what
is never published.  A figure that is not in the programme takes part if published figures would reveal it: outcomes by
partner, and requests by partner and type, or by partner and quarter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from pipelines.core.codes import REGION
from pipelines.statistics.records_rule import MINIMUM_PERSONS
from pipelines.statistics.thresholds import FEWEST_TERRITORIES_IN_REGION, SMALLEST_PUBLISHED_COUNT

TOTAL: Final = "_T"
WHOLE_YEAR: Final = 0
"""Quarter of a figure of whole years."""
KEY: Final = (
    "territory", "offence_group", "year", "since", "quarter", "direction", "measure", "statistic", "partner",
    "assistance", "legal_basis", "channel",
)  # fmt: skip
"""Columns that identify a cell. A figure counts from the first day of the year `since` to the end of `year`."""
REGISTERED: Final = "requests_registered"
CLOSED: Final = "requests_closed"
"""Requests executed, in full or in part, refused or withdrawn: the denominator of shares executed."""
PENDING: Final = "pending_requests"
ENDINGS: Final = ("requests_executed", "requests_executed_part", "requests_refused", "requests_withdrawn")
OUTCOMES: Final = ("requests_acknowledged", *ENDINGS)
EXCHANGED: Final = ("exchanges_registered", "exchanges_answered")
TEAMS_SET_UP: Final = "jits_set_up"
TEAMS_RUNNING: Final = "jits_running"
TEAM_EVENTS: Final = (TEAMS_SET_UP, "jits_extended", "jits_closed", "jits_evaluated")
TOTALS: Final = "cooperation_total"
PARTNERS: Final = "cooperation_partner"
TYPES: Final = "cooperation_type"
QUARTERS: Final = "cooperation_quarter"
BASES: Final = "cooperation_basis"
CHANNELS: Final = "cooperation_channel"
EXCHANGE: Final = "informal_exchange"
TEAMS: Final = "joint_team"
_SHARED: Final = ("cooperation_id", "territory", "offence_group", "year")
PUBLISHED: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "cooperation": ((TOTALS, PARTNERS), (*_SHARED, "direction", "measure", "statistic", "partner")),
    "cooperation_type": ((TYPES,), (*_SHARED, "direction", "measure", "statistic", "assistance", "reporters")),
    "cooperation_basis": ((BASES,), (*_SHARED, "direction", "measure", "statistic", "legal_basis", "reporters")),
    "cooperation_channel": ((CHANNELS,), (*_SHARED, "direction", "measure", "statistic", "channel", "reporters")),
    "cooperation_quarter": ((QUARTERS,), (*_SHARED, "quarter", "direction", "measure", "statistic")),
    "informal_exchange": ((EXCHANGE,), (*_SHARED, "direction", "measure", "statistic", "channel", "reporters")),
    "joint_team": ((TEAMS,), (*_SHARED, "since", "measure", "statistic", "legal_basis", "partner", "reporters")),
}
"""Tables of a release by name: the tables of the programme in each, and its columns before the value."""
SUBJECTS: Final = ("request", "exchange", "team")
"""Figures of two subjects have nothing in common, so each subject is a problem of its own."""
SMALLEST_WITHOUT_PARTNERS: Final = MINIMUM_PERSONS
"""Smallest published figure of exchange, of teams, and of requests by legal basis or channel.

No return says which part of such a figure belongs to one partner, who knows its own part.  A team is counted by each
territory in it, so that ten participations are five teams of two.  `_raise_least` has a further rule for requests.
"""
_NO_FIGURE: Final = 2**31 - 1
"""Smallest published figure where no figure may be published."""
_YEARS_AT_ONCE: Final = 40
"""Longest period whose figures are read at once."""
_DIRECTIONS: Final = ("incoming", "outgoing")
_BREAKDOWNS: Final = ("assistance", "legal_basis", "channel")


def select_cells(figures: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Return the cells of all problems from `mart_cooperation`.

    Columns: `cooperation_id`, `KEY`, `value`, `subject`, `table_id`, `least` (the smallest value that may be published,
    except 0), `reporters`.  A figure that is missing has no row.  `table_id` is empty for figures that are not in the
    programme.  Closed requests, exchange over all channels, and sums of the region and of several years are added.
    """
    reported = pl.concat([_select_reported(some_years) for some_years in _read_known(figures.lazy())])
    regional = _sum_region(reported)
    cells = pl.concat([reported, regional, _sum_years(regional)])
    return _raise_least(cells.with_columns(table_id=_name_table()).with_columns(least=find_least())).sort(KEY)


def _read_known(figures: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield the figures that readers know of some years, then of the next: those of all would take gigabytes."""
    years = figures.select(pl.col("year").unique().sort()).collect().to_series().to_list()
    for first in range(0, max(len(years), 1), _YEARS_AT_ONCE):
        chosen = figures.filter(pl.col("year").is_in(years[first : first + _YEARS_AT_ONCE]))
        yield _select_known(chosen).collect(engine="streaming")


def _select_reported(known: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of territories in some years."""
    return pl.concat([select(known) for select in (_select_requests, _select_exchange, _select_teams)])


def find_subject() -> pl.Expr:
    """Return the subject of a figure, one of `SUBJECTS`."""
    is_team = pl.col("measure").is_in([*TEAM_EVENTS, TEAMS_RUNNING])
    request, exchange, team = (pl.lit(subject) for subject in SUBJECTS)
    return pl.when(is_team).then(team).when(pl.col("measure").is_in(EXCHANGED)).then(exchange).otherwise(request)


def find_least() -> pl.Expr:
    """Return the smallest value, apart from 0, at which a figure of a table may be published.

    That of requests by legal basis or channel may be larger (`_raise_least`).
    """
    is_without_partners = pl.col("table_id").is_in([EXCHANGE, TEAMS, BASES, CHANNELS])
    least = pl.when(is_without_partners).then(SMALLEST_WITHOUT_PARTNERS).otherwise(SMALLEST_PUBLISHED_COUNT)
    return least.cast(pl.Int32)


def _raise_least(cells: pl.DataFrame) -> pl.DataFrame:
    """Raise the smallest published requests by legal basis or channel, so that five of others are behind each figure.

    A partner may have sent or received all of its requests on one basis or channel, and a territory knows its own part
    of the region.  Whatever such a reader knows of a figure, at least `SMALLEST_PUBLISHED_COUNT` are left for all
    others.  Where requests by partner are not reported, no figure is published.
    """
    is_divided = pl.col("table_id").is_in([BASES, CHANNELS])
    book = ["territory", "offence_group", "year", "direction"]
    registered = cells.filter(
        pl.col("measure") == REGISTERED, pl.col("quarter") == WHOLE_YEAR, _are_total(*_BREAKDOWNS)
    )
    is_total = pl.col("partner") == TOTAL
    # Requests of the total without a partner may be those of any.
    unassigned = (pl.col("value").filter(is_total).sum() - pl.col("value").filter(~is_total).sum()).clip(0).over(book)
    of_partners = (
        registered.with_columns(requests=pl.col("value") + unassigned)
        .filter(~is_total)
        .select(*book, pl.col("partner").alias("reader"), "requests")
    )
    divided = cells.filter(is_divided).select(*KEY, "value", "reporters")
    # A figure of the region has a part in the book of each reporter.
    parts = divided.with_columns(reporter=pl.col("reporters").str.split(",")).explode("reporter")
    of_readers = parts.join(of_partners.rename({"territory": "reporter"}), on=["reporter", *book[1:]], how="left")
    own_parts = (
        parts.filter(pl.col("territory") == REGION)
        .drop("value")
        .join(
            divided.rename({"territory": "reporter"}).drop("reporters"),
            on=["reporter", *(name for name in KEY if name != "territory")],
        )
        .select(*KEY, pl.col("reporter").alias("reader"), pl.col("value").alias("requests"))
    )
    largest = (
        pl.concat([of_readers.select(*KEY, "reader", "requests"), own_parts])
        .group_by(*KEY, "reader")
        .agg(pl.col("requests").sum(), pl.col("reader").is_null().any().alias("_is_unknown"))
        .group_by(KEY)
        .agg(pl.col("requests").max(), pl.col("_is_unknown").any())
        .with_columns(
            _raised=pl.when("_is_unknown")
            .then(_NO_FIGURE)
            .otherwise(pl.col("requests") + SMALLEST_PUBLISHED_COUNT)
            .cast(pl.Int32)
        )
        .drop("requests", "_is_unknown")
    )
    raised = cells.join(largest, on=KEY, how="left", maintain_order="left")
    return raised.with_columns(least=pl.max_horizontal("least", "_raised")).drop("_raised")


_COLUMNS: Final = ("cooperation_id", *KEY, "value", "subject", "reporters")


def _select_known(figures: pl.LazyFrame) -> pl.LazyFrame:
    """Return the figures in the columns of cells, with `_T` for dimensions that a measure does not have."""
    is_quarter = pl.col("freq") == "Q"
    quarter = pl.when(is_quarter).then(pl.col("period").str.slice(-1).cast(pl.Int32, strict=False)).otherwise(0)
    return (
        figures.filter(
            pl.col("freq").is_in(["A", "Q"]),
            pl.all_horizontal(pl.col(name).is_in([TOTAL, "_Z"]) for name in ("refusal_reason", "days_band")),
            pl.col("partner") != "_U",
        )
        .with_columns(
            *(pl.col(name).replace("_Z", TOTAL) for name in _BREAKDOWNS),
            since=pl.col("year"),
            quarter=quarter.cast(pl.Int32),
            subject=find_subject(),
            reporters=pl.col("territory"),
        )
        .select(_COLUMNS)
    )


def _are_total(*names: str) -> pl.Expr:
    return pl.all_horizontal(pl.col(name) == TOTAL for name in names)


def _select_requests(known: pl.DataFrame) -> pl.DataFrame:
    """Return requests by partner and outcome, registered ones also by type, and registered and closed by quarter."""
    is_request = pl.col("measure").is_in([REGISTERED, PENDING, *OUTCOMES]) & pl.col("direction").is_in(_DIRECTIONS)
    requests = known.filter(is_request, _are_total("legal_basis", "channel"))
    # Returns give legal bases and channels of all partners and types together.
    divided = known.filter(
        pl.col("measure") == REGISTERED, pl.col("direction").is_in(_DIRECTIONS), pl.col("quarter") == WHOLE_YEAR,
        _are_total("partner", "assistance"), _are_total("channel") != _are_total("legal_basis"),
        pl.col("value").is_not_null(),
    )  # fmt: skip
    whole = requests.filter(_are_total("assistance"))
    annual = whole.filter(pl.col("quarter") == WHOLE_YEAR, pl.col("value").is_not_null())
    quarterly = whole.filter(pl.col("quarter") > WHOLE_YEAR, pl.col("value").is_not_null())
    types = requests.filter(
        pl.col("measure") == REGISTERED, pl.col("quarter") == WHOLE_YEAR, ~_are_total("assistance"),
        pl.col("value").is_not_null(),
    )  # fmt: skip
    return pl.concat(
        [
            *(annual, _sum_parts(annual.filter(pl.col("measure").is_in(ENDINGS)), "measure", CLOSED, len(ENDINGS))),
            *(
                quarterly.filter(pl.col("measure") == REGISTERED),
                _sum_parts(quarterly.filter(pl.col("measure").is_in(ENDINGS)), "measure", CLOSED, len(ENDINGS)),
            ),
            types,
            divided,
        ]
    )


def _select_exchange(known: pl.DataFrame) -> pl.DataFrame:
    """Return informal exchange by channel, and over all channels where none is missing."""
    exchanged = known.filter(
        pl.col("subject") == "exchange", pl.col("quarter") == WHOLE_YEAR, pl.col("direction").is_in(_DIRECTIONS),
    )  # fmt: skip
    by_channel = exchanged.filter(~_are_total("channel"))
    counted = exchanged.filter(_are_total("channel"), pl.col("value").is_not_null())
    summed = _sum_parts(by_channel, "channel", TOTAL).join(
        counted, on=[name for name in KEY if name != "channel"], how="anti"
    )
    return pl.concat([by_channel.filter(pl.col("value").is_not_null()), counted, summed.filter(pl.col("value") >= 0)])


def _select_teams(known: pl.DataFrame) -> pl.DataFrame:
    return known.filter(
        pl.col("subject") == "team", pl.col("quarter") == WHOLE_YEAR, pl.col("value").is_not_null(),
        pl.col("legal_basis").eq(TOTAL) | pl.col("partner").eq(TOTAL),
    )  # fmt: skip


def _sum_parts(parts: pl.DataFrame, dimension: str, code: str, least: int = 1) -> pl.DataFrame:
    """Return the sums over a dimension under a code; a sum of fewer than `least` parts, or without one, is left out."""
    return _add_up(parts, [name for name in KEY if name != dimension], {dimension: pl.lit(code)}, least)


def _sum_region(reported: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of the region: requests by type, exchange by channel, and participations in teams.

    Of teams with a partner only those with partners outside the region are summed: a territory is itself a partner.
    """
    is_total = pl.col("partner") == TOTAL
    is_outside = ~pl.col("partner").is_in(reported["territory"].unique().to_list())
    summed_rows = reported.filter(
        pl.col("quarter") == WHOLE_YEAR,
        (pl.col("measure") == REGISTERED) & is_total
        | (pl.col("subject") == "exchange") & is_total
        | (pl.col("subject") == "team") & (pl.col("statistic") != "start") & is_outside,
    )
    keys = [name for name in KEY if name != "territory"]
    return _add_up(summed_rows, keys, {"territory": pl.lit(REGION)}, FEWEST_TERRITORIES_IN_REGION)


def _sum_years(regional: pl.DataFrame) -> pl.DataFrame:
    """Return events of teams of the region over all years from the first to the last, if there are several."""
    events = regional.filter(pl.col("measure").is_in(TEAM_EVENTS))
    if events.is_empty():
        return events
    first, last = events["year"].min(), events["year"].max()
    years = {"year": pl.lit(last, pl.Int32), "since": pl.lit(first, pl.Int32)}
    least = int(last) - int(first) + 1  # type: ignore[arg-type]
    if least == 1:
        return events.clear()
    return _add_up(events, [name for name in KEY if name not in years], years, least)


def _add_up(parts: pl.DataFrame, keys: Sequence[str], fixed: dict[str, pl.Expr], least: int) -> pl.DataFrame:
    """Return sums by `keys`, with a hash of the parts' ids as their id; one with a missing part is left out."""
    order = [name for name in KEY if name not in keys]
    summed = (
        parts.sort(KEY)
        .group_by([*keys, "subject"], maintain_order=True)
        .agg(
            pl.col("value").sum(),
            pl.len().alias("_parts"),
            pl.col("value").is_null().any().alias("_is_missing"),
            pl.col("cooperation_id").sort_by(order).str.join("|").alias("_ids"),
            pl.col("reporters").str.split(",").list.explode().unique().sort().str.join(","),
        )
        .filter(pl.col("_parts") >= least, ~pl.col("_is_missing"))
    )
    identity = pl.col("_ids").map_elements(
        lambda ids: hashlib.md5(ids.encode(), usedforsecurity=False).hexdigest()[:16], return_dtype=pl.String
    )
    return summed.with_columns(**fixed, cooperation_id=identity).select(_COLUMNS)


def _name_table() -> pl.Expr:
    is_total, is_region = pl.col("partner") == TOTAL, pl.col("territory") == REGION
    is_request = pl.col("subject") == "request"
    tables = (
        (is_request & is_total & (pl.col("quarter") > WHOLE_YEAR), QUARTERS),
        (is_request & is_total & (pl.col("legal_basis") != TOTAL), BASES),
        (is_request & is_total & (pl.col("channel") != TOTAL), CHANNELS),
        (is_request & is_total & (is_region | (pl.col("assistance") != TOTAL)), TYPES),
        (is_request & is_total, TOTALS),
        ((pl.col("measure") == REGISTERED) & (pl.col("quarter") == WHOLE_YEAR) & _are_total("assistance"), PARTNERS),
        ((pl.col("subject") == "exchange") & is_total, EXCHANGE),
        ((pl.col("subject") == "team") & (pl.col("statistic") != "start") & (is_total | is_region), TEAMS),
    )
    return pl.coalesce(*(pl.when(condition).then(pl.lit(name)) for condition, name in tables), pl.lit(""))
