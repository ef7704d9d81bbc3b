"""Readers: bytes to addressed cells or a labelled cube, one module a format.

A reader knows its file format and nothing else: no territory, no form, no code list.  It never renames a label,
never guesses a meaning and never drops what it saw.
"""
