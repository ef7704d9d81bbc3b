"""A made corpus of texts with and without names of persons; `python -m tests.persons` prints what is found of it."""
