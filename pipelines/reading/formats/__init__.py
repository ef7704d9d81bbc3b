"""Readers that turn bytes into addressed cells or a labelled cube, one module per format.

A reader knows its file format and nothing else: no territory, no form, no code list. It never renames a label, never
guesses a meaning and never drops content.
"""
