"""Produce what an office receives: feedback on its file, annotated workbooks, and templates to fill in."""
