"""Direct identifiers of persons in what was read: columns of names and the like, personal numbers, names.

A finding of this package tells place and kind and never what stood there.  `docs/methodology/persons.md` says what is
looked for, how, and what is missed.
"""
