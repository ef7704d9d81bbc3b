"""Data structures that packages exchange: file content, the three long tables, periods.

Imports `core` only.
"""
