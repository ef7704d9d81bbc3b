"""State the limits that files, pages and SQL share: on small counts, on few territories, on persons per case.

All are choices of this project: `docs/methodology/disclosure.md` and `docs/methodology/uncertainty.md` give reasons.
"""

from __future__ import annotations

from typing import Final

SMALLEST_PUBLISHED_COUNT: Final = 5
"""Counts from 1 up to this number are hidden, so that nobody behind a small count can be found."""
LARGEST_HIDDEN_COUNT: Final = SMALLEST_PUBLISHED_COUNT - 1
ENOUGH_EVENTS: Final = 20
"""Figures of fewer events are shown and not compared (state `too_few`, otherwise `enough`). dbt receives the number as
the variable `enough_events`.

The exact 95 % interval of 20 events reaches from 0.61 to 1.54 times the count; with fewer events, a figure can double
between two periods by chance alone. United States health statistics call rates of fewer than 20 events unreliable for
the same reason (National Center for Health Statistics; from memory, unverified).
"""


def is_few_part(part: float, whole: float) -> bool:
    """Return True if a share is of few: those in the part, or those not in it, are fewer than `ENOUGH_EVENTS`."""
    return min(part, whole - part) < ENOUGH_EVENTS


FEWEST_RESPONDENTS: Final = 5
"""Fewest respondents of a result of the questionnaire; smaller groups are stored and shown in a larger one."""
FEWEST_DIFFERENT_ANSWERS: Final = 2
"""Fewest people of a group who did not give its most frequent answer: if all but one gave it, this one knows theirs."""
FEWEST_ON_ONE_SIDE: Final = 10
"""Fewest people of a group that is shown although all, or none, of them gave a favourable answer (decision 51)."""
FEWEST_INSTITUTIONS: Final = 2
"""Fewest institutions whose people answered in a group that is stored or shown by itself."""
FEWEST_TERRITORIES_IN_RANGE: Final = 3
"""A lowest and a highest figure, and a median, are given from so many territories on."""
FEWEST_TERRITORIES_IN_REGION: Final = 4
"""A figure of the region from fewer territories is not shown (state `too_few_territories`)."""
GAP_SHARE: Final = 0.5
"""The monitoring sees a gap if the whole 95 % interval of a favourable share, or of a share executed, is below it."""
MIRROR_REQUESTS: Final = 1
MIRROR_SHARE: Final = 0.1
"""The requests that one territory sent to another agree with those that the other received if they differ by at most
this number, or by at most this share of the larger figure."""
DEFAULT_DISPERSION: Final = 2.0
"""Variance of a count of persons over that of a count of cases, assumed where the office's own is not known.

A difference between two territories is called `higher` or `lower` only if it holds at this value, too. It is not used
for intervals. The registers of the demonstration give 1.9 to 2.1.
"""
