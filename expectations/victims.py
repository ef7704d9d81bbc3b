"""The suite of the instrument `victims`."""

from __future__ import annotations

from expectations.common import CODED, Check, coded, coverage, plausible, sums, values

INSTRUMENT = "victims"


def suite() -> list[Check]:
    """Keys, codes and values as everywhere; a victim is counted as a victim and nothing else."""
    return [
        *coded(CODED),
        *values(),
        *sums(),
        *coverage(),
        *plausible(),
        Check(
            "figures",
            "ExpectColumnValuesToBeInSet",
            {"column": "count_unit", "value_set": ["victim", "migrant"]},
            "expect.code",
            "count_unit",
            constants={"column": "count_unit"},
        ),
    ]
