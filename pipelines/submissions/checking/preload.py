"""Imported by the process that reading children are forked from, so that each child has the declarations already.

Also made ready are the plans of all forms: the first file of a format would else wait for those of every form of it.
"""

from pipelines.declarations.registry import load
from pipelines.reading.standardise.plan import plan_of

for _form in load().forms.values():
    plan_of(_form, load())
