"""Group the proceedings of a person into matters: joined, severed, or continued under a new number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from pipelines.statistics.stages import AREA, FIRST, PROCEEDINGS, PROSECUTION, Mark

if TYPE_CHECKING:
    import polars as pl


def in_matters(events: pl.DataFrame) -> pl.DataFrame:
    """Add `matter`, `cluster` and `linked` to events.

    `matter`: proceedings of a person that form one matter.  `cluster`: all proceedings connected by any person.
    `linked`: the proceeding of that person continues in another one, or came from one.

    Proceedings are linked if the register says `joined` or `severed`, or if a person has exactly one open proceeding
    and exactly one that was decided without a beginning, the second not before the first.  Otherwise registers without
    these events (a joined case appears only under its new number) would show these as the oldest pending cases.
    """
    import polars as pl

    multiple = (
        events.filter((pl.col("proceeding").n_unique() > 1).over(*AREA, "person"))
        .sort(*AREA, "person", "event_date", "proceeding", "event")
        .select(*AREA, "person", "proceeding", "event", "level", "event_date")
    )
    links = []
    for (*key, person), rows in multiple.group_by(*AREA, "person", maintain_order=True):
        history = [(row[0], Mark(row[1], row[2]), row[3]) for row in rows.drop(*AREA, "person").rows()]
        links += [
            (*key, person, proceeding, root) for proceeding, root in _find_roots(_find_linked_pairs(history)).items()
        ]
    schema = dict.fromkeys((*AREA, "person", "proceeding", "matter"), pl.String())
    roots = pl.DataFrame(links, schema=schema, orient="row")
    joins: dict[tuple[str, str, str], str] = {}
    by_area: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in roots.iter_rows(named=True):
        if row["proceeding"] != row["matter"]:
            by_area.setdefault((row["jurisdiction"], row["source"]), []).append((row["proceeding"], row["matter"]))
    for (jurisdiction, source), pairs in by_area.items():
        joins |= {(jurisdiction, source, proceeding): root for proceeding, root in _find_roots(pairs).items()}
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


def _find_linked_pairs(history: list[tuple[str, Mark, date]]) -> list[tuple[str, str]]:
    """Return the pairs of proceedings of a person that are one matter; `history` is in order of days."""
    pairs = []
    for proceeding, mark, day in history:
        others = [(number, when) for number, _, when in history if number != proceeding]
        if mark.event == "joined":
            later = [number for number, when in others if when >= day]
            pairs += [(proceeding, later[0])] if later else []
        elif mark.event == "severed":
            earlier = [number for number, when in others if when <= day]
            pairs += [(proceeding, earlier[-1])] if earlier else []
    linked = {number for pair in pairs for number in pair}
    entries, exits = {*FIRST.entries, *PROSECUTION.entries}, {*FIRST.exits, *PROCEEDINGS.exits}
    first_entries: dict[str, date] = {}
    first_exits: dict[str, date] = {}
    for proceeding, mark, day in history:
        if mark in entries:
            first_entries.setdefault(proceeding, day)
        if mark in exits:
            first_exits.setdefault(proceeding, day)
    unended = [number for number in first_entries if number not in first_exits and number not in linked]
    unbegun = [number for number in first_exits if number not in first_entries and number not in linked]
    if len(unended) == 1 and len(unbegun) == 1 and first_entries[unended[0]] <= first_exits[unbegun[0]]:
        pairs.append((unbegun[0], unended[0]))
    return pairs


def _find_roots(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map each member of a connected set to the smallest member of the set."""
    sets: list[set[str]] = []
    for pair in pairs:
        overlapping = [members for members in sets if members & set(pair)]
        sets = [members for members in sets if members not in overlapping] + [set(pair).union(*overlapping)]
    return {member: min(members) for members in sets for member in sorted(members)}
