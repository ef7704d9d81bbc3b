"""Direct identifiers of persons in what was read: columns of names and the like, personal numbers, names.

Belongs here: finding them, with the lists that this needs (`columns.csv`, `given_names.csv`, `surnames.csv`: written
for this project from common knowledge of the languages, not taken from a register).  Does not belong here: what is done
with a file that has them (`pipelines/intake/`), words for people (`pipelines/returns/rules.py`).

A finding of this package tells place and kind and never what stood there.  `docs/methodology/persons.md` says what is
looked for, how, and what is missed.
"""
