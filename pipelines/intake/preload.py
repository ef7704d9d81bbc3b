"""Imported by the process that reading children are forked from, so that each child has the declarations already."""

from pipelines.returns.registry import load

load()
