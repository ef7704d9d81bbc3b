"""Measurements of speed and memory, each beside its floor in the same run: `make bench`, `python -m benchmarks --help`.

Belongs here: what is measured, its floor, and how both are told.  Does not belong here: tests.  A benchmark never
passes or fails; a target is printed beside a figure and nothing more.
"""
