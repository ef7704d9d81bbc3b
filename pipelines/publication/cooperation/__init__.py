"""Protect and compare figures of international cooperation: cells of their own, with two territories in each."""
