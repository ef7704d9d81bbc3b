"""Byte writers, one module per format; the same content always gives the same bytes."""
