"""Examine a home and its machine, and say in plain words what is wrong and what to do. Nothing is changed."""
