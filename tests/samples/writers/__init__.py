"""Byte writers, one module a format; the same content always gives the same bytes."""
