"""Ground layer: clock, code lists, the home, errors, text and translation.

Imports no other package.
"""
