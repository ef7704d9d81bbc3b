"""Draws returns from a known process and measures what the statistics make of them.

Belongs here: the process, the measurements and their report (`python -m tests.simulation`).  Does not belong here: the
demonstration's returns (`tests/samples`), tests of single formulas (`tests/unit`).
"""
