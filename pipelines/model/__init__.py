"""Shapes of the data that packages hand to each other: file content, the three long tables, periods.

Imports `core` only.
"""
