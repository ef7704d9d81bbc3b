"""Trace a released figure back to the sheets, cells and register lines that it was made of."""
