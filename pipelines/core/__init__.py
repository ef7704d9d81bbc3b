"""Ground layer: clock, code lists, the home, errors, text and translation.

Imports nothing from the other packages.
"""
