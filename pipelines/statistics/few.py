"""The number of events below which a figure is too uncertain to be compared.

The exact 95 % interval of 20 events reaches from 0.61 to 1.54 times the count; below that a figure can double between
two periods of one truth. United States health statistics call rates of fewer than 20 events unreliable for the same
reason (National Center for Health Statistics; from memory, unverified). The threshold that protects persons behind
small counts is another one (`pipelines/publication/disclosure`).
"""

from __future__ import annotations

MINIMUM = 20.0
