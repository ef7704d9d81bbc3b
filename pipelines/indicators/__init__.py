"""Indicators: what each figure is, what it counts, and what it may be divided by or compared with.

Belongs here: declarations of indicators and the rules over counting cards (`counting.py`).
Does not belong here: formulas (`pipelines/statistics`, SQL), facts of a territory (its folder), pages.
"""
