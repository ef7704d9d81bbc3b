"""Imported by the process that reading children are forked from, so that each child has the declarations already.

Also made ready are the plans of all forms: the first file of a format would else wait for those of every form of it.
"""

from pipelines.returns.plan import plan_of
from pipelines.returns.registry import load

for _form in load().forms.values():
    plan_of(_form, load())
