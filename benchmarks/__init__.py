"""Measurements of speed and memory, each beside its floor in the same run: `make bench`, `python -m benchmarks --help`.

A benchmark never passes or fails; a target is printed beside a figure and nothing more.
"""
