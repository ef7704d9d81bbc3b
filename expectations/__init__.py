"""Great Expectations suites: the judgement of a return beside its history. One module an instrument.

polars computes (`tables.py`, `comparisons.py`), Great Expectations decides (`engine.py`), and every failing row leads
back to its cell.
Suites are built from the code lists and from each territory's declared bounds; no code of a list and no bound stands
here.  How a file becomes rows, and whether its own declared sums add up, is judged where it is read
(`pipelines/reading/standardise/`): a rule stands in one place.
"""
