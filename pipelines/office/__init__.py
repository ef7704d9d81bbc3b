"""Produce what an office receives: feedback on its file, annotated workbooks, templates to fill in, and
model documents."""
