"""Load the declarations in the process from which reading children are forked, so that each child has them already.

This also builds the plans of all forms. Otherwise the first file of a format waits for the plans of all its forms.
"""

from pipelines.declarations.registry import load
from pipelines.reading.standardise.plan import plan_of

for _form in load().forms.values():
    plan_of(_form, load())
