"""Releases: immutable public editions.

Belongs here: building a release from protected cells and public side tables, its files and manifest, and the atomic
switch that makes it current.  Does not belong here: the warehouse (never opened from here) and any choice of what may
be public (`pipelines/disclosure/`).
"""
