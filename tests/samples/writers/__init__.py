"""Byte writers, one module a format; the same content always gives the same bytes.

Belongs here: turning rows, cubes and texts into a file of a format.  Does not belong here: what any office sends.
"""
