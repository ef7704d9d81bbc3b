"""Compose every sentence of the public pages, for every selection, and record each with its parameters."""
