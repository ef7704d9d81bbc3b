"""State the two limits on small counts that files, pages and SQL share.

Both are choices of this project: `docs/methodology/disclosure.md` and `docs/methodology/uncertainty.md` give reasons.
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
