"""Findings and rules: the possible faults of a return, and their messages in each language.

Imports `core`, `model` and `declarations`.
"""
