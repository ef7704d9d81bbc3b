"""Indicators: what each figure is, what it counts, and what it may be divided by or compared with."""
