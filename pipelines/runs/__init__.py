"""Support for Dagster runs: the instance's configuration, which runs are alive, and reports of failed runs.

`operations/` and `defs/` import this package.  It imports Dagster only inside functions, except for `event_log.py`, a
class that Dagster loads by its name.  Order and content of a run are defined in `pipelines/defs/` and
`pipelines/refresh/`.
"""
