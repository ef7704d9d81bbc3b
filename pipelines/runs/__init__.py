"""Runs of the pipeline around Dagster: the instance's configuration, which runs are alive, and reports of failed ones.

`run.py`, `serve.py` and `defs/` import this package; it imports Dagster only inside functions that are handed an
instance.  The order and the content of a run are not here (`pipelines/defs/`, `pipelines/refresh/`).
"""
