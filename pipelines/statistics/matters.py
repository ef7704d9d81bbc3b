"""Which proceedings of one person are one matter: joined, severed, or written on under a new number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from pipelines.statistics.stages import AREA, FIRST, PROCEEDINGS, PROSECUTION, Mark

if TYPE_CHECKING:
    import polars as pl


def in_matters(events: pl.DataFrame) -> pl.DataFrame:
    """Events with `matter` (a person's proceedings that are one), `cluster` (all proceedings that hang together by any
    person) and `linked` (that proceeding of that person goes on in another one, or came from one).

    Proceedings are linked where the register says `joined` or `severed`, and where a person has just one open
    proceeding and just one decided without a beginning, the second not before the first: registers without these
    events (a case is joined, and only its new number is written) would else show the oldest pending case of all.
    """
    import polars as pl

    several = (
        events.filter((pl.col("proceeding").n_unique() > 1).over(*AREA, "person"))
        .sort(*AREA, "person", "event_date", "proceeding", "event")
        .select(*AREA, "person", "proceeding", "event", "level", "event_date")
    )
    links = []
    for (*key, person), rows in several.group_by(*AREA, "person", maintain_order=True):
        happened = [(row[0], Mark(row[1], row[2]), row[3]) for row in rows.drop(*AREA, "person").rows()]
        links += [(*key, person, one, root) for one, root in _roots(_linked(happened)).items()]
    schema = dict.fromkeys((*AREA, "person", "proceeding", "matter"), pl.String())
    roots = pl.DataFrame(links, schema=schema, orient="row")
    joins: dict[tuple[str, str, str], str] = {}
    by_area: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in roots.iter_rows(named=True):
        if row["proceeding"] != row["matter"]:
            by_area.setdefault((row["jurisdiction"], row["source"]), []).append((row["proceeding"], row["matter"]))
    for (jurisdiction, source), pairs in by_area.items():
        joins |= {(jurisdiction, source, one): root for one, root in _roots(pairs).items()}
    clusters = pl.DataFrame(
        [(*key, root) for key, root in joins.items()],
        schema=dict.fromkeys(("jurisdiction", "source", "proceeding", "cluster"), pl.String()),
        orient="row",
    )
    return (
        events.join(roots, on=[*AREA, "person", "proceeding"], how="left", maintain_order="left")
        .join(clusters, on=["jurisdiction", "source", "proceeding"], how="left", maintain_order="left")
        .with_columns(
            linked=pl.col("matter").is_not_null(),
            matter=pl.col("matter").fill_null(pl.col("proceeding")),
            cluster=pl.col("cluster").fill_null(pl.col("proceeding")),
        )
    )


def _linked(happened: list[tuple[str, Mark, date]]) -> list[tuple[str, str]]:
    """Pairs of proceedings of one person that are one matter; `happened` is in order of days."""
    pairs = []
    for proceeding, mark, day in happened:
        others = [(other, when) for other, _, when in happened if other != proceeding]
        if mark.event == "joined":
            later = [other for other, when in others if when >= day]
            pairs += [(proceeding, later[0])] if later else []
        elif mark.event == "severed":
            earlier = [other for other, when in others if when <= day]
            pairs += [(proceeding, earlier[-1])] if earlier else []
    told = {one for pair in pairs for one in pair}
    entries, exits = {*FIRST.entries, *PROSECUTION.entries}, {*FIRST.exits, *PROCEEDINGS.exits}
    begun: dict[str, date] = {}
    ended: dict[str, date] = {}
    for proceeding, mark, day in happened:
        if mark in entries:
            begun.setdefault(proceeding, day)
        if mark in exits:
            ended.setdefault(proceeding, day)
    opened = [one for one in begun if one not in ended and one not in told]
    decided = [one for one in ended if one not in begun and one not in told]
    if len(opened) == 1 and len(decided) == 1 and begun[opened[0]] <= ended[decided[0]]:
        pairs.append((decided[0], opened[0]))
    return pairs


def _roots(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each member of a connected set, and the set's least member."""
    sets: list[set[str]] = []
    for pair in pairs:
        touching = [one for one in sets if one & set(pair)]
        sets = [one for one in sets if one not in touching] + [set(pair).union(*touching)]
    return {member: min(one) for one in sets for member in sorted(one)}
