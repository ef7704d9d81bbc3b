"""Disseminate a release: its data structures, selections of its observations, and writers of open formats.

The package reads the public folder of one release, the code lists and the labels, and nothing else. `structures.py`
models what a release holds in the terms of SDMX, `dataflows.py` declares it, `observations.py` selects from it, and
`writers/` has one module for each format.
"""
