"""Draws returns from a known process and measures what the statistics make of them."""
