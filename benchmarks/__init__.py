"""Measurements of speed and memory, each with its floor: `make bench`, `python -m benchmarks --help`.

A benchmark never passes or fails; a target is only printed next to its figure.
"""
