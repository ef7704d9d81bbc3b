"""Findings and rules: what can be wrong with a return, and the words for it in each language.

Imports `core`, `model` and `declarations`.
"""
