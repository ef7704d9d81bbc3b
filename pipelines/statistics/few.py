"""The minimum number of events for a comparison of figures.

The exact 95 % interval of 20 events reaches from 0.61 to 1.54 times the count; with fewer events, a figure can double
between two periods by chance alone. United States health statistics call rates of fewer than 20 events unreliable for
the same reason (National Center for Health Statistics; from memory, unverified). The threshold that protects the
persons behind small counts is a different one (`pipelines/publication/disclosure`).
"""

from __future__ import annotations

MINIMUM = 20.0
