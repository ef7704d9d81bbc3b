"""The schema of the long table of reference figures.

If a publisher's term has no exact counterpart in the code lists, the code is null and the term is kept as text.
"""

from __future__ import annotations

import polars as pl

REFERENCE: dict[str, pl.DataType] = {
    "kind": pl.String(),  # published (collected by hand), imported (a file of the publisher), invented (demonstration)
    "territory": pl.String(),
    "jurisdiction": pl.String(),
    "instrument": pl.String(),  # always reference
    "source": pl.String(),  # publisher and edition
    "freq": pl.String(),  # Q, A, P3, P5; null for any other period
    "period": pl.String(),  # 2022, 2017-2021, 2017 Jan-Sep
    "period_start": pl.Date(),
    "period_end": pl.Date(),  # null if the publisher leaves it open
    "accumulation": pl.String(),
    "offence_group": pl.String(),  # null if the publisher's group is not one of ours
    "offence": pl.String(),
    "offence_words": pl.String(),
    "measure": pl.String(),
    "level": pl.String(),
    "mapping": pl.String(),  # same (our definition), near (definition differs), none (measure is null)
    "measure_words": pl.String(),
    "count_unit": pl.String(),
    "unit_words": pl.String(),
    "statistic": pl.String(),
    "unit_measure": pl.String(),
    "person_type": pl.String(),
    "victim_status": pl.String(),
    "sex": pl.String(),
    "age": pl.String(),
    "exploitation": pl.String(),
    "citizenship": pl.String(),  # null if the publisher names a state that has no code of its own here
    "breakdown": pl.String(),  # the publisher's words for every further dimension
    "occurrence": pl.Int64(),  # 1; 2, 3, … if a publisher repeats a key
    "value": pl.Float64(),  # null with obs_status Q (withheld) or O (missing)
    "obs_status": pl.String(),
    "conf_status": pl.String(),
    "status": pl.String(),  # published, derived (computed by the person who collected it), invented
    "source_title": pl.String(),
    "source_date": pl.String(),  # as precise as the source says, else `undated`
    "source_url": pl.String(),
    "caveat": pl.String(),
    "place": pl.String(),  # str(Where) of an imported figure, the line number of a collected one
}

REFERENCE_KEY: tuple[str, ...] = (
    "source",
    "territory",
    "jurisdiction",
    "period",
    "offence_words",
    "measure_words",
    "unit_words",
    "sex",
    "age",
    "breakdown",
    "occurrence",
)
"""Unique key of the gathered table; repetitions by one publisher are numbered in `occurrence`."""

WHOLE_OFFENCES: dict[str, str] = {"TIP": "ICCS0204", "SOM": "ICCS08051"}
"""Code that the figures of other publishers on a whole group of offences have, by our group.

Within our own counts the same code is one leaf of the group: cases without a further breakdown.
"""
MAPPINGS = ("same", "near", "none")
KINDS = ("published", "imported", "invented")
