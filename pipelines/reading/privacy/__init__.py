"""Find direct identifiers of persons in a file that was read: columns of names and the like, personal numbers, names.

A finding of this package names place and kind but never quotes the text. `docs/methodology/persons.md` describes what
is looked for, how, and what is missed.
"""
