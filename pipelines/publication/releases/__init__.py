"""Releases: immutable public editions."""
